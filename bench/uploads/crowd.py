"""100,000 uploads that were there before: what one real upload leaves, as often as is wished.

The rows of a real one are copied within the database with new ids and digests, in every table that
it wrote to; of each there is a file where the server would have put it. One in ten is unfinished.
"""

import os
from pathlib import Path

from sqlalchemy import text

from server.db import Database

#: what of a real upload's row is not copied as it is; `n` numbers the copy
_OWN = {
    "uploads": {
        "id": "md5('u' || n)", "photo_id": "md5('p' || n)", "state": "CASE WHEN n % 10 = 0 "
        "THEN 'open' ELSE 'done' END", "sha256": "encode(sha256(n::text::bytea), 'hex')",
        "received_sha256": "CASE WHEN n % 10 = 0 THEN NULL ELSE "
        "encode(sha256(n::text::bytea), 'hex') END",
        "user_id": "CASE WHEN n % 10 = 0 THEN 'u-outsider' ELSE user_id END",
    },
    "evidence_files": {"sha256": "encode(sha256(n::text::bytea), 'hex')"},
    "custody_events": {"id": "md5('c' || n)", "photo_id": "md5('p' || n)"},
}  # fmt: skip


def multiply(database: Database, data_dir: Path, *, count: int) -> None:
    """Have so many more uploads than there are, as if they had come before."""
    with database.write() as session:
        for table, own in _OWN.items():
            columns = list(session.execute(text(f"SELECT * FROM {table} LIMIT 0")).keys())
            values = ", ".join(own.get(column, column) for column in columns)
            session.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM "
                    f"(SELECT * FROM {table} LIMIT 1) AS real, generate_series(1, :count) AS n"
                ),
                {"count": count},
            )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))  # as autovacuum has done with what is old
    with database.read() as session:
        unfinished = session.scalars(text("SELECT id FROM uploads WHERE state = 'open'")).all()
        stored = session.scalars(text("SELECT sha256 FROM evidence_files")).all()
    for name in unfinished:
        _touch(data_dir / "uploads" / name[:2] / name)
    for name in stored:
        _touch(data_dir / "originals" / name[:2] / name[2:4] / name)
    os.sync()  # what was there before waits for no flush, and must not have others wait for it


def _touch(path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
