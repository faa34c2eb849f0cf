"""TIMS's stock becomes Amazon's quantity: counted by rules, written when it differs, seen there."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.business.stock.model import Offer
from crossdock.engine.store import publications
from crossdock.engine.store.publications import SEEN, Publication
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.wiring.stock_publishing import MOST_WRITES, PATIENCE
from tests.wiring.stock_shop import RULES, SKUS, Shop


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    yield found
    found.db.close()


def test_units_packs_and_sharing_come_from_tims_and_the_lookup_table(shop):
    assert shop.offered("ROD", "ROD-BX", "TIP") == [58, 4, 3]  # 98 of 100: 49 each, 4 boxes, rest


def test_a_kit_counts_its_components(shop):
    shop.tims.add_item("KIT-1", "Starter kit", kit={"WLD-1": Decimal(5), "WLD-2": Decimal(1)})
    shop.write(skus="sku,item,uom,units_per_pack\nKIT,KIT-1,EA,1\n")
    assert shop.offered("KIT") == [3]


def test_a_kit_with_a_blocked_component_is_not_offered(shop):
    shop.tims.add_item("KIT-1", "Starter kit", kit={"WLD-1": Decimal(5), "WLD-2": Decimal(1)})
    shop.write(skus="sku,item,uom,units_per_pack\nKIT,KIT-1,EA,1\n")
    shop.tims.deactivate_item("WLD-2")
    assert shop.offered("KIT") == [0]


def test_files_are_read_again_only_when_they_change(shop, monkeypatch):
    from crossdock.wiring import stocking

    read = []
    for name in ("read_stock_rules", "make_book"):
        real = getattr(stocking, name)
        monkeypatch.setattr(stocking, name, lambda *a, n=name, r=real: (read.append(n), r(*a))[1])
    for _ in range(3):
        shop.offered("ROD")
        assert shop.desk.rules.publish
    assert sorted(read) == ["make_book", "read_stock_rules"]
    shop.write(rules=RULES.replace("buffer: 2", "buffer: 20"))
    assert shop.offered("TIP") == [0]
    assert len(read) == 4
    shop.tims.deactivate_item("WLD-1")
    shop.desk.items_changed()
    assert shop.offered("ROD") == [0]
    assert read[4:] == ["make_book"]


def test_what_nobody_decided_asks_and_the_others_stand(shop):
    shop.write(skus=SKUS + "NO-ITEM,NONE,EA,1\nNO-UNIT,WLD-2,CASE,1\nNO-PACK,WLD-2,EA,x\n")
    shop.write(rules=RULES.replace('["*"]', '["T*", "NO*"]'))
    assert shop.offered("ROD", "TIP", "NO-ITEM", "NO-UNIT", "NO-PACK", "GONE") == [
        "stock-rule-missing", 3, "unknown-sku", "stock-unit-unknown", "stock-unit-unknown",
        "unknown-sku",
    ]  # fmt: skip


def test_stock_in_a_unit_without_conversion_holds_its_own_skus_alone(shop):
    (level,) = shop.tims.stock_of("WLD-2")
    level.uom = "CASE"
    shop.tims.set_stock("WLD-2", "MAIN", 6)
    assert shop.offered("ROD", "TIP") == [58, "stock-unit-unknown"]


def test_a_mistyped_location_is_a_question_and_never_zero(shop):
    """A place without a row of the item is honestly empty; a place that TIMS does not have is not."""
    shop.write(rules=(
        "version: 1\npublish: on\nrules:\n"
        "  - {skus: [TIP], locations: [MAIN, EAST]}\n"
        "  - skus: [ROD*]\n    locations: [MAIN, eats]\n"
    ))  # fmt: skip
    assert shop.offered("TIP", "ROD", "ROD-BX") == [5, *["stock-location-unknown"] * 2]
    (error,) = shop.desk.offers(["ROD"])
    assert error.message.startswith("stock.yaml line 6: TIMS has no location 'eats'")
    assert "Did you mean 'EAST'?" in error.message
    assert "stock.yaml line 6" in error.remedy


def test_a_location_that_is_opened_in_tims_counts_soon_and_is_asked_for_seldom(shop):
    shop.write(rules=RULES.replace("EAST", "NORTH"))
    shop.offered("TIP")
    shop.tims.add_location("NORTH")
    shop.tims.set_stock("WLD-2", "NORTH", 4)
    assert shop.offered("TIP") == ["stock-location-unknown"]
    shop.advance(timedelta(seconds=31))
    assert shop.offered("TIP") == [7]


def test_rows_of_the_table_name_their_line_when_tims_has_no_such_location(shop):
    (shop.folder / "stock.csv").write_text("skus,locations\nROD,MAIN\nTIP,MIAN\n", "utf-8")
    (rod, tip) = shop.desk.offers(["ROD", "TIP"])
    assert rod.quantity == 58
    assert tip.message.startswith("stock.csv line 3: TIMS has no location 'MIAN'")


def test_a_table_that_cannot_be_read_moves_no_watermark(shop):
    from crossdock.wiring.stock_runs import stock_feeds

    shop.write(skus='sku,item\n"broken')
    for feed in stock_feeds(shop.desk):
        with pytest.raises(TryAgain) as caught:
            feed.read(None)
        assert "skus.csv" in str(caught.value)


def test_nothing_is_read_while_publishing_is_off(shop):
    from crossdock.wiring.stock_runs import stock_feeds

    shop.write(rules=RULES.replace("publish: on", "publish: off"))
    assert [list(feed.read(None).changes) for feed in stock_feeds(shop.desk)] == [[], [], [], []]


def test_two_faults_among_many_rules_hold_their_own_skus_alone(shop):
    rows = [f"  - {{skus: [S-{n}], locations: [MAIN]}}" for n in range(3000)]
    rows[10] = "  - {skus: [S-10], locations: [MAIN], buffer: -1}"
    rows[20] = "  - {skus: [S-20], locations: [MAIN], bufer: 1}"
    shop.write(rules="version: 1\nrules:\n" + "\n".join(rows) + "\n")
    names = "".join(f"S-{n},WLD-1,EA,1\n" for n in (9, 10, 20, 21))
    shop.write(skus="sku,item,uom,units_per_pack\n" + names)
    assert shop.offered("S-9", "S-10", "S-20", "S-21") == [
        50, "stock-rule-missing", "stock-rule-missing", 50,
    ]  # fmt: skip
    problems = shop.desk.rules.problems
    assert [p.where for p in problems] == ["line 13", "line 23"]
    assert "buffer" in str(problems[1])


def test_a_change_of_an_item_touches_every_sku_that_shares_it(shop):
    assert shop.desk.affected({"WLD-1"}) == ["ROD", "ROD-BX"]


def test_a_change_of_a_kit_touches_it_and_what_shares_its_parts(shop):
    shop.tims.add_item("KIT-1", "Starter kit", kit={"WLD-1": Decimal(5), "WLD-2": Decimal(1)})
    shop.tims.add_item("SET-1", "Kit of kits", kit={"KIT-1": Decimal(2)})
    shop.write(skus=SKUS + "SET,SET-1,EA,1\nOTHER,GAS-9,EA,1\n")
    every = ["ROD", "ROD-BX", "SET", "TIP"]
    assert shop.desk.affected({"KIT-1"}) == shop.desk.affected({"SET-1"}) == every
    kit = shop.tims.items["KIT-1"]
    kit.kit = {"WLD-2": Decimal(1)}  # rods are left to those who sell them alone
    shop.tims.describe_item("KIT-1")
    shop.desk.items_changed()
    assert shop.desk.affected({"KIT-1"}) == every
    shop.tims.deactivate_item("KIT-1")
    shop.desk.items_changed()
    assert shop.desk.affected({"KIT-1"}) == ["SET", "TIP"]
    assert shop.offered("SET") == [0]


def test_a_quantity_is_written_once_and_counts_when_it_shows(shop):
    shop.amazon.listings.offer("TIP", 9, lead_time=4)
    assert shop.publish("TIP", 3).state == "seen"
    quantity, listing = shop.live("TIP")
    assert (quantity, shop.writes()) == (3, 1)
    assert listing.submitted["fulfillment_availability"][0]["lead_time_to_ship_max_days"] == 4
    receipt = publications.of(shop.db, "TIP")
    assert receipt.submission_id
    assert receipt.took == timedelta(seconds=20)
    assert shop.publish("TIP", 3).state == "unchanged"
    assert shop.writes() == 1


def test_a_sale_that_tims_does_not_know_yet_is_not_offered_again(shop):
    shop.amazon.listings.offer("TIP", 3)
    shop.publish("TIP", 3)
    shop.amazon.listings.bought(shop.amazon.sellers[0].seller_id, "TIP", 1)
    with pytest.raises(TryAgain) as caught:
        shop.publisher.publish(Offer("TIP", 3))
    assert (caught.value.code, shop.writes()) == ("counted-down", 0)
    assert shop.publish("TIP", 2).state == "live already"  # the order has arrived in TIMS


def test_what_a_cancelled_sale_took_is_offered_again_after_a_while(shop):
    shop.amazon.listings.offer("TIP", 3)
    shop.publish("TIP", 3)
    shop.amazon.listings.bought(shop.amazon.sellers[0].seller_id, "TIP", 1)
    assert shop.publish("TIP", 3).state == "seen"
    assert (shop.live("TIP")[0], shop.writes()) == (3, 1)


def test_what_is_live_already_is_not_written(shop):
    shop.amazon.listings.offer("TIP", 3)
    assert shop.publish("TIP", 3).state == "live already"
    assert shop.writes() == 0


def test_accepted_and_unchanged_is_written_again_and_then_a_persons(shop):
    shop.amazon.listings.offer("TIP", 9)
    shop.amazon.faults.load([{"fault": "accepted_unchanged", "most": 1}])
    assert shop.publish("TIP", 3).state == "seen"
    assert shop.writes() == 2
    shop.amazon.faults.load([{"fault": "accepted_unchanged", "most": MOST_WRITES}])
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP", 5)
    assert (caught.value.kind, shop.writes()) == ("stock-not-shown", 2 + MOST_WRITES)
    assert shop.publish("TIP", 5).state == "seen"  # the person's retry writes again


def test_a_late_effect_is_waited_for_and_not_written_twice(shop):
    shop.amazon.listings.offer("TIP", 9)
    shop.amazon.faults.load([{"fault": "late_effect", "seconds": 400}])
    assert shop.publish("TIP", 3).state == "seen"
    assert shop.writes() == 1


def test_a_sale_that_came_and_went_is_no_measured_delay(shop):
    shop.amazon.listings.offer("TIP", 3)
    shop.publish("TIP", 3)
    shop.amazon.listings.bought(shop.amazon.sellers[0].seller_id, "TIP", 1)
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 3))
    (row,) = publications.every(shop.db).values()
    assert (row.state, row.took) == ("drift", None)
    shop.live("TIP")[1].live["fulfillment_availability"][0]["quantity"] = (
        3  # Amazon gave it back by itself
    )
    shop.advance(timedelta(minutes=3))
    assert shop.publish("TIP", 3).state == "seen"
    (row,) = publications.every(shop.db).values()
    assert (row.state, row.took) == ("seen", None)


def test_switching_it_off_stops_what_still_waits(shop):
    shop.amazon.listings.offer("TIP", 9)
    publisher = shop.publisher
    publisher.switched_on = lambda: shop.desk.rules.publish
    with pytest.raises(TryAgain):
        publisher.publish(Offer("TIP", 3))
    shop.write(rules=RULES.replace("publish: on", "publish: off"))
    shop.advance(PATIENCE)
    assert publisher.publish(Offer("TIP", 4)).state == "publishing is off"
    assert shop.writes() == 1


def test_a_lead_time_is_restored_although_the_answer_to_the_write_was_lost(shop):
    shop.amazon.listings.offer("TIP", 9, lead_time=4)
    shop.amazon.faults.load([
        {"fault": "siblings_wiped", "most": 1},
        {"fault": "reply_lost_after_write", "operations": ["patchListingsItem"], "most": 1},
    ])  # fmt: skip
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 3))
    shop.advance(timedelta(minutes=1))
    assert shop.publish("TIP", 3).state == "seen"
    beside = shop.live("TIP")[1].submitted["fulfillment_availability"][0]
    assert beside["lead_time_to_ship_max_days"] == 4


def test_a_wiped_lead_time_is_restored(shop):
    shop.amazon.listings.offer("TIP", 9, lead_time=4)
    shop.amazon.faults.load([{"fault": "siblings_wiped", "most": 1}])
    assert shop.publish("TIP", 3).state == "seen"
    assert (
        shop.live("TIP")[1].submitted["fulfillment_availability"][0]["lead_time_to_ship_max_days"]
        == 4
    )


@pytest.mark.parametrize("fault", ["reply_lost_after_write", "reset_before", "html_error"])
def test_a_broken_line_leaves_the_right_quantity(shop, fault):
    shop.amazon.listings.offer("TIP", 9)
    shop.amazon.faults.load([{"fault": fault, "operations": ["patchListingsItem"], "most": 1}])
    for _ in range(50):
        try:
            shop.publisher.publish(Offer("TIP", 3))
            break
        except TryAgain as error:
            shop.advance(error.after or timedelta(seconds=20))
    assert shop.live("TIP")[0] == 3


def test_merchant_stock_is_never_pushed_to_what_amazon_holds(shop):
    shop.amazon.listings.offer("TIP", 40, channel="AMAZON_NA")
    assert shop.publish("TIP", 3).state == "held by Amazon"
    assert shop.writes() == 0


def test_a_sku_without_a_listing_asks(shop):
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP", 3)
    assert caught.value.kind == "listing-missing"


def test_many_are_looked_at_in_one_call_and_a_comma_is_looked_at_alone(shop):
    skus = [f"S-{n}" for n in range(24)] + ["A,B"]
    for sku in skus:
        shop.amazon.listings.offer(sku, 3)
    results = shop.publisher.publish_many([(Offer(sku, 3),) for sku in skus])
    assert {r.result.state for r in results} == {"live already"}
    asked = [r.url.split("/items/")[1] for r in shop.wire.asked if "listings" in r.url]
    assert ["identifiers" in url for url in asked] == [True, True, False]
    seen_by = {r.calls[-1].operation for r in results[:24]}  # each has the call that showed it
    assert seen_by == {"searchListingsItems"}


def test_what_the_search_does_not_know_is_read_before_it_is_called_missing(shop):
    skus = [f"S-{n}" for n in range(5)]
    for sku in skus[1:]:
        shop.amazon.listings.offer(sku, 3)
    results = shop.publisher.publish_many([(Offer(sku, 3),) for sku in skus])
    assert results[0].result.kind == "listing-missing"
    asked = [r.url for r in shop.wire.asked if "listings" in r.url]
    assert ["identifiers" in url for url in asked] == [True, False]


def test_without_quota_nothing_is_written_unread_and_all_get_a_place_in_line(shop):
    for n in range(8):
        shop.amazon.listings.offer(f"S-{n}", 9)
    publisher = shop.publisher
    publisher.amazon.quota.take("patchListingsItem", 3)
    rows = [(Offer(f"S-{n}", quantity),) for n, quantity in enumerate([12, 12, 12, 12, 0, 0, 0, 0])]
    for (offer,) in rows:
        publications.keep(shop.db, Publication(offer.sku, 1, 9, SEEN))
    results = [r.result for r in publisher.publish_many(rows)]
    assert [r.code for r in results] == ["quota"] * 4 + ["not-visible"] * 2 + ["quota"] * 2
    waits = [r.after.total_seconds() for r in results if r.code == "quota"]
    places = [3, 4, 5, 6, 1, 2]  # decreases before increases
    assert waits == pytest.approx([place / 4.75 for place in places], abs=1e-5)


def test_decreases_go_before_increases(shop):
    for sku, before in (("A", 1), ("B", 5), ("C", 1), ("D", 4)):
        shop.amazon.listings.offer(sku, before)
        shop.publish(sku, before)
    rows = [(Offer(sku, quantity),) for sku, quantity in (("A", 5), ("B", 1), ("C", 9), ("D", 0))]
    shop.wire.asked.clear()
    results = shop.publisher.publish_many(rows)
    told = [r.url.split("/")[-1][0] for r in shop.wire.asked if r.method == "PATCH"]
    assert told == ["D", "B", "A", "C"]
    assert all(isinstance(r.result, TryAgain) for r in results)


@pytest.mark.slow
def test_fifty_thousand_rows_of_a_table_with_two_faults_hold_two_skus(shop):
    rows = [f"S-{n},MAIN EAST,2,," for n in range(50_000)]
    rows[10], rows[20] = "S-10,MAIN,lots,,", "S-20,MAIN,1"
    table = "skus,locations,buffer,minimum,maximum\n" + "\n".join(rows) + "\n"
    (shop.folder / "stock.csv").write_text(table, "utf-8")
    shop.write(rules="version: 1\n")
    names = "".join(f"S-{n},WLD-1,EA,1\n" for n in (9, 10, 20, 21))
    shop.write(skus="sku,item,uom,units_per_pack\n" + names)
    assert shop.offered("S-9", "S-10", "S-20", "S-21") == [
        49, "stock-rule-missing", "stock-rule-missing", 49,
    ]  # fmt: skip
    assert [(p.file, p.where) for p in shop.desk.rules.problems] == [
        ("stock.csv", "line 12"), ("stock.csv", "line 22"),
    ]  # fmt: skip
