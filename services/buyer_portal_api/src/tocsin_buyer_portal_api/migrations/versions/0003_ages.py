"""What is too old is found by an index."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_delivery_settled_at"), "delivery", ["settled_at"], unique=False)
    op.create_index(op.f("ix_view_hour"), "view", ["hour"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_view_hour"), table_name="view")
    op.drop_index(op.f("ix_delivery_settled_at"), table_name="delivery")
