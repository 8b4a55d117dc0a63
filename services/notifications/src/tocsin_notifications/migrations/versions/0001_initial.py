"""initial."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_version",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("slot", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", "version", name=op.f("pk_alert_version")),
    )
    op.create_table(
        "buyer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("undertaking_signed", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buyer")),
    )
    op.create_table(
        "buyer_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buyer_key")),
    )
    op.create_index(op.f("ix_buyer_key_buyer_id"), "buyer_key", ["buyer_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("alert_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("planned_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("leases", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_log", "delivery", ["buyer_id", "planned_at", "id"], unique=False)
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["endpoint_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_delivery_place", "delivery", ["alert_id", "endpoint_id", "alert_version"], unique=True
    )
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("secret_generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("failing_since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("disabled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )
    op.create_index(op.f("ix_endpoint_buyer_id"), "endpoint", ["buyer_id"], unique=False)
    op.create_table(
        "heard",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "aggregate", name=op.f("pk_heard")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("msg_id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column(
            "recorded_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_stream_id"), "outbox", ["stream", "id"], unique=False)
    op.create_table(
        "parked",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("msg_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "parked_at",
            sqlmodel.sql.sqltypes.UTCDateTime(),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("retry_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked")),
    )
    op.create_index("ix_parked_retry_at", "parked", ["retry_at"], unique=False)
    op.create_index("uq_parked_consumer_msg_id", "parked", ["consumer", "msg_id"], unique=True)
    op.create_table(
        "reach",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "buyer_id", name=op.f("pk_reach")),
    )
    op.create_index(op.f("ix_reach_buyer_id"), "reach", ["buyer_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("countries", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("issue_groups", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("every_endpoint", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(
        op.f("ix_subscription_buyer_id_created_at_id"),
        "subscription",
        ["buyer_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "attempt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("fk_attempt_delivery_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_attempt")),
    )
    op.create_table(
        "subscription_endpoint",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoint.id"],
            name=op.f("fk_subscription_endpoint_endpoint_id"),
            ondelete="cascade",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_subscription_endpoint_subscription_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint(
            "subscription_id", "endpoint_id", name=op.f("pk_subscription_endpoint")
        ),
    )
    op.create_index(
        op.f("ix_subscription_endpoint_endpoint_id"),
        "subscription_endpoint",
        ["endpoint_id"],
        unique=False,
    )
    op.create_table(
        "subscription_term",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_subscription_term_subscription_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint(
            "buyer_id", "term", "subscription_id", name=op.f("pk_subscription_term")
        ),
    )
    op.create_index(
        op.f("ix_subscription_term_subscription_id"),
        "subscription_term",
        ["subscription_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_subscription_term_subscription_id"), table_name="subscription_term")
    op.drop_table("subscription_term")
    op.drop_index(op.f("ix_subscription_endpoint_endpoint_id"), table_name="subscription_endpoint")
    op.drop_table("subscription_endpoint")
    op.drop_table("attempt")
    op.drop_index(op.f("ix_subscription_buyer_id_created_at_id"), table_name="subscription")
    op.drop_table("subscription")
    op.drop_index(op.f("ix_reach_buyer_id"), table_name="reach")
    op.drop_table("reach")
    op.drop_index("uq_parked_consumer_msg_id", table_name="parked")
    op.drop_index("ix_parked_retry_at", table_name="parked")
    op.drop_table("parked")
    op.drop_index(op.f("ix_outbox_stream_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("heard")
    op.drop_index(op.f("ix_endpoint_buyer_id"), table_name="endpoint")
    op.drop_table("endpoint")
    op.drop_index("uq_delivery_place", table_name="delivery")
    op.drop_index(
        "ix_delivery_waiting", table_name="delivery", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index("ix_delivery_log", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index(op.f("ix_buyer_key_buyer_id"), table_name="buyer_key")
    op.drop_table("buyer_key")
    op.drop_table("buyer")
    op.drop_table("alert_version")
