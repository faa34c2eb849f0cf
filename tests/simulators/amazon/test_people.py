"""What people can and cannot do."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.simulators.amazon import AmazonSim, Line
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import ANN, EVERYTHING, HOME, WIRE, Caller

Place = Callable[..., str]


@pytest.mark.parametrize(
    ("lines", "how"),
    [
        ([], {}),
        ([Line("A", 0, Decimal(1))], {}),
        ([Line("A", 1, Decimal("1.005"))], {}),
        ([Line("A", 1, Decimal(-1))], {}),
        ([Line("A", 1, Decimal(1), discount=Decimal(2))], {}),
        ([WIRE], {"marketplace": "A1PA6795UKMFR9"}),
        ([WIRE], {"marketplace": "NOWHERE"}),
        ([WIRE], {"fulfilled_by": "NOBODY"}),
        ([WIRE], {"seller_id": "A0NOBODY"}),
        ([WIRE], {"order_id": "1"}),
    ],
)
def test_an_impossible_order_cannot_be_placed(
    sim: AmazonSim, lines: list[Line], how: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        sim.place_order(lines, buyer=ANN, **how)
    assert not sim.orders


def test_an_order_id_is_used_once(sim: AmazonSim) -> None:
    sim.place_order([WIRE], buyer=ANN, order_id="111-1111111-1111111")

    with pytest.raises(ValueError, match="cannot be the id"):
        sim.place_order([WIRE], buyer=ANN, order_id="111-1111111-1111111")


def test_what_has_shipped_cannot_be_cancelled_or_changed(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    item = sim.orders[order_id].lines[0].order_item_id
    caller.confirm(order_id)

    acts: list[Callable[[], None]] = [
        lambda: sim.cancel(order_id),
        lambda: sim.request_cancel(order_id),
        lambda: sim.change_address(order_id, HOME),
        lambda: sim.change_line_quantity(order_id, item, 1),
        lambda: sim.authorise(order_id),
    ]
    for act in acts:
        with pytest.raises(ValueError, match="SHIPPED"):
            act()


def test_impossible_acts_are_refused(sim: AmazonSim, unshipped: Place) -> None:
    order_id = unshipped()
    item = sim.orders[order_id].lines[0].order_item_id
    amazons = unshipped(fulfilled_by="AMAZON")

    acts: list[Callable[[], None]] = [
        lambda: sim.authorise("111-0000000-0000000"),
        lambda: sim.cancel(order_id, by="NEIGHBOUR"),
        lambda: sim.change_line_quantity(order_id, item, 2),
        lambda: sim.change_line_quantity(order_id, item, 0),
        lambda: sim.change_line_quantity(order_id, "77", 1),
        lambda: sim.ship_by_amazon(order_id),
        lambda: sim.request_cancel(amazons),
        lambda: sim.mark_delivered(order_id, "1"),
    ]
    for act in acts:
        with pytest.raises(ValueError, match=r"."):
            act()


def test_the_history_tells_the_order_of_events(
    sim: AmazonSim, caller: Caller, clock: HandClock
) -> None:
    order_id = sim.place_order([WIRE], buyer=ANN)
    clock.advance(1800)
    sim.authorise(order_id)
    caller.confirm(order_id)

    history = sim.orders[order_id].history

    assert [event.status for event in history] == ["PENDING", "UNSHIPPED", "SHIPPED"]
    times = [event.at for event in history]
    assert times == sorted(set(times))


def _a_day(seed: int) -> list[bytes]:
    """The same calls to a fresh Amazon with that seed."""
    clock = HandClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
    sim = AmazonSim(
        clock,
        seed,
        faults=[
            {"fault": "server_error_burst", "chance": 0.2, "operations": ["getOrder"]},
            {"fault": "notification_doubled", "chance": 0.5},
            {"fault": "notification_reordered", "chance": 0.5},
        ],
    )
    caller = Caller(sim)
    caller.subscribe()
    said: list[bytes] = []
    for number in range(10):
        order_id = sim.place_order([replace(WIRE, quantity=number + 1)], buyer=ANN)
        sim.authorise(order_id)
        clock.advance(60)
        reply = caller.get_order(order_id).reply
        said += [reply.body, json.dumps(dict(reply.headers)).encode()]
    query = {"lastUpdatedAfter": "2026-11-23T00:00:00Z", "maxResultsPerPage": "3"}
    said.append(caller.search(includedData=EVERYTHING, **query).reply.body)
    clock.advance(60)
    said += [body.encode() for _, body in sim.due_notifications()]
    return said


def test_the_same_seed_and_calls_give_the_same_answers_to_the_byte() -> None:
    assert _a_day(3) == _a_day(3)
    assert _a_day(3) != _a_day(4)
