"""The ledger's rows (账本): entries, the tiles over them, and each checkpoint that was signed."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class LedgerEntry(Base):
    """One leaf; `content` is what is hashed. Rows are only ever added (a trigger sees to it)."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_kind_name", "kind", "name"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(256))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class LedgerTile(Base):
    """A file of the tree, by its path below the ledger's prefix; never changed."""

    __tablename__ = "ledger_tiles"

    path: Mapped[str] = mapped_column(String(100), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerCheckpoint(Base):
    """A signed checkpoint, by the number of entries that it covers."""

    __tablename__ = "ledger_checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class LedgerBody(Base):
    """What an entry is a digest of, by that digest; of what tells of people, without the salt."""

    __tablename__ = "ledger_bodies"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
