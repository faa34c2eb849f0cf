"""Receipts of listings keep which attributes were written: what nothing says any more is taken away
where it was. Older receipts name none, so nothing is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("submission", sa.Column("names", sa.Text(), nullable=False, server_default=""))
    op.add_column("submission", sa.Column("pictures", sa.Text(), nullable=True))
