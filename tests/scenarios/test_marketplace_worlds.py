"""At quiet every SKU is listed in exactly the marketplaces that the rules name for it, or a person is
asked why not there.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.simulators.world.trade import NEVER_SOLD
from tests.scenarios.rehearsal import Rehearsal, soaked
from tests.scenarios.test_catalogue_worlds import (
    FAULTS,
    a_world,
    cases_of,
    finish,
    images_for,
    images_of,
    quantity,
    settle,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

US, CA, MX = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"
PLACES = f"marketplaces: {{{US}: en_US, {CA}: en_CA}}\n"
RULES = f"""\
version: 1
publish: on
discontinued: delete
{PLACES}rules:
  - skus: ["*GLOVE*"]
    product_type: PROTECTIVE_GLOVE
    requirements: LISTING
    attributes:
      size: {{from: Attributes.Size, words: {{L: large, M: medium}}}}
  - {{brands: [Ironclad], product_type: WELDING_TOOL, requirements: LISTING, marketplaces: [{US}]}}
  - {{skus: ["*"], product_type: WELDING_TOOL, requirements: LISTING}}
"""
ASKED = {"asin-unclear", "listing-issue"}


def a_seller(folder: Path, seed: int, weather: str = "calm", store: str = "") -> Rehearsal:
    """A seller of a few things in two marketplaces of three."""
    world = a_world(folder, seed, store=store, rules=RULES)
    world.world.amazon.faults.load(FAULTS[weather])
    table = world.settings.folder / "lookups" / "skus.csv"
    header, *rows = table.read_text("utf-8").splitlines()
    usual = [row for row in rows if row.split(",")[1] not in NEVER_SOLD]
    some = [row for n, row in enumerate(usual) if n % 2 == 0]
    never = [row for row in rows if row.split(",")[1] in NEVER_SOLD]
    table.write_text("\n".join([header, *some, *never]) + "\n", "utf-8")
    return world


def listed_where_the_rules_say(world: Rehearsal, limited: str = "Ironclad") -> int:
    """Judged by what both companies know. How many are listed in both marketplaces."""
    amazon, tims, asked = world.world.amazon, world.world.tims, cases_of(world)
    assert set(asked.values()) <= ASKED, asked
    both = 0
    for sku, row in world.house.catalogue.skus().rows.items():
        item = tims.items[row.cells["item"]]
        listing = amazon.listings.now(amazon.sellers[0].seller_id, sku)
        shops = listing.shops if listing is not None else set()
        if sku in NEVER_SOLD or not item.is_active:
            assert not shops, sku
            continue
        gloves = "GLOVE" in sku
        wanted = {US} if item.details["Brand"] == limited and not gloves else {US, CA}
        missing = {shop for shop in (US, CA) if (sku if shop == US else f"{CA}:{sku}") in asked}
        assert shops - missing == wanted - missing, (sku, shops, wanted, missing)
        both += shops == {US, CA}
        for shop in shops - missing:
            speaks(world, sku, shop, item.description)
            told = images_for(listing.product_type, item.details["Images"])
            assert images_of(listing, shop) == told, (sku, shop)
        if shops - missing:
            assert quantity(world, sku) > 0, sku
    return both


def speaks(world: Rehearsal, sku: str, shop: str, title: str) -> None:
    """Buyers of that marketplace read one title, TIMS's, in their language."""
    amazon = world.world.amazon
    listing = amazon.listings.now(amazon.sellers[0].seller_id, sku)
    assert listing is not None
    assert shop in listing.showing
    (row,) = listing.says("item_name", shop)
    tongue = {US: "en_US", CA: "en_CA"}[shop]
    assert row == {"value": title, "marketplace_id": shop, "language_tag": tongue}, sku


@pytest.mark.parametrize(
    ("weather", "seed"), soaked([("faulty", 2)], ("calm", 1), ("calm", 2), ("faulty", 3))
)
def test_at_quiet_each_sku_is_listed_in_exactly_the_marketplaces_of_its_rule(
    weather: str, seed: int, tmp_path: Path
) -> None:
    world = a_seller(tmp_path, seed, weather)
    finish(world)
    assert listed_where_the_rules_say(world) > 2


def test_either_store_carries_two_marketplaces(store_url: str, tmp_path: Path) -> None:
    world = a_seller(tmp_path / "workspace", 4, store=store_url)
    finish(world)
    assert listed_where_the_rules_say(world) > 2
    world.db.close()


def test_rules_that_change_move_listings_and_quantities_stay(tmp_path: Path) -> None:
    world = a_seller(tmp_path, 5)
    finish(world)
    listed_where_the_rules_say(world)
    file = world.settings.folder / "catalogue.yaml"
    file.write_text(RULES.replace("[Ironclad]", "[Weldco]"), "utf-8")
    settle(world, timedelta(hours=3))
    listed_where_the_rules_say(world, "Weldco")
    file.write_text(RULES.replace(PLACES, "").replace(f", marketplaces: [{US}]", ""), "utf-8")
    settle(world, timedelta(hours=7))  # every listing is looked at each six hours
    amazon = world.world.amazon
    mine = [amazon.listings.now(owner, sku) for owner, sku in list(amazon.listings.items)]
    assert {shop for listing in mine if listing is not None for shop in listing.shops} == {US}
