"""What settlements say of each order, and the receipts that clear TIMS's invoices with it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "settled_order",
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("to_clear", sa.Boolean(), nullable=False),
        sa.Column("posted", sa.Text(), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", "order_id", "kind"),
    )
    op.create_index("settled_order_by_order", "settled_order", ["order_id"])
    op.create_table(
        "receipt",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ref"),
    )
    op.create_index("receipt_by_settlement", "receipt", ["settlement_id"])
    op.create_table(
        "cleared",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "order_id", "kind", "document"),
    )
    op.create_index("cleared_by_order", "cleared", ["order_id"])
