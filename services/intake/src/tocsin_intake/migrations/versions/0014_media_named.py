"""Files are known again by a keyed hash of where they lie."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sent_along", sa.Column("named", sa.LargeBinary(), nullable=True))
    op.add_column("attachment", sa.Column("named", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("attachment", "named")
    op.drop_column("sent_along", "named")
