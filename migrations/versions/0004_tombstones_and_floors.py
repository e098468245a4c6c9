"""tombstones and floors

Zero-downtime rule: the code of the version before must still run after this migration.
"""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pass
