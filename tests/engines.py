"""What SQLAlchemy worked out for one test's engine serves the others.

SQLAlchemy keeps the SQL that it compiled by the object that stands for the database's dialect. With
a new one for each test it would compile each statement again, a fifth of what the tests cost. Only
this is shared: connections, pools and transactions are each engine's own.
"""

from typing import Any

from sqlalchemy import Dialect, Engine

_dialects: dict[str, Dialect] = {}
_compiled: dict[Any, Any] = {}


def share_what_is_compiled(engine: Engine) -> None:
    """Let this engine compile together with the others of its kind."""
    name = engine.dialect.name
    if name not in _dialects:
        with engine.connect():  # the first connection tells a dialect which server it talks to
            _dialects[name] = engine.dialect
    engine.dialect = _dialects[name]
    engine.update_execution_options(compiled_cache=_compiled)
