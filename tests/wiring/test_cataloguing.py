"""TIMS's items become Amazon's listings: gated, matched, validated, written when they differ, seen
there; what may not be sold is taken off.
"""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.engine.store import approvals
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.wiring.listing_publisher import (
    DELETED,
    KIND,
    MOST_WRITES,
    PATIENCE,
    WATCH,
    content_of,
)
from tests.connectors.amazon.conftest import US
from tests.wiring.selling import FORBIDDEN, RULES, SKUS, SPOKEN, Trade


@pytest.fixture
def trade(tmp_path):
    found = Trade(tmp_path)
    yield found
    found.db.close()


def value(listing, name):
    return listing.submitted[name][0]["value"]


def test_a_new_product_is_listed_with_what_tims_says_and_nothing_for_sale(trade):
    assert trade.publish("GLOVE").state == "seen"
    listing = trade.live("GLOVE")
    assert (listing.product_type, listing.requirements) == ("PROTECTIVE_GLOVE", "LISTING")
    assert [value(listing, n) for n in ("item_name", "brand", "size", "outer_material_type")] == [
        "MIG glove, large", "Weldco", "large", "Leather",
    ]  # fmt: skip
    assert listing.submitted["externally_assigned_product_identifier"][0]["type"] == "upc"
    assert listing.quantity() == 0
    assert trade.writes() == 1
    receipt = trade.receipt("GLOVE")
    assert (receipt.state, receipt.asin) == ("watched", listing.asin)
    assert receipt.submission_id


def test_an_offer_joins_the_one_page_that_has_its_number(trade):
    assert trade.publish("TORCH").asin == trade.page.asin
    listing = trade.live("TORCH")
    assert (listing.asin, listing.requirements) == (trade.page.asin, "LISTING_OFFER_ONLY")
    assert sorted(listing.submitted) == [
        "condition_type", "fulfillment_availability", "merchant_suggested_asin",
    ]  # fmt: skip


@pytest.mark.parametrize("sku", FORBIDDEN)
def test_what_is_never_sold_is_refused_with_its_reason_and_amazon_hears_nothing(trade, sku):
    found = trade.publish(sku)
    assert (found.state, trade.live(sku), trade.writes()) == ("not listed", None, 0)
    assert "never sold at Amazon" in found.why
    assert trade.receipt(sku).withheld


def test_dangerous_goods_need_their_papers_and_a_kit_with_them_too(trade):
    assert trade.publish("SPRAY").state == "seen"
    listing = trade.live("SPRAY")
    assert listing.submitted["hazmat"][0]["value"] == "UN1950"
    assert value(listing, "supplier_declared_dg_hz_regulation") == "transportation"
    trade.tims.describe_item("SPR-1", Hazmat={"IsHazmat": True, "UnNumber": "UN1950"})
    plan = trade.plan("KIT")
    assert plan.refused
    assert "SPR-1" in plan.decision.words
    assert "hazmat-no-sds" in plan.decision.words


def test_the_strictest_part_of_a_kit_decides(trade):
    trade.tims.add_item("KIT-2", kit={"TRC-1": 1, "KIT-1": 1}, details=SPOKEN)
    trade.tims.add_item("KIT-3", kit={"KIT-2": 1, "ARGON": 1}, details=SPOKEN)
    trade.write(skus=SKUS + "K2,KIT-2,EA,1\nK3,KIT-3,EA,1\n")
    assert trade.desk.judge("K2").decision.verdict.value == "sell"
    assert "ARGON: a gas is never sold" in trade.desk.judge("K3").decision.words


def test_what_tims_leaves_open_is_a_question(trade):
    trade.tims.describe_item("GLV-1", Hazmat=None)
    assert trade.refused("GLOVE").kind == "catalogue-undecided"
    trade.tims.describe_item("GLV-1", Hazmat={"IsHazmat": True, "UnNumber": "soon"})
    assert "un_number unknown" in trade.refused("GLOVE").message
    assert trade.wire.asked == []


def test_an_item_without_a_number_asks_and_so_does_a_pack(trade):
    trade.tims.describe_item("GLV-1", Gtin=None)
    assert "no Gtin" in trade.refused("GLOVE").message
    assert "a pack has a number of its own" in trade.refused("TORCH-3PK").message
    trade.tims.describe_item("GLV-1", Gtin="036000291453")
    assert "check digit" in trade.refused("GLOVE").message
    assert trade.asked("GET", "/catalog/") == 0


def test_a_person_names_the_page_where_no_number_does(trade):
    trade.write(rules=RULES + f"asins: {{TORCH-3PK: {trade.page.asin}}}\n")
    assert trade.publish("TORCH-3PK").asin == trade.page.asin


def test_several_pages_with_one_number_are_a_persons(trade):
    other = trade.amazon.catalog.add("Torch, cutting", gtin=trade.page.gtin)
    error = trade.refused("TORCH")
    assert error.kind == "asin-unclear"
    assert other.asin in error.message
    assert len(error.evidence["pages"]) == 2


def test_an_offer_without_a_page_asks_and_a_new_product_needs_none(trade):
    trade.amazon.faults.load([{"fault": "catalog_empty"}])
    assert trade.kinds("TORCH") == ["asin-unclear"]
    assert trade.kinds("GLOVE") == []


def test_a_restricted_page_is_a_persons_until_amazon_agrees(trade):
    trade.amazon.restrictions.restrict(trade.page.asin)
    error = trade.refused("TORCH")
    assert (error.kind, error.code) == ("listing-restricted", "APPROVAL_REQUIRED")
    assert "approve" in error.evidence["links"][0]
    assert trade.live("TORCH") is None
    trade.amazon.restrictions.lift(trade.page.asin)
    assert trade.publish("TORCH").state == "seen"


def test_everything_that_does_not_fit_is_told_at_once_before_amazon_is_asked(trade):
    trade.tims.describe_item(
        "GLV-1", Attributes={"Size": "XXL"}, CountryOfOrigin="XX", Brand="W" * 60
    )
    error = trade.refused("GLOVE")
    assert error.kind == "listing-invalid"
    told = " ".join(error.evidence["problems"])
    assert all(x in told for x in ("size", "'XXL'", "country_of_origin", "60 characters"))
    assert trade.asked("PUT", "/items/") == 0


def test_amazons_preview_has_the_last_word_before_anything_is_kept(trade):
    def objects(*_):
        return [{"code": "8541", "message": "The ASIN does not fit.", "severity": "ERROR",
                 "categories": ["INVALID_ATTRIBUTE"], "attributeNames": ["brand"]}]  # fmt: skip

    trade.amazon.listings.checks.append(objects)
    error = trade.refused("GLOVE")
    assert "8541 The ASIN does not fit." in error.message
    assert (trade.live("GLOVE"), trade.writes()) == (None, 0)


def test_a_schema_is_fetched_once_and_again_when_its_checksum_is_another(trade):
    for sku in ("SPRAY", "SPRAY", "KIT"):
        trade.study(sku)
    assert (trade.asked("GET", "/productTypes/"), trade.asked("GET", "/_schemas/")) == (1, 1)
    trade.advance(timedelta(hours=25))
    trade.study("SPRAY")
    assert (trade.asked("GET", "/productTypes/"), trade.asked("GET", "/_schemas/")) == (2, 1)
    trade.amazon.definitions.require("WELDING_TOOL", "item_weight")
    trade.advance(timedelta(hours=25))
    assert "item_weight" in str(trade.study("SPRAY").problems[0].evidence)
    assert trade.asked("GET", "/_schemas/") == 2


def test_a_change_in_tims_changes_that_attribute_alone(trade):
    trade.publish("GLOVE")
    trade.live("GLOVE").live["fulfillment_availability"][0]["quantity"] = 7
    trade.wire.asked.clear()
    assert trade.publish("GLOVE").state == "unchanged"
    assert trade.writes() == 0
    trade.tims._office.items.table.get("GLV-1").description = "MIG glove, size L"
    trade.tims.describe_item("GLV-1")
    assert trade.publish("GLOVE").state == "seen"
    assert trade.asked("PUT", "/items/") == 0
    assert value(trade.live("GLOVE"), "item_name") == "MIG glove, size L"
    assert trade.live("GLOVE").quantity() == 7  # stock is not ours to write
    (patch,) = [r for r in trade.wire.asked if r.method == "PATCH" and "mode=" not in r.url]
    assert [p["path"] for p in json.loads(patch.body)["patches"]] == ["/attributes/item_name"]


def test_a_listing_that_the_search_does_not_find_yet_is_never_written_whole_again(trade):
    early = trade.plan("GLOVE")
    trade.publish("GLOVE")
    trade.live("GLOVE").live["fulfillment_availability"][0]["quantity"] = 7
    trade.wire.asked.clear()
    with pytest.raises(TryAgain) as caught:
        trade.publisher.publish(replace(early, attributes={}))  # as if nothing were listed
    assert (caught.value.code, trade.writes()) == ("not-visible", 0)
    assert trade.live("GLOVE").quantity() == 7


@pytest.mark.parametrize("fault", ["reply_lost_after_write", "reset_before", "html_error"])
def test_a_broken_line_leaves_one_right_listing(trade, fault):
    trade.amazon.faults.load([{"fault": fault, "operations": ["putListingsItem"], "most": 2}])
    assert trade.publish("GLOVE").state == "seen"
    assert value(trade.live("GLOVE"), "item_name") == "MIG glove, large"


def test_accepted_and_never_shown_is_written_again_and_then_a_persons(trade):
    trade.amazon.faults.load([{"fault": "accepted_unchanged", "most": 1}])
    assert trade.publish("GLOVE").state == "seen"
    assert (trade.writes(), trade.live("GLOVE").quantity()) == (2, 0)  # stock has what to change
    trade.amazon.faults.load([{"fault": "accepted_unchanged", "most": MOST_WRITES}])
    error = trade.refused("SPRAY")
    assert (error.kind, trade.writes()) == ("listing-not-shown", 2 + MOST_WRITES)
    assert trade.publish("SPRAY").state == "seen"  # the person's retry writes again


def test_a_title_that_buyers_do_not_read_is_no_success(trade):
    trade.amazon.catalog.add("Somebody else's title", gtin="00036000291452")
    trade.amazon.faults.load([{"fault": "accepted_unchanged", "most": 1}])
    assert trade.publish("GLOVE").state == "seen"
    assert trade.live("GLOVE").live["item_name"][0]["value"] == "MIG glove, large"


def test_an_issue_that_comes_later_is_a_case_and_its_end_closes_it(trade):
    trade.amazon.faults.load([{"fault": "listing_issue", "seconds": 900, "most": 1,
                               "code": "18027", "message": "The image is too small."}])  # fmt: skip
    error = trade.refused("GLOVE")
    assert error.kind == "listing-issue"
    assert "18027 The image is too small." in error.message
    assert trade.receipt("GLOVE").state == "issues"
    trade.live("GLOVE").found_later.clear()
    assert trade.publish("GLOVE").state == "seen"
    assert trade.receipt("GLOVE").state == "watched"


def test_issues_of_stock_and_prices_are_not_the_catalogues(trade):
    trade.amazon.faults.load([{"fault": "listing_issue", "seconds": 1, "most": 1,
                               "attribute": "purchasable_offer"}])  # fmt: skip
    assert trade.publish("GLOVE").state == "seen"


def test_a_listing_is_looked_at_once_more_when_issues_had_their_time(trade):
    began = trade.clock.now()
    trade.publish("GLOVE")
    assert trade.clock.now() - began >= WATCH


# --- what may no longer be sold -------------------------------------------------------------------


def test_a_discontinued_item_is_withheld_and_done_when_nothing_is_for_sale(trade):
    trade.publish("GLOVE")
    trade.live("GLOVE").live["fulfillment_availability"][0]["quantity"] = 7
    trade.tims.deactivate_item("GLV-1", "discontinued")
    with pytest.raises(TryAgain) as caught:
        trade.publisher.publish(trade.plan("GLOVE"))
    assert caught.value.code == "still-for-sale"
    assert trade.receipt("GLOVE").withheld
    trade.live("GLOVE").live["fulfillment_availability"][0]["quantity"] = 0
    assert trade.publish("GLOVE").state == "off"
    assert trade.live("GLOVE") is not None  # discontinued: keep
    trade.tims.reactivate_item("GLV-1")
    assert trade.publish("GLOVE").state in ("live already", "seen", "unchanged")
    assert not trade.receipt("GLOVE").withheld


def test_what_stays_for_sale_is_a_persons(trade):
    trade.amazon.listings.offer("GAS", 5)
    began = trade.clock.now()
    error = trade.refused("GAS")
    assert (error.kind, trade.writes()) == ("listing-still-sells", 0)
    assert trade.clock.now() - began >= PATIENCE
    assert "never sold" in error.message


def test_what_amazon_holds_cannot_be_taken_off_by_quantity(trade):
    trade.amazon.listings.offer("GAS", 5, channel="AMAZON_NA")
    assert trade.refused("GAS").kind == "listing-still-sells"


def test_deleting_is_done_only_where_the_file_says_so_and_nothing_is_for_sale(trade):
    trade.amazon.listings.offer("GAS", 0, shops=[US])
    assert trade.publish("GAS").state == "off"
    trade.write(rules=RULES + "discontinued: delete\n")
    assert trade.publish("GAS").state == "not listed"
    assert (trade.live("GAS"), trade.asked("DELETE", "/items/")) == (None, 1)


def test_a_refusal_that_may_end_is_never_a_deletion(trade):
    trade.write(rules=RULES + "discontinued: delete\n")
    trade.publish("GLOVE")
    trade.tims.describe_item("GLV-1", RestrictedChannels=["Amazon"])
    assert trade.publish("GLOVE").state == "off"
    assert trade.live("GLOVE") is not None


def test_what_a_rule_leaves_alone_is_not_touched(trade):
    assert trade.plan("HANDS-OFF").left_alone == "left alone by catalogue.yaml line 4"


def test_switching_it_off_stops_what_still_waits(trade):
    plan = trade.plan("GLOVE")
    trade.write(rules=RULES.replace("publish: on", "publish: off"))
    assert trade.publisher.publish(plan).state == "publishing is off"
    assert trade.writes() == 0


def hold(trade, sku):
    with pytest.raises(TryAgain) as caught:
        trade.publisher.publish(trade.plan(sku))
    return caught.value.code


def approve(trade, sku, value):
    approvals.approve(trade.db, KIND, [(sku, value)], "abc", "anna", trade.clock.now())


def test_under_a_plan_nothing_is_listed_until_this_very_listing_is_approved(trade):
    trade.write(rules=RULES.replace("publish: on", "publish: plan"))
    assert (hold(trade, "GLOVE"), trade.writes()) == ("held", 0)
    approve(trade, "GLOVE", content_of(trade.plan("GLOVE")))
    trade.tims.describe_item("GLV-1", Brand="Weldco Pro")  # another one than was looked at
    assert (hold(trade, "GLOVE"), trade.writes()) == ("held", 0)
    approve(trade, "GLOVE", content_of(trade.plan("GLOVE")))
    assert trade.publish("GLOVE").state == "seen"
    assert (trade.writes(), approvals.held(trade.db, KIND)) == (1, [])
    trade.tims.describe_item("GLV-1", Brand="Weldco")  # an approval is good for one write
    assert (hold(trade, "GLOVE"), trade.writes()) == ("held", 1)


def test_under_a_plan_a_deletion_waits_too_and_ends_when_it_is_not_meant_any_more(trade):
    trade.amazon.listings.offer("GAS", 0, shops=[US])
    planned = RULES.replace("publish: on", "publish: plan")
    trade.write(rules=planned + "discontinued: delete\n")
    assert (hold(trade, "GAS"), trade.asked("DELETE", "/items/")) == ("held", 0)
    trade.write(rules=planned)
    assert (trade.publish("GAS").state, approvals.held(trade.db, KIND)) == ("off", [])
    trade.write(rules=planned + "discontinued: delete\n")
    assert hold(trade, "GAS") == "held"
    approve(trade, "GAS", DELETED)
    assert (trade.publish("GAS").state, trade.live("GAS")) == ("not listed", None)


def test_odd_characters_in_names_reach_amazon_and_tims_as_they_are(trade):
    odd, number = "GLOVE 1/2+X,ä?#", "ÜB/1 #2?"
    trade.tims.add_item(number, "Odd glove", details={
        **SPOKEN, "Gtin": "4012345678901", "Attributes": {"Size": "M"},
    })  # fmt: skip
    trade.write(skus=SKUS + f'"{odd}",{number},EA,1\n')
    assert trade.publish(odd).state == "seen"
    assert trade.live(odd).sku == odd


def test_a_sku_whose_item_is_gone_asks(trade):
    trade.write(skus=SKUS + "LOST,NOWHERE,EA,1\n")
    assert trade.kinds("LOST") == trade.kinds("NEVER-HEARD") == ["unknown-sku"]


def test_a_listing_on_another_page_than_the_person_named_is_not_moved(trade):
    trade.publish("TORCH")
    trade.write(rules=RULES + "asins: {TORCH: B0ANOTHER1}\n")
    with pytest.raises(NeedsPerson) as caught:
        trade.publish("TORCH")
    assert caught.value.kind == "asin-unclear"
