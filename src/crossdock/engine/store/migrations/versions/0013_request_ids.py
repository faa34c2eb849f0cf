"""Receipts keep Amazon's id of the request that wrote: its support asks for it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for table in ("publication", "price_publication", "listing_feed"):
        column = sa.Column("request_id", sa.Text(), nullable=False, server_default="")
        op.add_column(table, column)
