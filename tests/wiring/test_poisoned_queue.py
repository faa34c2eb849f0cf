"""Messages that nobody can store or read never stop the others, on either store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from crossdock.connectors.amazon.events import Message, understood
from crossdock.engine.intake import Intake
from crossdock.engine.store import Database, cases, inbox, tallies
from crossdock.kernel.clock import ManualClock
from crossdock.wiring.intakes import AmazonQueue
from tests.engine.shop import Shop, engine

GOOD, US = "111-1111111-1111111", "A1SELLERTEST"


def change(order_id: object = GOOD, notification: str = "n-1", **more: object) -> str:
    said = {"SellerId": US, "AmazonOrderId": order_id, "OrderChangeType": "OrderStatusChange"}
    body = {
        "NotificationType": "ORDER_CHANGE", "EventTime": "2026-11-25T00:00:00Z",
        "Payload": {"OrderChangeNotification": {**said, **more}},
        "NotificationMetadata": {"NotificationId": notification},
    }  # fmt: skip
    return json.dumps(body)


@dataclass
class Letters:
    """A queue that hands over everything it has, again and again until it is deleted."""

    bodies: dict[str, str] = field(default_factory=dict)

    def receive(self) -> list[Message]:
        return [Message(i, i, body, understood(i, body)) for i, body in self.bodies.items()]

    def delete(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.bodies.pop(receipt, None)


def taken(db: Database, clock: ManualClock, *bodies: str) -> Intake:
    """Everything that lay in the queue was taken out of it; the last one was a good one."""
    letters = Letters({f"m-{n}": body for n, body in enumerate((*bodies, change()))})
    house = engine(db, clock, Shop())
    intake = Intake(house, AmazonQueue(letters, US))
    intake.take_once()
    assert letters.bodies == {}
    assert inbox.depth(db, clock.now()) == {"waiting": 1}
    return intake


POISON = {
    "a number of 5000 digits": '{"a": ' + "1" * 5000 + "}",
    "an order's number that is a lone surrogate": change("\ud800"),
    "an order's number with a NUL": change("111-1111111-1111111\0"),
    "an order's number that is a path": change("../../etc"),
    "an order's number of other digits": change("１１１-1111111-1111111"),
    "a lone surrogate in what is no JSON": "\ud800 hello",
    "a NUL in what is no JSON": "\0",
}


@pytest.mark.parametrize("name", POISON)
def test_what_cannot_be_read_becomes_a_case_and_stops_no_other(
    db: Database, clock: ManualClock, name: str
) -> None:
    intake = taken(db, clock, POISON[name])
    [case] = cases.listed(db)
    assert (case.kind, case.key) == ("unreadable-message", "m-0")
    assert cases.kept(db, "m-0") is not None
    assert (intake.tally.messages, intake.tally.unread) == (2, 1)


@pytest.mark.parametrize("notification", ["\udfff", "n\0"])
def test_an_odd_name_of_a_notification_hurts_nobody(
    db: Database, clock: ManualClock, notification: str
) -> None:
    taken(db, clock, change(notification=notification))
    assert cases.listed(db) == []


def test_a_time_that_no_calendar_has_is_no_time(db: Database, clock: ManualClock) -> None:
    body = json.loads(change())
    body["EventTime"] = "0001-01-01T00:00:00+05:00"
    taken(db, clock, json.dumps(body))
    assert cases.listed(db) == []


def test_a_message_that_breaks_our_own_reading_is_kept_with_its_case(
    db: Database, clock: ManualClock
) -> None:
    class Broken(Letters):
        def receive(self) -> list[Message]:
            bad: Any = None  # what a queue of another make might hand over
            return [Message("m-x", "m-x", "?", bad), *super().receive()]

    letters = Broken({"m-0": change()})
    Intake(engine(db, clock, Shop()), AmazonQueue(letters, US)).take_once()
    assert [c.key for c in cases.listed(db)] == ["m-x"]
    assert inbox.depth(db, clock.now()) == {"waiting": 1}


def test_what_tells_of_another_seller_is_ignored_with_a_note(
    db: Database, clock: ManualClock
) -> None:
    with capture_logs() as logs:
        intake = taken(db, clock, change("222-2222222-2222222", SellerId="A2SOMEONE"))
    assert [row["event"] for row in logs] == ["notification.of_another_seller"]
    assert intake.tally.ignored == 1


def test_another_process_can_tell_how_an_intake_fares(db: Database, clock: ManualClock) -> None:
    intake = taken(db, clock, "\0")
    intake._note()
    found = tallies.listed(db)["main", "amazon.sqs"]
    assert (found["messages"], found["unread"], found["failing"]) == (2, 1, False)
