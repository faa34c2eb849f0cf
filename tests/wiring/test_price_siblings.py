"""A SKU is one listing in all marketplaces: what a write in one may drop in another is known, and put
back.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crossdock.engine.store import price_receipts
from crossdock.engine.store.schema_prices import price_publication
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.price_publisher import PATIENCE
from crossdock.wiring.price_runs import price_feeds
from crossdock.wiring.pricing import key_of
from tests.connectors.amazon.conftest import US
from tests.wiring.price_shop import RULES, Shop

CA = "A2EUQ1WTGCTBG2"


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    yield found
    found.db.close()


def test_a_write_in_one_marketplace_has_the_others_looked_at_when_it_shows_and_when_it_is_over(
    shop,
):
    feed = next(f for f in price_feeds(shop.desk, lambda: shop.db) if f.name == "prices.beside")
    turn = feed.read(None)
    shop.publish("TIP")
    assert feed.read(turn.until).changes == []  # sold in one marketplace only
    shop.write(RULES.replace("STANDARD\n", f"STANDARD\n  {CA}: STANDARD\n"))
    named = []
    shop.advance(timedelta(minutes=1))
    for _ in range(4):
        turn = feed.read(turn.until)
        named.append([change.key for change in turn.changes])
        shop.advance(PATIENCE / 2)
    assert named == [[key_of(CA, "TIP")], [], [key_of(CA, "TIP")], []]
    shop.write(RULES.replace("publish: on", "publish: off"))
    assert feed.read(turn.until).rest


NAME, RULE = "automated_pricing_merchandising_rule_plan", [{"schedule": []}]


def sold_in_two(shop):
    """A SKU with another's rule beside its price in Canada; the first write drops the rule."""
    shop.write(RULES.replace("STANDARD\n", f"STANDARD\n  {CA}: CANADA\n"))
    shop.tims.add_price_list("CANADA", currency="CAD")
    shop.price("WLD-2", "14.00", list_code="CANADA")
    prices = {US: Decimal(9), CA: Decimal(12)}
    listing = shop.amazon.listings.offer("TIP", 9, prices=prices)
    for rows in (listing.submitted, listing.live):
        rows["purchasable_offer"][1][NAME] = RULE
    shop.amazon.faults.load([{"fault": "siblings_wiped", "most": 1}])


def beside_in_canada(shop):
    rows = [r for r in shop.rows("TIP") if r["marketplace_id"] == CA and r["audience"] == "ALL"]
    return rows[0].get(NAME)


def test_what_stands_in_another_marketplace_is_looked_at_before_the_first_write_in_this_one(shop):
    sold_in_two(shop)
    assert shop.publish("TIP") == "seen"
    assert beside_in_canada(shop) is None  # nothing was written there yet
    assert shop.publish("TIP", CA) == "seen"
    assert beside_in_canada(shop) == RULE


def test_what_stands_in_both_is_known_although_the_power_fails_after_the_first_write(shop):
    sold_in_two(shop)
    shop.publisher.publish_many([(shop.offer("TIP", s),) for s in (US, CA)])
    with shop.db.writing() as connection:  # it failed before the second was written
        there = price_publication.c.marketplace_id == CA
        connection.execute(sa.delete(price_publication).where(there))
    shop.advance(timedelta(hours=2))
    assert shop.publish("TIP") == "seen"
    assert shop.publish("TIP", CA) == "seen"
    assert beside_in_canada(shop) == RULE


def test_nothing_is_written_while_another_marketplace_cannot_be_looked_at(shop):
    sold_in_two(shop)
    shop.amazon.faults.load([
        {"fault": "siblings_wiped", "most": 1},
        {"fault": "server_error_burst", "most": 1, "operations": ["getListingsItem"]},
    ])  # fmt: skip
    with pytest.raises(TryAgain):
        shop.publisher.publish(shop.offer("TIP"))
    assert shop.writes() == 0
    shop.advance(timedelta(minutes=1))
    assert shop.publish("TIP") == "seen"
    assert shop.publish("TIP", CA) == "seen"
    assert beside_in_canada(shop) == RULE


def test_little_quota_is_enough_in_time_to_look_at_all_marketplaces(shop):
    sold_in_two(shop)
    quota = shop.publisher.amazon.quota
    quota.take("getListingsItem", 10)
    for _ in range(10):
        quota.take("searchListingsItems", 5)  # others look, too: one call is left at a time
        with pytest.raises(TryAgain) as found:
            shop.publisher.publish(shop.offer("TIP", CA))
        if found.value.code == "not-visible":
            break
        shop.advance(found.value.after)
    assert shop.writes() == 1


def test_a_sku_that_is_listed_in_one_of_two_marketplaces_is_written_there(shop):
    sold_in_two(shop)
    shop.amazon.listings.offer("TIP", 9, prices={US: Decimal(9)}, shops=[US])
    assert shop.publish("TIP") == "seen"
    assert price_receipts.stood(shop.db, ["TIP"]).keys() == {(US, "TIP")}


def test_what_a_write_in_another_marketplace_wiped_here_is_put_back_and_what_a_person_took_is_not(
    shop,
):
    name, rule = "automated_pricing_merchandising_rule_plan", [{"schedule": []}]
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    listing.submitted["purchasable_offer"][0][name] = rule
    assert shop.publish("TIP") == "seen"

    def without_it():
        for rows in (listing.submitted, listing.live):
            for row in rows["purchasable_offer"]:
                row.pop(name, None)

    without_it()
    assert shop.publish("TIP") == "unchanged"  # nobody of ours wrote: a person took it away
    mine = price_receipts.of_sku(shop.db, "TIP")[0]
    there = replace(mine, marketplace_id=CA, state="sent", sent_at=shop.clock.now())
    price_receipts.keep(shop.db, there)
    assert shop.publish("TIP") == "seen"
    assert next(r for r in shop.rows("TIP") if r["audience"] == "ALL")[name] == rule
    shop.advance(timedelta(hours=1))
    without_it()
    assert shop.publish("TIP") == "unchanged"
