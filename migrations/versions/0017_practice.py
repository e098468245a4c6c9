"""practice organisations, apart from all others

Zero-downtime rule: the code of the version before must still run after this migration. It knows no
practice organisation and makes none, so all that it writes is in earnest, by the default.
"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import drop_refusal, refuse

revision = "0017"
down_revision = "0016"

BODY = ["id", "practice"]
#: table → what is one among those that are for practice, and one among the others
UNIQUE = {"objects": "credit_code", "officers": "certificate_number", "publications": None}
ASTRAY = (
    "NEW.practice <> (NEW.path LIKE '/~practice/%') OR NOT NEW.practice "
    "AND EXISTS (SELECT 1 FROM organisations WHERE id = NEW.parent_id AND practice)"
)
CHANGED = f"NEW.practice <> OLD.practice OR {ASTRAY}"
#: table, name, act → which rows are refused
REFUSED = {
    ("organisations", "changed", "UPDATE"): CHANGED,
    ("organisations", "astray", "INSERT"): ASTRAY,
    ("publications", "in_earnest", "INSERT"): "NEW.practice",
}


def upgrade() -> None:
    with op.batch_alter_table("organisations") as table:
        table.add_column(_practice())
        table.create_unique_constraint(op.f("uq_organisations_id_practice"), BODY)
    for name, column in UNIQUE.items():
        with op.batch_alter_table(name) as table:
            table.add_column(_practice())
            table.drop_constraint(f"fk_{name}_organisation_id", type_="foreignkey")
            table.create_foreign_key(
                op.f(f"fk_{name}_organisation_id"), "organisations",
                ["organisation_id", "practice"], BODY,
            )  # fmt: skip
            if column:
                table.drop_constraint(f"uq_{name}_{column}", type_="unique")
                table.create_unique_constraint(
                    op.f(f"uq_{name}_{column}_practice"), [column, "practice"]
                )
    for (table_name, name, act), condition in REFUSED.items():
        refuse(table_name, name, on=act, when=condition)


def _practice() -> sa.Column[bool]:
    return sa.Column("practice", sa.Boolean(), nullable=False, server_default=sa.false())


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT 1 FROM organisations WHERE practice LIMIT 1")):
        raise RuntimeError("practice organisations exist: without the column they would be real")
    for table_name, name, _ in REFUSED:
        drop_refusal(table_name, name)
    for name, column in UNIQUE.items():
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"fk_{name}_organisation_id", type_="foreignkey")
            table.create_foreign_key(
                op.f(f"fk_{name}_organisation_id"), "organisations", ["organisation_id"], ["id"]
            )
            if column:
                table.drop_constraint(f"uq_{name}_{column}_practice", type_="unique")
                table.create_unique_constraint(op.f(f"uq_{name}_{column}"), [column])
            table.drop_column("practice")
    with op.batch_alter_table("organisations") as table:
        table.drop_constraint("uq_organisations_id_practice", type_="unique")
        table.drop_column("practice")
