"""Messages that were heard before their complaint are counted once it is filed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "standing", sa.Column("messages", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("standing", "messages")
