"""A listing with pictures and a description: what is said of it, and what Amazon has."""

import json

import pytest

from crossdock.kernel.errors import TryAgain
from crossdock.simulators.amazon.listing_records import copy_of
from tests.connectors.amazon.conftest import US
from tests.wiring.selling import Trade

CA = "A2EUQ1WTGCTBG2"
TWO = f"marketplaces: {{{US}: en_US, {CA}: en_CA}}\n"
MAIN, SECOND, THIRD = (
    "main_product_image_locator", "other_product_image_locator_1", "other_product_image_locator_2",
)  # fmt: skip
WORDS = "product_description"
A, B, C = (f"https://images.example/{name}.jpg" for name in "abc")
MANY = [f"https://images.example/{n}.jpg" for n in range(12)]
COPIES = {copy_of(address): address for address in (A, B, C, *MANY)}


def a_trade(folder):
    """An item with three images and a description, sold in two marketplaces."""
    found = Trade(folder, (US, CA))
    pictured(found, A, B, C)
    found.tims.describe_item("SPR-1", LongDescription="Keeps spatter off.")
    return found


def pictured(trade, *urls, item="SPR-1"):
    """What TIMS says of the item's images from now on."""
    trade.tims.describe_item(item, Images=[{"Url": url} for url in urls])


def images(trade, sku="SPRAY", shop=US):
    """What buyers of a marketplace see, by slot; of Amazon's copies the address they came from."""
    listing = trade.live(sku)
    return {
        name: COPIES.get(said := listing.says(name, shop)[0]["media_location"], said)
        for name in sorted(listing.live) if "image" in name and listing.says(name, shop)
    }  # fmt: skip


def by_hand(trade, name, sku="SPRAY", **row):
    """Somebody writes it in Seller Central."""
    listing = trade.live(sku)
    for rows in (listing.submitted, listing.live):
        rows[name] = [*rows.get(name, []), {"marketplace_id": US, **row}]


def patches(trade):
    """Of the last change that Amazon kept."""
    kept = [r for r in trade.wire.asked if r.method == "PATCH" and "mode=" not in r.url]
    return json.loads(kept[-1].body)["patches"]


def held_back(trade, sku="SPRAY"):
    with pytest.raises(TryAgain) as caught:
        trade.publisher.publish(trade.plan(sku))
    return caught.value.code
