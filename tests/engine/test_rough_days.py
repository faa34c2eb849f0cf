"""What goes wrong around runs: a store that is away, a broken batch, words that nobody may log."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from crossdock.engine.dispatcher import Engine
from crossdock.engine.durable import DbosDurable, Inline
from crossdock.engine.policy import Policy
from crossdock.engine.store import Database, cases, inbox, open_database
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.redact import told
from tests.engine.shop import Order, Shop, engine, look_at
from tests.stores import a_store

QUICK = Policy(runs_at_once=2, lease_wall=timedelta(minutes=5), poll_wall=timedelta(seconds=0.1))


class FullDisk(Inline):
    """Cannot note a run for a while."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    def start(self, run_id: str) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("database or disk is full")
        super().start(run_id)


@contextmanager
def at_work(house: Engine) -> Iterator[None]:
    house.start()
    try:
        yield
    finally:
        house.stop(5)


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@pytest.mark.slow
def test_a_full_disk_costs_no_place_and_no_key_once_there_is_room_again(
    db: Database, clock: ManualClock
) -> None:
    """More failures than runs at once, under a lease that would outlast the test."""
    shop = Shop()
    house = engine(db, clock, shop, durable=FullDisk(3), policy=QUICK)
    house.submit(look_at("A"))
    with at_work(house):
        assert until(lambda: shop.made == {"A": 1})
    assert not house.busy()


def test_a_store_that_goes_away_while_keys_are_claimed_costs_no_place(
    db: Database, clock: ManualClock
) -> None:
    house = engine(db, clock, Shop(), policy=QUICK)
    house.submit(look_at("A"))
    with db.writing() as connection:  # a claim notes its run, and cannot now
        connection.execute(sa.text("ALTER TABLE run RENAME TO run_away"))
    for _ in range(3):
        with pytest.raises(sa.exc.SQLAlchemyError):
            house.pump()
    assert not house.busy()
    with db.writing() as connection:
        connection.execute(sa.text("ALTER TABLE run_away RENAME TO run"))
    assert house.pump() == 1


def test_a_batch_that_breaks_is_a_defect_of_its_records_and_of_no_others(
    db: Database, clock: ManualClock
) -> None:
    def broken(rows: Sequence[tuple[Order, ...]]) -> Sequence[str]:
        raise ValueError("Ann, 1 Main Street")

    shop = Shop(orders={"C": Order("C", state="gone")}, create_many=broken)
    house = engine(db, clock, shop)
    house.submit(look_at("A", "B", "C"))
    assert house.pump() == 1
    found = cases.listed(db)
    assert [(c.key, c.kind, c.step) for c in found] == [
        ("A", "defect", "create"), ("B", "defect", "create"),
    ]  # fmt: skip
    assert "Main Street" not in str(found)
    assert inbox.depth(db, clock.now()) == {"parked": 2}


def test_a_batch_that_loses_a_result_is_a_defect_of_all_its_records(
    db: Database, clock: ManualClock
) -> None:
    house = engine(db, clock, Shop(create_many=lambda rows: ["SO-1"]))
    house.submit(look_at("A", "B"))
    house.pump()
    assert [c.kind for c in cases.listed(db)] == ["defect", "defect"]


def test_an_idle_worker_ends_at_once(tmp_path: Path, clock: ManualClock) -> None:
    """It used to wait ten seconds for a thread that slept thirty."""
    url = f"sqlite:///{tmp_path / 'crossdock.db'}"
    db = open_database(url)
    db.migrate()
    house = engine(db, clock, Shop(), durable=DbosDurable(url, "main"), policy=QUICK)
    house.submit(look_at("A"))
    house.pump()
    assert until(lambda: not house.busy())
    told = time.monotonic()
    house.stop(10)
    assert time.monotonic() - told < 5, "half a second, where the machine does nothing else"
    db.close()


def test_what_the_store_was_to_keep_is_not_told_when_it_refuses(db: Database) -> None:
    with pytest.raises(sa.exc.SQLAlchemyError) as refused, db.writing() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:who)"), {"who": "Ana Almeida"})
    assert "Ana" not in str(refused.value)
    assert "Ana" not in str(told(refused.value))
    assert "nowhere" in str(told(refused.value)["text"])


def test_no_log_repeats_the_words_of_an_error_that_nobody_foresaw() -> None:
    db = a_store()
    now = datetime.now(UTC)
    house = engine(db, ManualClock(now), Shop(), policy=QUICK)

    def fails() -> datetime:
        raise ValueError("Ana Almeida, 1 Main Street")

    house._wall = fails  # the beat asks for the time first
    with capture_logs() as logs, at_work(house):
        assert until(lambda: any(row["event"] == "beat.failed" for row in logs))
    assert "Ana" not in str(logs)
    assert "ValueError" in str(logs)
