"""Cases of what comes in: opened when it is refused, closed by themselves when it goes well."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.events import signature
from crossdock.engine.store import Database, cases
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson
from crossdock.settings import Secret
from crossdock.wiring import intakes, subscribing

SECRET = "a-secret-of-sixteen-or-more"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_subscription_that_goes_through_later_closes_its_case(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in: list[bool] = []

    def ensure(*_: object, **__: object) -> object:
        if not let_in:
            raise NeedsPerson("TIMS does not let us in", kind="reconnect-tims", remedy="Look.")
        return SimpleNamespace(Id="w-1")

    monkeypatch.setattr(subscribing, "ensure_webhook", ensure)
    monkeypatch.setattr(subscribing, "_FIRST_PAUSE", 0.01)
    webhook = SimpleNamespace(public_url="https://us.example", secret=Secret("s" * 16))
    settings = SimpleNamespace(tims=SimpleNamespace(webhook=webhook))
    stock = SimpleNamespace(rules=SimpleNamespace(publish=False))
    house: Any = SimpleNamespace(db=db, clock=clock, settings=settings, tims=None, stock=stock)
    subscriber = subscribing.Subscriber(house, None)
    subscriber.start()
    try:
        until(lambda: bool(cases.listed(db)))
        let_in.append(True)
        until(lambda: not cases.listed(db))
    finally:
        subscriber.stop()
    [case] = cases.listed(db, state="resolved")
    assert (case.kind, case.resolution) == ("reconnect-tims", "a later try went through")


def test_a_refused_delivery_closes_its_case_when_good_ones_come_for_an_hour(
    db: Database, clock: ManualClock
) -> None:
    heard: list[Any] = []
    engine: Any = SimpleNamespace(db=db, clock=clock, submit=heard.append)
    account = TimsAccount("https://tims.example", "acme", "test", webhook_secrets=(SECRET,))
    notice = {"entity": "shipment", "key": "SH-1", "row_version": 1}
    body = json.dumps({**notice, "occurred_at": "2026-11-23T10:00:00Z"}).encode()

    def delivered(secret: str) -> int:
        stamp = str(int(clock.now().timestamp()))
        said = {"Event": "shipment.posted", "Delivery": "d-1", "Timestamp": stamp}
        headers = {f"X-TIMS-{name}": value for name, value in said.items()}
        headers["X-TIMS-Signature"] = signature(secret, stamp, body)
        return intakes.receive_webhook(engine, account, headers, body)[0]

    assert delivered("a stranger's") >= 400
    assert delivered(SECRET) == 202
    assert [c.kind for c in cases.listed(db)] == ["webhook-refused"]
    clock.advance(timedelta(hours=1))
    assert delivered(SECRET) == 202
    assert cases.listed(db) == []
    assert len(heard) == 2
