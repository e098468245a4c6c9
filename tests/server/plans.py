"""Plans for the tests, and how they are filed."""

from datetime import timedelta

from server.clock import china_date, now
from tests.server.item_lists import item
from tests.server.item_lists import publish as publish_items


def next_month():
    """(year, month) of the month after this one."""
    day = china_date(now()).replace(day=28) + timedelta(days=7)
    return day.year, day.month


def stratum(code="small", quotas=(1,), **changes):
    return {
        "code": code,
        "label": f"分层 {code}",
        "kinds": ["small"],
        "quotas": list(quotas),
        **changes,
    }


def content(*strata, **changes):
    return {
        "name": "月度抽查",
        "strata": list(strata) or [stratum()],
        "items": ["A"],
        "checklists": dict.fromkeys(("key", "general", "small"), "short"),
        **changes,
    }


def monthly(*strata, code="monthly", **changes):
    year, month = next_month()
    return {
        "kind": "monthly",
        "code": code,
        "year": year,
        "month": month,
        "content": content(*strata, **changes),
    }


def annual(*strata, code="annual", **changes):
    year = china_date(now()).year + 1
    return {"kind": "annual", "code": code, "year": year, "content": content(*strata, **changes)}


def file(caller, body, status=201):
    answer = caller.post("/plans", body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def decide(caller, plan, decision="approved", status=200, **changes):
    body = {"revision": plan["revision"], "decision": decision, **changes}
    answer = caller.post(f"/plans/{plan['id']}/decision", body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def revise(caller, plan, said, status=201, reason="数量调整"):
    answer = caller.post(f"/plans/{plan['id']}/revisions", {"content": said, "reason": reason})
    assert answer.status_code == status, answer.text
    return answer.get_json()


def with_item_list(world):
    """The corps publishes the item `A`."""
    caller = world.account("corps-lists", role="supervisor", organisation="corps")
    publish_items(caller, item("A", object_kinds=["key", "general", "small"]))
