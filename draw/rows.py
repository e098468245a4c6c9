"""Rows of the pool (抽取池): what an object must say to be drawn, or why it can't be."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from draw.faults import Fault
from draw.shapes import CODE, CODE_OR_NULL, FLAG, WORDS, Field, is_text, misshapen, or_null, whole

MAX_WEIGHT = 100

_FIELDS = {
    "id": CODE,
    "stratum": CODE,
    "eligible": FLAG,
    "weight": Field(
        lambda value: whole(value, 0, MAX_WEIGHT), "weight_out_of_range", f"0 to {MAX_WEIGHT}"
    ),
    "reason": Field(or_null(is_text), WORDS.code, "text or null"),
    "jurisdiction": CODE,
    "needs": CODE_OR_NULL,
}


class Kind(NamedTuple):
    """What many rows share: stratum (分层), jurisdiction (管辖), the specialty they need (专业)."""

    stratum: str
    jurisdiction: str
    needs: str | None


def row_faults(row: Any, path: str) -> Iterator[Fault]:
    """What is wrong with a row. Further keys may stand in it and are hashed with it."""
    faults = list(misshapen(row, path, _FIELDS, further=True))
    yield from faults
    if faults:
        return
    if row["eligible"]:
        if row["weight"] == 0:
            yield Fault("weight_out_of_range", f"{path}.weight", f"1 to {MAX_WEIGHT}", 0)
        if row["reason"] is not None:
            yield Fault("reason_of_eligible", f"{path}.reason", None, row["reason"])
    else:
        if row["weight"] != 0:
            yield Fault("weight_of_ineligible", f"{path}.weight", 0, row["weight"])
        if row["reason"] is None:
            yield Fault("reason_missing", f"{path}.reason", "text")


def kind_of(row: dict[str, Any]) -> Kind:
    """The kind of a row that was checked."""
    return Kind(row["stratum"], row["jurisdiction"], row["needs"])
