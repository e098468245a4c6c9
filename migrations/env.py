"""Runs the migrations; the same ones on SQLite and PostgreSQL."""

import os

from alembic import context

from server.db import make_engine
from server.models import Base

url = context.config.attributes.get("database_url") or os.environ["DATABASE_URL"]
engine = make_engine(url)
with engine.connect() as connection:
    if engine.dialect.name == "sqlite":
        # Kept in the file and set before any worker starts: two starting at once would collide.
        connection.connection.driver_connection.execute("PRAGMA journal_mode = WAL")
        # A table that is made anew must not take along the rows that point to it: step 1 of
        # https://www.sqlite.org/lang_altertable.html#otheralter
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=engine.dialect.name == "sqlite",
        compare_type=True,
        user_module_prefix="server.models.base.",
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
