"""What a pull reads grows with what changed, not with what exists: the databases' own plans.

`make bench-scale` shows the same as times, up to two million entities.
"""

import json
from typing import Any

import pytest
from sqlalchemy import text

from server.services.sync.pull import page_statement

EXISTING = 20_000
CHANGED = 10


@pytest.fixture
def crowded(world):
    """20,000 entities in the lead's feed, as many more documents of nobody."""
    numbers = (
        "WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < :last) SELECT "
        if world.parts.database.is_sqlite
        else "WITH n AS (SELECT generate_series(1, CAST(:last AS int)) AS g) SELECT "
    )
    columns = "'finding', 'f' || g, NULL, 1, false, '{}', '', 0"
    with world.parts.database.write() as session:
        for prefix in ("", "other-"):
            named = columns.replace("'f'", f"'{prefix}f'")
            session.execute(
                text(
                    "INSERT INTO documents (type, id, task_id, rev, deleted, data, state, "
                    f"updated_ms) {numbers}{named} FROM n"
                ),
                {"last": EXISTING},
            )
        session.execute(
            text(
                "INSERT INTO feed_entries (officer_id, type, id, seq, op) "
                f"{numbers}'o-lead', 'finding', 'f' || g, g, 'upsert' FROM n"
            ),
            {"last": EXISTING},
        )
        head = "INSERT INTO feed_heads (officer_id, seq) VALUES ('o-lead', :last)"
        session.execute(text(head), {"last": EXISTING})
        session.execute(text("ANALYZE"))
    return world


def explained(session, how):
    asked = {
        "user_id": "u-lead", "device_id": "d-lead", "seq": EXISTING - CHANGED, "limit": 201,
    }  # fmt: skip
    return session.execute(text(f"{how} {page_statement(session)}"), asked).all()


def nodes(plan: dict[str, Any]):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def test_a_pull_is_an_index_range_scan_and_reads_what_changed(crowded):
    with crowded.parts.database.read() as session:
        if crowded.parts.database.is_sqlite:
            steps = [row.detail for row in explained(session, "EXPLAIN QUERY PLAN")]
            feed = "USING INDEX ix_feed_entries_officer_id_seq (officer_id=? AND seq>?)"
            assert any(feed in step for step in steps), steps
            assert any("SEARCH t USING" in step for step in steps), steps
            assert not [s for s in steps if s.startswith(("SCAN feed_entries", "SCAN t"))], steps
            return
        [(said,)] = explained(session, "EXPLAIN (ANALYZE, FORMAT JSON)")
    [whole] = json.loads(said) if isinstance(said, str) else said
    found = list(nodes(whole["Plan"]))
    big = [each for each in found if each.get("Relation Name") in ("feed_entries", "documents")]
    assert {each["Relation Name"] for each in big} == {"feed_entries", "documents"}
    assert all("Index" in each["Node Type"] for each in big), big
    [feed] = [each for each in big if each["Relation Name"] == "feed_entries"]
    assert feed["Index Name"] == "ix_feed_entries_officer_id_seq"
    assert "seq >" in feed["Index Cond"]
    assert sum(each["Actual Rows"] * each["Actual Loops"] for each in big) == 2 * CHANGED
