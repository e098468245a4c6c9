"""Weight tables for the tests, and how they are published."""

from server.clock import china_date, now


def factor(code, points, **when):
    return {"code": code, "label": f"因 {code}", "ground": "risk", "points": points, "when": when}


def content(*factors, **changes):
    return {
        "base": 2,
        "factors": list(factors),
        "posts": {"专职消防监督员": 6, "防火参谋": 3},
        "full_time_post": "专职消防监督员",
        **changes,
    }


def publish(caller, table, status=201, **changes):
    body = {
        "content": table, "effective_from": china_date(now()).isoformat(), "reason": "首次制定",
        **changes,
    }  # fmt: skip
    answer = caller.post("/weight-tables", body)
    assert answer.status_code == status, answer.text
    return answer.get_json()
