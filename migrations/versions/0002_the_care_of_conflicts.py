"""the care of conflicts

Zero-downtime rule: the code of the version before must still run after this migration.
"""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    pass
