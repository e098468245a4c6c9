"""Rows that may already be there: one statement, in either database's words."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.models import Base
from server.services.bulk import is_sqlite


def insert_missing(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; leave the others untouched."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    session.execute(insert(model).values([dict(row) for row in rows]).on_conflict_do_nothing())


def put_row(session: Session, model: type[Base], row: Mapping[str, Any]) -> None:
    """Insert one row, or give the one with the same primary key these values."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    key = [column.name for column in model.__table__.primary_key]
    values = {name: value for name, value in row.items() if name not in key}
    session.execute(
        insert(model).values(dict(row)).on_conflict_do_update(index_elements=key, set_=values)
    )
