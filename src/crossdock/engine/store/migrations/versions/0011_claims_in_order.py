"""Indexes that claims and counts follow: the oldest key first, without sorting all that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    unclaimed = sa.text("claim IS NULL")
    op.create_index(
        "work_in_order", "work", ["flow", "due_at", "key"],
        sqlite_where=unclaimed, postgresql_where=unclaimed,
    )  # fmt: skip
    op.drop_index("work_due", "work")
    op.create_index("basket_by_age", "basket", ["feed", "added_at"])
    op.drop_index("basket_by_feed", "basket")
