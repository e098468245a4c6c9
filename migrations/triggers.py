"""Triggers that keep append-only tables append-only, in both databases' words."""

from alembic import op

_FUNCTION = """
CREATE OR REPLACE FUNCTION suijian_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME;
END $$
"""


def forbid_changes(table: str) -> None:
    """Let no row of `table` be changed or deleted (N5, N6)."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION suijian_append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
        )


def refuse(table: str, name: str, *, on: str, when: str) -> None:
    """Refuse a row whose INSERT or UPDATE (`on`) fits a condition on NEW and OLD."""
    told = f"{table}: {name}"
    trigger = f"CREATE TRIGGER {table}_{name} BEFORE {on} ON {table} FOR EACH ROW"
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {when} THEN RAISE EXCEPTION '{told}' USING ERRCODE = 'check_violation'; END IF; "
            "RETURN NEW; END $$"
        )
        op.execute(f"{trigger} EXECUTE FUNCTION {table}_{name}()")
        return
    op.execute(f"{trigger} WHEN {when} BEGIN SELECT RAISE(ABORT, '{told}'); END")


def drop_refusal(table: str, name: str) -> None:
    """Take a refusal back."""
    on = f" ON {table}" if op.get_context().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER {table}_{name}{on}")
    if on:
        op.execute(f"DROP FUNCTION {table}_{name}()")
