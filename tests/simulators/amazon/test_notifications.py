"""Destinations, subscriptions and ORDER_CHANGE."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from crossdock.simulators.amazon import AmazonSim, Business
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import ANN, HOME, WIRE, Answer, Caller
from tests.simulators.amazon.published import Published

Place = Callable[..., str]
DESTINATIONS = "/notifications/v1/destinations"
SUBSCRIPTIONS = "/notifications/v1/subscriptions"
ARN = "arn:aws:sqs:us-east-1:000000000000:amazon-orders"


def heard(sim: AmazonSim) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in sim.due_notifications()]


def changes(sim: AmazonSim) -> list[tuple[str, str]]:
    rows = [row["Payload"]["OrderChangeNotification"] for row in heard(sim)]
    return [(row["OrderChangeType"], row["Summary"]["OrderStatus"]) for row in rows]


def test_every_step_of_an_order_is_told_in_amazons_own_shape(
    sim: AmazonSim, caller: Caller, published: Published | None
) -> None:
    queue = caller.subscribe()
    order_id = sim.place_order([WIRE], buyer=ANN, business=Business("Weld & Co"))
    sim.authorise(order_id)
    sim.change_address(order_id, HOME)
    sim.request_cancel(order_id, "Wrong size")
    caller.confirm(order_id)
    cancelled = sim.place_order([WIRE], buyer=ANN, preorder=True)
    sim.release_preorder(cancelled)
    sim.cancel(cancelled)
    amazons = sim.place_order([WIRE], buyer=ANN, pending=False, fulfilled_by="AMAZON")
    sim.ship_by_amazon(amazons)

    messages = sim.due_notifications()

    assert {target for target, _ in messages} == {queue}
    bodies = [json.loads(body) for _, body in messages]
    if published:
        for body in bodies:
            published.order_change.validate(body)
    told = [body["Payload"]["OrderChangeNotification"] for body in bodies]
    assert [(row["OrderChangeType"], row["Summary"]["OrderStatus"]) for row in told] == [
        ("OrderStatusChange", "Pending"),
        ("OrderStatusChange", "Unshipped"),
        ("BuyerRequestedChange", "Unshipped"),
        ("BuyerRequestedChange", "Unshipped"),
        ("OrderStatusChange", "Shipped"),
        ("OrderStatusChange", "PendingAvailability"),
        ("OrderStatusChange", "Pending"),
        ("OrderStatusChange", "Canceled"),
        ("OrderStatusChange", "Unshipped"),
        ("OrderStatusChange", "Shipped"),
    ]
    assert told[3]["Summary"]["OrderItems"][0]["IsBuyerRequestedCancel"] is True
    assert told[0]["Summary"]["OrderPrograms"] == ["Business"]
    assert told[0]["Summary"]["DestinationPostalCode"] is None
    assert len({body["NotificationMetadata"]["NotificationId"] for body in bodies}) == len(bodies)


def test_without_a_subscription_nothing_is_told(sim: AmazonSim, unshipped: Place) -> None:
    unshipped()

    assert sim.due_notifications() == []


def test_a_filter_lets_only_its_changes_through(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    wanted = {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["BuyerRequestedChange"]}
    caller.subscribe(processingDirective={"eventFilter": wanted})
    sim.request_cancel(unshipped())

    assert changes(sim) == [("BuyerRequestedChange", "Unshipped")]


def test_eventbridge_wraps_the_notification(
    sim: AmazonSim, caller: Caller, unshipped: Place, published: Published | None
) -> None:
    caller.subscribe()
    sim.envelope = "eventbridge"
    order_id = unshipped()

    (event,) = heard(sim)

    assert event["detail-type"] == "ORDER_CHANGE"
    assert event["source"].startswith("aws.partner/sellingpartnerapi.amazon.com/")
    detail = event["detail"]
    assert detail["Payload"]["OrderChangeNotification"]["AmazonOrderId"] == order_id
    if published:
        published.order_change.validate(detail)


def test_notifications_are_handed_to_whoever_delivers(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    queue, delivered = caller.subscribe(), []
    unshipped()
    assert sim.deliver_due() == 0

    sim.deliver = lambda target, body: delivered.append((target, len(body)))

    assert sim.deliver_due() == 1
    assert delivered[0][0] == queue
    assert sim.next_notification_at() is None


def test_a_lost_notification_never_comes(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    caller.subscribe()
    sim.faults.load([{"fault": "notification_lost"}])
    unshipped()
    clock.advance(86_400)

    assert heard(sim) == []


def test_a_late_notification_comes_late(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    caller.subscribe()
    sim.faults.load([{"fault": "notification_late", "seconds": 300}])
    unshipped()

    clock.advance(299)
    assert heard(sim) == []
    clock.advance(1)
    assert len(heard(sim)) == 1


def test_a_doubled_notification_keeps_its_id(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    caller.subscribe()
    sim.faults.load([{"fault": "notification_doubled", "seconds": 5}])
    unshipped()

    first = heard(sim)
    clock.advance(5)
    assert heard(sim) == first != []


def test_notifications_can_overtake_one_another(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    caller.subscribe()
    sim.faults.load([{"fault": "notification_reordered", "seconds": 60}])
    placed = [unshipped() for _ in range(8)]
    clock.advance(60)

    told = [row["Payload"]["OrderChangeNotification"]["AmazonOrderId"] for row in heard(sim)]

    assert sorted(told) == sorted(placed)
    assert told != placed


def _destination(caller: Caller, **resource: object) -> Answer:
    body = {"name": "orders", "resourceSpecification": resource or {"sqs": {"arn": ARN}}}
    return caller.call("POST", DESTINATIONS, body=body, token=caller.grantless())


def _subscribe(caller: Caller, kind: str = "ORDER_CHANGE", **changes: object) -> Answer:
    body = {"payloadVersion": "1.0", **changes}
    return caller.call("POST", f"{SUBSCRIPTIONS}/{kind}", body=body)


def test_a_destination_can_be_made_read_and_deleted(caller: Caller) -> None:
    made = _destination(caller)
    path = f"{DESTINATIONS}/{made.body['payload']['destinationId']}"
    secret = caller.grantless()

    assert made.status == 200
    assert caller.call("GET", path, token=secret).body == made.body
    assert caller.call("GET", DESTINATIONS, token=secret).body["payload"] == [made.body["payload"]]
    assert caller.call("DELETE", path, token=secret).status == 200
    assert caller.call("GET", path, token=secret).status == 404
    assert caller.call("DELETE", path, token=secret).status == 404


def test_the_same_destination_is_not_made_twice(caller: Caller) -> None:
    _destination(caller)

    assert _destination(caller).status == 409


@pytest.mark.parametrize(
    "resource",
    [
        {"sqs": {"arn": "my-queue"}},
        {"sqs": {"arn": ARN + ".fifo"}},
        {"sqs": {}},
        {"eventBridge": {"region": "us-east-1"}},
        {"sqs": {"arn": ARN}, "eventBridge": {"region": "us-east-1", "accountId": "1"}},
        {"smokeSignals": {}},
    ],
)
def test_a_destination_must_be_one_standard_queue_or_bus(
    caller: Caller, resource: dict[str, object]
) -> None:
    assert _destination(caller, **resource).status == 400


def test_a_bus_is_a_destination_but_not_for_orders(caller: Caller) -> None:
    made = _destination(caller, eventBridge={"region": "us-east-1", "accountId": "123456789012"})
    bus = made.body["payload"]["destinationId"]

    assert made.status == 200
    assert _subscribe(caller, destinationId=bus).status == 400
    assert _subscribe(caller, "LISTINGS_ITEM_STATUS_CHANGE", destinationId=bus).status == 200


def test_a_subscription_can_be_made_read_and_deleted(caller: Caller) -> None:
    queue = _destination(caller).body["payload"]["destinationId"]
    made = _subscribe(caller, destinationId=queue)
    by_id = f"{SUBSCRIPTIONS}/ORDER_CHANGE/{made.body['payload']['subscriptionId']}"
    secret = caller.grantless()

    assert made.status == 200
    assert caller.call("GET", f"{SUBSCRIPTIONS}/ORDER_CHANGE").body == made.body
    assert caller.call("GET", by_id, token=secret).body == made.body
    listed = caller.call("GET", SUBSCRIPTIONS, {"notificationTypes": "ORDER_CHANGE"})
    assert listed.body["payload"]["subscriptions"] == [made.body["payload"]]
    assert _subscribe(caller, destinationId=queue).status == 409
    busy = caller.call("DELETE", f"{DESTINATIONS}/{queue}", token=secret)
    assert busy.status == 409
    assert caller.call("DELETE", by_id, token=secret).status == 200
    assert caller.call("GET", by_id, token=secret).status == 404
    assert caller.call("GET", f"{SUBSCRIPTIONS}/ORDER_CHANGE").status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"payloadVersion": "2.0"},
        {"payloadVersion": None},
        {"destinationId": "nowhere"},
        {"processingDirective": {"eventFilter": {"eventFilterType": "ANY_OFFER_CHANGED"}}},
        {"processingDirective": {"filterExpression": "true"}},
        {
            "processingDirective": {
                "eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": ["X"]}
            }
        },
        {
            "processingDirective": {
                "eventFilter": {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["Any"]}
            }
        },
    ],
)
def test_a_bad_subscription_is_refused(caller: Caller, change: dict[str, object]) -> None:
    queue = _destination(caller).body["payload"]["destinationId"]

    assert _subscribe(caller, **{"destinationId": queue, **change}).status == 400


def test_nobody_subscribes_to_what_amazon_does_not_tell(caller: Caller) -> None:
    assert _subscribe(caller, "WEATHER_CHANGE", destinationId="x").status == 400
    assert caller.call("GET", SUBSCRIPTIONS, {"notificationTypes": ""}).status == 400
    two = {"notificationTypes": "ORDER_CHANGE,PRICING_HEALTH"}
    assert caller.call("GET", SUBSCRIPTIONS, two).status == 400
