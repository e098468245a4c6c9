"""When several people write the registers at the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.services.bulk import is_sqlite

REGISTERS_LOCK = 0x5375694A69616E  # "SuiJian": any number that no other lock of ours uses


def hold_registers(session: Session) -> None:
    """Let one import, or one change of the tree, happen at a time, until the transaction ends."""
    if not is_sqlite(session):  # where there is one writer at a time anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": REGISTERS_LOCK})


@contextmanager
def conflicts_told() -> Iterator[None]:
    """What another person wrote at the same moment under the same key is a `conflict`."""
    try:
        yield
    except IntegrityError:
        raise DomainError("conflict") from None
