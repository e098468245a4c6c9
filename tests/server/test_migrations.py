"""The tables as the migrations make them are the tables as the models describe them."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from server.jobs.engine import TABLE_PREFIX
from server.models import Base


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
