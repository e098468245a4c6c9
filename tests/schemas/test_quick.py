"""The short way through a schema loads what marshmallow loads, or leaves it to marshmallow."""

from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.entities import MAX_LIST, MAX_SHORT, PATCHES
from schemas.ops import OpSchema
from schemas.quick import compile_schema
from schemas.sync import ChangesArgs

SCHEMAS: dict[str, ma.Schema] = {**PATCHES, "op": OpSchema(), "changes": ChangesArgs()}
QUICK = {name: compile_schema(schema) for name, schema in SCHEMAS.items()}

#: what comes: good values, values at a limit, and values of the wrong kind
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        [
            "f-1", "f-1\n", "..", "a" * 64, "a" * 65, "hazard", "critical", "open", "submitted",
            "pass", "patch", "create", "2026-11-23", "2026-W47-1", "20261123", "2026-13-01",
            "2026-11-23T08:00:00Z", "2026-11-23T08:00:00.123456+08:00", "2026-11-23T08:00:00",
            "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0" * 64, "0" * 64 + "\n",
            "1", "1000", "1001", "007", "+5", "-1", "1_0", " 5", "５", "²",
            "\x00", "\ud800", "火" * MAX_SHORT, "火" * (MAX_SHORT + 1), "x" * 4000, "x" * 4001,
            0, 1, -1, 90, 90.0, 91, 1e9, 1e9 + 1, 2**40, 2**40 + 1, 2**53, 2**53 + 1, -0.0,
        ]
    ),
    st.lists(st.sampled_from(["a", "", "x" * 64, "x" * 65, 3, None, "\x00"]), max_size=3),
    st.sampled_from([["a"] * MAX_LIST, ["a"] * (MAX_LIST + 1), {}, {"a": 1}, {"a": None}]),
)  # fmt: skip


def loaded(schema: ma.Schema, data: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return schema.load(data)
    except ma.ValidationError:
        return None


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_the_short_way_gives_what_marshmallow_gives_or_nothing(
    name: str, data: st.DataObject
) -> None:
    names = [*SCHEMAS[name].load_fields, "unheard_of"]
    body = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4))
    quick = QUICK[name](body)
    if quick is not None:
        whole = loaded(SCHEMAS[name], body)
        assert quick == whole
        assert {k: type(v) for k, v in quick.items()} == {k: type(v) for k, v in whole.items()}


@pytest.mark.parametrize("name", ["task", "record", "answer", "finding", "photo"])
@given(data=st.data())
def test_one_field_alone_is_loaded_the_same_by_both(name: str, data: st.DataObject) -> None:
    """With a single field the short way must not only agree; a text, code or number that
    marshmallow takes as it stands is not left to it."""
    field = data.draw(st.sampled_from(sorted(SCHEMAS[name].load_fields)))
    value = data.draw(VALUES)
    quick, whole = QUICK[name]({field: value}), loaded(SCHEMAS[name], {field: value})
    if whole is not None and whole[field] == value and isinstance(value, str):
        assert quick == whole
    if whole is None:
        assert quick is None


def test_a_whole_finding_takes_the_short_way() -> None:
    finding = {
        "task_id": "t-1", "kind": "hazard", "item_code": "1.1", "title": "疏散通道堆放杂物",
        "quantity": 3, "severity": "serious", "term_until": "2026-12-01",
        "found_at": "2026-11-23T08:00:00+08:00", "tags": ["通道"], "notes": "已拍照",
        "photos": None,
    }  # fmt: skip
    assert QUICK["finding"](finding) == SCHEMAS["finding"].load(finding)


def test_an_op_without_its_optional_parts_gets_the_same_defaults() -> None:
    op = {"op_id": "o-1", "type": "finding", "id": "f-1", "action": "delete"}
    assert QUICK["op"](op) == SCHEMAS["op"].load(op)
    assert QUICK["op"](op)["depends_on"] is not QUICK["op"](op)["depends_on"]


def test_a_schema_with_hooks_is_always_marshmallows() -> None:
    assert QUICK["conflict"]({"candidate": "a"}) is None
