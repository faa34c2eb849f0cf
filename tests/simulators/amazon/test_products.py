"""What Amazon has pages for, what may be offered of it, and what a product type asks for."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.simulators.wire import Request
from tests.simulators.amazon.conftest import Caller

US = "ATVPDKIKX0DER"
SHOP = {"marketplaceIds": US}
CATALOG = "/catalog/2022-04-01/items"
TYPES = "/definitions/2020-09-01/productTypes"
GTIN = "00036000291452"
ALL = "identifiers,summaries,productTypes,images"


def search(caller: Caller, kind: str, *numbers: str, **more: str) -> Any:
    caller.sim.api.buckets.refill()
    asked = {**SHOP, "identifiers": ",".join(numbers), "identifiersType": kind, **more}
    return caller.call("GET", CATALOG, asked)


def asins(answer: Any) -> list[str]:
    return [item["asin"] for item in answer.body["items"]]


@pytest.fixture
def path(sim: AmazonSim) -> str:
    return f"/listings/2021-08-01/items/{sim.sellers[0].seller_id}/GLOVE%201%2F2"


def text(value: object) -> list[dict[str, Any]]:
    return [{"value": value, "marketplace_id": US}]


def spoken(value: str) -> list[dict[str, Any]]:
    return [{"value": value, "marketplace_id": US, "language_tag": "en_US"}]


def a_glove(**changes: Any) -> dict[str, Any]:
    attributes = {
        "item_name": spoken("MIG glove"), "brand": spoken("Weldco"),
        "country_of_origin": text("US"), "condition_type": text("new_new"),
        "supplier_declared_dg_hz_regulation": text("not_applicable"), "size": text("large"),
        "externally_assigned_product_identifier": [
            {"type": "gtin", "value": GTIN, "marketplace_id": US}
        ],
        **changes,
    }  # fmt: skip
    kept = {name: value for name, value in attributes.items() if value is not None}
    return {"productType": "PROTECTIVE_GLOVE", "requirements": "LISTING", "attributes": kept}


def named(answer: Any) -> list[str]:
    return sorted(name for row in answer.body["issues"] for name in row["attributeNames"])


def test_one_product_is_found_by_any_spelling_of_its_number(caller: Caller, sim: AmazonSim) -> None:
    product = sim.catalog.add("MIG glove", gtin=GTIN, brand="Weldco")
    sim.catalog.add("Another", gtin="04006381333931")
    for kind, number in (("GTIN", GTIN), ("EAN", GTIN[1:]), ("UPC", GTIN[2:])):
        found = search(caller, kind, number, includedData=ALL)
        assert asins(found) == [product.asin]
    (item,) = found.body["items"]
    assert item["summaries"][0]["itemName"] == "MIG glove"
    assert {row["identifierType"] for row in item["identifiers"][0]["identifiers"]} == {
        "EAN", "GTIN", "UPC",
    }  # fmt: skip
    one = caller.call("GET", f"{CATALOG}/{product.asin}", SHOP)
    assert one.body["asin"] == product.asin
    assert caller.call("GET", f"{CATALOG}/B999999999", SHOP).status == 404


def test_a_search_pages_and_takes_twenty_numbers_at_most(caller: Caller, sim: AmazonSim) -> None:
    made = [sim.catalog.add(f"Tip {n}", gtin=f"{n:014}").asin for n in range(1, 5)]
    numbers = [f"{n:014}" for n in range(1, 5)]
    first = search(caller, "GTIN", *numbers, pageSize="3")
    token = first.body["pagination"]["nextToken"]
    rest = search(caller, "GTIN", *numbers, pageSize="3", pageToken=token)
    assert asins(first) + asins(rest) == made
    assert search(caller, "GTIN", *map(str, range(21))).status == 400
    assert caller.call("GET", CATALOG, SHOP).status == 400


def test_what_was_listed_anew_has_a_page_when_it_shows(
    caller: Caller, sim: AmazonSim, path: str, clock: HandClock
) -> None:
    assert caller.call("PUT", path, SHOP, a_glove()).body["status"] == "ACCEPTED"
    listing = caller.call("GET", path, {**SHOP, "includedData": "summaries,attributes"}).body
    assert listing["summaries"] == []
    assert asins(search(caller, "GTIN", GTIN)) == []
    clock.advance(61)
    listing = caller.call("GET", path, {**SHOP, "includedData": "summaries"}).body
    assert listing["summaries"][0]["itemName"] == "MIG glove"
    assert asins(search(caller, "GTIN", GTIN)) == [listing["summaries"][0]["asin"]]


def test_a_new_listing_of_a_known_number_joins_its_page(
    caller: Caller, sim: AmazonSim, path: str, clock: HandClock
) -> None:
    page = sim.catalog.add("MIG glove", gtin=GTIN)
    caller.call("PUT", path, SHOP, a_glove())
    clock.advance(61)
    assert sim.listings.now(sim.sellers[0].seller_id, "GLOVE 1/2").asin == page.asin


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"size": None}, ["size"]),
        ({"size": text("huge")}, ["size"]),
        ({"item_name": spoken("x" * 201)}, ["item_name"]),
        ({"colour": text("red")}, ["colour"]),
        ({"brand": text("Weldco") * 2}, []),  # selectors tell two apart; that is not the schema's
        ({"size": None, "country_of_origin": text("XX")}, ["country_of_origin", "size"]),
        ({"supplier_declared_dg_hz_regulation": text("transportation")},
         ["hazmat", "safety_data_sheet_url"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_product_type_is_invalid(
    caller: Caller, path: str, changes: dict[str, Any], wrong: list[str]
) -> None:
    answer = caller.call("PUT", path, SHOP, a_glove(**changes))
    assert answer.body["status"] == ("INVALID" if wrong else "ACCEPTED")
    assert named(answer) == wrong


def test_an_offer_needs_a_page_that_exists(caller: Caller, path: str, sim: AmazonSim) -> None:
    body = {
        "productType": "WELDING_TOOL", "requirements": "LISTING_OFFER_ONLY",
        "attributes": {"condition_type": text("new_new"),
                       "merchant_suggested_asin": text("B000000404")},
    }  # fmt: skip
    assert named(caller.call("PUT", path, SHOP, body)) == ["merchant_suggested_asin"]
    body["attributes"]["merchant_suggested_asin"] = text(sim.catalog.add("Torch").asin)  # type: ignore[index]
    assert caller.call("PUT", path, SHOP, body).body["status"] == "ACCEPTED"


def test_an_issue_comes_a_while_later_and_a_new_submission_ends_it(
    caller: Caller, path: str, sim: AmazonSim, clock: HandClock
) -> None:
    sim.faults.load([{"fault": "listing_issue", "code": "18027", "message": "No image.",
                      "seconds": 900, "most": 1}])  # fmt: skip
    asked = {**SHOP, "includedData": "issues"}
    caller.call("PUT", path, SHOP, a_glove())
    clock.advance(61)
    assert caller.call("GET", path, asked).body["issues"] == []
    clock.advance(900)
    (issue,) = caller.call("GET", path, asked).body["issues"]
    assert (issue["code"], issue["message"], issue["severity"]) == ("18027", "No image.", "ERROR")
    caller.call("PUT", path, SHOP, a_glove())
    assert caller.call("GET", path, asked).body["issues"] == []


def test_restrictions_say_why_and_end_with_an_approval(caller: Caller, sim: AmazonSim) -> None:
    asked = {**SHOP, "asin": "B100000001", "sellerId": sim.sellers[0].seller_id}
    where = "/listings/2021-08-01/restrictions"
    assert caller.call("GET", where, asked).body == {"restrictions": []}
    sim.restrictions.restrict("B100000001")
    (row,) = caller.call("GET", where, asked).body["restrictions"]
    assert row["reasons"][0]["reasonCode"] == "APPROVAL_REQUIRED"
    sim.restrictions.lift("B100000001")
    assert caller.call("GET", where, asked).body == {"restrictions": []}
    sim.faults.load([{"fault": "restricted", "asin": ["B2"], "reason": "NOT_ELIGIBLE"}])
    assert caller.call("GET", where, asked).body == {"restrictions": []}
    assert caller.call("GET", where, {**asked, "asin": "B2"}).body["restrictions"]
    wrong = caller.call("GET", where, SHOP)
    assert (wrong.status, wrong.body[0]["code"]) == (400, "InvalidInput")


def test_a_schema_is_a_linked_document_with_a_checksum_of_its_bytes(
    caller: Caller, sim: AmazonSim, clock: HandClock
) -> None:
    found = caller.call("GET", f"{TYPES}/PROTECTIVE_GLOVE", SHOP).body
    link = urlsplit(found["schema"]["link"]["resource"])
    request = Request("GET", link.path, {}, {}, b"")
    schema = json.loads(sim.api.handle(request).body)
    assert "size" in schema["required"]
    assert schema["properties"]["item_name"]["selectors"] == ["language_tag", "marketplace_id"]
    again = caller.call("GET", f"{TYPES}/PROTECTIVE_GLOVE", SHOP).body
    assert again["schema"]["checksum"] == found["schema"]["checksum"]
    offer = caller.call(
        "GET", f"{TYPES}/PROTECTIVE_GLOVE", {**SHOP, "requirements": "LISTING_OFFER_ONLY"}
    ).body
    assert offer["schema"]["checksum"] != found["schema"]["checksum"]
    sim.definitions.require("PROTECTIVE_GLOVE", "outer_material_type")
    newer = caller.call("GET", f"{TYPES}/PROTECTIVE_GLOVE", SHOP).body
    assert newer["schema"]["checksum"] != found["schema"]["checksum"]
    clock.at += timedelta(minutes=6)
    assert sim.api.handle(request).status == 403
    assert caller.call("GET", f"{TYPES}/SPACESHIP", SHOP).status == 404


def test_product_types_are_found_by_a_word_of_their_name(caller: Caller) -> None:
    rows = caller.call("GET", TYPES, {**SHOP, "keywords": "glove"}).body["productTypes"]
    assert [row["name"] for row in rows] == ["PROTECTIVE_GLOVE"]
    every = caller.call("GET", TYPES, SHOP).body["productTypes"]
    assert [row["name"] for row in every] == ["PROTECTIVE_GLOVE", "WELDING_TOOL"]


def test_a_catalogue_that_is_down_finds_nothing(caller: Caller, sim: AmazonSim) -> None:
    sim.catalog.add("MIG glove", gtin=GTIN)
    sim.faults.load([{"fault": "catalog_empty", "most": 1}])
    assert asins(search(caller, "GTIN", GTIN)) == []
    assert len(asins(search(caller, "GTIN", GTIN))) == 1


# --- one listing, several marketplaces ------------------------------------------------------------

CA = "A2EUQ1WTGCTBG2"
THERE = {"marketplaceIds": CA}
STOCK = "fulfillment_availability"


def in_canada(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same as Canada wants it."""
    said = json.dumps(body).replace(US, CA).replace("en_US", "en_CA")
    told: dict[str, Any] = json.loads(said)
    told["attributes"] |= changes
    return told


def stock(quantity: int) -> list[dict[str, Any]]:
    return [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]


def titles(caller: Caller, path: str, where: dict[str, str]) -> list[str]:
    rows = caller.call("GET", path, {**where, "includedData": "attributes"}).body["attributes"]
    return [row["value"] for row in rows["item_name"]]


@pytest.fixture
def both(caller: Caller, path: str, clock: HandClock) -> Caller:
    """Listed in two marketplaces."""
    caller.call("PUT", path, SHOP, a_glove(**{STOCK: stock(7)}))
    caller.call("PUT", path, THERE, in_canada(a_glove(item_name=spoken("Glove, eh")),
                                              **{STOCK: stock(7)}))  # fmt: skip
    clock.advance(61)
    return caller


def test_a_listing_is_there_only_where_it_was_listed(
    caller: Caller, sim: AmazonSim, path: str, clock: HandClock
) -> None:
    caller.call("PUT", path, SHOP, a_glove())
    clock.advance(61)
    assert caller.call("GET", path, THERE).status == 404
    everything = path.rpartition("/")[0]
    found = {
        "US": caller.call("GET", everything, SHOP),
        "CA": caller.call("GET", everything, THERE),
    }
    assert {name: answer.body["numberOfResults"] for name, answer in found.items()} == {
        "US": 1, "CA": 0,
    }  # fmt: skip
    patch = {"productType": "PRODUCT", "patches": []}
    assert caller.call("PATCH", path, THERE, patch).status == 400
    assert caller.call("DELETE", path, THERE).status == 400
    assert caller.call("PUT", path, {"marketplaceIds": f"{US},{CA}"}, a_glove()).status == 400
    assert asins(search(caller, "GTIN", GTIN)) != []
    assert asins(search(caller, "GTIN", GTIN, **THERE)) == []  # no page there either


def test_each_marketplace_shows_its_own_rows_and_a_change_touches_no_others(
    both: Caller, path: str, clock: HandClock
) -> None:
    assert (titles(both, path, SHOP), titles(both, path, THERE)) == (["MIG glove"], ["Glove, eh"])
    new = [{"value": "Glove", "marketplace_id": CA, "language_tag": "en_CA"}]
    patch = {"op": "replace", "path": "/attributes/item_name", "value": new}
    body = {"productType": "PROTECTIVE_GLOVE", "patches": [patch]}
    assert both.call("PATCH", path, THERE, body).body["status"] == "ACCEPTED"
    clock.advance(61)
    assert (titles(both, path, SHOP), titles(both, path, THERE)) == (["MIG glove"], ["Glove"])
    assert named(both.call("PATCH", path, SHOP, body)) == ["item_name"]  # of another marketplace


def taken_away(name: str, *selectors: dict[str, str]) -> dict[str, Any]:
    one = {"op": "delete", "path": f"/attributes/{name}", "value": list(selectors)}
    return {"productType": "PRODUCT", "patches": [one]}


def test_a_deletion_takes_the_rows_of_its_selectors_and_no_others(
    both: Caller, sim: AmazonSim, path: str, clock: HandClock
) -> None:
    english = {"marketplace_id": CA, "language_tag": "en_CA"}
    french = {"value": "Gant", "marketplace_id": CA, "language_tag": "fr_CA"}
    replaced = taken_away("item_name", {"value": "Glove", **english}, french)
    replaced["patches"][0]["op"] = "replace"
    both.call("PATCH", path, THERE, replaced)
    assert both.call("PATCH", path, THERE, taken_away("item_name")).status == 400
    vague = taken_away("item_name", {"marketplace_id": CA})
    assert both.call("PATCH", path, THERE, vague).body["status"] == "ACCEPTED"
    assert titles(both, path, THERE) == ["Glove", "Gant"]  # accepted, and it fits no row
    both.call("PATCH", path, THERE, taken_away("item_name", english))
    assert (titles(both, path, THERE), titles(both, path, SHOP)) == (["Gant"], ["MIG glove"])
    clock.advance(61)
    listing = sim.listings.now(sim.sellers[0].seller_id, "GLOVE 1/2")
    assert listing is not None
    assert [row["value"] for row in listing.says("item_name", CA)] == ["Gant"]
    needed = taken_away("item_name", {"marketplace_id": CA, "language_tag": "fr_CA"})
    needed["productType"] = "PROTECTIVE_GLOVE"
    assert named(both.call("PATCH", path, THERE, needed)) == ["item_name"]  # it must have a title


def test_other_attributes_have_selectors_of_their_own(
    caller: Caller, path: str, clock: HandClock
) -> None:
    caller.call("PUT", path, SHOP, a_glove())
    clock.advance(61)
    prices = [{"marketplace_id": US, "currency": "USD", "value": 9},
              {"marketplace_id": US, "currency": "CAD", "value": 12}]  # fmt: skip
    body = taken_away("list_price", *prices)
    body["patches"][0]["op"] = "replace"
    caller.call("PATCH", path, SHOP, body)
    only = {"marketplace_id": US, "currency": "USD"}
    caller.call("PATCH", path, SHOP, taken_away("list_price", only))
    answer = caller.call("GET", path, {**SHOP, "includedData": "attributes"})
    assert [row["currency"] for row in answer.body["attributes"]["list_price"]] == ["CAD"]


def test_quantities_are_the_same_in_all_of_them_and_a_new_listing_sets_them(
    both: Caller, sim: AmazonSim, path: str, clock: HandClock
) -> None:
    listing = sim.listings.now(sim.sellers[0].seller_id, "GLOVE 1/2")
    assert listing is not None
    assert listing.quantity() == 7
    both.call("PUT", path, THERE, in_canada(a_glove(), **{STOCK: stock(0)}))
    clock.advance(61)
    sim.listings.now(sim.sellers[0].seller_id, "GLOVE 1/2")
    assert listing.quantity() == 0


def test_it_is_deleted_in_one_marketplace_and_stays_in_the_other(
    both: Caller, sim: AmazonSim, path: str, clock: HandClock
) -> None:
    assert both.call("DELETE", path, THERE).body["status"] == "ACCEPTED"
    clock.advance(61)
    assert both.call("GET", path, THERE).status == 404
    assert titles(both, path, SHOP) == ["MIG glove"]
    both.call("DELETE", path, SHOP)
    clock.advance(61)
    assert sim.listings.now(sim.sellers[0].seller_id, "GLOVE 1/2") is None


def test_a_product_type_speaks_the_languages_of_its_marketplace(caller: Caller, path: str) -> None:
    wrong = in_canada(a_glove())
    wrong["attributes"]["item_name"][0]["language_tag"] = "en_US"
    assert named(caller.call("PUT", path, THERE, wrong)) == ["item_name"]
    assert caller.call("PUT", path, THERE, in_canada(a_glove())).body["status"] == "ACCEPTED"


def test_a_page_may_be_restricted_in_one_marketplace(caller: Caller, sim: AmazonSim) -> None:
    page = sim.catalog.add("Torch", asin="B100000007", shops=[CA])
    sim.restrictions.restrict(page.asin, shop=CA)
    address = "/listings/2021-08-01/restrictions"
    for where, many in ((SHOP, 0), (THERE, 1)):
        asked = {**where, "asin": page.asin, "sellerId": sim.sellers[0].seller_id}
        assert len(caller.call("GET", address, asked).body["restrictions"]) == many
    assert caller.call("GET", f"{CATALOG}/{page.asin}", SHOP).status == 404
    assert caller.call("GET", f"{CATALOG}/{page.asin}", THERE).status == 200
