"""Health and doctor see a worker that lives and does nothing, and a queue that is not heard."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.cli import examine
from crossdock.connectors.amazon.events import Message
from crossdock.engine.model import Event
from crossdock.engine.store import Database, inbox, tallies, workers
from crossdock.kernel.clock import SystemClock
from crossdock.kernel.errors import TryAgain
from crossdock.settings import read_settings
from crossdock.wiring import House
from tests.cli.conftest import SECRETS, SETTINGS

NOW = datetime.now(UTC)


class Wall(SystemClock):
    """Business time is the wall's, and the wall's is moved by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def house(tmp_path: Path, db: Database, wall: Wall) -> Iterator[House]:
    (tmp_path / "crossdock.yaml").write_text(SETTINGS)
    secrets = tmp_path / "secrets.env"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    made = House(read_settings(tmp_path, {}), clock=wall, database=db, wall=wall.now)
    yield made
    made.close()


def due(db: Database, key: str, at: datetime) -> None:
    with db.writing() as connection:
        inbox.append(db, connection, [Event("orders", key, "test")], at)


def begins(db: Database, at: datetime, run_id: str) -> None:
    inbox.claim(db, "orders", 1, limit=1, run_id=run_id, worker="main", now=at, wall=at,
                lease_until=at + timedelta(seconds=30))  # fmt: skip


def doctor(db: Database, wall: Wall) -> dict[str, Any]:
    return {f.what: f for f in examine.work(db, wall, wall.now())}


def test_a_worker_that_beats_while_nothing_runs_is_not_healthy(
    house: House, db: Database, wall: Wall
) -> None:
    name = house.settings.worker
    workers.beat(house.db, name, wall.now())
    due(db, "A", wall.now())
    due(db, "B", wall.now())
    assert house.health()[0]
    assert doctor(db, wall)["inbox"].ok
    begins(db, wall.now(), "run_1")
    wall.at += timedelta(minutes=6)
    workers.beat(db, name, wall.now())
    fine, found = house.health()
    assert (fine, found["stalled_seconds"]) == (False, 360)
    assert "crossdock_stalled_seconds 360" in house.metrics()
    assert not doctor(db, wall)["inbox"].ok
    assert "6 min" in doctor(db, wall)["inbox"].words


def test_a_backlog_is_no_stall_while_runs_begin(house: House, db: Database, wall: Wall) -> None:
    for key in ("A", "B"):
        due(house.db, key, wall.now())
    wall.at += timedelta(hours=3)
    workers.beat(db, house.settings.worker, wall.now())
    begins(db, wall.now(), "run_1")
    wall.at += timedelta(seconds=20)
    assert house.health()[0]
    assert doctor(db, wall)["inbox"].ok


def test_another_workers_beat_does_not_speak_for_this_one(
    house: House, db: Database, wall: Wall
) -> None:
    workers.beat(house.db, house.settings.worker, wall.now())
    wall.at += timedelta(minutes=2)
    workers.beat(db, "another", wall.now())
    assert not house.health()[0]


def test_doctor_tells_of_a_queue_that_a_living_worker_cannot_read(db: Database, wall: Wall) -> None:
    workers.beat(db, "main", wall.now())
    bad = {"messages": 7, "unread": 2, "failures": 3, "failing": True, "last_error": "SQS refused"}
    tallies.note(db, "main", "amazon.sqs", bad, wall.now())
    tallies.note(db, "long-gone", "amazon.sqs", bad, wall.now())
    found = {name: f for name, f in doctor(db, wall).items() if name.startswith("intake")}
    assert list(found) == ["intake amazon.sqs of main"]
    [one] = found.values()
    assert not one.ok
    assert "7 messages, 2 unread, 3 failures; it fails now: SQS refused" in one.words


def test_health_and_metrics_tell_what_the_intakes_have_seen(house: House) -> None:
    class Away:
        def receive(self) -> list[Message]:
            raise TryAgain("the queue cannot be reached")

        def delete(self, receipts: object) -> None: ...

    house._queue = Away()
    house.start()
    try:
        deadline = time.monotonic() + 20
        while not (seen := house.health()[1]["intakes"])["amazon.sqs"]["failing"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert seen["amazon.sqs"]["last_error"] == "the queue cannot be reached"
        assert 'crossdock_intake_failing{source="amazon.sqs"} 1' in house.metrics()
        assert json.dumps(seen)
    finally:
        house.stop(2)
