"""Our tables of stock: a mirror of what Amazon holds, and what explains oversells afterwards."""

import sqlalchemy as sa

from crossdock.engine.store.schema import UtcTime, metadata

# Every quantity that was told of a SKU; `publication` holds only the last one.
told = sa.Table(
    "told",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("sent_at", UtcTime),
    sa.Column("seen_at", UtcTime),
)

# Every state of a shelf of TIMS's that was looked at while offers were counted.
shelf_seen = sa.Table(
    "shelf_seen",
    metadata,
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("location", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("on_hand", sa.Text, nullable=False),
    sa.Column("allocated", sa.Text, nullable=False),
    sa.Column("quarantined", sa.Text, nullable=False),
    sa.Column("changed_at", UtcTime),
    sa.Column("counted_at", UtcTime),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Index("shelf_seen_by_time", "seen_at"),
)

# Stock in Amazon's warehouses as it was read last; nothing is decided by it.
fba_stock = sa.Table(
    "fba_stock",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("fulfillable", sa.BigInteger, nullable=False),
    sa.Column("inbound", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("unfulfillable", sa.BigInteger, nullable=False),
    sa.Column("researching", sa.BigInteger, nullable=False),
    sa.Column("as_of", UtcTime, nullable=False),
)

# When TIMS knew first of a line that was bought at Amazon.
arrival = sa.Table(
    "arrival",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("order_item", sa.Text, primary_key=True),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("packs", sa.BigInteger, nullable=False),
    sa.Column("bought_at", UtcTime, nullable=False),
    sa.Column("known_at", UtcTime, nullable=False),
    sa.Index("arrival_by_sku", "sku", "known_at"),
)

# Lines of Amazon's orders that TIMS had nothing for, also when it had something later.
shortage = sa.Table(
    "shortage",
    metadata,
    sa.Column("order_number", sa.Text, primary_key=True),
    sa.Column("line_number", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("order_item", sa.Text, nullable=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("uom", sa.Text, nullable=False),
    sa.Column("short", sa.Text, nullable=False),
    sa.Column("bought_at", UtcTime, nullable=False),
    sa.Column("entered_at", UtcTime),
    sa.Column("noted_at", UtcTime, nullable=False),
    sa.Index("shortage_by_time", "bought_at"),
)
