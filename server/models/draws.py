"""Draw (抽取): frozen, committed to, drawn in the open; its pool, its witnesses."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base
from server.models.organisations import practice_of


class Draw(Base):
    """One attempt at a slot (期次). What is published of it is recomputed by anyone; `rules`,
    `officers`, `objects` and so on stand as in the bundle (docs/draw.md)."""

    __tablename__ = "draws"
    __table_args__ = (
        Index("ix_draws_plan_id", "plan_id"),
        Index("ix_draws_organisation_id_from_day", "organisation_id", "from_day"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    plan_revision: Mapped[int]
    slot: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(String(20))  # frozen | committed | drawn | abandoned
    from_day: Mapped[date]  # first and last day of its checks
    to_day: Mapped[date]
    sealed_until: Mapped[date | None]
    rules: Mapped[dict[str, Any]]
    officers: Mapped[list[Any]]
    left_out: Mapped[list[Any]]  # officers who are not in the drum, and why; not published
    pool_root: Mapped[str] = mapped_column(String(64))
    pool_counts: Mapped[dict[str, Any]]  # stratum → {eligible, all}
    shares: Mapped[list[Any]]
    reveal_until: Mapped[datetime | None]
    commitment: Mapped[str | None] = mapped_column(String(64))
    dice: Mapped[str | None] = mapped_column(Text)
    seed: Mapped[str | None] = mapped_column(String(64))
    objects: Mapped[list[Any] | None]
    reserve: Mapped[list[Any] | None]
    assignments: Mapped[list[Any] | None]
    events: Mapped[list[Any]]
    after: Mapped[list[Any]]
    entries: Mapped[dict[str, Any]]  # what stands in the ledger → position
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[str] = mapped_column(String(64))
    committed_at: Mapped[datetime | None]
    drawn_at: Mapped[datetime | None]
    drawn_by: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[datetime | None]  # when its tasks were given out
    abandoned_at: Mapped[datetime | None]
    abandoned_by: Mapped[str | None] = mapped_column(String(64))
    abandon_reason: Mapped[str | None] = mapped_column(Text)
    practice = practice_of(organisation_id)  # N7


class DrawPoolRow(Base):
    """An object in a frozen pool (抽取池): `row` is its canonical JSON. Only ever added."""

    __tablename__ = "draw_pool_rows"
    __table_args__ = (Index("ix_draw_pool_rows_object_id", "object_id"),)

    draw_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    object_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    row: Mapped[str] = mapped_column(Text)


class DrawWitness(Base):
    """A witness (见证人) of a draw. In public only code and kind stand; the name is for the
    record."""

    __tablename__ = "draw_witnesses"
    __table_args__ = (
        UniqueConstraint("draw_id", "code"),
        Index(
            "ix_draw_witnesses_token_hash", "token_hash", unique=True,
            postgresql_where=text("token_hash IS NOT NULL"),
            sqlite_where=text("token_hash IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(30))  # the five kinds of N32
    name: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(String(200))  # 所在单位
    token_hash: Mapped[str | None] = mapped_column(String(64))
    signed_in_at: Mapped[datetime]
    committed_at: Mapped[datetime | None]
    revealed_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]  # the record of the draw
