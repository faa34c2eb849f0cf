"""People buy at Amazon while staff sell over the counter: whatever was sold that was not there is
listed afterwards with its reason, and the reason is the true one.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.business.stock.oversell import Explained, Verdict
from crossdock.simulators.world import oversells as truth
from crossdock.simulators.world.scenario import preset
from crossdock.wiring.oversold import oversold
from crossdock.wiring.subscribing import STOCK_EVENTS, Subscriber
from tests.scenarios.rehearsal import Rehearsal, soaked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SAME = {
    Verdict.BEFORE: {truth.BEFORE},
    Verdict.OURS: {truth.OURS},
    Verdict.AMAZON: {truth.AMAZON},
    Verdict.ON_ITS_WAY: {truth.ON_ITS_WAY},
    Verdict.MEANWHILE: {truth.BEFORE, truth.OURS},
}


def a_world(
    folder: Path, seed: int, *, listening: bool = True, faults: list[dict[str, Any]] | None = None
) -> Rehearsal:
    scenario = replace(
        preset("calm"), orders=150, span=900.0, counter_sales=250, favourites=3, only_what_shows=True,
        back_orders=1.0, restock_after=1200.0, pending_first=0.2, multi_line=0.1, packs=0.3,
        notification_delay=10.0,
    )  # fmt: skip
    found = Rehearsal(folder, seed, scenario)
    place = found.world.goods.places[0].location_id
    rules = f"version: 1\npublish: on\nrules:\n  - {{skus: ['*'], locations: [{place}]}}\n"
    (folder / "stock.yaml").write_text(rules, "utf-8")
    found.world.amazon.faults.load(faults or [])
    if listening:
        Subscriber(found.house, None).listen(STOCK_EVENTS)
    return found


def explained(world: Rehearsal) -> dict[tuple[str, str], Explained]:
    return {(e.sale.order_id, e.sale.sku): e for e in oversold(world.house.stock, world.db, days=2)}


@pytest.mark.parametrize(("seed", "listening"), soaked([(1, True)], (3, True), (2, False)))
def test_every_oversell_is_listed_with_its_true_reason(
    seed: int, listening: bool, tmp_path: Path
) -> None:
    world = a_world(tmp_path, seed, listening=listening)
    world.run()
    true = {(o.order_id, o.sku): o for o in world.world.witness.found()}
    found = explained(world)
    assert len(true) >= 5
    assert found.keys() == true.keys()
    for key, one in true.items():
        assert one.was_for_sale  # Amazon sold no more than it showed
        assert one.causes & SAME.get(found[key].verdict, set()), (one, found[key])
        assert found[key].unavoidable
