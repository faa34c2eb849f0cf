"""A SKU is listed in every marketplace that catalogue.yaml names for it, and in no other; what is one
marketplace's trouble stops no other.
"""

from datetime import timedelta

import pytest

from crossdock.connectors.amazon.listings import listing, publish_quantity
from crossdock.engine.store import approvals
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.wiring.catalogue_runs import CHECK, FILES, ITEMS
from crossdock.wiring.listing_publisher import KIND, content_of
from crossdock.wiring.pricing import PriceDesk
from crossdock.wiring.stocking import StockDesk
from tests.connectors.amazon.conftest import US
from tests.wiring.selling import GLOVE_GTIN, RULES, Trade
from tests.wiring.test_catalogue_feeds import Feeds, keys

CA, MX = "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"
THREE = f"""\
marketplaces:
  {US}: en_US
  {CA}: en_CA
  {MX}:
    language: es_MX
    attributes: {{item_name: Attributes.Titulo}}
"""
TWO = f"marketplaces: {{{US}: en_US, {CA}: en_CA}}\n"
ONLY_US = RULES.replace(
    '  - skus: ["GLOVE*"]\n', f'  - skus: ["GLOVE*"]\n    marketplaces: [{US}]\n'
)


@pytest.fixture
def trade(tmp_path):
    found = Trade(tmp_path, (US, CA, MX))
    found.write(rules=RULES + THREE)
    found.tims.describe_item("GLV-1", Attributes={
        "Size": "L", "Material": "Leather", "Titulo": "Guante de soldador",
    })  # fmt: skip
    yield found
    found.db.close()


def in_ca(sku):
    return f"{CA}:{sku}"


def said(trade, sku, name, shop):
    """The values that buyers of a marketplace see."""
    return [row["value"] for row in trade.live(sku).says(name, shop)]


def everywhere(trade, sku):
    return [trade.publish(key).state for key in trade.desk.keys([sku])]


def sells(trade, sku, quantity):
    trade.live(sku).live["fulfillment_availability"][0]["quantity"] = quantity
    trade.live(sku).submitted["fulfillment_availability"][0]["quantity"] = quantity


def test_a_sku_is_listed_in_every_marketplace_in_its_language(trade):
    assert everywhere(trade, "GLOVE") == ["seen"] * 3
    assert trade.live("GLOVE").showing == {US, CA, MX}
    assert [said(trade, "GLOVE", "item_name", shop) for shop in (US, CA, MX)] == [
        ["MIG glove, large"], ["MIG glove, large"], ["Guante de soldador"],
    ]  # fmt: skip
    tongues = {
        r["marketplace_id"]: r["language_tag"] for r in trade.live("GLOVE").live["item_name"]
    }
    assert tongues == {US: "en_US", CA: "en_CA", MX: "es_MX"}
    assert [trade.receipt(key).state for key in trade.desk.keys(["GLOVE"])] == ["watched"] * 3
    trade.wire.asked.clear()
    assert everywhere(trade, "GLOVE") == ["unchanged"] * 3
    assert trade.writes() == 0


def test_a_file_that_names_no_marketplace_lists_in_the_first_one_alone(trade):
    trade.write(rules=RULES)
    assert trade.desk.keys(["GLOVE"]) == ["GLOVE"]
    assert everywhere(trade, "GLOVE") == ["seen"]
    assert trade.live("GLOVE").shops == {US}


def test_a_rule_limits_its_skus_to_some_marketplaces(trade):
    trade.write(rules=ONLY_US + TWO)
    assert everywhere(trade, "GLOVE") == ["seen", "not listed"]
    assert trade.live("GLOVE").shops == {US}
    trade.write(rules=ONLY_US.replace(f"[{US}]", f"[{CA}]") + TWO)
    assert everywhere(trade, "SPRAY") == ["seen", "seen"]


def test_listing_it_in_one_more_marketplace_takes_no_quantity_from_the_others(trade):
    trade.publish("GLOVE")
    sells(trade, "GLOVE", 9)
    trade.live("GLOVE").live["fulfillment_availability"][0]["quantity"] = (
        7  # two were sold meanwhile
    )
    assert trade.publish(in_ca("GLOVE")).state == "seen"
    assert trade.live("GLOVE").quantity() == 7
    assert said(trade, "GLOVE", "item_name", US) == ["MIG glove, large"]


def test_a_change_in_one_marketplace_leaves_rows_of_others_and_other_languages(trade):
    everywhere(trade, "GLOVE")
    french = {"value": "Gant", "marketplace_id": CA, "language_tag": "fr_CA"}
    for rows in (trade.live("GLOVE").submitted, trade.live("GLOVE").live):
        rows["item_name"].append(dict(french))
    assert trade.publish(in_ca("GLOVE")).state == "unchanged"
    trade.tims._office.items.table.get("GLV-1").description = "Glove"
    trade.tims.describe_item("GLV-1")
    assert trade.publish(in_ca("GLOVE")).state == "seen"
    assert sorted(said(trade, "GLOVE", "item_name", CA)) == ["Gant", "Glove"]
    assert said(trade, "GLOVE", "item_name", US) == ["MIG glove, large"]
    assert said(trade, "GLOVE", "item_name", MX) == ["Guante de soldador"]


def test_each_marketplace_has_pages_of_its_own(trade):
    page = trade.amazon.catalog.add("Gants", gtin=GLOVE_GTIN, shops=[CA])
    other = trade.amazon.catalog.add("Glove", gtin=GLOVE_GTIN, shops=[US])
    everywhere(trade, "GLOVE")
    listing = trade.live("GLOVE")
    assert [listing.asin_in(shop) for shop in (US, CA)] == [other.asin, page.asin]
    assert trade.receipt(in_ca("GLOVE")).asin == page.asin


def test_a_page_that_a_person_names_may_be_one_marketplaces_own(trade):
    own = trade.amazon.catalog.add("Torch, three", shops=[CA])
    trade.write(rules=RULES + TWO.replace("en_CA}", f"{{asins: {{TORCH-3PK: {own.asin}}}}}}}")
                + f"asins: {{TORCH-3PK: {trade.page.asin}}}\n")  # fmt: skip
    everywhere(trade, "TORCH-3PK")
    listing = trade.live("TORCH-3PK")
    assert [listing.asin_in(shop) for shop in (US, CA)] == [trade.page.asin, own.asin]


def test_what_one_marketplace_restricts_is_listed_in_the_others(trade):
    trade.write(rules=RULES + TWO)
    trade.amazon.restrictions.restrict(trade.page.asin, shop=CA)
    found = trade.lister.plan_many([(key,) for key in trade.desk.keys(["TORCH"])])
    assert [type(one.result).__name__ for one in found] == ["Plan", "NeedsPerson"]
    error = found[1].result
    assert (error.kind, error.about) == ("listing-restricted", f"SKU TORCH in CA ({CA})")
    assert trade.publish("TORCH").state == "seen"


def test_a_marketplace_that_cannot_be_asked_stops_no_other(trade):
    trade.write(rules=RULES + TWO)
    send = trade.wire.send

    def refuse(request):
        if f"marketplaceIds={CA}" in request.url:
            raise TryAgain("the line is down", code="timeout")
        return send(request)

    trade.wire.send = refuse
    found = trade.lister.plan_many([(key,) for key in trade.desk.keys(["GLOVE", "TORCH"])])
    assert [type(one.result).__name__ for one in found] == ["Plan", "TryAgain"] * 2


def test_what_is_wrong_with_the_item_is_asked_once(trade):
    trade.tims.describe_item("GLV-1", Hazmat=None)
    trade.desk.items_changed()
    first, *others = trade.lister.plan_many([(key,) for key in trade.desk.keys(["GLOVE"])])
    assert first.result.kind == "catalogue-undecided"
    assert all("first marketplace" in one.result.left_alone for one in others)
    assert trade.writes() == 0


def test_what_is_wrong_with_one_marketplaces_texts_is_that_marketplaces(trade):
    trade.tims.describe_item("GLV-1", Attributes={"Size": "L", "Material": "Leather"})
    error = trade.refused(f"{MX}:GLOVE")
    assert (error.kind, "item_name" in error.message) == ("listing-invalid", True)
    assert [trade.publish(key).state for key in ("GLOVE", in_ca("GLOVE"))] == ["seen"] * 2
    assert trade.live("GLOVE").shops == {US, CA}


def test_a_language_that_a_marketplace_does_not_speak_is_told_before_amazon_is_asked(trade):
    trade.write(rules=RULES + f"marketplaces: {{{US}: , {MX}: }}\n")
    error = trade.refused(f"{MX}:GLOVE")
    assert error.kind == "listing-invalid"
    assert any("en_US" in words for words in error.evidence["problems"])
    assert trade.publish("GLOVE").state == "seen"


def test_an_issue_that_one_marketplace_finds_is_its_own(trade):
    trade.publish("GLOVE")
    trade.amazon.faults.load([{"fault": "listing_issue", "seconds": 60, "most": 1}])
    error = trade.refused(in_ca("GLOVE"))
    assert (error.kind, CA in error.about) == ("listing-issue", True)
    assert trade.publish("GLOVE").state == "unchanged"
    assert [trade.receipt(key).state for key in ("GLOVE", in_ca("GLOVE"))] == ["watched", "issues"]


# --- taken off ------------------------------------------------------------------------------------


def test_a_refusal_is_the_skus_and_it_comes_back_everywhere(trade):
    everywhere(trade, "GLOVE")
    trade.tims.describe_item("GLV-1", RestrictedChannels=["Amazon"])
    assert everywhere(trade, "GLOVE") == ["off"] * 3
    held = [trade.receipt(key).withheld for key in trade.desk.keys(["GLOVE"])]
    assert held == [True, False, False]
    trade.tims.describe_item("GLV-1", RestrictedChannels=[])
    everywhere(trade, "GLOVE")
    assert [trade.receipt(key).state for key in trade.desk.keys(["GLOVE"])] == ["watched"] * 3
    assert not trade.receipt("GLOVE").withheld


def test_what_stays_for_sale_asks_once_where_it_is_listed_first(trade):
    trade.amazon.listings.offer("GAS", 5, shops=[CA, MX])
    assert trade.publish("GAS").state == "not listed"
    assert trade.publish(f"{MX}:GAS").state == "off"
    error = trade.refused(in_ca("GAS"))
    assert (error.kind, error.about) == ("listing-still-sells", f"SKU GAS in CA ({CA})")
    assert "never sold" in error.message


def test_what_never_comes_back_is_deleted_in_each_marketplace_when_nothing_is_for_sale(trade):
    trade.write(rules=RULES + THREE + "discontinued: delete\n")
    everywhere(trade, "GLOVE")
    sells(trade, "GLOVE", 3)
    trade.tims.deactivate_item("GLV-1", "discontinued")
    with pytest.raises(TryAgain) as caught:
        trade.publisher.publish(trade.plan(in_ca("GLOVE")))
    assert caught.value.code == "still-for-sale"
    sells(trade, "GLOVE", 0)
    assert everywhere(trade, "GLOVE") == ["not listed"] * 3
    assert (trade.live("GLOVE"), trade.asked("DELETE", "/items/")) == (None, 3)


def test_a_marketplace_that_is_no_longer_named_asks_or_is_deleted_there_alone(trade):
    everywhere(trade, "GLOVE")
    sells(trade, "GLOVE", 5)
    trade.write(rules=ONLY_US + TWO)
    error = trade.refused(in_ca("GLOVE"))
    assert (error.kind, trade.asked("DELETE", "/items/")) == ("listing-still-sells", 0)
    trade.write(rules=ONLY_US + TWO + "discontinued: delete\n")
    assert trade.publish(in_ca("GLOVE")).state == "not listed"
    assert trade.live("GLOVE").shops == {US, MX}
    assert trade.live("GLOVE").quantity() == 5
    assert keys(Feeds(trade).read(CHECK)).count(f"{MX}:GLOVE") == 1  # was told of once
    assert trade.publish(f"{MX}:GLOVE").state == "not listed"
    assert keys(Feeds(trade).read(CHECK)).count(f"{MX}:GLOVE") == 0


def test_a_listing_that_was_not_made_from_here_is_not_taken_off(trade):
    trade.amazon.listings.offer("GLOVE", 2, product_type="PROTECTIVE_GLOVE", shops=[CA])
    trade.write(rules=ONLY_US + TWO + "discontinued: delete\n")
    for _ in range(2):
        assert trade.publish(in_ca("GLOVE")).state == "not listed"
    assert (trade.live("GLOVE").shops, trade.asked("DELETE", "/items/")) == ({CA}, 0)


def test_a_fault_in_the_names_of_marketplaces_takes_nothing_off(trade):
    everywhere(trade, "GLOVE")
    typo = TWO.replace(CA, "A2EUQ1WTGCTBGX") + "discontinued: delete\n"
    trade.write(rules=RULES + typo)
    assert "has no marketplace" in trade.plan(in_ca("GLOVE")).left_alone
    assert trade.publish("GLOVE").state == "unchanged"
    trade.write(rules=RULES + "marketplaces: everywhere\n")
    with pytest.raises(NeedsPerson, match="nobody knows in which marketplaces"):
        trade.plan("GLOVE")
    assert trade.plan(in_ca("GLOVE")).left_alone


# --- events, plans --------------------------------------------------------------------------------


def test_every_event_is_work_for_each_marketplace(trade):
    trade.write(rules=RULES + TWO)
    feeds = Feeds(trade)
    while feeds.read(ITEMS):
        pass
    trade.tims.describe_item("SPR-1", Brand="Other")
    wanted = ["KIT", in_ca("KIT"), "SPRAY", in_ca("SPRAY")]
    assert keys(feeds.read(ITEMS)) == wanted
    assert set(wanted) < set(keys(feeds.read(FILES)))
    trade.advance(timedelta(hours=6))
    assert set(wanted) < set(keys(feeds.read(CHECK)))


def test_an_approval_is_good_in_its_marketplace_alone(trade):
    trade.write(rules=RULES.replace("publish: on", "publish: plan") + TWO)
    content = content_of(trade.plan(in_ca("GLOVE")))
    approvals.approve(trade.db, KIND, [(in_ca("GLOVE"), content)], "abc", "anna", trade.clock.now())
    for key, code in (("GLOVE", "held"), (in_ca("GLOVE"), "not-visible")):
        with pytest.raises(TryAgain) as caught:
            trade.publisher.publish(trade.plan(key))
        assert caught.value.code == code
    assert [one.key for one in approvals.held(trade.db, KIND)] == ["GLOVE"]


def test_stock_reaches_a_sku_that_is_not_listed_in_the_first_marketplace(trade):
    trade.write(rules=ONLY_US.replace(f"[{US}]", f"[{CA}]") + TWO)
    everywhere(trade, "GLOVE")
    assert trade.live("GLOVE").shops == {CA}
    assert listing(trade.account, "GLOVE").quantity == 0
    assert publish_quantity(trade.account, "GLOVE", 4).status == "ACCEPTED"
    trade.advance(timedelta(minutes=1))
    assert listing(trade.account, "GLOVE").quantity == 4
    assert listing(trade.account, "NONE") is None
    with pytest.raises(NeedsPerson):
        publish_quantity(trade.account, "NONE", 4)


def test_a_sku_that_a_rule_keeps_out_of_a_marketplace_needs_no_price_there(trade):
    (trade.folder / "prices.yaml").write_text(
        f"version: 1\npublish: on\nlists: {{{US}: STANDARD, {CA}: CANADA}}\n", "utf-8"
    )
    stock = StockDesk(trade.folder, trade.client, trade.clock.now)
    prices = PriceDesk(trade.folder, trade.client, stock, trade.clock.now)
    prices.kept_out = trade.desk.limited
    trade.write(rules=ONLY_US + TWO)
    assert trade.desk.limited(["GLOVE", "TORCH", "GAS"]) == {(CA, "GLOVE")}
    assert prices.every_key(["GLOVE", "TORCH"]) == [
        f"{US}:GLOVE", f"{US}:TORCH", f"{CA}:TORCH",
    ]  # fmt: skip
    trade.write(rules=(ONLY_US + TWO).replace("publish: on", "publish: off"))
    assert len(prices.every_key(["GLOVE"])) == 2  # somebody else lists
