"""The tables of the catalogue: what Amazon was told of products, and its product types' schemas."""

import sqlalchemy as sa

from crossdock.engine.store.schema import JsonText, UtcTime, metadata

# The last listing of a SKU that Amazon was told in a marketplace, whether it was seen there, and
# whether the SKU is withheld from sale. An empty marketplace is the account's first: rows from
# before there were others.
submission = sa.Table(
    "submission",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("marketplace_id", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("asin", sa.Text, nullable=False),
    sa.Column("product_type", sa.Text, nullable=False),
    sa.Column("sent_at", UtcTime),
    sa.Column("seen_at", UtcTime),
    sa.Column("changed_at", UtcTime),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("withheld", sa.Boolean, nullable=False),
    sa.Column("names", sa.Text, nullable=False, server_default=""),
    sa.Column("pictures", JsonText),
)

# Amazon's schema of a product type as it was downloaded, known again by its checksum.
product_type = sa.Table(
    "product_type",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("requirements", sa.Text, primary_key=True),
    sa.Column("marketplace", sa.Text, primary_key=True),
    sa.Column("checksum", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("checked_at", UtcTime, nullable=False),
)
