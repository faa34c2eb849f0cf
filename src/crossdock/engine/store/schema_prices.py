"""Tables of prices: what Amazon was told, how prices moved, and changes that wait for a person."""

import sqlalchemy as sa

from crossdock.engine.store.schema import JsonText, UtcTime, metadata, row_id

# The last offers of a SKU in a marketplace that Amazon was told, and whether they were seen there.
price_publication = sa.Table(
    "price_publication",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("marketplace_id", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # of the whole set of offers
    sa.Column("price", sa.Text, nullable=False),  # what everybody pays, a decimal
    sa.Column("audiences", JsonText, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("overtook", sa.Boolean, nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("sent_at", UtcTime),
    sa.Column("seen_at", UtcTime),
    sa.Column("siblings", JsonText),
    sa.Column("request_id", sa.Text, nullable=False, server_default=""),
)

# What others had written beside the prices of a SKU in a marketplace, before anything was written
# from here: a write in one marketplace may drop it in another.
price_stood = sa.Table(
    "price_stood",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("marketplace_id", sa.Text, primary_key=True),
    sa.Column("siblings", JsonText, nullable=False),
)

# Every public price that was written, and what it was before; kept for some days.
price_move = sa.Table(
    "price_move",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("marketplace_id", sa.Text, primary_key=True),
    sa.Column("at", UtcTime, primary_key=True),
    sa.Column("before", sa.Text),
    sa.Column("price", sa.Text, nullable=False),
    sa.Index("price_move_by_time", "at"),
)

# Writes that wait for a person's approval: at most one for each key.
held_change = sa.Table(
    "held_change",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("old", sa.Text),
    sa.Column("new", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)

# What a person has approved: this very value for this very key.
approved_change = sa.Table(
    "approved_change",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("new", sa.Text, primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

# Places in the lines for quotas; lower numbers came first.
place = sa.Table(
    "place",
    metadata,
    sa.Column("n", row_id, primary_key=True, autoincrement=True),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("until", UtcTime, nullable=False),  # when its turn comes
    sa.Index("place_by_key", "line", "key", unique=True),
)
