"""Prices are written when they differ, seen there, and held back where a person has to look."""

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.engine.store import approvals, price_receipts
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.wiring.price_publisher import KIND, MOST_WRITES, PATIENCE, digest_of
from crossdock.wiring.price_runs import price_feeds, price_pending
from crossdock.wiring.pricing import key_of
from tests.connectors.amazon.conftest import NOW, US
from tests.wiring.price_shop import RULES, Shop

CA = "A2EUQ1WTGCTBG2"


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    yield found
    found.db.close()


# --- written and seen


def test_a_price_is_written_once_and_counts_when_everybody_sees_it(shop):
    assert shop.publish("TIP") == "seen"
    assert (shop.live("TIP"), shop.live("TIP", "B2B"), shop.writes()) == (10, 9, 1)
    receipt = price_receipts.every(shop.db)[US, "TIP"]
    assert (receipt.state, receipt.price, receipt.attempts) == ("seen", 10, 1)
    assert receipt.submission_id
    assert receipt.took >= timedelta(seconds=45)
    assert shop.publish("TIP") == "unchanged"
    assert shop.writes() == 1


def test_prices_are_numbers_on_the_wire_digit_by_digit(shop):
    shop.price("WLD-2", "10.10")
    shop.publish("TIP")
    sent = next(r.body for r in shop.wire.asked if r.method == "PATCH")
    assert b'"value_with_tax":10.10' in sent


def test_what_others_wrote_beside_our_prices_stays_and_is_restored(shop):
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    rule = [{"schedule": [{"merchandising_rule": [{"rule_id": "R-1"}]}]}]
    listing.submitted["purchasable_offer"][0]["automated_pricing_merchandising_rule_plan"] = rule
    shop.amazon.faults.load([{"fault": "siblings_wiped", "most": 1}])
    assert shop.publish("TIP") == "seen"
    public = next(r for r in shop.rows("TIP") if r["audience"] == "ALL")
    assert public["automated_pricing_merchandising_rule_plan"] == rule
    assert shop.writes() == 2


def test_what_stood_beside_is_known_although_the_answer_to_the_write_was_lost(shop):
    name, rule = "automated_pricing_merchandising_rule_plan", [{"schedule": []}]
    shop.amazon.listings.now(shop.seller, "TIP").submitted["purchasable_offer"][0][name] = rule
    shop.amazon.faults.load([
        {"fault": "siblings_wiped", "most": 1},
        {"fault": "reply_lost_after_write", "operations": ["patchListingsItem"], "most": 1},
    ])  # fmt: skip
    with pytest.raises(TryAgain):
        shop.publisher.publish(shop.offer("TIP"))
    shop.advance(timedelta(minutes=1))
    assert shop.publish("TIP") == "seen"
    assert next(r for r in shop.rows("TIP") if r["audience"] == "ALL")[name] == rule
    assert price_receipts.of_sku(shop.db, "TIP")[0].siblings["ALL"] == {name: rule}


def test_an_audience_that_has_no_rule_any_more_is_taken_away_and_strangers_stay(shop):
    assert shop.publish("TIP") == "seen"
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    stranger = {**shop.rows("TIP")[0], "audience": "B2B_EDUCATION"}
    listing.submitted["purchasable_offer"].append(stranger)
    listing.live["purchasable_offer"].append(stranger)
    shop.write(RULES.replace(", business: {price: class INDUSTRIAL, tiers: yes}", ""))
    assert shop.publish("TIP") == "seen"
    assert sorted(r["audience"] for r in shop.rows("TIP")) == ["ALL", "B2B_EDUCATION"]


def test_a_sale_is_told_beforehand_and_taken_back(shop):
    tomorrow = (NOW + timedelta(days=1)).date()
    shop.tims.put_on_sale("WLD-2", "8.50", tomorrow, tomorrow)
    assert shop.publish("TIP") == "seen"
    assert shop.live("TIP") == 10
    shop.advance(timedelta(days=1, hours=12))
    assert shop.live("TIP") == Decimal("8.5")
    assert shop.publish("TIP") == "unchanged"
    shop.tims.end_sales("WLD-2")
    assert shop.publish("TIP") == "seen"
    assert shop.live("TIP") == 10


def test_a_price_that_never_shows_is_written_again_and_then_asks(shop):
    shop.amazon.faults.load([{"fault": "accepted_unchanged"}])
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP")
    assert (caught.value.kind, shop.writes()) == ("price-not-shown", MOST_WRITES)


def test_an_older_price_that_comes_into_effect_late_is_overwritten(shop):
    shop.amazon.faults.load([{"fault": "price_late", "seconds": 500, "most": 1}])
    with pytest.raises(TryAgain):
        shop.publisher.publish(shop.offer("TIP"))
    shop.price("WLD-2", "12.00")
    assert shop.publish("TIP") == "seen"
    shop.advance(PATIENCE)
    assert shop.live("TIP") == 12


def test_going_back_while_another_price_is_in_flight_is_written(shop):
    shop.price("WLD-2", "9.00", classes={"INDUSTRIAL": "9"})
    shop.write(RULES.replace(", business: {price: class INDUSTRIAL, tiers: yes}", ""))
    assert shop.publish("TIP") == "live already"
    shop.price("WLD-2", "12.00")
    with pytest.raises(TryAgain):
        shop.publisher.publish(shop.offer("TIP"))
    shop.price("WLD-2", "9.00")
    assert shop.publish("TIP") == "seen"
    shop.advance(PATIENCE)
    assert shop.live("TIP") == 9


def test_what_amazon_refuses_is_a_persons(shop):
    shop.write(RULES.replace("price: list,", "price: list, allow: {above: 10 %},"))
    assert shop.publish("TIP") == "seen"
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    low = [{"schedule": [{"value_with_tax": Decimal(11)}]}]
    for rows in (listing.live, listing.submitted):
        rows["purchasable_offer"][0]["map_price"] = low
    shop.amazon.faults.load([])
    listing.issues.append({"code": "90111", "message": "pricing error", "severity": "ERROR",
                           "categories": ["INVALID_PRICE"], "attributeNames": ["purchasable_offer"]})  # fmt: skip
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP")
    assert caught.value.kind == "price-refused"


def test_a_sku_without_a_listing_asks_and_publishing_off_writes_nothing(shop):
    del shop.amazon.listings.items[shop.seller, "TIP"]
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP")
    assert caught.value.kind == "listing-missing"
    shop.write(RULES.replace("publish: on", "publish: off"))
    assert shop.publish("TIP-5") == "publishing is off"
    assert shop.writes() == 0


# --- twenty in one look


def asked_for(shop, part):
    """Requests that read listings: by a search, or one alone."""
    return [r.url for r in shop.wire.asked if r.method == "GET" and part in r.url]


def test_many_prices_are_looked_at_in_one_search_and_whom_it_misses_is_read_alone(shop):
    skus = ("ROD", "TIP", "TIP-5")
    shop.price("WLD-1", "4.00")
    shop.amazon.faults.load([{"fault": "listing_not_searched", "operations": ["TIP-5"]}])
    notes = shop.publisher.publish_many([(shop.offer(sku),) for sku in skus])
    assert {note.result.code for note in notes} == {"not-visible"}
    assert (len(asked_for(shop, "identifiers=")), shop.writes()) == (1, 3)
    assert [url for url in asked_for(shop, "/items/") if "TIP-5?" in url]
    shop.advance(timedelta(minutes=1))
    notes = shop.publisher.publish_many([(shop.offer(sku),) for sku in skus])
    assert {note.result.state for note in notes} == {"seen"}
    assert len(asked_for(shop, "identifiers=")) == 2
    assert len([url for url in asked_for(shop, "/items/") if "TIP-5?" in url]) == 2


# --- what a person has to allow


def approve(shop, *skus):
    rows = [(key_of(US, sku), digest_of(shop.offer(sku))) for sku in skus]
    approvals.approve(shop.db, KIND, rows, "abc", "anna", shop.clock.now())


def test_a_move_beyond_the_rule_waits_until_this_very_price_is_approved(shop):
    shop.write(RULES.replace("price: list,", "price: list, move: 20 %,"))
    shop.price("WLD-2", "14.00")
    assert shop.publish("TIP", rounds=3) == "held"
    (held,) = approvals.held(shop.db, KIND)
    assert (held.key, held.old, "+55.6 %" in held.why) == (key_of(US, "TIP"), "9", True)
    approve(shop, "TIP")
    shop.price("WLD-2", "15.00")  # another one than was looked at
    assert shop.publish("TIP", rounds=3) == "held"
    assert shop.writes() == 0
    shop.price("WLD-2", "14.00")
    assert shop.publish("TIP") == "seen"
    assert approvals.held(shop.db) == []


def test_many_small_moves_within_a_day_are_one_large_one(shop):
    shop.write(RULES.replace("price: list,", "price: list, move: 20 %,"))
    assert shop.publish("TIP") == "seen"  # 9 to 10
    shop.price("WLD-2", "10.80")
    assert shop.publish("TIP") == "seen"
    shop.price("WLD-2", "11.80")
    assert shop.publish("TIP", rounds=3) == "held"
    shop.advance(timedelta(days=1))
    assert shop.publish("TIP") == "seen"  # from 10.80 within the last day


def test_an_approval_is_over_after_a_day_and_after_its_use(shop):
    shop.write(RULES.replace("publish: on", "publish: plan"))
    approve(shop, "TIP")
    shop.advance(timedelta(hours=25))
    assert shop.publish("TIP", rounds=3) == "held"
    approve(shop, "TIP")
    assert shop.publish("TIP") == "seen"
    shop.price("WLD-2", "11.00")
    assert shop.publish("TIP", rounds=3) == "held"
    shop.price("WLD-2", "10.00")
    assert shop.publish("TIP", rounds=3) == "unchanged"


def test_more_changes_within_an_hour_than_the_limit_stop_and_ask(shop):
    shop.price("WLD-1", "4.00")
    shop.write(RULES + "limits: {changes: 2}\n")
    states = []
    for sku in ("TIP", "TIP-5", "ROD", "ROD-BX"):
        with pytest.raises(TryAgain) as caught:
            shop.publisher.publish(shop.offer(sku))
        states.append(caught.value.code)
    assert states == ["not-visible", "not-visible", "held", "held"]
    shop.advance(timedelta(hours=2))
    assert shop.publish("ROD", rounds=3) == "held"  # asked is asked
    approve(shop, "ROD", "ROD-BX")
    assert [shop.publish("ROD"), shop.publish("ROD-BX")] == ["seen", "seen"]


def test_what_waits_is_one_case_that_closes_by_itself(shop):
    watch = next(f for f in price_feeds(shop.desk, lambda: shop.db) if f.name == "plan.watch")
    assert watch.read(None).changes == []
    shop.write(RULES.replace("publish: on", "publish: plan"))
    for sku in ("TIP", "TIP-5"):
        shop.publish(sku, rounds=1)
    with pytest.raises(NeedsPerson) as caught:
        watch.read(None)
    assert (caught.value.kind, caught.value.evidence["count"]) == ("plan-waits", 2)
    approve(shop, "TIP", "TIP-5")
    assert [shop.publish("TIP"), shop.publish("TIP-5")] == ["seen", "seen"]
    assert watch.read(None).changes == []


@pytest.mark.parametrize("chosen", list(itertools.product([True, False], repeat=4)))
def test_what_is_written_is_what_was_approved_and_nothing_else(shop, chosen):
    shop.price("WLD-1", "4.00")
    shop.write(RULES.replace("publish: on", "publish: plan"))
    skus = ("TIP", "TIP-5", "ROD", "ROD-BX")
    approved = [sku for sku, yes in zip(skus, chosen, strict=True) if yes]
    before = {sku: shop.live(sku) for sku in skus}
    approve(shop, *approved)
    for sku in skus:
        shop.publish(sku, rounds=4)
    shop.advance(timedelta(hours=1))
    moved = [sku for sku in skus if shop.live(sku) != before[sku]]
    assert moved == approved


# --- price first, then stock


def test_stock_waits_until_the_price_is_seen(shop):
    assert "does not show" in price_pending(shop.desk, shop.db, "TIP")
    shop.publish("TIP")
    assert price_pending(shop.desk, shop.db, "TIP") == ""
    shop.price("WLD-2", "11.00")
    assert price_pending(shop.desk, shop.db, "TIP")
    shop.tims.drop_price("WLD-2")
    assert "no price" in price_pending(shop.desk, shop.db, "TIP")
    shop.write(RULES.replace("publish: on", "publish: off"))
    assert price_pending(shop.desk, shop.db, "TIP") == ""
