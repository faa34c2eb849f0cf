"""A listing says all that TIMS says of its item, every image too, and what TIMS says no more is taken
away again; what a person added to it stays.
"""

from dataclasses import replace

import pytest

from crossdock.business.catalogue.drift import differences
from crossdock.engine.store import approvals, submissions
from crossdock.engine.store.schema_products import submission
from crossdock.simulators.amazon.listing_records import copy_of
from crossdock.wiring.drifting import drift_of
from crossdock.wiring.listing_changes import change_of
from crossdock.wiring.listing_publisher import (
    KIND,
    approved_as,
    content_of,
)
from tests.connectors.amazon.conftest import US
from tests.wiring.pictured import (
    CA,
    MAIN,
    MANY,
    SECOND,
    THIRD,
    TWO,
    WORDS,
    A,
    B,
    C,
    a_trade,
    by_hand,
    held_back,
    images,
    patches,
    pictured,
)
from tests.wiring.selling import RULES


@pytest.fixture
def trade(tmp_path):
    found = a_trade(tmp_path)
    yield found
    found.db.close()


# --- images ---------------------------------------------------------------------------------------


def test_every_image_reaches_amazon_in_tims_order(trade):
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A, SECOND: B, THIRD: C}


def test_nine_images_are_as_many_as_amazon_has_places_for(trade):
    pictured(trade, *MANY)
    trade.publish("SPRAY")
    assert len(images(trade)) == 9
    assert images(trade)["other_product_image_locator_8"] == MANY[8]


def test_a_type_with_fewer_places_takes_the_first_images(trade):
    pictured(trade, A, B, C, item="GLV-1")
    assert trade.publish("GLOVE").state == "seen"
    assert images(trade, "GLOVE") == {MAIN: A, SECOND: B}
    left_out = {s.what: s.source for s in trade.study("GLOVE").said if s.value == "left out"}
    assert left_out[THIRD] == "the product type has no such attribute"


def test_addresses_in_plain_text_are_images_and_odd_ones_are_none(trade):
    trade.tims.describe_item("SPR-1", Images=[f" {A} ", None, 7, [B], "", {}, {"Url": C}])
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A, SECOND: C}


def test_amazons_own_copy_of_a_picture_is_the_picture_that_was_written(trade):
    trade.publish("SPRAY")
    listing = trade.live("SPRAY")
    assert listing.submitted[MAIN][0]["media_location"] == copy_of(A)
    trade.wire.asked.clear()
    assert (trade.publish("SPRAY").state, trade.writes()) == ("unchanged", 0)
    listing.submitted[MAIN][0]["media_location"] = "https://hand.example/else.jpg"
    assert trade.publish("SPRAY").state == "seen"  # no copy: somebody else wrote it
    assert images(trade)[MAIN] == A


def test_a_copy_of_a_picture_that_nobody_wrote_from_here_is_written_once(trade):
    trade.publish("SPRAY")
    with trade.db.writing() as connection:
        connection.execute(submission.delete())
    trade.wire.asked.clear()
    assert (trade.publish("SPRAY").state, trade.writes()) == ("seen", 1)
    assert (trade.publish("SPRAY").state, trade.writes()) == ("unchanged", 1)


# --- what TIMS says no more -----------------------------------------------------------------------


def test_an_image_and_a_description_that_are_gone_in_tims_go_at_amazon(trade):
    trade.publish("SPRAY")
    pictured(trade, A)
    trade.tims.describe_item("SPR-1", LongDescription=None)
    assert trade.publish("SPRAY").state == "seen"
    assert images(trade) == {MAIN: A}
    assert trade.live("SPRAY").says(WORDS, US) == []
    there = {"marketplace_id": US}
    assert patches(trade) == [
        {"op": "delete", "path": f"/attributes/{SECOND}", "value": [there]},
        {"op": "delete", "path": f"/attributes/{THIRD}", "value": [there]},
        {"op": "delete", "path": f"/attributes/{WORDS}",
         "value": [{"language_tag": "en_US", **there}]},
    ]  # fmt: skip
    assert not trade.receipt("SPRAY").names & {SECOND, THIRD, WORDS}
    trade.wire.asked.clear()
    assert (trade.publish("SPRAY").state, trade.writes()) == ("unchanged", 0)


def test_an_image_that_moves_up_leaves_its_old_place(trade):
    trade.publish("SPRAY")
    pictured(trade, A, C)
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A, SECOND: C}
    assert [one["op"] for one in patches(trade)] == ["replace", "delete"]


def test_what_a_person_added_where_nothing_was_written_stays(trade):
    trade.publish("SPRAY")
    fourth, point = "other_product_image_locator_3", "bullet_point"
    by_hand(trade, fourth, media_location="https://hand.example/4.jpg")
    by_hand(trade, point, value="By hand", language_tag="en_US")
    pictured(trade, A)
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A, fourth: "https://hand.example/4.jpg"}
    assert trade.live("SPRAY").says(point, US)


def test_a_place_that_was_cleared_is_anybodys_again(trade):
    trade.publish("SPRAY")
    pictured(trade, A)
    trade.publish("SPRAY")
    by_hand(trade, SECOND, media_location="https://hand.example/2.jpg")
    assert trade.publish("SPRAY").state == "unchanged"
    assert images(trade)[SECOND] == "https://hand.example/2.jpg"


def test_rows_of_other_marketplaces_and_languages_stay(trade):
    trade.write(rules=RULES + TWO)
    for key in ("SPRAY", f"{CA}:SPRAY"):
        trade.publish(key)
    by_hand(trade, WORDS, value="Contra salpicaduras", language_tag="es_US")
    pictured(trade, A)
    trade.tims.describe_item("SPR-1", LongDescription=None)
    trade.publish("SPRAY")
    assert (images(trade), len(images(trade, shop=CA))) == ({MAIN: A}, 3)
    said = trade.live("SPRAY").live[WORDS]
    assert sorted(row["language_tag"] for row in said) == ["en_CA", "es_US"]
    trade.publish(f"{CA}:SPRAY")
    assert images(trade, shop=CA) == {MAIN: A}
    assert [row["language_tag"] for row in trade.live("SPRAY").live[WORDS]] == ["es_US"]


def test_quantities_prices_and_the_number_are_never_taken_away(trade):
    trade.publish("SPRAY")
    by_hand(trade, "purchasable_offer", currency="USD", audience="ALL")
    every = frozenset(trade.live("SPRAY").submitted)
    submissions.keep(trade.db, replace(trade.receipt("SPRAY"), names=every), first=True)
    trade.tims.describe_item("SPR-1", Gtin=None, LongDescription=None)
    trade.publish("SPRAY")
    assert every - set(trade.live("SPRAY").submitted) == {WORDS}


def test_a_rule_that_leaves_the_page_to_others_takes_nothing_of_it_away(trade):
    trade.publish("SPRAY")
    mine = "brands: [Weldco], product_type: WELDING_TOOL"
    trade.write(rules=RULES.replace(f"{mine}, requirements: LISTING", mine))
    assert trade.publish("SPRAY").state == "live already"
    assert len(images(trade)) == 3
    assert trade.live("SPRAY").says(WORDS, US)


def test_a_receipt_of_before_takes_nothing_away(trade):
    trade.publish("SPRAY")
    submissions.keep(trade.db, replace(trade.receipt("SPRAY"), names=frozenset()), first=True)
    pictured(trade, A)
    assert trade.publish("SPRAY").state == "live already"
    assert len(images(trade)) == 3


def test_what_was_withheld_meanwhile_is_still_taken_away(trade):
    trade.publish("SPRAY")
    trade.tims.describe_item("SPR-1", RestrictedChannels=["Amazon"])
    assert trade.publish("SPRAY").state == "off"
    pictured(trade, A)
    trade.tims.describe_item("SPR-1", RestrictedChannels=[])
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A}


def test_a_listing_that_was_deleted_leaves_no_claim_on_the_next_one(trade):
    trade.write(rules=RULES + "discontinued: delete\n")
    trade.publish("SPRAY")
    trade.tims.deactivate_item("SPR-1", "discontinued")
    assert trade.publish("SPRAY").state == "not listed"
    assert trade.receipt("SPRAY").names == frozenset()


def test_nor_does_one_that_was_deleted_in_another_marketplace(trade):
    trade.write(rules=RULES + TWO)
    for key in ("GLOVE", f"{CA}:GLOVE"):
        trade.publish(key)
    here = RULES.replace('- skus: ["GLOVE*"]', f'- skus: ["GLOVE*"]\n    marketplaces: [{US}]')
    trade.write(rules=here + TWO + "discontinued: delete\n")
    assert trade.publish(f"{CA}:GLOVE").state == "not listed"
    assert trade.receipt(f"{CA}:GLOVE").names == frozenset()
    assert "item_name" in trade.receipt("GLOVE").names


# --- plans and drift ------------------------------------------------------------------------------


def test_under_a_plan_taking_away_waits_for_its_own_approval(trade):
    trade.publish("SPRAY")
    trade.write(rules=RULES.replace("publish: on", "publish: plan"))
    pictured(trade, A)
    plan = trade.plan("SPRAY")

    def approve(value):
        approvals.approve(trade.db, KIND, [("SPRAY", value)], "abc", "anna", trade.clock.now())

    approve(content_of(plan))  # as if nothing were taken away
    assert held_back(trade) == "held"
    approve(approved_as(plan, change_of(plan, trade.receipt("SPRAY"))))
    assert trade.publish("SPRAY").state == "seen"
    assert images(trade) == {MAIN: A}


def test_drift_names_what_is_to_go_with_what_amazon_has(trade):
    trade.publish("SPRAY")
    by_hand(trade, "bullet_point", value="By hand", language_tag="en_US")
    pictured(trade, A, B)
    plan, kept = trade.plan("SPRAY"), trade.receipt("SPRAY").names
    pictures = trade.receipt("SPRAY").pictures
    assert [d.what for d in differences(plan, plan.shown)] == [MAIN, SECOND]  # nobody knows whose
    (gone,) = differences(plan, plan.shown, kept, pictures)
    assert (gone.what, gone.tims, gone.amazon) == (THIRD, "", copy_of(C))
    told = submissions.every(trade.db, US)
    found = drift_of(trade.desk, trade.lister, ["SPRAY"], ["SPRAY"], told)
    assert found.differences == [gone]
