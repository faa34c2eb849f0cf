"""Days in the rehearsal world, with a clerk in the place of the program."""

import json
from collections import Counter

import pytest

from crossdock.simulators.world.scenario import PRESETS, from_dict
from crossdock.simulators.world.world import World
from tests.simulators.world.clerk import Clerk
from tests.simulators.world.conftest import Begin, pass_time

EVERYTHING = {
    "orders": 60,
    "pending_first": 0.4,
    "fba": 0.05,
    "unknown_sku": 0.05,
    "inactive_item": 0.05,
    "buyer_cancel_request": 0.1,
    "cancel_while_pending": 0.05,
    "cancel_before_tims": 0.05,
    "cancel_after_tims": 0.1,
    "change_address": 0.1,
    "change_quantity": 0.05,
    "tims_cancel": 0.08,
    "partial_shipment": 0.4,
    "multi_package": 0.4,
    "corrected_tracking": 0.3,
    "voided_before_confirm": 0.15,
    "unknown_carrier": 0.05,
    "back_orders": 0.3,
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.slow
def test_a_hard_day_done_right_ends_green(begin: Begin, seed: int) -> None:
    world = begin(seed, **EVERYTHING)
    clerk = Clerk(world)
    pass_time(world, clerk)
    verdict = world.verdict(clerk.open_cases())
    assert verdict.ok, [row for row in verdict.rows if not row.ok]
    happened = Counter(deed.what for deed in world.deeds if deed.outcome == "done")
    assert happened["place"] == 60
    assert {"authorise", "cancel", "request_cancel", "change_address", "ship"} <= happened.keys()
    assert {s.status for s in world.tims.shipments.values()} == {"posted", "voided"}
    assert max(len(s.packages) for s in world.tims.shipments.values()) > 1


def what_happened(world: World) -> str:
    deeds = [(str(deed.at), deed.what, deed.key, deed.outcome) for deed in world.deeds]
    return json.dumps([deeds, world.truth().as_dict()], sort_keys=True)


def test_the_same_seed_is_the_same_day(begin: Begin) -> None:
    days = []
    for _ in range(2):
        world = begin(5, **{**EVERYTHING, "orders": 15})
        pass_time(world, Clerk(world))
        days.append(what_happened(world))
    assert days[0] == days[1]


def test_another_seed_is_another_day(begin: Begin) -> None:
    assert begin(1, orders=5).planned.keys() != begin(2, orders=5).planned.keys()


def test_what_buyers_do_does_not_depend_on_the_program(begin: Begin) -> None:
    """A program that never works changes nothing about who buys what, and when."""
    alone, served = begin(4, orders=15), begin(4, orders=15)
    pass_time(alone)
    pass_time(served, Clerk(served))
    assert alone.planned == served.planned
    placed = [
        [(deed.at, deed.key) for deed in world.deeds if deed.what == "place"]
        for world in (alone, served)
    ]
    assert placed[0] == placed[1]


def test_a_credit_hold_comes_and_goes(begin: Begin) -> None:
    world = begin(3, name="calm", orders=5, credit_hold={"after": 50, "lasts": 100})
    pass_time(world, Clerk(world))
    deeds = [deed.what for deed in world.deeds if deed.what in ("credit hold", "lift hold")]
    assert deeds == ["credit hold", "lift hold"]
    assert not world.tims.customers["AMZ-US"].on_credit_hold


def test_scarce_goods_are_back_ordered_until_more_comes(begin: Begin) -> None:
    world = begin(3, name="calm", orders=30, span=100, back_orders=0.5, restock_after=900)
    clerk = Clerk(world)
    pass_time(world, clerk)
    histories = [[status for _, status, _ in o.history] for o in world.tims.orders.values()]
    assert any("Backordered" in history for history in histories)
    assert world.verdict(clerk.open_cases()).ok


def test_buyers_come_in_waves(begin: Begin) -> None:
    world = begin(3, name="calm", orders=4, span=30)
    clerk = Clerk(world)
    pass_time(world, clerk)
    assert world.start_people(from_dict({"name": "calm", "orders": 3, "span": 30})) == 3
    pass_time(world, clerk)
    assert len(world.amazon.orders) == 7
    assert world.verdict(clerk.open_cases()).ok


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_world(begin: Begin, name: str) -> None:
    scenario = PRESETS[name]
    world = begin(1, name=name, orders=2, **{
        "amazon_faults": scenario.amazon_faults, "tims_faults": scenario.tims_faults
    })  # fmt: skip
    assert len(world.amazon.faults.all()) == len(scenario.amazon_faults)
    world.quiet()
    assert not any(fault.on for fault in (*world.amazon.faults.all(), *world.tims.faults.all()))


def test_the_lookup_tables_match_the_catalogue(begin: Begin) -> None:
    world = begin()
    rows = world.sku_table_rows()
    assert rows[0].keys() == {"sku", "item", "uom", "units_per_pack"}
    assert len(rows) == len(world.goods.skus) - 3
    assert all(row["item"] in world.tims.items for row in rows)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "windy"}, "no scenario is called 'windy'"),
        ({"ordrs": 3}, "a scenario has no ordrs"),
        ({"business": 2}, "business is a share"),
        ({"orders": -1}, "cannot be negative"),
    ],
)
def test_a_scenario_says_what_is_wrong_with_it(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_dict(wrong)
