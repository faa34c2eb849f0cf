"""What was sold out comes back at a new price while people buy: the price shows first, then the stock,
so nobody ever pays the old one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.simulators.world.pricebook import LISTS
from crossdock.simulators.world.repricing import at_the_old_price, restock, sell_out
from crossdock.simulators.world.scenario import preset
from crossdock.simulators.world.shelves import shelves, wiped
from crossdock.simulators.world.tags import tags
from demo.prices import write_rules
from demo.stock import write_stock_rules
from tests.scenarios.rehearsal import START, Rehearsal, seeded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FAVOURITES = 3  # single and packed SKUs each, that people want and that were sold out
FAULTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "calm": (),
    "faulty": (
        {"fault": "price_late", "chance": 0.3, "seconds": 300},
        {"fault": "late_effect", "chance": 0.2, "seconds": 200},
        {"fault": "siblings_wiped", "chance": 0.2},
        {"fault": "accepted_unchanged", "chance": 0.1, "operations": ["patchListingsItem"]},
    ),
}


def a_world(folder: Path, seed: int) -> Rehearsal:
    """Stock and prices are published together; nobody buys yet."""
    found = Rehearsal(folder, seed, replace(preset("calm"), orders=0))
    shop = found.world.goods.shops[0]
    write_rules(folder, "on", {shop.marketplace_id: LISTS[shop.currency]})
    write_stock_rules(folder, [p.location_id for p in found.world.goods.places], buffer=0)
    found.restart()  # the TIMS client asks for prices from now on
    return found


def wanted_items(world: Rehearsal) -> list[str]:
    usual = world.world.goods.usual
    return sorted({s.product.item for some in usual for s in some[:FAVOURITES]})


def showing(world: Rehearsal, items: Sequence[str]) -> int:
    return sum(n for s in shelves(world.world) if s.item in items for n in s.skus.values())


@pytest.mark.parametrize(("weather", "seed"), [*seeded(1, "calm"), *seeded(3, "faulty")])
def test_nothing_that_comes_back_is_for_sale_at_its_old_price(
    weather: str, seed: int, tmp_path: Path
) -> None:
    world = a_world(tmp_path, seed)
    items = wanted_items(world)
    sell_out(world.world, items)
    world.run(timedelta(hours=1))
    assert showing(world, items) == 0
    world.world.load_faults(FAULTS[weather])
    buyers = replace(
        preset("calm"), orders=40, span=1800.0, favourites=FAVOURITES, only_what_shows=True
    )
    back = restock(world.world, seed, items)
    world.world.start_people(buyers)
    world.run(timedelta(hours=3))

    shop = world.world.goods.shops[0].marketplace_id
    assert at_the_old_price(world.world, back, {shop}) == []
    assert len(world.world.amazon.orders) >= 10  # people bought what came back
    assert showing(world, items) > 0
    stuck = {c["key"].rpartition(":")[2] for c in world.open_cases()}
    assert not stuck or weather == "faulty"
    mine = [t for t in tags(world.world, START) if t.marketplace_id == shop and t.sku not in stuck]
    assert [t.wrong for t in mine if t.wrong] == []
    assert [w for w in wiped(world.world, [shop]) if w.partition(":")[0] not in stuck] == []
