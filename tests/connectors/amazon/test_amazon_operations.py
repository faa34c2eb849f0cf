"""What flows can do at Amazon: batches within the quota, lost replies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.operations import (
    operations,
)
from crossdock.connectors.http import ReplyLost, Response
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Noted
from crossdock.kernel.operation import Repeat
from crossdock.simulators.amazon import AmazonSim
from tests.connectors.amazon.conftest import (
    US,
    WIRE,
    Scripted,
    a_client,
    a_package,
    ok,
    refused,
    shipment_of,
)
from tests.connectors.amazon.test_amazon_client import SMALL

Place = Callable[..., str]


def noted_many(client: AmazonClient, name: str, rows: list[Any]) -> list[Noted]:
    """A batch call, with each record's evidence."""
    run_many = operations(client)[name].run_many
    assert run_many is not None
    return [note for note in run_many([(row,) for row in rows]) if isinstance(note, Noted)]


def many(client: AmazonClient, name: str, rows: list[Any]) -> list[Any]:
    """A batch call: each record's value or error."""
    return [note.result for note in noted_many(client, name, rows)]


def waiting(results: list[Any]) -> list[TryAgain]:
    return [r for r in results if isinstance(r, TryAgain)]


def test_every_operation_says_how_it_may_be_repeated(client: AmazonClient) -> None:
    repeats = {name: o.repeat for name, o in operations(client).items()}
    assert repeats == {
        "amazon.get_order": Repeat.READ,
        "amazon.get_packages": Repeat.READ,
        "amazon.sweep_orders": Repeat.READ,
        "amazon.confirm_shipment": Repeat.ABSOLUTE,
    }


# --- many orders at once


def test_a_batch_of_orders_comes_back_in_the_order_asked_for(
    client: AmazonClient, place: Place
) -> None:
    ids = [place() for _ in range(12)]
    results = many(client, "amazon.get_order", ids)
    assert [r.orderId for r in results] == ids


def test_a_batch_over_real_sockets(over_sockets: AmazonClient, place: Place) -> None:
    ids = [place() for _ in range(12)]
    assert [r.orderId for r in many(over_sockets, "amazon.get_order", ids)] == ids


def test_one_bad_order_never_stops_the_others(client: AmazonClient, place: Place) -> None:
    good = [place(), place()]
    results = many(
        client, "amazon.get_order", [good[0], "nonsense", "999-0000000-0000000", good[1]]
    )
    assert [type(r) for r in results] == [m.Order, NeedsPerson, TryAgain, m.Order]


def test_calls_of_a_batch_are_evidence_of_their_own_record(
    client: AmazonClient, place: Place
) -> None:
    ids = [place() for _ in range(5)]
    client.get_order(ids[0])  # the token is there already
    notes = noted_many(client, "amazon.get_order", ids)
    assert [[c.note for c in note.calls] for note in notes] == [[f"Amazon order {x}"] for x in ids]


def test_a_batch_beyond_the_quota_is_told_when_each_may_come_again(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    ids = [place() for _ in range(40)]
    results = many(client, "amazon.get_order", ids)
    assert sum(isinstance(r, m.Order) for r in results) == 28  # two are kept for urgent looks
    waits = [r.after for r in waiting(results) if r.after]
    assert len(waits) == 12
    assert waits == sorted(waits)
    assert not any(r.counts for r in waiting(results))
    assert sim.counts["getOrder", 429] == 0


def test_once_amazon_throttles_the_rest_of_a_batch_stays_at_home(clock: ManualClock) -> None:
    amazon = Scripted([refused(429, "QuotaExceeded")])
    results = many(a_client(amazon, clock), "amazon.get_order", [SMALL["orderId"]] * 25)
    assert len(waiting(results)) == 25
    assert len(amazon.asked) <= 8  # those that were under way at once
    assert max(r.after for r in results) < timedelta(seconds=3)  # one lesson, not eight


def test_a_rate_below_the_published_one_is_learned(
    client: AmazonClient, sim: AmazonSim, place: Place, clock: ManualClock
) -> None:
    ids = [place() for _ in range(10)]
    sim.faults.load([{"fault": "throttle_below_rate", "share": 0.3, "operations": ["getOrder"]}])

    def refusals_in_ten_minutes() -> int:
        before = sim.counts["getOrder", 429]
        for _ in range(300):
            clock.advance(timedelta(seconds=2))
            many(client, "amazon.get_order", ids[:1])
        return sim.counts["getOrder", 429] - before

    refusals_in_ten_minutes()
    assert refusals_in_ten_minutes() <= 5


# --- telling about shipments


def test_a_shipment_is_told_once_per_package(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    (line,) = sim.orders[order_id].lines
    confirmation = m.ShipmentConfirmation(
        orderId=order_id,
        marketplaceId=US,
        packages=(
            a_package({line.order_item_id: 1}, "1", trackingNumber="1Z1"),
            a_package({line.order_item_id: 1}, "2", trackingNumber="1Z2"),
        ),
    )
    done = operations(client)["amazon.confirm_shipment"].run(confirmation)
    assert done.packageReferenceIds == ("1", "2")
    assert done.found == ()
    packages = sim.orders[order_id].packages
    assert {p.tracking for p in packages.values()} == {"1Z1", "1Z2"}
    assert sim.orders[order_id].status == "SHIPPED"


def test_the_same_reference_again_corrects_the_package(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    confirm = operations(client)["amazon.confirm_shipment"].run
    confirm(shipment_of(sim, order_id, trackingNumber="WRONG"))
    confirm(shipment_of(sim, order_id, trackingNumber="1Z2"))
    (package,) = sim.orders[order_id].packages.values()
    assert (package.tracking, package.edits) == ("1Z2", 1)


def test_a_lost_reply_is_followed_by_a_look_and_not_by_a_second_package(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    sim.faults.load([{"fault": "reply_lost_after_write", "operations": ["confirmShipment"]}])
    done = operations(client)["amazon.confirm_shipment"].run(shipment_of(sim, order_id))
    assert done.found == ("1",)
    (package,) = sim.orders[order_id].packages.values()
    assert package.edits == 0


def test_a_call_that_was_lost_on_the_way_out_is_told_again(clock: ManualClock) -> None:
    amazon = Scripted([ReplyLost("gone"), ok({"order": SMALL}), Response(204)])
    confirm = operations(a_client(amazon, clock))["amazon.confirm_shipment"].run
    shipment = m.ShipmentConfirmation(
        orderId=str(SMALL["orderId"]), marketplaceId=US, packages=(a_package({"1": 1}),)
    )
    with pytest.raises(TryAgain):
        confirm(shipment)
    assert confirm(shipment).packageReferenceIds == ("1",)


def test_already_fulfilled_after_a_lost_reply_means_that_it_stands(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    confirm = operations(client)["amazon.confirm_shipment"].run
    confirm(shipment_of(sim, order_id))
    sim.faults.load([{"fault": "repeat_refused"}])
    assert confirm(shipment_of(sim, order_id)).found == ("1",)


def test_a_carrier_in_amazon_s_own_words_does_not_make_another_package(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    confirm = operations(client)["amazon.confirm_shipment"].run
    confirm(shipment_of(sim, order_id, carrierName="United Parcel Service"))
    sim.faults.load([{"fault": "repeat_refused"}])
    assert confirm(shipment_of(sim, order_id)).found == ("1",)


def test_a_package_that_does_not_show_yet_is_waited_for(
    client: AmazonClient, sim: AmazonSim, place: Place, clock: ManualClock
) -> None:
    order_id = place()
    sim.faults.load([
        {"fault": "package_invisible", "seconds": 60},
        {"fault": "repeat_refused"},
        {"fault": "reply_lost_after_write", "lasts": 1.0, "operations": ["confirmShipment"]},
    ])  # fmt: skip
    confirm = operations(client)["amazon.confirm_shipment"].run
    with pytest.raises(ReplyLost):
        confirm(shipment_of(sim, order_id))
    clock.advance(timedelta(seconds=10))
    with pytest.raises(TryAgain) as caught:
        confirm(shipment_of(sim, order_id))
    assert caught.value.code == "package-not-visible"
    clock.advance(timedelta(seconds=60))
    assert confirm(shipment_of(sim, order_id)).found == ("1",)


def test_an_order_that_somebody_else_confirmed_is_for_a_person(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    confirm = operations(client)["amazon.confirm_shipment"].run
    confirm(shipment_of(sim, order_id, packageReferenceId="77", trackingNumber="BY-HAND"))
    with pytest.raises(NeedsPerson, match="77") as caught:
        confirm(shipment_of(sim, order_id))
    assert caught.value.kind == "shipment-rejected"
    assert caught.value.request_id


def test_a_correction_that_amazon_does_not_take_is_tried_again(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    confirm = operations(client)["amazon.confirm_shipment"].run
    confirm(shipment_of(sim, order_id, trackingNumber="WRONG"))
    sim.faults.load([{"fault": "repeat_refused"}])
    with pytest.raises(TryAgain, match="to correct it") as caught:
        confirm(shipment_of(sim, order_id, trackingNumber="RIGHT"))
    assert caught.value.counts
    sim.faults.quiet()
    confirm(shipment_of(sim, order_id, trackingNumber="RIGHT"))
    assert [p.tracking for p in sim.orders[order_id].packages.values()] == ["RIGHT"]


def test_a_refused_shipment_shows_amazon_s_words_and_its_request_id(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    sim.cancel(order_id)
    with pytest.raises(NeedsPerson, match="CANCELLED") as caught:
        operations(client)["amazon.confirm_shipment"].run(shipment_of(sim, order_id))
    assert caught.value.kind == "shipment-rejected"
    assert caught.value.request_id


def test_a_ship_plus_order_has_a_remedy_of_its_own(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place(programs=["FBM_SHIP_PLUS"])
    with pytest.raises(NeedsPerson) as caught:
        operations(client)["amazon.confirm_shipment"].run(shipment_of(sim, order_id))
    assert "label" in caught.value.remedy


def test_many_shipments_share_the_quota_and_none_is_lost(
    client: AmazonClient, sim: AmazonSim, place: Place, clock: ManualClock
) -> None:
    ids = [place() for _ in range(25)]
    open_ids, turns = list(ids), 0
    while open_ids:
        results = many(client, "amazon.confirm_shipment", [shipment_of(sim, x) for x in open_ids])
        assert not [r for r in results if isinstance(r, RunError) and r not in waiting(results)]
        open_ids = [x for x, r in zip(open_ids, results, strict=True) if isinstance(r, TryAgain)]
        clock.advance(max((r.after for r in waiting(results) if r.after), default=timedelta(0)))
        turns += 1
    assert turns == 3
    assert sim.counts["confirmShipment", 204] == 25
    assert sim.counts["confirmShipment", 429] == 0


def test_a_shipment_of_more_packages_than_the_quota_goes_on_where_it_stopped(
    client: AmazonClient, sim: AmazonSim, place: Place, clock: ManualClock
) -> None:
    order_id = place(replace(WIRE, quantity=24))
    (line,) = sim.orders[order_id].lines
    packages = tuple(
        a_package({line.order_item_id: 1}, str(n), trackingNumber=f"1Z{n}") for n in range(1, 25)
    )
    shipment = m.ShipmentConfirmation(orderId=order_id, marketplaceId=US, packages=packages)
    confirm = operations(client)["amazon.confirm_shipment"].run
    for _ in range(2):
        with pytest.raises(TryAgain) as caught:
            confirm(shipment)
        assert not caught.value.counts
        clock.advance(caught.value.after or timedelta(0))
    assert len(confirm(shipment).packageReferenceIds) == 24
    assert sim.counts["confirmShipment", 204] == 24  # each package once


def test_a_body_that_amazon_would_refuse_is_never_made() -> None:
    for wrong in (
        {"packageReferenceId": "0"},
        {"packageReferenceId": "A1"},
        {"trackingNumber": " "},
    ):
        with pytest.raises(ValueError, match=r"packageReferenceId|trackingNumber"):
            a_package({"1": 1}, **wrong)
    with pytest.raises(ValueError, match="orderItems"):
        a_package({})
    with pytest.raises(ValueError, match="quantity"):
        a_package({"1": 0})


def test_what_was_told_is_evidence(client: AmazonClient, sim: AmazonSim, place: Place) -> None:
    (note,) = noted_many(client, "amazon.confirm_shipment", [shipment_of(sim, place())])
    wrote = next(c.wrote for c in note.calls if c.operation == "confirmShipment")
    assert "1Z999AA10123456784" in str(wrote)
