"""endpoints of two kinds, rotation, pauses, rates, and deliveries that carry no alert."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIMES = (
    "previous_until",
    "verified_at",
    "paused_at",
    "quiet_until",
    "spoken_for_until",
    "failed_at",
)


def upgrade() -> None:
    op.alter_column("endpoint", "url", new_column_name="address")
    op.add_column(
        "endpoint", sa.Column("kind", sa.Text(), nullable=False, server_default="webhook")
    )
    op.add_column(
        "endpoint", sa.Column("latest_only", sa.Boolean(), nullable=False, server_default="false")
    )
    op.alter_column("endpoint", "kind", server_default=None)
    op.alter_column("endpoint", "latest_only", server_default=None)
    for name in ("previous_generation", "rate_per_minute"):
        op.add_column("endpoint", sa.Column(name, sa.Integer(), nullable=True))
    for name in TIMES:
        op.add_column(
            "endpoint", sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
    op.alter_column("delivery", "alert_id", nullable=True)
    op.alter_column("delivery", "alert_version", nullable=True)
    op.add_column(
        "delivery", sa.Column("purpose", sa.Text(), nullable=False, server_default="alert")
    )
    op.add_column(
        "delivery", sa.Column("pressing", sa.Boolean(), nullable=False, server_default="false")
    )
    op.alter_column("delivery", "purpose", server_default=None)
    op.alter_column("delivery", "pressing", server_default=None)
    op.add_column("delivery", sa.Column("body", sa.LargeBinary(), nullable=True))
    op.add_column("attempt", sa.Column("endpoint_id", sa.Uuid(), nullable=True))
    op.execute(
        "update attempt set endpoint_id = delivery.endpoint_id"
        " from delivery where delivery.id = attempt.delivery_id"
    )
    op.alter_column("attempt", "endpoint_id", nullable=False)
    op.create_index("ix_attempt_endpoint_id_started_at", "attempt", ["endpoint_id", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_attempt_endpoint_id_started_at", table_name="attempt")
    op.drop_column("attempt", "endpoint_id")
    op.execute("delete from delivery where alert_id is null")
    for name in ("body", "pressing", "purpose"):
        op.drop_column("delivery", name)
    op.alter_column("delivery", "alert_version", nullable=False)
    op.alter_column("delivery", "alert_id", nullable=False)
    for name in (*TIMES, "previous_generation", "rate_per_minute", "latest_only", "kind"):
        op.drop_column("endpoint", name)
    op.alter_column("endpoint", "address", new_column_name="url")
