"""Our tables for quantities that go to Amazon in feeds."""

import sqlalchemy as sa

from crossdock.engine.store.schema import JsonText, UtcTime, metadata

# Quantities that go in a feed: waiting for one (feed is NULL), or in it. One row per SKU.
basket = sa.Table(
    "basket",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("overtook", sa.Boolean, nullable=False),
    sa.Column("tried", sa.Text, nullable=False),
    sa.Column("siblings", JsonText),
    sa.Column("wiped", JsonText),
    sa.Column("rises", sa.Boolean, nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("feed", sa.Text),
    sa.Column("refused", JsonText),
    sa.Index("basket_by_age", "feed", "added_at"),
)

# Feeds of quantities. The intent is kept before Amazon is asked, because asking twice makes two.
listing_feed = sa.Table(
    "listing_feed",
    metadata,
    sa.Column("ref", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("feed_id", sa.Text, nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("submitting_at", UtcTime),
    sa.Column("submitted_at", UtcTime),
    sa.Column("done_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("remark", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False, server_default=""),
    sa.Index("listing_feed_by_state", "state"),
)
