"""The cleaning of the register (核查、清洗): who takes part, what they propose, what is one."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base, index_where


class CleaningMember(Base):
    """A person's part in cleaning one organisation's objects: "1+3" (N15). The lead (监督员) signs
    off; clerk (文员), market (市场监管员) and police (民警) propose. Ended ones stay."""

    __tablename__ = "cleaning_members"
    __table_args__ = (
        index_where(
            "ix_cleaning_members_one_lead", "organisation_id", unique=True,
            where="part = 'lead' AND ended_at IS NULL",
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    part: Mapped[str] = mapped_column(String(20))  # lead | clerk | market | police
    named_by: Mapped[str] = mapped_column(String(64))
    named_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ObjectProposal(Base):
    """What somebody found out about an object, or what a further source says otherwise, until the
    lead signs off. Accepted without changes it says: verified as it stands."""

    __tablename__ = "object_proposals"
    __table_args__ = (
        Index("ix_object_proposals_object_id", "object_id", "state"),
        index_where(
            "ix_object_proposals_one_of_source", "object_id", "source", unique=True,
            where="state = 'open' AND source IS NOT NULL",
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    object_id: Mapped[str] = mapped_column(ForeignKey("objects.id"))
    part: Mapped[str | None] = mapped_column(String(20))  # the proposer's part at that time
    proposed_by: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(100))  # instead of a person
    changes: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))  # open | accepted | refused | undone
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None]  # what the accepted changes replaced


class DuplicatePair(Base):
    """Two objects that may be one, and what a person decided: `merged`, or `different` for good."""

    __tablename__ = "duplicate_pairs"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        Index("ix_duplicate_pairs_state", "state", "id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_id: Mapped[str] = mapped_column(ForeignKey("objects.id"))  # the lesser id of the two
    second_id: Mapped[str] = mapped_column(ForeignKey("objects.id"), index=True)
    score: Mapped[int]  # 0–100
    reasons: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(20))  # open | different | merged
    found_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    merged_id: Mapped[str | None] = mapped_column(String(64))  # which of the two gave way
    before: Mapped[dict[str, Any] | None]  # how that one stood


class TagAct(Base):
    """One tag put on, or taken off, many objects at once."""

    __tablename__ = "tag_acts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(40))
    act: Mapped[str] = mapped_column(String(10))  # add | remove
    objects_count: Mapped[int]
    done_by: Mapped[str] = mapped_column(String(64))
    done_at: Mapped[datetime]
    undoes: Mapped[str | None] = mapped_column(String(64), unique=True)


class TagChange(Base):
    """An object that a tag act changed; others had the tag, or lacked it, already."""

    __tablename__ = "tag_changes"

    act_id: Mapped[str] = mapped_column(ForeignKey("tag_acts.id"), primary_key=True)
    object_id: Mapped[str] = mapped_column(String(64), primary_key=True)
