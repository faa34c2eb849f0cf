"""Listings: what Amazon was told of a SKU, in each marketplace.

What was told before was told in the account's first marketplace, which the store does not know: it
is empty until the row is written again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_MOVED = """
INSERT INTO submission
    (sku, marketplace_id, generation, content, state, attempts, submission_id, asin, product_type,
     sent_at, seen_at, changed_at, why, withheld)
SELECT
    sku, '', generation, content, state, attempts, submission_id, asin, product_type,
    sent_at, seen_at, changed_at, why, withheld
FROM submission_of_sku
"""


def upgrade() -> None:
    op.rename_table("submission", "submission_of_sku")
    op.create_table(
        "submission",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("asin", sa.Text(), nullable=False),
        sa.Column("product_type", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "marketplace_id", name="submission_by_marketplace"),
    )
    op.execute(_MOVED)
    op.drop_table("submission_of_sku")
