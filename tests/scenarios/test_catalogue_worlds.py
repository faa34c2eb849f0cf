"""At quiet every SKU that may be sold is listed as TIMS says, or a person is asked why not; what may
never be sold was at no moment at Amazon.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.runner import Watch
from crossdock.engine.store import submissions
from crossdock.simulators.amazon.listing_records import SimListing, copy_of, copy_picture, rows_in
from crossdock.simulators.world.scenario import preset
from crossdock.simulators.world.trade import NEVER_SOLD, SPRAY, more_skus
from crossdock.wiring.catalogue_runs import FLOW
from tests.scenarios.rehearsal import Rehearsal, soaked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RULES = """\
version: 1
publish: on
rules:
  - skus: ["*GLOVE*"]
    product_type: PROTECTIVE_GLOVE
    requirements: LISTING
    attributes:
      size: {from: Attributes.Size, words: {L: large, M: medium}}
  - {brands: [Weldco], product_type: WELDING_TOOL, requirements: LISTING}
  - {skus: ["*"], product_type: WELDING_TOOL}
"""
US, BY_HAND = "ATVPDKIKX0DER", "bullet_point"
MAIN, DESCRIPTION = "main_product_image_locator", "product_description"
WRITES = ["putListingsItem", "patchListingsItem"]
FAULTS: dict[str, list[dict[str, Any]]] = {
    "calm": [],
    "faulty": [
        {"fault": "accepted_unchanged", "chance": 0.1},
        {"fault": "late_effect", "chance": 0.2, "seconds": 240},
        {"fault": "throttle_below_rate", "chance": 0.2, "operations": WRITES},
        {"fault": "reply_lost_after_write", "chance": 0.1, "operations": WRITES},
        {"fault": "listing_issue", "chance": 0.05, "seconds": 300, "operations": WRITES},
        {"fault": "html_error", "chance": 0.02},
        {"fault": "restricted", "chance": 0.1},
        {"fault": "catalog_empty", "chance": 0.1},
    ],
}


def a_world(
    folder: Path,
    seed: int,
    weather: str = "calm",
    watch: Watch | None = None,
    store: str = "",
    rules: str = RULES,
) -> Rehearsal:
    """A seller who has listed nothing yet, and wants to list everything."""
    scenario = replace(preset("calm"), orders=6, span=600)
    found = Rehearsal(folder, seed, scenario, watch=watch, store=store)
    found.wires.apps["documents.example"] = found.world.amazon.api  # where schemas lie
    found.world.amazon.listings.items.clear()
    found.world.amazon.faults.load(FAULTS[weather])
    (folder / "catalogue.yaml").write_text(rules, "utf-8")
    table = folder / "lookups" / "skus.csv"
    rows = table.read_text("utf-8").splitlines()
    some = [row for n, row in enumerate(rows) if n % 2 == 0 or SPRAY in row or "GLOVE" in row]
    table.write_text("\n".join(some) + "\n" + more_skus(), "utf-8")
    return found


def finish(world: Rehearsal) -> None:
    """Until it is quiet; then the shelves are opened, and quiet again."""
    world.run()
    places = [p.location_id for p in world.world.goods.places]
    rules = f"version: 1\npublish: on\nrules:\n  - {{skus: ['*'], locations: {places}}}\n"
    (world.settings.folder / "stock.yaml").write_text(rules, "utf-8")
    settle(
        world, timedelta(minutes=150)
    )  # a case is looked at each hour, and one may wait for another


@pytest.mark.parametrize(
    ("weather", "seed"),
    soaked([("calm", 1), ("faulty", 2)], ("calm", 2), ("calm", 3), ("faulty", 1), ("faulty", 3)),
)
def test_at_quiet_what_may_be_sold_is_listed_and_nothing_else_ever_was(
    weather: str, seed: int, tmp_path: Path
) -> None:
    world = a_world(tmp_path, seed, weather)
    finish(world)
    must_agree(world)
    kinds = Counter(kind for _, kind in cases_of(world).items())
    assert set(kinds) <= {"asin-unclear", "listing-issue"}, kinds
    assert weather == "faulty" or set(kinds) == {"asin-unclear"}


def test_either_store_carries_it(store_url: str, tmp_path: Path) -> None:
    world = a_world(tmp_path / "workspace", 5, "faulty", store=store_url)
    finish(world)
    must_agree(world)
    world.db.close()


def test_what_may_no_longer_be_sold_goes_to_zero_and_comes_back(tmp_path: Path) -> None:
    world = a_world(tmp_path, 1)
    finish(world)
    gone, restricted = listed_hardgoods(world)[:2]
    tims = world.world.tims
    tims.deactivate_item(gone, "discontinued")
    tims.describe_item(restricted, RestrictedChannels=["Amazon"])
    settle(world)
    assert [quantity(world, sku) for sku in (gone, restricted)] == [0, 0]
    held = submissions.withheld(world.db)
    assert "discontinued" in held[gone]
    assert "channel-closed" in held[restricted]
    tims.describe_item(restricted, RestrictedChannels=[])
    settle(world)
    assert quantity(world, restricted) > 0
    assert not cases_of(world).keys() & {gone, restricted}


def test_a_spray_whose_data_sheet_goes_missing_takes_its_kit_along(tmp_path: Path) -> None:
    rules = RULES + "asins: {KIT-CLEAN: B900000001}\n"
    world = a_world(tmp_path, 2, rules=rules)
    world.world.amazon.catalog.add("Brush and spray", asin="B900000001")
    finish(world)
    before = [sku for sku in (SPRAY, "KIT-CLEAN") if is_listed(world, sku)]
    assert "KIT-CLEAN" in before
    world.world.tims.describe_item(SPRAY, Hazmat={"IsHazmat": True, "UnNumber": "UN1950"})
    settle(world)
    assert [quantity(world, sku) for sku in before] == [0] * len(before)
    assert "hazmat-no-sds" in submissions.withheld(world.db)["KIT-CLEAN"]


@pytest.mark.parametrize(
    ("weather", "seed"), soaked([("faulty", 3)], ("calm", 1), ("faulty", 1), ("faulty", 2))
)
def test_what_tims_says_no_more_is_gone_at_quiet_and_what_people_added_stays(
    weather: str, seed: int, tmp_path: Path
) -> None:
    offered = '- {skus: ["*"], product_type: WELDING_TOOL'
    rules = RULES.replace(offered, f"{offered}, requirements: LISTING")  # every page is ours
    world = a_world(tmp_path, seed, weather, rules=rules)
    finish(world)
    tims = world.world.tims
    listed = [sku for sku in listed_hardgoods(world) if sku not in cases_of(world)]
    pages = [sku for sku in listed if listing_of(world, sku).requirements == "LISTING"]
    assert len(pages) > 3
    for n, sku in enumerate(pages):
        had = tims.items[sku].details["Images"]
        tims.describe_item(sku, Images=[*had, {"Url": f"https://images.example/new-{n}.jpg"}])
        for rows in (listing_of(world, sku).submitted, listing_of(world, sku).live):
            rows[BY_HAND] = [{"value": "Ours", "language_tag": "en_US", "marketplace_id": US}]
    settle(world, timedelta(minutes=3))  # some were written by now, some not
    for sku in pages:
        tims.describe_item(sku, Images=tims.items[sku].details["Images"][:1], LongDescription="")
    settle(world, timedelta(hours=4))
    must_agree(world)
    for sku in pages:
        assert listing_of(world, sku).submitted[BY_HAND], sku


class PowerCut(BaseException):
    """The machine is gone."""


@pytest.mark.parametrize("when", ["before", "after", "recorded"])
def test_a_power_cut_around_a_listing_leaves_one_right_listing(when: str, tmp_path: Path) -> None:
    cuts = {"left": 5}

    def watch(at: str, flow: str, step: str) -> None:
        if cuts["left"] and (at, flow) == (when, FLOW) and (when == "recorded" or step == "list"):
            cuts["left"] -= 1
            raise PowerCut

    world = a_world(tmp_path, 4, watch=watch)
    while True:
        try:
            finish(world)
            break
        except PowerCut:
            world.restart()
    assert cuts["left"] == 0
    must_agree(world)


# --- the truth, from both companies ---------------------------------------------------------------


def must_agree(world: Rehearsal) -> None:
    """Judged by what both companies know, not by what we think of it."""
    amazon, tims = world.world.amazon, world.world.tims
    seller = amazon.sellers[0].seller_id
    ever = {sku for (owner, sku) in amazon.listings.items if owner == seller}
    assert not ever & set(NEVER_SOLD)
    held, asked = submissions.withheld(world.db), cases_of(world)
    for row in world.house.catalogue.skus().rows.items():
        sku, item = row[0], tims.items[row[1].cells["item"]]
        packs = row[1].cells["units_per_pack"] != "1"
        if sku in NEVER_SOLD or not item.is_active:
            assert sku in held, sku
            assert not is_listed(world, sku) or quantity(world, sku) == 0, sku
        elif sku in asked:
            assert asked[sku] in ("asin-unclear", "listing-issue"), (sku, asked[sku])
        else:
            assert not packs, sku
            as_tims_says(world, sku, dict(item.details), item.description)
            assert quantity(world, sku) > 0, sku


def as_tims_says(world: Rehearsal, sku: str, said: dict[str, Any], title: str) -> None:
    amazon = world.world.amazon
    listing = amazon.listings.now(amazon.sellers[0].seller_id, sku)
    assert listing is not None, sku
    pages = [p.asin for p in amazon.catalog.products.values() if p.gtin[2:] == said["Gtin"]]
    assert not pages or listing.asin in pages, sku
    if listing.requirements == "LISTING":
        assert listing.live["item_name"][0]["value"] == title, sku
        assert listing.live["brand"][0]["value"] == said["Brand"], sku
        assert listing.live["country_of_origin"][0]["value"] == said["CountryOfOrigin"], sku
        dangerous = listing.live["supplier_declared_dg_hz_regulation"][0]["value"]
        assert (dangerous == "transportation") == said["Hazmat"]["IsHazmat"], sku
        assert images_of(listing) == images_for(listing.product_type, said["Images"]), sku
        assert (DESCRIPTION in listing.submitted) == bool(said["LongDescription"]), sku
    else:
        assert pages, sku


def images_of(listing: SimListing, shop: str = US) -> dict[str, str]:
    """By slot."""
    said = {name: rows_in(rows, shop) for name, rows in listing.submitted.items()}
    found = {n: dict(rows[0]) for n, rows in said.items() if rows and "_image_" in n}
    for row in found.values():
        copy_picture(row)  # what is in effect has been copied already
    return {name: row["media_location"] for name, row in found.items()}


def images_for(product_type: str, told: Iterable[dict[str, str]]) -> dict[str, str]:
    """As many of TIMS's images as the type has room for."""
    slots = (MAIN, *(f"other_product_image_locator_{n}" for n in range(1, 9)))
    room = slots[: {"PROTECTIVE_GLOVE": 2}.get(product_type, 9)]
    return {slot: copy_of(image["Url"]) for slot, image in zip(room, told, strict=False)}


def cases_of(world: Rehearsal) -> dict[str, str]:
    return {c["key"]: c["kind"] for c in world.open_cases() if c["flow"] == FLOW}


def listing_of(world: Rehearsal, sku: str) -> SimListing:
    amazon = world.world.amazon
    found = amazon.listings.now(amazon.sellers[0].seller_id, sku)
    assert found is not None, sku
    return found


def is_listed(world: Rehearsal, sku: str) -> bool:
    amazon = world.world.amazon
    return amazon.listings.now(amazon.sellers[0].seller_id, sku) is not None


def quantity(world: Rehearsal, sku: str) -> int:
    amazon = world.world.amazon
    listing = amazon.listings.now(amazon.sellers[0].seller_id, sku)
    return (listing.quantity() or 0) if listing else 0


def listed_hardgoods(world: Rehearsal) -> list[str]:
    """Items that are sold under their own number and are listed."""
    numbers = [p.item for p in world.world.goods.products if p.active]
    return [n for n in numbers if is_listed(world, n) and quantity(world, n) > 0]


def settle(world: Rehearsal, span: timedelta = timedelta(hours=2)) -> None:
    end = world.clock.now() + span
    while world.clock.now() < end:
        world.turn()
