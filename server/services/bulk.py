"""Many rows in one statement: they travel as one parameter, in either database's words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
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
    types = ", ".join(
        f'"{name}" {"text" if type_ == WORD else type_}' for name, type_ in columns.items()
    )
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


def beside_rows(session: Session, table: str, alias: str, same: str) -> str:
    """SQL to add to rows `r` the row of a table that has the same unique key, where there is one:
    each sought by the key's index, as in `seek_rows`. `same` compares the keys."""
    if is_sqlite(session):
        return f"LEFT JOIN {table} AS {alias} ON {same}"
    found = f"SELECT * FROM {table} AS {alias} WHERE {same} LIMIT 1"
    return f"LEFT JOIN LATERAL ({found}) AS {alias} ON true"


def json_parameter(session: Session, name: str) -> str:
    """SQL for a parameter that holds a document as JSON text, for a column that keeps documents."""
    return f":{name}" if is_sqlite(session) else f"CAST(:{name} AS jsonb)"


def as_json(rows: Any) -> str:
    """The one parameter."""
    return orjson.dumps(rows).decode()


#: a column's type for texts that are one line: ids, codes, JSON; `text` may hold any signs
WORD = "word"
#: between the columns of rows that travel as one text, between a column's values, and for null
GROUP, LINE, NULL = "\x1d", "\n", "\\N"


@dataclass(frozen=True)
class Target:
    """A table that rows are put into.

    `columns` maps names to PostgreSQL types or `WORD`, `on_conflict` is the clause's own SQL.
    `alike` names columns that in most requests are the same in all rows; then each travels once.
    """

    table: str
    columns: Mapping[str, str] = field(hash=False)
    on_conflict: str = ""
    alike: tuple[str, ...] = ()

    def sql(self, source: str) -> str:
        """The statement for a source of rows: `VALUES …` or `SELECT …`."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        return f"INSERT INTO {self.table} ({names}) {source} {self.on_conflict}"


class Rows(NamedTuple):
    """Rows for a target, each with its values in the order of the columns, documents as JSON: what
    a push writes by the hundred."""

    target: Target
    rows: Sequence[Sequence[Any]]


class Insert(NamedTuple):
    """Rows for one table that name their values; the other parts as in `Target`."""

    table: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    on_conflict: str = ""

    def in_order(self) -> Rows:
        """The same as plain rows."""
        documents = {name for name, type_ in self.columns.items() if type_ == "jsonb"}

        def value(row: Mapping[str, Any], name: str) -> Any:
            given = row[name]
            return as_json(given) if name in documents and given is not None else given

        target = Target(self.table, self.columns, self.on_conflict)
        return Rows(target, [[value(row, name) for name in self.columns] for row in self.rows])


def insert_rows(session: Session, *inserts: Insert | Rows) -> None:
    """Insert all rows: on PostgreSQL with one statement for all tables, which saves round trips;
    on SQLite, which has none to save, row by row from the driver's own loop."""
    plain = (each.in_order() if isinstance(each, Insert) else each for each in inserts)
    wanted = [each for each in plain if each.rows]
    if is_sqlite(session):
        for target, rows in wanted:
            run_for_each(session, _row_by_row(target), rows)
    elif wanted:
        steps, texts = zip(*(_packed(*each) for each in wanted), strict=True)
        run(session, _at_once(steps), {f"rows_{n}": text for n, text in enumerate(texts)})


class _Step(NamedTuple):
    """One table's part of a statement: `own` are the columns of which each row has its own value;
    of the others one value stands for all rows."""

    target: Target
    own: tuple[str, ...]


def _packed(target: Target, rows: Sequence[Sequence[Any]]) -> tuple[_Step, str]:
    """Rows as one text, column by column. PostgreSQL takes that apart in half the time that the
    same rows take it as JSON."""
    columns = dict(zip(target.columns, zip(*rows, strict=True), strict=True))
    shared: Collection[str] = ()
    if len(rows) == 1:
        shared = columns.keys()
    elif all(columns[name].count(columns[name][0]) == len(rows) for name in target.alike):
        shared = target.alike
    step = _Step(target, tuple(name for name in columns if name not in shared))
    texts = []
    for name, type_ in target.columns.items():
        values = columns[name][:1] if name in shared else columns[name]
        if type_ == "text":
            values = tuple(None if value is None else as_json(value) for value in values)
        text = _lines(values)
        if NULL in values or GROUP in text or text.count(LINE) != len(values) - 1:
            raise ValueError(f"more than a word in {target.table}.{name}")
        texts.append(text)
    return step, GROUP.join(texts)


def _lines(values: Sequence[Any]) -> str:
    try:
        return LINE.join(values)
    except TypeError:  # numbers or nulls among them
        return LINE.join([NULL if value is None else str(value) for value in values])


@cache
def _at_once(steps: tuple[_Step, ...]) -> str:
    """One statement for PostgreSQL that takes all rows apart and inserts them."""
    *first, last = (step.target.sql(_unpacked(step, f"rows_{n}")) for n, step in enumerate(steps))
    before = ", ".join(f"step_{place} AS ({sql})" for place, sql in enumerate(first))
    return f"WITH {before} {last}" if before else last


def _unpacked(step: _Step, parameter: str) -> str:
    columns = step.target.columns
    places = {name: f"sent.texts[{place}]" for place, name in enumerate(columns, start=1)}
    values = places | {name: f'r."{name}"' for name in step.own}
    chosen = ", ".join(_cast(values[name], type_) for name, type_ in columns.items())
    # OFFSET 0 keeps PostgreSQL from taking the text apart anew for each column
    source = f"(SELECT string_to_array(:{parameter}, E'\\x1d', '\\N') AS texts OFFSET 0) AS sent"
    if step.own:
        lists = ", ".join(f"string_to_array({places[name]}, E'\\n', '\\N')" for name in step.own)
        names = ", ".join(f'"{name}"' for name in step.own)
        source += f", unnest({lists}) AS r({names})"
    return f"SELECT {chosen} FROM {source} WHERE true"


def _cast(value: str, type_: str) -> str:
    if type_ == "text":
        return f"CAST({value} AS jsonb) #>> '{{}}'"
    return value if type_ == WORD else f"CAST({value} AS {type_})"


@cache
def _row_by_row(target: Target) -> str:
    marks = ", ".join("?" for _ in target.columns)
    return target.sql(f"VALUES ({marks})")
