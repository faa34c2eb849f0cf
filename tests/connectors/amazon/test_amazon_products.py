"""Products at Amazon through our connector: pages, restrictions, product types, whole listings."""

import base64
import hashlib
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.amazon.catalog import pages_with, restrictions_on
from crossdock.connectors.amazon.definitions import FRESH, KeptSchema, schema_for
from crossdock.connectors.amazon.listing_writes import (
    change_listing,
    delete_listing,
    every_listing,
    plain,
    put_listing,
    shown_listing,
    shown_listings,
)
from crossdock.connectors.amazon.schemas import ProductSchema
from crossdock.connectors.http import Response
from crossdock.kernel.errors import Defect, NeedsPerson, TryAgain
from tests.connectors.amazon.conftest import US, Scripted, a_client, ok

OFFER = {"condition_type": [{"value": "new_new", "marketplace_id": US}]}


class Shelf:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], KeptSchema] = {}

    def find(self, product_type: str, requirements: str, marketplace: str) -> KeptSchema | None:
        return self.kept.get((product_type, requirements, marketplace))

    def keep(self, schema: KeptSchema) -> None:
        self.kept[schema.product_type, schema.requirements, schema.marketplace] = schema


@pytest.fixture
def free(sim):
    sim.api.limits = False
    return sim


def test_numbers_of_every_length_are_searched_many_in_a_call_as_far_as_the_quota_goes(
    free, client, clock, wires
):
    made = [free.catalog.add(f"P{n}", gtin=f"0000000{n:05}0{n % 10}").asin for n in range(15)]
    upcs = [free.catalog.products[asin].gtin[2:] for asin in made]
    ean = free.catalog.add("E", gtin="4006381333931")
    first = pages_with(client, US, [*upcs, "4006381333931"])
    assert sum("/catalog/" in r.url for r in wires.asked) == 2  # so many may come at once
    assert {p.asin for p in first.found} == set(made)
    assert set(first.unasked) == {"4006381333931"}
    clock.advance(timedelta(seconds=5))
    rest = pages_with(client, US, first.unasked)
    assert ([p.asin for p in rest.found], rest.unasked) == ([ean.asin], {})
    assert rest.found[0].title
    assert pages_with(client, US, []).found == ()


def test_restrictions_are_read_and_their_refusal_understood(free, client, clock):
    page = free.catalog.add("Torch")
    assert restrictions_on(client, US, page.asin) == ()
    free.restrictions.restrict(page.asin)
    (found,) = restrictions_on(client, US, page.asin)
    assert found.reasons[0].reasonCode == "APPROVAL_REQUIRED"
    bare = Response(400, {}, b'[{"code":"InvalidInput","message":"Bad ASIN."}]')
    with pytest.raises(NeedsPerson) as caught:
        restrictions_on(a_client(Scripted([bare]), clock), US, "X")
    assert "Bad ASIN." in caught.value.message


def test_a_listing_is_made_changed_seen_and_deleted_by_its_odd_name(free, client, clock):
    sku = "A/B 1+2,ä"
    page = free.catalog.add("Torch")
    suggested = {"merchant_suggested_asin": [{"value": page.asin, "marketplace_id": US}]}
    said = put_listing(
        client, US, sku, "WELDING_TOOL", "LISTING_OFFER_ONLY", {**OFFER, **suggested}
    )
    assert said.status == "ACCEPTED"
    clock.advance(timedelta(seconds=61))
    assert shown_listing(client, US, sku).summary.asin == page.asin
    assert shown_listings(client, US, [sku, "NONE"]).keys() == {sku}
    assert every_listing(client, US).keys() == {sku}
    note = {"condition_note": [{"value": "As new", "marketplace_id": US}]}
    assert change_listing(client, US, sku, "PRODUCT", note).status == "ACCEPTED"
    here = {"condition_note": [{"marketplace_id": US}]}
    assert change_listing(client, US, sku, "PRODUCT", {}, here).status == "ACCEPTED"
    assert "condition_note" not in free.listings.now(free.sellers[0].seller_id, sku).submitted
    assert delete_listing(client, US, sku).status == "ACCEPTED"
    clock.advance(timedelta(seconds=61))
    assert shown_listing(client, US, sku) is None
    assert delete_listing(client, US, sku) is None


def test_forty_listings_are_read_in_two_calls(free, client, wires):
    skus = [f"S-{n}" for n in range(40)]
    for sku in skus:
        free.listings.offer(sku, 1)
    assert shown_listings(client, US, skus).keys() == set(skus)
    assert len(every_listing(client, US)) == 40
    assert sum("identifiers=" in r.url for r in wires.asked) == 2


def test_a_preview_keeps_nothing(free, client):
    said = put_listing(client, US, "S", "PRODUCT", "LISTING_OFFER_ONLY", OFFER, preview=True)
    assert (said.status, free.listings.items) == ("VALID", {})


def test_weights_go_as_json_numbers():
    told = plain({"a": [{"value": Decimal("1.50")}, {"value": Decimal("2.00"), "unit": "x"}]})
    assert json.dumps(told) == '{"a": [{"value": 1.5}, {"value": 2, "unit": "x"}]}'


# --- product types --------------------------------------------------------------------------------


def test_a_schema_is_kept_until_its_checksum_is_another(free, client, clock, wires):
    shelf = Shelf()
    first = schema_for(client, shelf, US, "PROTECTIVE_GLOVE", "LISTING")
    assert schema_for(client, shelf, US, "PROTECTIVE_GLOVE", "LISTING") is first
    clock.advance(FRESH)
    again = schema_for(client, shelf, US, "PROTECTIVE_GLOVE", "LISTING")
    assert (again.text, again.checked_at) == (first.text, clock.now())
    free.definitions.require("PROTECTIVE_GLOVE", "bullet_point")
    clock.advance(FRESH)
    newer = schema_for(client, shelf, US, "PROTECTIVE_GLOVE", "LISTING")
    assert newer.checksum != first.checksum
    assert "bullet_point" in ProductSchema("G", newer.text).required
    assert sum("/_schemas/" in r.url for r in wires.asked) == 2
    assert not any("x-amz-access-token" in r.headers for r in wires.asked if "_schemas" in r.url)


def test_a_product_type_that_amazon_does_not_have_is_a_persons(free, client):
    with pytest.raises(NeedsPerson) as caught:
        schema_for(client, Shelf(), US, "SPACESHIP", "LISTING")
    assert caught.value.kind == "catalogue-undecided"


@pytest.mark.parametrize(
    ("answer", "code"),
    [(Response(200, {}, b'{"cut": '), "checksum"), (Response(403, {}, b"<Error/>"), "expired")],
)
def test_a_download_that_is_cut_or_closed_goes_again(clock, answer, code):
    digest = base64.b64encode(hashlib.md5(b"{}").digest()).decode()
    described = ok({
        "productType": "T", "productTypeVersion": {"version": "1", "latest": True},
        "schema": {"link": {"resource": "https://x.example/s", "verb": "GET"}, "checksum": digest},
    })  # fmt: skip
    shelf = Shelf()
    with pytest.raises(TryAgain) as caught:
        schema_for(a_client(Scripted([described, answer]), clock), shelf, US, "T", "LISTING")
    assert (caught.value.code, shelf.kept) == (code, {})


def a_schema(**more: object) -> ProductSchema:
    text = {"type": "string", "maxLength": 5, "maxUtf8ByteLength": 6, "minUtf8ByteLength": 2}
    items = {"type": "object", "required": ["value"], "additionalProperties": False,
             "properties": {"value": text, "language_tag": {"type": "string"}}}  # fmt: skip
    name = {"type": "array", "selectors": ["language_tag"], "maxUniqueItems": 1, "items": items}
    schema = {"type": "object", "required": ["name"], "properties": {"name": name, **more}}
    return ProductSchema("T", json.dumps({**schema, "additionalProperties": False}))


def said(*values: object, **more: object) -> list[str]:
    rows = [v if isinstance(v, dict) else {"value": v} for v in values]
    return [str(p) for p in a_schema().problems({"name": rows, **more})]


def test_amazons_own_words_are_judged_too():
    assert said("abc") == []
    assert said("abcdef") == ["name: has 6 characters, 5 are allowed"]
    assert said("äöüß") == ["name: has 8 bytes, 6 are allowed"]
    assert said("a") == ["name: has 1 bytes, 2 are needed"]
    assert said("abc", "def") == ["name: is said 2 times, 1 are allowed"]
    german = {"value": "abc", "language_tag": "de_DE"}
    assert said("abc", german) == []  # selectors tell them apart


def test_every_fault_is_told_with_its_attribute():
    assert [str(p) for p in a_schema().problems({})] == ["name: is required, and nothing says it"]
    assert set(said({"language_tag": "x"}, colour=[{}])) == {
        "colour: is not known to this product type", "name: lacks its value",
    }  # fmt: skip
    assert a_schema().fields("name") == {"value", "language_tag"}
    assert a_schema().fields("other") == frozenset()


def test_a_schema_that_refers_elsewhere_is_never_fetched():
    with pytest.raises(Defect):
        a_schema(other={"$ref": "https://elsewhere.example/x.json"}).problems(
            {"name": [{"value": "abc"}], "other": [1]}
        )
