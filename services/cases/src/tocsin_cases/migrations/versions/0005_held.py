"""Releases that are held are found among all that were ever intended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_intention_held",
        "intention",
        ["id"],
        unique=False,
        postgresql_where=sa.text("held_until is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_intention_held", table_name="intention")
