"""Complaints that wait for feedback are found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_complaint_taken_note_of",
        "complaint",
        ["acknowledged_at"],
        unique=False,
        postgresql_where=sa.text(
            "acknowledged_at is not null and withdrawn_at is null and status <> 'closed'"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_complaint_taken_note_of", table_name="complaint")
