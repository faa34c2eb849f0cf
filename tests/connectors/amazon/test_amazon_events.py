"""Notifications: both envelopes and every oddity."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.connectors.amazon.events import Notification, Unreadable, understood
from crossdock.connectors.amazon.subscriptions import ensure_subscription
from crossdock.simulators.amazon import AmazonSim
from tests.connectors.amazon.conftest import ANN, WIRE, InProcess, a_client

ARN = "arn:aws:sqs:us-east-1:000000000000:amazon-orders"


def published(shared: Path) -> dict[str, Any]:
    file = shared / "sp-api/schemas/notifications/OrderChangeNotification.json"
    return dict(json.loads(file.read_text("utf-8"))["examples"][0])


def in_eventbridge(body: dict[str, Any]) -> dict[str, Any]:
    return {"version": "0", "id": "e-1", "detail-type": "ORDER_CHANGE", "detail": body}


def test_amazon_s_published_example_is_understood(shared: Path) -> None:
    assert understood("m-1", json.dumps(published(shared))) == Notification(
        kind="ORDER_CHANGE",
        notification_id="d0e9e693-c3ad-4373-979f-ed4ec98dd746",
        order_id="903-8868176-2219830",
        changed_at=datetime(2022, 11, 29, 19, 42, 4, 284000, tzinfo=UTC),
        seller_id="A3TH9S8BH6GOGM",
        hint={
            "change": "BuyerRequestedChange",
            "status": "Unshipped",
            "marketplace": "ATVPDKIKX0DER",
            "fulfilled_by": "MFN",
        },
    )


def test_eventbridge_and_a_topic_say_the_same(shared: Path) -> None:
    body = published(shared)
    plain = understood("m-1", json.dumps(body))
    assert understood("m-1", json.dumps(in_eventbridge(body))) == plain
    assert understood("m-1", json.dumps({"Type": "Notification", "Message": json.dumps(body)})) == (
        plain
    )


@pytest.mark.parametrize("envelope", ["sqs", "eventbridge"])
def test_what_the_rehearsal_world_sends_is_understood(
    sim: AmazonSim, wires: InProcess, clock: Any, envelope: str
) -> None:
    ensure_subscription(a_client(wires, clock), ARN)
    sim.envelope = envelope
    order_id = sim.place_order([WIRE], buyer=ANN, pending=False)
    ((arn, body), *_) = sim.due_notifications()
    seen = understood("m-1", body)
    assert isinstance(seen, Notification)
    assert (arn, seen.order_id, seen.seller_id) == (ARN, order_id, "A1SELLERTEST")
    assert "62701" not in str(seen)  # the postal code stays behind


def test_other_kinds_are_understood_without_an_order() -> None:
    body = {
        "notificationType": "FEED_PROCESSING_FINISHED",
        "eventTime": "2026-11-23T10:00:00Z",
        "payload": {"feedProcessingFinishedNotification": {"feedId": "1"}},
        "notificationMetadata": {"notificationId": "n-1"},
    }
    seen = understood("m-1", json.dumps(body))
    assert isinstance(seen, Notification)
    assert (seen.kind, seen.notification_id, seen.order_id) == (
        "FEED_PROCESSING_FINISHED", "n-1", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"NotificationType": "ORDER_CHANGE"', "not JSON"),
        ("[1, 2]", "list, not an object"),
        ("null", "NoneType, not an object"),
        ('"text"', "str, not an object"),
        ("{}", "no NotificationType"),
        ('{"detail": []}', "no NotificationType"),
        ('{"Message": "hello"}', "not JSON"),
        ('{"NotificationType": "ORDER_CHANGE"}', "no NotificationId"),
        ('{"NotificationType": 7, "NotificationMetadata": {"NotificationId": "1"}}', "no Notif"),
        (
            '{"NotificationType": "ORDER_CHANGE", "NotificationMetadata": {"NotificationId": "1"}}',
            "without AmazonOrderId",
        ),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_kept_with_a_reason(body: str, why: str) -> None:
    seen = understood("m-7", body)
    assert isinstance(seen, Unreadable)
    assert why in seen.why
    assert seen.message_id == "m-7"
    assert seen.body_sha256 == hashlib.sha256(body.encode()).hexdigest()


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["NotificationType", "detail", "Message", "Payload", "NotificationMetadata",
                     "NotificationId", "OrderChangeNotification", "AmazonOrderId", "EventTime"]
                ),
                inner,
            )
        ),
        max_leaves=20,
    )
)  # fmt: skip
def test_no_json_whatsoever_breaks_the_reader(value: Any) -> None:
    assert isinstance(understood("m-1", json.dumps(value)), Notification | Unreadable)


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_no_text_whatsoever_breaks_the_reader(text: str) -> None:
    assert isinstance(understood("m-1", text), Notification | Unreadable)
