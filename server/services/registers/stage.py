"""The rows of one file between reading and storing: checked, without repetitions, in no one's way.

They lie in a scratch file that SQLite makes and removes by itself, whatever the real database is.
So memory stays constant, a repeated row is found however far apart its twin is, and the real
database is locked only while the rows are stored, not while a file is read.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from server.services.registers.rows import Problem, Row

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE staged (
    line INTEGER PRIMARY KEY, source_key TEXT UNIQUE, credit_code TEXT UNIQUE, object_id TEXT,
    division_code TEXT, division_state TEXT, proposed_division_code TEXT, proposal_reason TEXT,
    why TEXT, digest TEXT, facts TEXT
);
CREATE TABLE problems (line INTEGER, title TEXT, value TEXT, code TEXT, reason TEXT);
CREATE INDEX problems_line ON problems (line);
"""


class Stage:
    """Holds sound rows and the problems of the others; counts what it was given."""

    def __init__(self) -> None:
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.executescript(_TABLES)
        self.rows_read = 0

    def close(self) -> None:
        """Drop everything."""
        self._scratch.close()

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Keep rows; of rows with the same key or credit code only the first is."""
        self.rows_read += len(rows)
        before = self._scratch.total_changes
        self._scratch.execute("BEGIN")
        self._scratch.executemany(
            "INSERT OR IGNORE INTO staged VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows
        )
        self._scratch.execute("COMMIT")
        if self._scratch.total_changes - before < len(rows):
            self._refuse_repeated(rows)

    def _refuse_repeated(self, rows: Sequence[tuple[Any, ...]]) -> None:
        kept = {
            line
            for (line,) in self._scratch.execute(
                "SELECT line FROM staged WHERE line BETWEEN ? AND ?", (rows[0][0], rows[-1][0])
            )
        }
        for row in map(Row._make, rows):
            if row.line not in kept:
                self.note(self._repetition(row))

    def _repetition(self, row: Row) -> Problem:
        (first,) = self._scratch.execute(
            "SELECT min(line) FROM staged WHERE source_key = ? OR credit_code = ?",
            (row.source_key, row.credit_code),
        ).fetchone()
        value = row.credit_code or row.source_key
        return Problem(row.line, "", value, "repeated", f"与第 {first} 行是同一对象")

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Skip one row that was read, for these problems."""
        self.rows_read += 1
        self.note(*problems)

    def note(self, *problems: Problem) -> None:
        """Keep problems of rows that were counted already."""
        self._scratch.executemany("INSERT INTO problems VALUES (?,?,?,?,?)", problems)

    def count(self) -> int:
        """How many rows are kept."""
        return int(self._scratch.execute("SELECT count(*) FROM staged").fetchone()[0])

    def division_codes(self) -> list[str]:
        """The different codes that the rows name."""
        rows = self._scratch.execute("SELECT DISTINCT division_code FROM staged ORDER BY 1")
        return [code for (code,) in rows]

    def batches(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The kept rows in the order of the file, `size` at a time, as plain tuples of `Row`."""
        cursor = self._scratch.execute("SELECT * FROM staged ORDER BY line")
        while rows := cursor.fetchmany(size):
            yield rows

    def problems(self) -> Iterator[Problem]:
        """All problems in the order of the file."""
        for row in self._scratch.execute("SELECT * FROM problems ORDER BY line, rowid"):
            yield Problem(*row)

    def skipped(self) -> dict[str, int]:
        """How many rows were skipped, by the code of the first problem of each."""
        rows = self._scratch.execute(
            "SELECT code, count(*) FROM problems p WHERE rowid = "
            "(SELECT min(rowid) FROM problems WHERE line = p.line) GROUP BY code ORDER BY 2 DESC, 1"
        )
        return dict(rows.fetchall())
