"""facts and flags of photos

Zero-downtime rule: the code of the version before must still run after this migration. It leaves
`compared_at` empty, and the job `compare_photos` compares what it verified, as all that was there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON_COLUMN = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
UNCOMPARED = sa.text("state = 'verified' AND compared_at IS NULL")
STANDING = sa.text("cleared_at IS NULL")
BANDS = ("band_0", "band_1", "band_2", "band_3")

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("photos", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_photos_uncompared", "photos", ["verified_at", "id"],
        postgresql_where=UNCOMPARED, sqlite_where=UNCOMPARED,
    )  # fmt: skip
    op.create_table(
        "picture_hashes",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.BigInteger(), nullable=True),
        *(sa.Column(band, sa.Integer(), nullable=True) for band in BANDS),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_picture_hashes")),
    )
    op.create_index(op.f("ix_picture_hashes_hash"), "picture_hashes", ["hash"])
    for band in BANDS:
        op.create_index(op.f(f"ix_picture_hashes_{band}_hash"), "picture_hashes", [band, "hash"])
    op.create_table(
        "photo_flags",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("photo_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("details", JSON_COLUMN, nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("explained_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_flags")),
        sa.UniqueConstraint(
            "photo_id", "code", "subject", name=op.f("uq_photo_flags_photo_id_code_subject")
        ),
    )
    op.create_index(op.f("ix_photo_flags_task_id"), "photo_flags", ["task_id"])
    op.create_index(
        "ix_photo_flags_standing", "photo_flags", ["flagged_at", "id"],
        postgresql_where=STANDING, sqlite_where=STANDING,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("photo_flags")
    op.drop_table("picture_hashes")
    op.drop_index("ix_photos_uncompared", "photos")
    op.drop_column("photos", "compared_at")
