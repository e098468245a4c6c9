"""The tables as the migrations make them are the tables as the models describe them."""

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from server.db import Database
from server.jobs.engine import TABLE_PREFIX
from server.migrate import alembic_config
from server.models import Base
from server.models.base import UtcDateTime
from tests.world import BORN


def is_ours(name, of_kind, _):
    """Whether the migrations make it; the queue makes its tables itself."""
    return of_kind != "table" or not name.startswith(f"{TABLE_PREFIX}_")


def test_models_and_migrations_agree(database_url):
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


OLD_ROWS = (
    "INSERT INTO organisations (id, name, kind, division_code, path) "
    "VALUES ('corps', 'x', 'corps', '150000', '/corps/')",
    "INSERT INTO checklists (id, code, version, title, kind, items, digest, organisation_id, "
    "created_at) VALUES ('list', 'a', 1, 'x', 'small', '[]', '-', 'corps', :born)",
    "INSERT INTO objects (id, organisation_id, name, kind, address, division_code, division_state, "
    "tags, active, source, source_key, source_digest, details, edited_fields, updated_at) VALUES "
    "('o-1', 'corps', 'x', 'key', '', '150102', 'settled', '[]', true, 's', 'k', 'd', '{}', '[]', "
    ":born), ('o-2', 'corps', 'y', 'key', '', '150102', 'settled', '[]', false, 's', 'l', 'e', "
    "'{}', '[]', :born)",
    "INSERT INTO tasks (id, number, origin, object_id, checklist_id, organisation_id, status, "
    "round, planned_on, requested_by, created_at) VALUES "
    "('t', '1', 'complaint', 'o-1', 'list', 'corps', 'draft', 1, '2026-01-05', 'u', :born)",
)


def test_objects_of_before_keep_their_tasks_and_gain_their_provenance(database_url):
    config = alembic_config(database_url)
    command.downgrade(config, "0012")
    database = Database(database_url)
    with database.write() as session:
        for statement in OLD_ROWS:
            bound = sa.text(statement)
            if ":born" in statement:
                bound = bound.bindparams(sa.bindparam("born", BORN, type_=UtcDateTime))
            session.execute(bound)
    command.upgrade(config, "head")
    with database.read() as session:
        sources = session.execute(
            sa.text("SELECT source, source_key, object_id, digest FROM object_sources ORDER BY 2")
        ).all()
        states = session.execute(sa.text("SELECT id, state FROM objects ORDER BY 1")).all()
        assert session.scalar(sa.text("SELECT object_id FROM tasks")) == "o-1"
    assert [tuple(row) for row in sources] == [("s", "k", "o-1", "d"), ("s", "l", "o-2", "e")]
    assert [tuple(row) for row in states] == [("o-1", "active"), ("o-2", "closed")]
    database.engine.dispose()
