"""At a company that has long been in business, the first start takes up no old business."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.engine.feeds import Reading
from crossdock.simulators.world.scenario import preset
from tests.scenarios.rehearsal import Rehearsal

CALM = replace(preset("calm"), span=120)
SHIPMENTS, ORDERS = "tims.shipments", "tims.orders"


def first_look(rehearsal: Rehearsal, feed: str) -> Reading:
    """What a program without any watermark would find."""
    return rehearsal.house.engine.runner.feeds[feed].read(None)


def keys(reading: Reading) -> list[str]:
    return [change.key for change in reading.changes]


@pytest.mark.slow
def test_the_first_look_reaches_two_days_back_and_reading_goes_on_from_there(
    tmp_path: Path,
) -> None:
    rehearsal = Rehearsal(tmp_path, 5, replace(CALM, orders=6, tims_cancel=0.4))
    rehearsal.run()
    rehearsal.pass_time(timedelta(days=3))
    world, old = rehearsal.world, set(rehearsal.world.tims.orders)
    assert world.tims.shipments
    assert any(order.status == "Cancelled" for order in world.tims.orders.values())
    for feed in (SHIPMENTS, ORDERS):
        assert first_look(rehearsal, feed) == Reading([], None), "the next look begins here too"

    world.start_people(replace(CALM, orders=3, tims_cancel=1.0))
    rehearsal.run()
    cancelled = {str(o.external_ref) for n, o in world.tims.orders.items() if n not in old}
    assert len(cancelled) == 3
    assert set(keys(first_look(rehearsal, ORDERS))) == cancelled

    number = next(iter(world.tims.shipments))
    world.tims.correct_tracking(number, "1", "1Z-ANOTHER")
    found = first_look(rehearsal, SHIPMENTS)
    assert keys(found) == [number]
    again = rehearsal.house.engine.runner.feeds[SHIPMENTS].read(found.until)
    assert again == Reading([], found.until)
