"""While people buy and staff change prices, what TIMS asks becomes what Amazon asks, and nobody ever
pays less than the floor.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.runner import Watch
from crossdock.engine.store import price_receipts
from crossdock.simulators.amazon.listings import PRICE_EFFECT
from crossdock.simulators.world.asking import PriceRule
from crossdock.simulators.world.pricebook import LISTS
from crossdock.simulators.world.repricing import raise_floors, reprice
from crossdock.simulators.world.scenario import preset
from crossdock.simulators.world.shelves import wiped
from crossdock.simulators.world.tags import Tag, tags
from crossdock.wiring import freshness
from crossdock.wiring.price_runs import FLOW
from demo.prices import write_rules
from tests.scenarios.rehearsal import START, Rehearsal, seeded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ASKING = "WLD-E"  # electrodes and flux-cored wires: below the floor a person is asked
RULE = PriceRule(asking=ASKING)
PATCH = ["patchListingsItem"]
FAULTS: dict[str, list[dict[str, Any]]] = {
    "calm": [],
    "faulty": [
        {"fault": "accepted_unchanged", "chance": 0.1, "operations": PATCH},
        {"fault": "price_late", "chance": 0.1, "seconds": 500},
        {"fault": "siblings_wiped", "chance": 0.1},
        {"fault": "throttle_below_rate", "chance": 0.2, "operations": PATCH},
        {"fault": "reply_lost_after_write", "chance": 0.1, "operations": PATCH},
        {"fault": "malformed_json", "chance": 0.05, "operations": ["getListingsItem"]},
    ],
}


def a_world(
    folder: Path, seed: int, faults: list[dict[str, Any]], watch: Watch | None = None,
    store: str = "", shops: int = 1,
) -> Rehearsal:  # fmt: skip
    """Prices are published in so many marketplaces."""
    scenario = replace(preset("calm"), orders=6)
    found = Rehearsal(folder, seed, scenario, watch=watch, store=store)
    raise_floors(found.world, seed, 6)
    sold = {s.marketplace_id: LISTS[s.currency] for s in found.world.goods.shops[:shops]}
    write_rules(folder, "on", sold, ASKING)
    found.restart()  # the TIMS client asks for prices from now on
    found.world.amazon.faults.load(faults)
    return found


def parked(world: Rehearsal) -> set[str]:
    return {c["key"] for c in world.open_cases() if c["flow"] == FLOW}


def published(world: Rehearsal) -> list[Tag]:
    """The prices that are ours to keep right."""
    shops = world.house.prices.rules.lists
    return [tag for tag in tags(world.world, START, RULE) if tag.marketplace_id in shops]


def must_agree(world: Rehearsal) -> None:
    """Every price that is no case is what the rule makes of TIMS's lists, whole; what would be below
    the floor is raised or a case, and nobody ever could pay less.
    """
    waiting, found = parked(world), published(world)
    low = [t.below_floor for t in found if t.below_floor]
    assert not low, low[:10]
    asked = {key(t) for t in found if t.wanted.refused}
    assert asked
    assert asked <= waiting
    raised = {t.sku for t in found if t.wanted.decided and not t.wanted.refused}
    assert len(raised) > 5  # the floor decides what these cost
    found = [t for t in found if key(t) not in waiting]
    wrong = [t.wrong for t in found if t.wrong]
    assert not wrong, wrong[:10]
    receipts = price_receipts.every(world.db)
    states = {receipts[t.marketplace_id, t.sku].state for t in found}
    assert states == {"seen"}
    assert lost(world, waiting) == []


def lost(world: Rehearsal, waiting: set[str]) -> list[str]:
    """What stood beside prices and is gone, except where a case stands in the way."""
    shops = world.house.prices.rules.lists
    cases = [f"{sku}: start_at of {shop} " for shop, _, sku in (k.partition(":") for k in waiting)]
    return [w for w in wiped(world.world, shops) if not w.startswith(tuple(cases))]


def key(tag: Tag) -> str:
    return f"{tag.marketplace_id}:{tag.sku}"


def unexpected(world: Rehearsal) -> set[str]:
    """Cases of prices that no floor explains."""
    return parked(world) - {key(t) for t in published(world) if t.wanted.refused}


@pytest.mark.parametrize(("weather", "seed", "shops"), [("calm", 1, 3), ("faulty", 2, 2)])
def test_at_quiet_amazon_asks_what_tims_asks(
    weather: str, seed: int, shops: int, tmp_path: Path
) -> None:
    world = a_world(tmp_path, seed, FAULTS[weather], shops=shops)
    world.run(timedelta(hours=1))
    must_agree(world)
    chosen = reprice(world.world, seed, 12)
    assert any(t.wrong for t in published(world))
    world.run(timedelta(hours=1))
    must_agree(world)
    assert chosen
    assert not unexpected(world) or weather == "faulty"


def cost(world: Rehearsal) -> Decimal:
    """Of one of each, now, for everybody."""
    now = world.clock.now()
    return sum((t.wanted.offers["ALL"].now(now) for t in published(world)), Decimal(0))


def test_a_sale_ends_by_itself_and_amazon_follows(tmp_path: Path) -> None:
    world = a_world(tmp_path, 3, [])
    world.run(timedelta(hours=1))
    reprice(world.world, 3, 6)
    world.run(timedelta(hours=1))
    must_agree(world)
    lists = dict(world.world.tims.prices)
    assert any(entry.promotions for entry in lists.values())
    dear = cost(world)
    for _ in range(12):
        world.skip(timedelta(hours=6))
    assert cost(world) > dear  # the sales are over
    must_agree(world)


def test_either_store_carries_it(store_url: str, tmp_path: Path) -> None:
    world = a_world(tmp_path / "workspace", 5, FAULTS["faulty"], store=store_url)
    world.run(timedelta(hours=1))
    must_agree(world)
    world.db.close()


class PowerCut(BaseException):
    """The machine is gone."""


@pytest.mark.parametrize("when", ["before", "after", "recorded"])
def test_a_power_cut_around_a_price_leaves_the_right_one(when: str, tmp_path: Path) -> None:
    cuts = {"left": 4}

    def watch(at: str, flow: str, step: str) -> None:
        here = (at, flow) == (when, FLOW) and (when == "recorded" or step == "publish")
        if cuts["left"] and here:
            cuts["left"] -= 1
            raise PowerCut

    world = a_world(tmp_path, 4, [], watch=watch)
    while True:
        try:
            world.run(timedelta(hours=1))
            break
        except PowerCut:
            world.restart()
    assert cuts["left"] == 0
    must_agree(world)


def test_what_is_mended_in_tims_is_no_case_any_more_within_minutes(tmp_path: Path) -> None:
    """Not after the hour in which cases are looked at again."""
    world = a_world(tmp_path, 7, [])
    world.run(timedelta(hours=1))
    tims, shop = world.world.tims, world.world.goods.shops[0]
    entry = next(e for e in tims.prices.values() if not e.item_number.startswith(ASKING))
    listed, cost, item = entry.list_price, entry.cost, entry.item_number
    mine = {key(t) for t in published(world) if world.world.goods.sku(t.sku).product.item == item}
    assert mine
    assert shop.marketplace_id in next(iter(mine))
    tims.drop_price(item)
    turn_for(world, timedelta(minutes=5))
    assert mine <= parked(world)
    tims.set_price(item, listed, cost=cost, classes={"INDUSTRIAL": listed})
    turn_for(world, timedelta(minutes=5))
    assert not mine & parked(world)


def turn_for(world: Rehearsal, span: timedelta) -> None:
    end = world.clock.now() + span
    while world.clock.now() < end:
        world.turn()


@pytest.mark.parametrize("seed", seeded(2))
def test_no_price_becomes_older_than_the_plan_says(seed: int, tmp_path: Path) -> None:
    """Without a webhook, and with every price of every marketplace changed at once."""
    world = a_world(tmp_path, seed, [], shops=1 + seed % 3)
    world.world.tims.faults.load([{"fault": "webhook_lost"}])
    world.run(timedelta(hours=1))
    skus = len(world.house.stock.skus().rows)
    load = freshness.load_of(world.settings, skus, prices=freshness.prices_of(world.house))
    plan = freshness.plan(world.settings, load, freshness.buckets_of(world.house))
    reprice(world.world, seed, 1000)
    assert any(t.wrong for t in published(world))
    turn_for(world, timedelta(seconds=plan[3].found.seconds) + PRICE_EFFECT)
    waiting = parked(world)  # what waits behind a case is looked at every hour
    assert [t.wrong for t in published(world) if t.wrong and key(t) not in waiting] == []
