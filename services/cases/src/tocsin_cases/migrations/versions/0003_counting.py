"""Since when consent counts, sources across tag keys and after closing, and ages."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("counts_since", "given_since"):
        op.add_column(
            "complaint", sa.Column(column, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        )
    op.add_column(
        "standing", sa.Column("said_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
    )
    op.add_column(
        "case_complaint", sa.Column("sources_before", sa.ARRAY(sa.LargeBinary()), nullable=True)
    )
    op.add_column("case_complaint", sa.Column("counted_kind", sa.Integer(), nullable=True))
    op.add_column("case_complaint", sa.Column("counted_source", sa.Integer(), nullable=True))
    op.create_index(
        "ix_standing_said_at",
        "standing",
        ["said_at"],
        unique=False,
        postgresql_where=sa.text("erased_at is null"),
    )
    op.create_index(
        "ix_alert_ended",
        "alert",
        ["slot"],
        unique=False,
        postgresql_where=sa.text("state = 'ended'"),
    )


def downgrade() -> None:
    op.drop_index("ix_alert_ended", table_name="alert")
    op.drop_index("ix_standing_said_at", table_name="standing")
    for column in ("counted_source", "counted_kind", "sources_before"):
        op.drop_column("case_complaint", column)
    op.drop_column("standing", "said_at")
    for column in ("given_since", "counts_since"):
        op.drop_column("complaint", column)
