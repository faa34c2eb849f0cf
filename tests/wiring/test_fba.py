"""Amazon's own warehouses are mirrored to be looked at; nothing is offered or written by them."""

from datetime import timedelta

import pytest

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.engine.store import fba
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.wiring.fba_runs import fba_feed
from tests.connectors.amazon.conftest import US
from tests.wiring.stock_shop import RULES, Shop


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    found.write(rules=RULES + "fba: show\n")
    yield found
    found.db.close()


def a_feed(shop):
    sim = shop.amazon
    account = AmazonAccount(
        sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
        marketplace_ids=(US,),
    )  # fmt: skip
    client = AmazonClient(account, shop.wire, shop.clock, MemoryBuckets(shop.clock))
    return fba_feed(client, shop.desk, lambda: shop.db)


def mirror(shop, feed, *, pause=0.5):
    """As the engine does: again at once while there is more, later when the quota says so."""
    mark = None
    for _ in range(50):
        try:
            reading = feed.read(mark)
        except TryAgain as error:
            shop.advance(max(error.after, timedelta(seconds=pause)))
            continue
        mark = reading.until if reading.until is not None else mark
        if not reading.more:
            return mark
    raise AssertionError("it never ends")


def held(shop):
    return {sku: row.fulfillable for sku, row in fba.every(shop.db).items()}


def test_every_page_is_mirrored_and_what_is_gone_is_forgotten(shop):
    for n in range(230):
        shop.amazon.fba.hold(f"SKU-{n:03}", fulfillable=n, inbound_working=1, inbound_shipped=2)
    feed = a_feed(shop)
    mirror(shop, feed)
    assert held(shop) == {f"SKU-{n:03}": n for n in range(230)}
    assert fba.every(shop.db)["SKU-007"].inbound == 3
    shop.advance(timedelta(minutes=30))
    del shop.amazon.fba.held[shop.amazon.sellers[0].seller_id, "SKU-007"]
    mirror(shop, feed)
    assert "SKU-007" not in held(shop)
    assert len(held(shop)) == 229


def test_a_token_that_died_between_two_turns_begins_anew(shop):
    for n in range(230):
        shop.amazon.fba.hold(f"SKU-{n:03}", fulfillable=n)
    feed = a_feed(shop)
    first = feed.read(None)
    assert first.more
    shop.advance(timedelta(seconds=60))
    shop.amazon.fba.hold("SKU-000", fulfillable=99)
    reading = feed.read(first.until)
    while reading.more:
        shop.advance(timedelta(seconds=1))
        reading = feed.read(reading.until)
    assert held(shop)["SKU-000"] == 99
    assert len(held(shop)) == 230


def test_nothing_is_asked_before_the_file_says_so(shop):
    shop.write(rules=RULES)
    shop.amazon.fba.hold("ROD", fulfillable=5)
    assert a_feed(shop).read(None).until is None
    assert shop.wire.asked == []
    shop.write(rules=RULES + "fba: on\n")
    assert "Write show or off" in str(shop.desk.rules.problems[0])


def test_what_amazon_holds_is_no_part_of_the_merchants_offer(shop):
    before = shop.offered("ROD", "TIP")
    shop.amazon.fba.hold("ROD", fulfillable=1000)
    mirror(shop, a_feed(shop))
    assert (held(shop), shop.offered("ROD", "TIP")) == ({"ROD": 1000}, before)
    assert shop.writes() == 0


def test_merchant_stock_is_never_pushed_to_a_sku_that_amazon_holds(shop):
    shop.amazon.listings.offer("ROD", 50, channel="AMAZON_NA")
    shop.amazon.fba.hold("ROD", fulfillable=50)
    mirror(shop, a_feed(shop))
    assert shop.publish("ROD", 7).state == "held by Amazon"
    assert shop.writes() == 0
