"""Webhooks only shorten the delay: signed, at least once, retried, at last parked."""

import hashlib
import hmac
import json

import pytest

SECRET = "a-secret-of-some-length"
URL = "http://127.0.0.1:9/hooks"


@pytest.fixture
def listen(tims):
    def register(*events):
        body = {"Url": URL, "Events": list(events), "Secret": SECRET}
        answer = tims.create("/webhooks", body)
        assert answer.status == 201
        return answer["Id"]

    return register


def told(deliveries):
    return [(x.headers["x-tims-event"], json.loads(x.body)["key"]) for x in deliveries]


def test_a_delivery_is_signed_and_says_only_where_to_look(sim, listen, entered, clock):
    listen("sales_order.created")
    number = entered()
    (delivery,) = sim.due_webhooks()
    assert delivery.url == URL
    body = json.loads(delivery.body)
    assert body == {
        "entity": "sales_order",
        "key": number,
        "row_version": sim.orders[number].row_version,
        "occurred_at": "2026-11-23T10:00:00.000Z",
    }
    stamp = delivery.headers["x-tims-timestamp"]
    assert int(stamp) == int(clock.now().timestamp())
    signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + delivery.body, hashlib.sha256)
    assert delivery.headers["x-tims-signature"] == f"v1={signed.hexdigest()}"
    assert sim.due_webhooks() == []


def test_every_event_has_its_name(sim, tims, listen, entered, kit):
    listen(
        "sales_order.created",
        "sales_order.updated",
        "sales_order.status_changed",
        "sales_order.cancelled",
        "shipment.posted",
        "shipment.voided",
        "stock.changed",
    )
    number = entered()
    tims.do(f"/sales_orders/{number}/release")
    sim.note(number, "call back")
    sim.pick(number)
    shipment = sim.ship(number, [kit.package(_1=2)])
    sim.void_shipment(shipment)
    other = entered()
    sim.cancel_order(other)
    assert told(sim.due_webhooks()) == [
        ("sales_order.created", number),
        ("stock.changed", "WIRE@MAIN"),
        ("sales_order.status_changed", number),
        ("sales_order.updated", number),
        ("sales_order.status_changed", number),
        ("stock.changed", "WIRE@MAIN"),
        ("sales_order.status_changed", number),
        ("shipment.posted", shipment),
        ("stock.changed", "WIRE@MAIN"),
        ("shipment.voided", shipment),
        ("sales_order.status_changed", number),
        ("sales_order.created", other),
        ("sales_order.cancelled", other),
    ]


def test_a_failed_delivery_is_tried_again_and_at_last_parked(sim, tims, listen, entered, clock):
    webhook = listen("sales_order.created")
    entered()
    numbers = set()
    for minutes in (1, 5, 30, 120, 720):
        (delivery,) = sim.due_webhooks()
        numbers.add(delivery.headers["x-tims-delivery"])
        sim.webhook_result(delivery, 500)
        clock.advance(minutes * 60 - 1)
        assert sim.due_webhooks() == []
        assert sim.next_webhook_at() is not None
        clock.advance(1)
    (delivery,) = sim.due_webhooks()
    sim.webhook_result(delivery, 0)
    assert (len(numbers), sim.next_webhook_at()) == (1, None)
    (row,) = tims.get(f"/webhooks/{webhook}/deliveries")["data"]
    assert (row["Status"], row["Attempts"]) == ("parked", 6)
    again = tims.call(
        "POST", f"/webhooks/{webhook}/redeliver", query={"from": "2026-11-23T00:00:00Z"}
    )
    assert (again.status, again["Requeued"]) == (202, 1)
    (delivery,) = sim.due_webhooks()
    sim.webhook_result(delivery, 204)
    (row,) = tims.get(f"/webhooks/{webhook}/deliveries")["data"]
    assert (row["Status"], row["LastAnswer"]) == ("delivered", 204)


def test_a_webhook_is_tried_listed_and_taken_away(sim, tims, listen, entered):
    webhook = listen("sales_order.created")
    shown = tims.get("/webhooks")["data"][0]
    assert (shown["Id"], shown["Events"]) == (webhook, ["sales_order.created"])
    assert "Secret" not in shown
    trial = tims.do(f"/webhooks/{webhook}/test")
    (delivery,) = sim.due_webhooks()
    assert (trial.status, delivery.headers["x-tims-event"]) == (202, "webhook.test")
    assert delivery.headers["x-tims-delivery"] == trial["Delivery"]
    entered()
    assert tims.call("DELETE", f"/webhooks/{webhook}").status == 204
    assert sim.due_webhooks() == []
    assert tims.get(f"/webhooks/{webhook}").status == 404
    assert tims.do(f"/webhooks/{webhook}/redeliver").status == 404


def test_a_bad_registration_says_everything(tims):
    body = {"Url": "ftp://x", "Events": ["sales_order.created", "moon.risen"], "Secret": "short"}
    assert tims.create("/webhooks", body).faults == {
        "/Url": "not_an_address",
        "/Events/1": "not_a_choice",
        "/Secret": "too_short",
    }


@pytest.mark.parametrize(
    ("fault", "count"),
    [("webhook_lost", 0), ("webhook_doubled", 2), ("webhook_late", 1)],
)
def test_deliveries_are_lost_doubled_and_late(sim, listen, entered, clock, fault, count):
    listen("sales_order.created")
    sim.faults.load([{"fault": fault, "seconds": 60}])
    entered()
    at_once = sim.due_webhooks()
    clock.advance(60)
    both = at_once + sim.due_webhooks()
    assert len(both) == count
    assert len({x.headers["x-tims-delivery"] for x in both}) == min(count, 1)
    assert bool(at_once) == (fault == "webhook_doubled")


def test_deliveries_overtake_each_other_and_carry_bad_signatures(sim, listen, entered, clock):
    listen("sales_order.created")
    sim.faults.load([{"fault": "webhook_reordered"}, {"fault": "webhook_bad_signature"}])
    entered_order = [entered() for _ in range(10)]
    clock.advance(30)
    deliveries = sim.due_webhooks()
    order = [json.loads(x.body)["key"] for x in deliveries]
    assert order != entered_order
    assert sorted(order) == entered_order
    stamp = deliveries[0].headers["x-tims-timestamp"]
    signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + deliveries[0].body, hashlib.sha256)
    assert deliveries[0].headers["x-tims-signature"] != f"v1={signed.hexdigest()}"
