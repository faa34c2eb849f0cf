"""What stood beside prices before anything was written from here."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "price_stood",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("siblings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "marketplace_id"),
    )
