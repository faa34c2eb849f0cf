"""Where a SKU is listed whose quantity is written; empty is the account's first marketplace."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    column = sa.Column("marketplace_id", sa.Text(), nullable=False, server_default="")
    op.add_column("publication", column)
