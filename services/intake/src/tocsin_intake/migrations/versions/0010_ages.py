"""References go at an age, also those of calls and of what was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("acceptance", sa.Column("expires_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_acceptance_expires_on",
        "acceptance",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("expires_on is not null"),
    )
    op.execute(
        "update acceptance set expires_on = current_date + 400 where not exists"
        " (select from complaint where complaint.id = acceptance.complaint_id)"
    )


def downgrade() -> None:
    op.drop_index("ix_acceptance_expires_on", table_name="acceptance")
    op.drop_column("acceptance", "expires_on")
