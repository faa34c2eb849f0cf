"""While people buy and staff ship, what TIMS has stays what Amazon sells."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crossdock.connectors.amazon.subscriptions import ensure_quantity_subscription
from crossdock.engine.runner import Watch
from crossdock.engine.store import publications
from crossdock.engine.store.schema import event
from crossdock.simulators.amazon.listings import EFFECT
from crossdock.simulators.amazon.people import Line
from crossdock.simulators.world.scenario import preset
from crossdock.simulators.world.shelves import count_stock, shelves, wiped
from crossdock.wiring import freshness
from crossdock.wiring.stock_risk import LEAST_MEASURED, delay_of, risks
from crossdock.wiring.stock_runs import FLOW
from crossdock.wiring.subscribing import STOCK_EVENTS, Subscriber
from tests.scenarios.rehearsal import Rehearsal, seeded, soaked
from tests.simulators.amazon.conftest import ANN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FAULTS: dict[str, list[dict[str, Any]]] = {
    "calm": [],
    "faulty": [
        {"fault": "accepted_unchanged", "chance": 0.1},
        {"fault": "late_effect", "chance": 0.2, "seconds": 240},
        {"fault": "siblings_wiped", "chance": 0.1},
        {"fault": "throttle_below_rate", "chance": 0.2, "operations": ["patchListingsItem"]},
        {"fault": "reply_lost_after_write", "chance": 0.1, "operations": ["patchListingsItem"]},
    ],
}


def a_world(
    folder: Path,
    seed: int,
    faults: list[dict[str, Any]],
    watch: Watch | None = None,
    store: str = "",
    workers: int = 0,
) -> Rehearsal:
    scenario = replace(preset("everyday" if faults else "calm"), orders=30)
    found = Rehearsal(folder, seed, scenario, watch=watch, store=store, workers=workers)
    places = [f"{p.location_id}" for p in found.world.goods.places]
    rules = (
        f"version: 1\npublish: on\nrules:\n  - {{skus: ['*'], locations: {places}, buffer: 1}}\n"
    )
    (folder / "stock.yaml").write_text(rules, "utf-8")
    found.world.amazon.faults.load(faults)
    return found


@pytest.mark.parametrize(
    ("weather", "seed"),
    soaked([("calm", 1), ("faulty", 1), ("faulty", 2)], ("calm", 2), ("calm", 3), ("faulty", 3)),
)
def test_at_quiet_amazon_sells_what_the_rule_makes_of_tims(
    weather: str, seed: int, tmp_path: Path
) -> None:
    world = a_world(tmp_path, seed, FAULTS[weather])
    world.run()
    must_agree(world)
    assert not parked(world) or weather == "faulty"


def test_either_store_carries_it(store_url: str, tmp_path: Path) -> None:
    world = a_world(tmp_path / "workspace", 5, FAULTS["faulty"], store=store_url)
    world.run()
    must_agree(world)
    world.db.close()


@pytest.mark.parametrize("what", ["all of it", "a line", "a line of what tims refuses"])
def test_what_was_cancelled_before_tims_knew_of_it_is_offered_again_soon(
    what: str, tmp_path: Path
) -> None:
    world = a_world(tmp_path, 1, [])
    world.run()
    amazon, goods = world.world.amazon, world.world.goods
    pair = [sku for sku in goods.skus if sku.in_lookup and live(world, sku.sku) > 1][:2]
    below_the_floor = Decimal("0.01") if "refuses" in what else 0
    order = amazon.place_order(
        [Line(sku.sku, 1, below_the_floor or sku.price) for sku in pair], buyer=ANN, pending=False
    )
    if what == "all of it":
        amazon.cancel(order)
    else:
        amazon.change_line_quantity(order, amazon.orders[order].lines[1].order_item_id, 0)
    shown, known = live(world, pair[1].sku), len(world.world.tims.orders)
    end = world.clock.now() + timedelta(minutes=30)  # nobody waits for the regular check
    while world.clock.now() < end:
        world.turn()
    assert live(world, pair[1].sku) == shown + 1
    assert len(world.world.tims.orders) == known + (what == "a line")


def test_whichever_worker_is_free_knows_what_the_other_one_heard_of_an_item(tmp_path: Path) -> None:
    world = a_world(tmp_path, 1, [])
    world.run()
    here, there = world.house, world._open()
    sku = next(s for s in world.world.goods.skus if s.in_lookup and live(world, s.sku) > 0)
    assert there.stock.offers([sku.sku])[0].quantity > 0  # it has just read all items
    world.world.tims.deactivate_item(sku.product.item)
    for _ in range(20):
        here.engine.pump()
        world._advance(timedelta(seconds=5))
    assert there.stock.offers([sku.sku])[0].quantity == 0
    there.engine.pump()
    assert live(world, sku.sku) == 0


@pytest.mark.parametrize("listening", [True, False])
def test_a_webhook_tells_at_once_what_the_feed_finds_later(listening: bool, tmp_path: Path) -> None:
    world = a_world(tmp_path, 1, [])
    world.run()
    for _ in range(2 if listening else 0):  # again changes nothing
        Subscriber(world.house, None).listen(STOCK_EVENTS)
    world.house.engine.pump()  # the feed has just been read
    late = older_than(world, 14)
    assert bool(late) != listening


def test_amazon_tells_what_shows_and_may_lose_double_or_turn_round_what_it_tells(
    tmp_path: Path,
) -> None:
    world = a_world(tmp_path, 2, FAULTS["calm"])
    ensure_quantity_subscription(world.house.amazon, "123456789012", "us-east-1")
    world.world.amazon.faults.load([
        {"fault": "notification_lost", "chance": 0.1},
        {"fault": "notification_doubled", "chance": 0.2},
        {"fault": "notification_late", "chance": 0.1, "seconds": 240},
        {"fault": "notification_reordered", "chance": 0.2, "seconds": 60},
    ])  # fmt: skip
    world.run()
    must_agree(world)
    assert not parked(world)
    with world.db.reading() as connection:
        heard = connection.execute(
            sa.select(sa.func.count()).where(event.c.flow == FLOW, event.c.source == "amazon.sqs")
        ).scalar()
    assert heard


class PowerCut(BaseException):
    """The machine is gone."""


@pytest.mark.parametrize("when", ["before", "after", "recorded"])
def test_a_power_cut_around_a_publication_leaves_the_right_quantity(
    when: str, tmp_path: Path
) -> None:
    cuts = {"left": 5}

    def watch(at: str, flow: str, step: str) -> None:
        if (
            cuts["left"]
            and (at, flow) == (when, FLOW)
            and (when == "recorded" or step == "publish")
        ):
            cuts["left"] -= 1
            raise PowerCut

    world = a_world(tmp_path, 4, [], watch=watch)
    while True:
        try:
            world.run()
            break
        except PowerCut:
            world.restart()
    assert cuts["left"] == 0
    must_agree(world)


def live(world: Rehearsal, sku: str) -> int:
    amazon = world.world.amazon
    return amazon.listings.now(amazon.sellers[0].seller_id, sku).quantity()


def parked(world: Rehearsal) -> set[str]:
    return {c["key"] for c in world.open_cases() if c["flow"] == FLOW}


def must_agree(world: Rehearsal) -> None:
    """Every SKU that is no case shows what its rule makes of TIMS's stock now."""
    desk, amazon = world.house.stock, world.world.amazon
    seller = amazon.sellers[0].seller_id
    skus = sorted(desk.skus().rows.keys() - parked(world))
    waiting = parked(world)
    wrong = [s.wrong(1) for s in shelves(world.world) if not waiting & s.skus.keys()]
    assert not any(wrong), wrong
    live = {sku: amazon.listings.items[seller, sku].quantity() for sku in skus}
    wanted = {
        sku: getattr(offer, "quantity", None)
        for sku, offer in zip(skus, desk.offers(skus), strict=True)
    }
    assert live == wanted
    assert {p.state for s, p in publications.every(world.db).items() if s in wanted} == {"seen"}
    lost = [words for words in wiped(world.world) if words.partition(":")[0] not in waiting]
    assert not lost, lost
    verdict = world.verdict()
    assert verdict.ok, verdict


@pytest.mark.parametrize("seed", seeded(2))
def test_no_news_becomes_older_than_the_plan_says(seed: int, tmp_path: Path) -> None:
    """Without a single notification or webhook, and with a count of every item at once."""
    world = a_world(tmp_path, seed, [])
    world.world.amazon.faults.load([{"fault": "notification_lost"}])
    world.world.tims.faults.load([{"fault": "webhook_lost"}])
    scenario = world.world.scenario
    a_day = scenario.orders * 86_400 / scenario.span
    load = freshness.load_of(world.settings, len(world.house.stock.skus().rows), a_day, 1)
    orders, tracking, stock = freshness.plan(
        world.settings, load, freshness.buckets_of(world.house)
    )
    world.run()
    entered = {o.external_ref: o.created_at for o in world.world.tims.orders.values()}
    late = {
        o.order_id: (entered[o.order_id] - o.payable_at).total_seconds()
        for o in world.world.truth().orders.values()
        if o.payable_at is not None and o.order_id in entered
    }
    assert late
    assert max(late.values()) <= orders.found.seconds
    waited = confirmations(world)
    assert waited
    assert max(waited) <= tracking.found.seconds
    assert older_than(world, stock.found.seconds) == {}


def confirmations(world: Rehearsal) -> list[float]:
    """Seconds from each posted shipment until Amazon was told."""
    told = {
        package.tracking: package.confirmed_at
        for order in world.world.amazon.orders.values() for package in order.packages.values()
    }  # fmt: skip
    return [
        (told[package.tracking] - shipment.created_at).total_seconds()
        for shipment in world.world.tims.shipments.values()
        for package in shipment.packages if package.tracking in told
    ]  # fmt: skip


def older_than(world: Rehearsal, seconds: float) -> dict[str, Any]:
    """SKUs that do not show it in that time and Amazon's own after everything was counted anew."""
    seller = world.world.amazon.sellers[0].seller_id
    count_stock(world.world, 3, 1000)
    end = world.clock.now() + timedelta(seconds=seconds) + EFFECT
    while world.clock.now() < end:
        world.turn()
    skus = sorted(world.house.stock.skus().rows)
    found = {}
    for sku, offer in zip(skus, world.house.stock.offers(skus), strict=True):
        listing = world.world.amazon.listings.now(seller, sku)
        live = listing.quantity() if listing is not None else None
        if live != getattr(offer, "quantity", None):
            found[sku] = (live, offer)
    return found


def test_the_risk_is_computed_from_what_was_sold_and_how_long_it_took(tmp_path: Path) -> None:
    world = a_world(tmp_path, 1, [])
    world.run()
    delay = delay_of(world.db, 900.0)
    assert delay.measured >= LEAST_MEASURED
    assert 30 < delay.seconds < 900
    found = {r.sku: r for r in risks(world.house.stock, 1, delay, 0.01)}
    entered = {o.external_ref for o in world.world.tims.orders.values()}
    assert entered
    assert {sku for sku, r in found.items() if r.sold_a_day} >= {
        line.sku for o in world.world.truth().orders.values()
        if o.order_id in entered and o.status == "SHIPPED"
        for line in o.lines if line.packs and line.sku in found
    }  # fmt: skip
    for one in found.values():
        assert one.risk.probability == 0 or one.sold_a_day > 0
