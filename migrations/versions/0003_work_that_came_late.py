"""work that came late

Zero-downtime rule: the code of the version before must still run after this migration.
"""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
