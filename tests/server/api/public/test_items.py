"""Everyone reads what may be inspected, and how it came to be (N11)."""

from datetime import timedelta

import pytest

from server.clock import china_date, now
from tests.server.item_lists import item, publish

JSON = "/api/v1/public/item-lists"


@pytest.fixture
def lists(corps, detachment):
    publish(corps, item("A"), item("B"))
    publish(corps, item("A", ratio="不低于 5%"), item("B"), reason="提高比例")
    publish(detachment, item("B", content="另须核查充电设施"), item("Z"), reason="补充充电站")


def test_bodies_with_a_list_are_named(http, lists):
    told = http.get(JSON).get_json()["items"]
    assert [body["name"] for body in told] == ["内蒙古总队", "呼和浩特支队"]


def test_what_holds_for_a_detachment_is_both_lists_together(http, lists):
    told = http.get(f"{JSON}/det").get_json()
    assert [(each["code"], each["standing"]) for each in told["items"]] == [
        ("A", "base"), ("B", "refined"), ("Z", "added"),
    ]  # fmt: skip
    assert (told["base_version"], told["version"]) == (2, 1)
    assert told["items"][0]["ratio"] == "不低于 5%"


def test_every_version_stays_readable_with_what_it_changed(http, lists):
    told = http.get(f"{JSON}/corps").get_json()
    assert [(each["version"], each["changed"]) for each in told["versions"]] == [
        (2, ["A"]), (1, []),
    ]  # fmt: skip
    first = http.get(f"{JSON}/corps?version=1").get_json()
    assert first["items"][0]["ratio"] == "ratio of A"


def test_what_holds_later_is_announced_and_not_yet_shown(http, corps):
    publish(corps, item("A"), day=20)
    told = http.get(f"{JSON}/corps").get_json()
    assert told["items"] == []
    assert told["version"] is None
    assert told["versions"][0]["is_ahead"]


@pytest.mark.parametrize("path", ["/brig-a", "/nobody", "/corps?version=9", "/corps%00", "/..%2f"])
def test_what_is_not_there_is_not_found(http, lists, path):
    assert http.get(JSON + path).status_code == 404


def test_who_has_the_list_is_not_sent_it_again(http, lists):
    answer = http.get(f"{JSON}/det")
    again = http.get(f"{JSON}/det", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_shows_the_eight_columns_and_the_history(http, lists):
    text = http.get("/public/items/det").text
    for word in ("事项", "依据", "内容", "主体", "对象", "方式", "比例", "频次"):
        assert f"<dt>{word}</dt>" in text
    assert "支队细化" in text
    assert "另须核查充电设施" in text
    assert "补充充电站" in text
    assert "新增 B、Z" in text


def test_an_old_version_says_that_it_is_one(http, lists):
    text = http.get("/public/items/corps?version=1").text
    assert "第 1 版，按公布时的原文显示" in text
    assert "ratio of A" in text


def test_a_list_that_holds_later_says_from_when(http, corps):
    publish(corps, item("A"), day=20)
    day = china_date(now()) + timedelta(days=20)
    text = http.get("/public/items/corps").text
    assert "今天还没有生效的清单" in text
    assert f"{day.year}年{day.month}月{day.day}日起施行" in text


def test_before_anything_is_published_the_page_says_so(http, world):
    assert "尚未公布清单" in http.get("/public/items").text


def test_words_of_a_list_are_shown_and_never_run(http, corps):
    publish(corps, item("A", matter="<script>alert(1)</script>"))
    text = http.get("/public/items/corps").text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
