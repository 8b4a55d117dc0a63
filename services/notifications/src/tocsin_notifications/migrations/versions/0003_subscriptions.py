"""subscriptions."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("acknowledged_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    op.create_index(
        "ix_acknowledgement_buyer", "acknowledgement", ["buyer_id", "asked_at", "id"], unique=False
    )
    op.create_index(
        "ix_acknowledgement_open",
        "acknowledgement",
        ["asked_at", "id"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at is null"),
    )
    op.create_index(
        "uq_acknowledgement_alert", "acknowledgement", ["alert_id", "buyer_id"], unique=True
    )
    op.create_table(
        "alert_organisation",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint(
            "alert_id", "version", "organisation_id", name=op.f("pk_alert_organisation")
        ),
    )
    op.create_table(
        "contract_reach",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "contract_id", name=op.f("pk_contract_reach")),
    )
    op.create_index(
        op.f("ix_contract_reach_buyer_id_contract_id"),
        "contract_reach",
        ["buyer_id", "contract_id"],
        unique=False,
    )
    op.create_table(
        "preview_view",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hour", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "buyer_id", "alert_id", "version", "hour", name=op.f("pk_preview_view")
        ),
    )
    op.add_column("alert_version", sa.Column("country", sa.Text(), nullable=True))
    op.add_column("alert_version", sa.Column("issue_group", sa.Text(), nullable=True))
    op.add_column("alert_version", sa.Column("severity", sa.SmallInteger(), nullable=True))
    op.add_column("alert_version", sa.Column("facility_id", sa.Uuid(), nullable=True))
    op.add_column("alert_version", sa.Column("statement", sa.Text(), nullable=True))
    op.create_index(op.f("ix_alert_version_slot"), "alert_version", ["slot"], unique=False)
    op.add_column(
        "buyer", sa.Column("time_zone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False)
    )
    op.add_column("delivery", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_delivery_collected",
        "delivery",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'collected'"),
    )
    op.add_column(
        "subscription",
        sa.Column("roles", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "subscription",
        sa.Column(
            "facility_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column(
        "subscription",
        sa.Column(
            "contract_ids", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column(
        "subscription",
        sa.Column(
            "severity_at_least", sa.SmallInteger(), server_default=sa.text("1"), nullable=False
        ),
    )
    op.add_column(
        "subscription",
        sa.Column("level_at_least", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "subscription", sa.Column("timing", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column(
        "subscription", sa.Column("paused_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
    )
    op.add_column(
        "subscription",
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("subscription", "version")
    op.drop_column("subscription", "paused_at")
    op.drop_column("subscription", "timing")
    op.drop_column("subscription", "level_at_least")
    op.drop_column("subscription", "severity_at_least")
    op.drop_column("subscription", "contract_ids")
    op.drop_column("subscription", "facility_ids")
    op.drop_column("subscription", "roles")
    op.drop_index(
        "ix_delivery_collected",
        table_name="delivery",
        postgresql_where=sa.text("state = 'collected'"),
    )
    op.drop_column("delivery", "digest_id")
    op.drop_column("buyer", "time_zone")
    op.drop_index(op.f("ix_alert_version_slot"), table_name="alert_version")
    op.drop_column("alert_version", "statement")
    op.drop_column("alert_version", "facility_id")
    op.drop_column("alert_version", "severity")
    op.drop_column("alert_version", "issue_group")
    op.drop_column("alert_version", "country")
    op.drop_table("preview_view")
    op.drop_index(op.f("ix_contract_reach_buyer_id_contract_id"), table_name="contract_reach")
    op.drop_table("contract_reach")
    op.drop_table("alert_organisation")
    op.drop_index("uq_acknowledgement_alert", table_name="acknowledgement")
    op.drop_index(
        "ix_acknowledgement_open",
        table_name="acknowledgement",
        postgresql_where=sa.text("acknowledged_at is null"),
    )
    op.drop_index("ix_acknowledgement_buyer", table_name="acknowledgement")
    op.drop_table("acknowledgement")
