"""registers in full

Zero-downtime rule: the code of the version before must still run after this migration. It makes
objects without a row in `object_sources`; the next import knows those by their credit code.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON_COLUMN = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MERGED = sa.text("merged_into IS NOT NULL")
OPEN_SOURCE = sa.text("state = 'open' AND source IS NOT NULL")
LEADING = sa.text("part = 'lead' AND ended_at IS NULL")
OF_OBJECTS = sa.text("target_type = 'object'")

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    _widen_objects()
    _add_sources()
    _add_cleaning()
    _add_duplicates()
    _add_tags()
    _add_people()
    op.create_index(
        "ix_audit_of_objects", "audit", ["target_id"],
        postgresql_where=OF_OBJECTS, sqlite_where=OF_OBJECTS,
    )  # fmt: skip


def _widen_objects() -> None:
    with op.batch_alter_table("objects") as objects:
        objects.add_column(
            sa.Column("state", sa.String(length=20), nullable=False, server_default="active")
        )
        objects.add_column(sa.Column("state_reason", sa.String(length=300), nullable=True))
        objects.add_column(sa.Column("merged_into", sa.String(length=64), nullable=True))
        objects.add_column(sa.Column("nature", sa.String(length=20), nullable=True))
        objects.add_column(
            sa.Column("field_sources", JSON_COLUMN, nullable=False, server_default="{}")
        )
        objects.add_column(sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
        objects.add_column(sa.Column("verified_by", sa.String(length=64), nullable=True))
        objects.drop_constraint("uq_objects_source_source_key", type_="unique")
        objects.drop_index("ix_objects_name")
        objects.drop_index("ix_objects_organisation_id")
        objects.drop_index("ix_objects_division_state")
        objects.create_index("ix_objects_of_organisation", ["organisation_id", "division_state"])
        objects.create_foreign_key(
            op.f("fk_objects_merged_into"), "objects", ["merged_into"], ["id"]
        )
    op.execute("UPDATE objects SET state = 'closed' WHERE NOT active")
    op.create_index(
        "ix_objects_merged_into", "objects", ["merged_into"],
        postgresql_where=MERGED, sqlite_where=MERGED,
    )  # fmt: skip


def _add_sources() -> None:
    op.create_table(
        "object_sources",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("source_key", sa.String(length=100), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", JSON_COLUMN, nullable=False),
        sa.PrimaryKeyConstraint("source", "source_key", name=op.f("pk_object_sources")),
    )
    op.execute(
        "INSERT INTO object_sources (source, source_key, object_id, digest, imported_at, facts) "
        "SELECT source, source_key, id, source_digest, updated_at, '{}' FROM objects"
    )
    op.create_index(op.f("ix_object_sources_object_id"), "object_sources", ["object_id"])


def _add_cleaning() -> None:
    op.create_table(
        "cleaning_members",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("named_by", sa.String(length=64), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"],
            name=op.f("fk_cleaning_members_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_cleaning_members_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleaning_members")),
    )  # fmt: skip
    op.create_index(op.f("ix_cleaning_members_user_id"), "cleaning_members", ["user_id"])
    op.create_index(
        "ix_cleaning_members_one_lead", "cleaning_members", ["organisation_id"], unique=True,
        postgresql_where=LEADING, sqlite_where=LEADING,
    )  # fmt: skip
    op.create_table(
        "object_proposals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=True),
        sa.Column("proposed_by", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=True),
        sa.Column("changes", JSON_COLUMN, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("before", JSON_COLUMN, nullable=True),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_object_proposals_object_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_object_proposals")),
    )
    op.create_index("ix_object_proposals_object_id", "object_proposals", ["object_id", "state"])
    op.create_index(
        "ix_object_proposals_one_of_source", "object_proposals", ["object_id", "source"],
        unique=True, postgresql_where=OPEN_SOURCE, sqlite_where=OPEN_SOURCE,
    )  # fmt: skip


def _add_duplicates() -> None:
    op.create_table(
        "duplicate_pairs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("first_id", sa.String(length=64), nullable=False),
        sa.Column("second_id", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", JSON_COLUMN, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("merged_id", sa.String(length=64), nullable=True),
        sa.Column("before", JSON_COLUMN, nullable=True),
        sa.ForeignKeyConstraint(
            ["first_id"], ["objects.id"], name=op.f("fk_duplicate_pairs_first_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["objects.id"], name=op.f("fk_duplicate_pairs_second_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pairs")),
        sa.UniqueConstraint(
            "first_id", "second_id", name=op.f("uq_duplicate_pairs_first_id_second_id")
        ),
    )
    op.create_index(op.f("ix_duplicate_pairs_second_id"), "duplicate_pairs", ["second_id"])
    op.create_index("ix_duplicate_pairs_state", "duplicate_pairs", ["state", "id"])


def _add_tags() -> None:
    op.create_table(
        "tag_acts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("objects_count", sa.Integer(), nullable=False),
        sa.Column("done_by", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undoes", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_acts")),
        sa.UniqueConstraint("undoes", name=op.f("uq_tag_acts_undoes")),
    )
    op.create_table(
        "tag_changes",
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["tag_acts.id"], name=op.f("fk_tag_changes_act_id")),
        sa.PrimaryKeyConstraint("act_id", "object_id", name=op.f("pk_tag_changes")),
    )


def _add_people() -> None:
    op.create_table(
        "officer_interests",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("officer_id", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=True),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("organisation_id", sa.String(length=64), nullable=True),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.String(length=64), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdraw_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_officer_interests_officer_id")
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_officer_interests_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"],
            name=op.f("fk_officer_interests_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_interests")),
    )  # fmt: skip
    op.create_index(op.f("ix_officer_interests_officer_id"), "officer_interests", ["officer_id"])
    op.create_table(
        "experts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("employer", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("specialties", JSON_COLUMN, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_experts_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experts")),
    )
    op.create_index(op.f("ix_experts_organisation_id"), "experts", ["organisation_id"])


def downgrade() -> None:
    op.drop_index("ix_audit_of_objects", "audit")
    for table in (
        "experts", "officer_interests", "tag_changes", "tag_acts", "duplicate_pairs",
        "object_proposals", "cleaning_members", "object_sources",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_objects_merged_into", "objects")
    with op.batch_alter_table("objects") as objects:
        objects.drop_constraint("fk_objects_merged_into", type_="foreignkey")
        for name in (
            "verified_by", "verified_at", "field_sources", "nature", "merged_into",
            "state_reason", "state",
        ):  # fmt: skip
            objects.drop_column(name)
        objects.create_unique_constraint("uq_objects_source_source_key", ["source", "source_key"])
        objects.create_index("ix_objects_name", ["name"])
        objects.drop_index("ix_objects_of_organisation")
        objects.create_index("ix_objects_organisation_id", ["organisation_id"])
        objects.create_index("ix_objects_division_state", ["division_state", "organisation_id"])
