"""ages and bounces."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("bouncing_since", "bounced_at"):
        op.add_column(
            "endpoint", sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
    op.create_index(
        "ix_delivery_digest",
        "delivery",
        ["digest_id"],
        postgresql_where=sa.text("digest_id is not null"),
    )
    op.create_index(
        "ix_delivery_of_no_alert",
        "delivery",
        ["planned_at"],
        postgresql_where=sa.text("alert_id is null"),
    )
    op.create_index("ix_preview_view_hour", "preview_view", ["hour"])


def downgrade() -> None:
    op.drop_index("ix_preview_view_hour", "preview_view")
    op.drop_index("ix_delivery_of_no_alert", "delivery")
    op.drop_index("ix_delivery_digest", "delivery")
    for name in ("bounced_at", "bouncing_since"):
        op.drop_column("endpoint", name)
