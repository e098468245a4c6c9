"""What an inspection lacks: the pure rules, case by case."""

import pytest

from server.services.review.completeness import find_gaps, is_answered, photos_of

ITEM = {
    "code": "1.1",
    "text": "灭火器配置",
    "answer_kind": "verdict",
    "required": True,
    "requires_photo_when": ["fail"],
    "requires_note_when": ["fail"],
}


def gaps(*, items=(ITEM,), **documents):
    return [(gap.code, gap.id) for gap in find_gaps(task_id="t", items=items, documents=documents)]


def answer(value, **more):
    return {"t.1.1": {"value": value, **more}}


def photo(state="verified", **more):
    return {"state": state, **more}


def test_a_passed_item_needs_nothing_more():
    assert gaps(answer=answer("pass")) == []


def test_a_required_item_without_an_answer_is_a_gap():
    assert gaps() == [("answer_missing", "t.1.1")]


@pytest.mark.parametrize("empty", [None, "", "  ", "\u3000"])
def test_an_empty_answer_is_none(empty):
    assert gaps(answer=answer(empty)) == [("answer_missing", "t.1.1")]


def test_an_optional_item_may_stay_open():
    assert gaps(items=[{**ITEM, "required": False}]) == []


def test_an_optional_item_that_was_answered_keeps_the_rules():
    optional = {**ITEM, "required": False, "requires_note_when": []}
    assert gaps(items=[optional], answer=answer("fail")) == [("photo_required", "t.1.1")]


def test_a_failed_item_needs_the_photo_and_the_note_that_the_checklist_asks_for():
    assert gaps(answer=answer("fail")) == [("photo_required", "t.1.1"), ("note_required", "t.1.1")]


def test_a_photo_that_the_answer_names_and_a_note_are_enough():
    said = answer("fail", photos=["p"], notes=[{"text": "空瓶"}])
    assert gaps(answer=said, photo={"p": photo()}) == []


def test_a_photo_that_names_the_answer_is_enough():
    said = answer("fail", notes=[{"text": "空瓶"}])
    assert gaps(answer=said, photo={"p": photo(of_type="answer", of_id="t.1.1")}) == []


def test_photo_and_description_of_the_items_hazard_count_for_the_item():
    finding = {"kind": "hazard", "item_code": "1.1", "description": "灭火器空瓶", "photos": ["p"]}
    assert gaps(answer=answer("fail"), finding={"f": finding}, photo={"p": photo()}) == []


@pytest.mark.parametrize("other", [{"item_code": "1.2"}, {"kind": "register"}])
def test_a_finding_of_another_item_or_kind_does_not_count(other):
    finding = {
        "kind": "hazard",
        "item_code": "1.1",
        "description": "空瓶",
        "photos": ["p"],
        **other,
    }
    found = gaps(answer=answer("fail"), finding={"f": finding}, photo={"p": photo()})
    assert found == [("photo_required", "t.1.1"), ("note_required", "t.1.1")]


def test_a_note_of_blanks_is_none():
    said = answer("fail", photos=["p"], notes=[{"text": " \u3000"}])
    assert gaps(answer=said, photo={"p": photo()}) == [("note_required", "t.1.1")]


def test_a_photo_declared_lost_accounts_for_the_one_that_was_asked_for():
    said = answer("fail", photos=["p"], notes=[{"text": "空瓶"}])
    assert gaps(answer=said, photo={"p": photo("lost", lost_reason="终端损坏")}) == []


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("declared", "photo_not_received"),
        (None, "photo_not_received"),
        ("received", "photo_not_verified"),
        ("quarantined", "photo_quarantined"),
    ],
)
def test_a_photo_on_its_way_is_a_gap(state, code):
    assert gaps(answer=answer("pass"), photo={"p": photo(state)}) == [(code, "p")]


@pytest.mark.parametrize("state", ["verified", "lost"])
def test_a_photo_that_is_settled_is_none(state):
    assert gaps(answer=answer("pass"), photo={"p": photo(state)}) == []


def test_a_quarantined_photo_is_not_the_one_that_was_asked_for():
    said = answer("fail", photos=["p"], notes=[{"text": "空瓶"}])
    assert gaps(answer=said, photo={"p": photo("quarantined")}) == [
        ("photo_required", "t.1.1"),
        ("photo_quarantined", "p"),
    ]


@pytest.mark.parametrize("type_", ["record", "finding", "answer"])
def test_a_photo_that_is_named_but_not_declared_is_a_gap(type_):
    id_ = "t.1.1" if type_ == "answer" else "t"
    documents = {"answer": answer("pass")}
    documents.setdefault(type_, {})[id_] = {"value": "pass", "photos": ["p9"]}
    assert gaps(**documents) == [("photo_not_declared", "p9")]


def test_an_open_conflict_is_a_gap_and_a_resolved_one_is_not():
    conflicts = {"c1": {"state": "open", "field": "value"}, "c2": {"state": "resolved"}}
    assert gaps(answer=answer("pass"), conflict=conflicts) == [("conflict_open", "c1")]


def test_gaps_come_in_the_order_of_the_checklist():
    items = [{**ITEM, "code": code} for code in ("2.1", "1.2", "1.10")]
    assert [id_ for _, id_ in gaps(items=items)] == ["t.2.1", "t.1.2", "t.1.10"]


def test_every_gap_says_in_chinese_what_to_do():
    documents = {
        "answer": answer("fail"),
        "photo": {state: photo(state) for state in ("declared", "received", "quarantined")},
        "record": {"t": {"photos": ["p9"]}},
        "conflict": {"c": {"state": "open", "field": "value"}},
    }
    found = find_gaps(task_id="t", items=[ITEM, {**ITEM, "code": "2"}], documents=documents)
    assert {gap.code for gap in found} == {
        "answer_missing", "photo_required", "note_required", "photo_not_received",
        "photo_not_verified", "photo_quarantined", "photo_not_declared", "conflict_open",
    }  # fmt: skip
    assert all("请" in gap.message and gap.message.endswith("。") for gap in found)


def test_yes_no_and_select_follow_the_same_rule():
    for value in ("no", "B"):
        item = {**ITEM, "requires_photo_when": [value], "requires_note_when": []}
        assert gaps(items=[item], answer=answer(value)) == [("photo_required", "t.1.1")]


@pytest.mark.parametrize(
    ("kind", "said", "answered"),
    [
        ("number", {"measured": 0}, True),
        ("number", {"value": 0}, True),
        ("verdict", {"measured": 3}, False),
        ("number", {}, False),
    ],
)
def test_a_number_may_stand_as_the_measured_value(kind, said, answered):
    assert is_answered({"answer_kind": kind}, said) is answered


def test_the_photos_of_an_entity_are_those_it_names_and_those_that_name_it():
    documents = {
        "finding": {"f": {"photos": ["a"]}},
        "photo": {
            "a": {},
            "b": {"of_type": "finding", "of_id": "f"},
            "c": {"of_type": "finding", "of_id": "other"},
        },
    }
    assert photos_of("finding", "f", documents) == {"a", "b"}
