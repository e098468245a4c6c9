"""Registers out as CSV or XLSX, in the columns of the template, so that they come back in.

Rows stream from the database into the file, whatever their number. Read in again unchanged, an
export changes nothing; corrected by a person, it corrects what they changed.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO

from sqlalchemy import Select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import InspectionObject, Officer, Organisation
from server.services.registers.layouts import TEMPLATE
from server.services.registers.objects import chosen
from server.services.registers.officers import chosen_officers
from server.services.registers.templates import NO, TEMPLATES, YES
from server.services.registers.values import KINDS, NATURES, SMALL_KINDS, STATES, TAG_MARK
from server.services.scope import Actor
from server.sheets import open_sheet

BATCH_ROWS = 1000
MAX_XLSX_ROWS = 1_048_575  # of Excel, under the header
TOO_MANY_FOR_XLSX = "超过 XLSX 的行数上限，请加筛选条件，或改为导出 CSV。"
_WORDS = {"kind": KINDS, "small_kind": SMALL_KINDS, "nature": NATURES, "state": STATES}


def export_register(
    session: Session,
    *,
    actor: Actor,
    register: str,
    filters: Mapping[str, Any],
    form: str,
    file: BinaryIO,
) -> int:
    """Write the chosen `objects` or `officers` to a file; gives how many. Raises as the lists, and
    `register_too_large` for more rows than a workbook holds."""
    title, columns, _ = TEMPLATES[register]
    sheet = open_sheet(form, file, title=title)
    sheet.add([column.title for column in columns])
    query, as_row = (
        (_objects(session, actor, filters), _object_row)
        if register == "objects"
        else (_officers(session, actor, filters), _officer_row)
    )
    count = 0
    for row in session.execute(query.execution_options(yield_per=BATCH_ROWS)):
        count += 1
        if form == "xlsx" and count > MAX_XLSX_ROWS:
            raise DomainError("register_too_large", message=TOO_MANY_FOR_XLSX)
        sheet.add(as_row(row))
    sheet.finish()
    return count


_OBJECT_FIELDS = [
    "id" if (field := TEMPLATE.fields[column.title]) == "object_id" else field
    for column in TEMPLATES["objects"][1]
]


def _objects(session: Session, actor: Actor, filters: Mapping[str, Any]) -> Select[Any]:
    fields = [getattr(InspectionObject, field) for field in _OBJECT_FIELDS]
    query = chosen(session, actor=actor, filters=filters)
    return query.with_only_columns(*fields).order_by(InspectionObject.id)


def _object_row(row: Any) -> list[str]:
    return [_as_text(field, value) for field, value in zip(_OBJECT_FIELDS, row, strict=True)]


def _as_text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if field in _WORDS:
        return _WORDS[field][value]
    return TAG_MARK.join(value) if isinstance(value, list) else str(value)


def _officers(session: Session, actor: Actor, filters: Mapping[str, Any]) -> Select[Any]:
    query = chosen_officers(session, actor=actor, filters=filters)
    return query.with_only_columns(
        Officer.name, Organisation.id.label("organisation"), Officer.post, Officer.rank,
        Officer.specialties, Officer.certificate_number, Officer.certificate_expires_on,
        Officer.lead_qualified, Officer.active, Officer.id,
    ).order_by(Officer.id)  # fmt: skip


def _officer_row(row: Any) -> list[str]:
    cells = []
    for value in row:
        if isinstance(value, bool):
            cells.append(YES if value else NO)
        else:
            cells.append(_as_text("", value))
    return cells
