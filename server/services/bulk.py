"""Many rows in one statement: they travel as one JSON parameter, in either database's words."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.db import Glance
from server.services.sql import run, run_for_each


def is_sqlite(session: Session | Glance) -> bool:
    """Whether the session talks to SQLite."""
    bind = session.get_bind() if isinstance(session, Session) else session.engine
    return bind.dialect.name == "sqlite"


def rows_from_json(session: Session, columns: Mapping[str, str], parameter: str = "rows") -> str:
    """SQL for a subquery `(SELECT …) AS r` over the JSON array in `:parameter`.

    `columns` maps names to PostgreSQL types (`text`, `bigint`, `boolean`, `jsonb`, …). Rows come
    in the order of the array.
    """
    if is_sqlite(session):
        fields = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
        return f"(SELECT {fields} FROM json_each(:{parameter})) AS r"
    types = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    return f"jsonb_to_recordset(CAST(:{parameter} AS jsonb)) AS r({types})"


def ids_from_json(session: Session | Glance, parameter: str = "ids") -> str:
    """SQL for a subquery over a JSON array of texts, for `IN (…)`: a plan that does not depend on
    how many there are."""
    if is_sqlite(session):
        return f"(SELECT value FROM json_each(:{parameter}))"
    return f"(SELECT jsonb_array_elements_text(CAST(:{parameter} AS jsonb)))"


def is_among(session: Session, column: str, parameter: str = "ids") -> str:
    """SQL: a column holds one of the texts of a JSON array. PostgreSQL then seeks each in an index,
    also as a further column of one, where `IN (SELECT …)` would walk all that share the first."""
    if is_sqlite(session):
        return f"{column} IN {ids_from_json(session, parameter)}"
    return f"{column} = ANY (ARRAY{ids_from_json(session, parameter)})"


def seek_rows(session: Session, table: str, key: Mapping[str, str], parameter: str = "rows") -> str:
    """SQL for `FROM`: the JSON array's rows `r`, each with the row `t` of a table that has the same
    unique key.

    The array leads and each row is sought by the key's index, whatever the planner believes about
    the table: a plan made while it was empty reads it whole, for as long as that plan is kept.
    """
    source = rows_from_json(session, key, parameter)
    if is_sqlite(session):
        same = " AND ".join(f"t.{name} = r.{name}" for name in key)
        return f"{source} CROSS JOIN {table} AS t ON {same}"  # there it means: in this order
    same = " AND ".join(f"s.{name} = r.{name}" for name in key)
    return f"{source} CROSS JOIN LATERAL (SELECT * FROM {table} AS s WHERE {same} LIMIT 1) AS t"


def json_parameter(session: Session, name: str) -> str:
    """SQL for a parameter that holds a document as JSON text, for a column that keeps documents."""
    return f":{name}" if is_sqlite(session) else f"CAST(:{name} AS jsonb)"


def as_json(rows: Any) -> str:
    """The one parameter."""
    return orjson.dumps(rows).decode()


class Insert(NamedTuple):
    """Rows for one table; `columns` as in `rows_from_json`, `on_conflict` the clause's own SQL."""

    table: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    on_conflict: str = ""

    def sql(self, source: str) -> str:
        """The statement for a source of rows: `VALUES …` or `SELECT …`."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        return f"INSERT INTO {self.table} ({names}) {source} {self.on_conflict}"


def insert_rows(session: Session, *inserts: Insert) -> None:
    """Insert all rows: on PostgreSQL with one statement for all tables, which saves round trips;
    on SQLite, which has none to save, row by row from the driver's own loop."""
    wanted = [insert for insert in inserts if insert.rows]
    if is_sqlite(session):
        for insert in wanted:
            run_for_each(session, *_row_by_row(insert))
    elif wanted:
        *first, last = (_at_once(session, insert) for insert in wanted)
        steps = ", ".join(f"step_{place} AS ({step})" for place, step in enumerate(first))
        rows = {f"rows_{insert.table}": as_json(insert.rows) for insert in wanted}
        run(session, f"WITH {steps} {last}" if steps else last, rows)


def _at_once(session: Session, insert: Insert) -> str:
    names = ", ".join(f'"{name}"' for name in insert.columns)
    source = rows_from_json(session, insert.columns, f"rows_{insert.table}")
    return insert.sql(f"SELECT {names} FROM {source} WHERE true")


def _row_by_row(insert: Insert) -> tuple[str, Sequence[Mapping[str, Any]]]:
    marks = ", ".join(f":{name}" for name in insert.columns)
    documents = [name for name, type_ in insert.columns.items() if type_ == "jsonb"]
    rows = [
        {**row, **{name: None if row[name] is None else as_json(row[name]) for name in documents}}
        for row in insert.rows
    ]
    return insert.sql(f"VALUES ({marks})"), rows
