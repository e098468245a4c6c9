"""completeness and keeping

Zero-downtime rule: the code of the version before must still run after this migration. It deletes
nothing, so what it does not know of deletions cannot mislead it before the new version decides one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

OPEN = sa.text("state = 'open'")
STANDING = sa.text("released_at IS NULL")
UNFINISHED = sa.text("state IN ('due', 'deleting')")


def _text(name: str, length: int = 64, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.add_column("evidence_files", _moment("deleting_at", nullable=True))
    op.add_column("evidence_files", _moment("deleted_at", nullable=True))
    op.create_table(
        "photo_losses",
        _text("photo_id"),
        _text("key", 100),
        _text("state", 20),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("asked_by"),
        _text("asked_on", nullable=True),
        _moment("asked_at"),
        _text("decided_by", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        _to("photo_losses", "photo_id", "photos.id"),
        sa.PrimaryKeyConstraint("photo_id", "key", name=op.f("pk_photo_losses")),
    )
    op.create_index(
        "ix_photo_losses_open", "photo_losses", ["photo_id"], unique=True,
        postgresql_where=OPEN, sqlite_where=OPEN,
    )  # fmt: skip
    op.create_table(
        "retention_terms",
        _text("organisation_id"),
        _text("kind", 20),
        sa.Column("years", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("set_by"),
        _moment("set_at"),
        _to("retention_terms", "organisation_id", "organisations.id"),
        sa.PrimaryKeyConstraint("organisation_id", "kind", name=op.f("pk_retention_terms")),
    )
    op.create_table(
        "legal_holds",
        _text("id"),
        _text("target_type", 20),
        _text("target_id"),
        _text("organisation_id"),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("placed_by"),
        _moment("placed_at"),
        sa.Column("until_on", sa.Date(), nullable=True),
        _text("released_by", nullable=True),
        _moment("released_at", nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        _to("legal_holds", "organisation_id", "organisations.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index(
        "ix_legal_holds_standing", "legal_holds", ["target_type", "target_id"],
        postgresql_where=STANDING, sqlite_where=STANDING,
    )  # fmt: skip
    op.create_table(
        "deletion_acts",
        _text("id"),
        _text("organisation_id"),
        _text("state", 20),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("requested_by"),
        _moment("requested_at"),
        _text("decided_by", nullable=True),
        _moment("decided_at", nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        _moment("finished_at", nullable=True),
        _to("deletion_acts", "organisation_id", "organisations.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion_acts")),
    )
    for column in ("organisation_id", "state"):
        op.create_index(op.f(f"ix_deletion_acts_{column}"), "deletion_acts", [column])
    op.create_table(
        "deletion_items",
        _text("act_id"),
        _text("kind", 20),
        _text("subject_id"),
        _text("photo_id", nullable=True),
        _text("task_id", nullable=True),
        _text("sha256"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _text("state", 20),
        _text("kept_because", 40, nullable=True),
        _moment("deleted_at", nullable=True),
        _to("deletion_items", "act_id", "deletion_acts.id"),
        sa.PrimaryKeyConstraint("act_id", "kind", "subject_id", name=op.f("pk_deletion_items")),
    )
    op.create_index(
        "ix_deletion_items_unfinished", "deletion_items", ["act_id", "sha256"],
        postgresql_where=UNFINISHED, sqlite_where=UNFINISHED,
    )  # fmt: skip
    op.create_index("ix_deletion_items_subject", "deletion_items", ["subject_id"])


def downgrade() -> None:
    for table in ("deletion_items", "deletion_acts", "legal_holds", "retention_terms"):
        op.drop_table(table)
    op.drop_table("photo_losses")
    op.drop_column("evidence_files", "deleted_at")
    op.drop_column("evidence_files", "deleting_at")
