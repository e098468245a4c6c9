"""What a PostgreSQL database looks like, what it holds at first, and how it is emptied again."""

from typing import LiteralString

from psycopg import Connection, sql

FIRST_OWN_OID = 16384  # FirstNormalObjectId: below it lies what PostgreSQL brings

#: where PostgreSQL keeps what a database looks like, and by which object each row is found
CATALOGUES = {
    "pg_attrdef": "oid",
    "pg_attribute": "attrelid",
    "pg_class": "oid",
    "pg_collation": "oid",
    "pg_constraint": "oid",
    "pg_default_acl": "oid",
    "pg_enum": "oid",
    "pg_event_trigger": "oid",
    "pg_extension": "oid",
    "pg_index": "indexrelid",
    "pg_inherits": "inhrelid",
    "pg_largeobject_metadata": "oid",
    "pg_namespace": "oid",
    "pg_operator": "oid",
    "pg_policy": "oid",
    "pg_proc": "oid",
    "pg_publication": "oid",
    "pg_rewrite": "oid",
    "pg_sequence": "seqrelid",
    "pg_statistic": "starelid",
    "pg_statistic_ext": "oid",
    "pg_trigger": "oid",
    "pg_type": "oid",
}

#: A changed row is a new version of it, written by a later transaction. What VACUUM and ANALYZE
#: learn of a table's size is written in place, so it is told by itself.
LOOK: LiteralString = """
SELECT concat_ws(' ', {catalogues},
  (SELECT concat(sum(reltuples), '+', sum(relpages)) FROM pg_class WHERE oid >= {first}),
  (SELECT string_agg(setconfig::text, ' ' ORDER BY setrole) FROM pg_db_role_setting
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))))
"""
LOOK_AT_ONE: LiteralString = """
  (SELECT concat(count(*), '@', max(xmin::text::bigint)) FROM {catalogue} WHERE {key} >= {first})
"""

#: DELETE is by far the cheaper for a table of a few pages; TRUNCATE sees to it that they stay few.
#: So tables are planned for as new ones are, and their rows lie in the order of their writing.
EMPTY: LiteralString = """
DO $$
DECLARE
  few CONSTANT bigint := 4 * current_setting('block_size')::bigint;
  own CONSTANT regclass[] := (SELECT array_agg(oid::regclass) FROM pg_class
    WHERE relkind = 'r' AND oid >= {first} AND pg_relation_size(oid) > 0);
  grown CONSTANT text := (SELECT string_agg(name::text, ', ') FROM unnest(own) AS name
    WHERE pg_relation_size(name) > few);
  name regclass;
BEGIN
  IF grown IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || grown || ' CASCADE';
  END IF;
  FOREACH name IN ARRAY own LOOP
    IF pg_relation_size(name) > 0 THEN
      EXECUTE 'DELETE FROM ' || name;
    END IF;
  END LOOP;
  PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence
    WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
END $$
"""


def look(connection: Connection) -> object:
    """What tables, triggers, indexes, functions, settings and statistics there are: another value
    after any change to them, even to one that was taken back."""
    first = sql.Literal(FIRST_OWN_OID)
    each = [
        sql.SQL(LOOK_AT_ONE).format(
            catalogue=sql.Identifier(name), key=sql.Identifier(key), first=first
        )
        for name, key in CATALOGUES.items()
    ]
    asked = sql.SQL(LOOK).format(first=first, catalogues=sql.SQL(", ").join(each))
    return connection.execute(asked).fetchone()


def all_rows(connection: Connection) -> dict[str, str]:
    """Each table that holds rows, with them as JSON; for the few that the migrations write."""
    tables = connection.execute(
        "SELECT relname FROM pg_class "
        "WHERE relkind = 'r' AND oid >= %s AND pg_relation_size(oid) > 0",
        [FIRST_OWN_OID],
    ).fetchall()
    rows = {}
    for (table,) in tables:
        asked = sql.SQL("SELECT json_agg(row)::text FROM {} AS row").format(sql.Identifier(table))
        rows[table] = connection.execute(asked).fetchone()[0]
    return {table: found for table, found in rows.items() if found}


def leave_only(connection: Connection, rows: dict[str, str]) -> None:
    """Empty all tables but for these rows; counters begin anew. Tables that only grow obey too."""
    connection.execute("SET session_replication_role = replica")
    connection.execute(sql.SQL(EMPTY).format(first=sql.Literal(FIRST_OWN_OID)))
    for table, held in rows.items():
        connection.execute(
            sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s)").format(
                sql.Identifier(table)
            ),
            [held],
        )
