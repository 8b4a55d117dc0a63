"""What is too old, and files by their state, are found without reading whole tables."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_complaint_integration_id_received_at",
        "complaint",
        ["integration_id", "received_at"],
        unique=False,
    )
    op.create_index("ix_sent_along_state", "sent_along", ["state", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_sent_along_state", table_name="sent_along")
    op.drop_index("ix_complaint_integration_id_received_at", table_name="complaint")
