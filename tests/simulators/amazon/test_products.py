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
