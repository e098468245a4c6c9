"""Many rows in one statement: they travel as one JSON parameter, in either database's words."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, CursorResult
from sqlalchemy.orm import Session


def is_sqlite(session: Session) -> bool:
    """Whether the session talks to SQLite."""
    return session.get_bind().dialect.name == "sqlite"


Rows = CursorResult[*tuple[Any, ...]]


def run(session: Session | Connection, sql: str, parameters: Mapping[str, Any]) -> Rows:
    """Run a statement of the hot path, with `:name` for each parameter as in `text()`.

    SQLAlchemy neither compiles nor caches it, which takes it longer than a database needs to answer
    what a push asks; values travel as the driver takes and gives them.
    """
    if isinstance(session, Session):
        session.flush()  # what waits in the session is part of what stands, as with `execute`
    connection = session.connection() if isinstance(session, Session) else session
    return connection.exec_driver_sql(_for_driver(sql, connection.dialect.paramstyle), parameters)


@cache
def _for_driver(sql: str, paramstyle: str) -> str:
    """The statement in the driver's own style; SQLite's takes `:name` as it is."""
    if paramstyle != "pyformat":
        return sql
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", sql.replace("%", "%%"))


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


def ids_from_json(session: Session, parameter: str = "ids") -> str:
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


def as_json(rows: Sequence[Any]) -> str:
    """The one parameter."""
    return orjson.dumps(rows).decode()


def insert_rows(
    session: Session,
    table: str,
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: str = "",
) -> None:
    """Insert all rows with one statement; `on_conflict` is the clause's own SQL."""
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    source = rows_from_json(session, columns)
    statement = (
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} WHERE true {on_conflict}"
    )
    run(session, statement, {"rows": as_json(rows)})
