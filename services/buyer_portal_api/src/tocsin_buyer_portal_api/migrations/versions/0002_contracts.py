"""contracts."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["buyer.buyer_id"], name=op.f("fk_contract_buyer_id")
        ),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract")),
    )
    op.create_index(
        op.f("ix_contract_buyer_id_created_at_contract_id"),
        "contract",
        ["buyer_id", "created_at", "contract_id"],
        unique=False,
    )
    op.create_table(
        "contract_reach",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.contract_id"],
            name=op.f("fk_contract_reach_contract_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("contract_id", "organisation_id", name=op.f("pk_contract_reach")),
    )
    op.add_column(
        "buyer", sa.Column("time_zone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False)
    )
    op.add_column(
        "reach",
        sa.Column("confirmed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("reach", "confirmed")
    op.drop_column("buyer", "time_zone")
    op.drop_table("contract_reach")
    op.drop_index(op.f("ix_contract_buyer_id_created_at_contract_id"), table_name="contract")
    op.drop_table("contract")
