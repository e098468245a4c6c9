"""Item lists for the tests, in invented words, and how they are published."""

from datetime import timedelta

from server.clock import china_date, now
from server.services.planning.item_rules import COLUMNS


def item(code, **changes):
    return {
        "code": code,
        **{column: f"{column} of {code}" for column in COLUMNS},
        "object_kinds": ["key", "general"],
        "specialty": None,
        **changes,
    }


def body(*items, day=0, **changes):
    day_of = china_date(now()) + timedelta(days=day)
    return {
        "items": list(items) or [item("A")],
        "effective_from": day_of.isoformat(),
        "reason": "首次制定",
        **changes,
    }


def publish(caller, *items, status=201, **changes):
    answer = caller.post("/item-lists", body(*items, **changes))
    assert answer.status_code == status, answer.text
    return answer.get_json()
