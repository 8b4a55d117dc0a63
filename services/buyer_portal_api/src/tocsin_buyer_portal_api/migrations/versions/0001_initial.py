"""The portal's first tables."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("slot", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("issue_group", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_slot_alert_id"), "alert", ["slot", "alert_id"], unique=False)
    op.create_table(
        "alert_organisation",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "alert_id", "version", name=op.f("pk_alert_organisation")
        ),
    )
    op.create_index(
        op.f("ix_alert_organisation_alert_id_version"),
        "alert_organisation",
        ["alert_id", "version"],
        unique=False,
    )
    op.create_table(
        "alert_version",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "version", name=op.f("pk_alert_version")),
    )
    op.create_table(
        "buyer",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reach_version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("undertaking_signed", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("buyer_id", name=op.f("pk_buyer")),
    )
    op.create_index(
        op.f("ix_buyer_created_at_buyer_id"), "buyer", ["created_at", "buyer_id"], unique=False
    )
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("alert_version", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery")),
    )
    op.create_index(
        op.f("ix_delivery_buyer_id_alert_id_alert_version"),
        "delivery",
        ["buyer_id", "alert_id", "alert_version"],
        unique=False,
    )
    op.create_table(
        "facility",
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("os_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("facility_id", name=op.f("pk_facility")),
    )
    op.create_table(
        "heard",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "aggregate", name=op.f("pk_heard")),
    )
    op.create_table(
        "link",
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_link")),
    )
    op.create_index(
        op.f("ix_link_organisation_id_facility_id"),
        "link",
        ["organisation_id", "facility_id"],
        unique=False,
    )
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("lei", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
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
        "view",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "buyer_id", "alert_id", "version", "key_id", "hour", name=op.f("pk_view")
        ),
    )
    op.create_table(
        "buyer_key",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("valid_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["buyer.buyer_id"], name=op.f("fk_buyer_key_buyer_id")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_buyer_key")),
    )
    op.create_index(op.f("ix_buyer_key_buyer_id"), "buyer_key", ["buyer_id"], unique=False)
    op.create_index("uq_buyer_key_key_hash", "buyer_key", ["key_hash"], unique=True)
    op.create_table(
        "reach",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["buyer.buyer_id"], name=op.f("fk_reach_buyer_id")),
        sa.PrimaryKeyConstraint("buyer_id", "organisation_id", name=op.f("pk_reach")),
    )


def downgrade() -> None:
    op.drop_table("reach")
    op.drop_index("uq_buyer_key_key_hash", table_name="buyer_key")
    op.drop_index(op.f("ix_buyer_key_buyer_id"), table_name="buyer_key")
    op.drop_table("buyer_key")
    op.drop_table("view")
    op.drop_index("uq_parked_consumer_msg_id", table_name="parked")
    op.drop_index("ix_parked_retry_at", table_name="parked")
    op.drop_table("parked")
    op.drop_index(op.f("ix_outbox_stream_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("organisation")
    op.drop_index(op.f("ix_link_organisation_id_facility_id"), table_name="link")
    op.drop_table("link")
    op.drop_table("heard")
    op.drop_table("facility")
    op.drop_index(op.f("ix_delivery_buyer_id_alert_id_alert_version"), table_name="delivery")
    op.drop_table("delivery")
    op.drop_index(op.f("ix_buyer_created_at_buyer_id"), table_name="buyer")
    op.drop_table("buyer")
    op.drop_table("alert_version")
    op.drop_index(op.f("ix_alert_organisation_alert_id_version"), table_name="alert_organisation")
    op.drop_table("alert_organisation")
    op.drop_index(op.f("ix_alert_slot_alert_id"), table_name="alert")
    op.drop_table("alert")
