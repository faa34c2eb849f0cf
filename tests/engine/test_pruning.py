"""Old history goes; what somebody may still ask about stays."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS

from crossdock.engine.durable import DbosDurable
from crossdock.engine.feeds import Change, Feed, Reading
from crossdock.engine.store import Database, cases, history, open_database
from crossdock.engine.store.pruning import prune
from crossdock.engine.store.schema import event, evidence, outcome, run
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import Defect, TryAgain
from tests.engine.shop import Shop, engine, look_at

KEEP, KEEP_FEEDS = timedelta(days=548), timedelta(days=3)


def prune_now(db: Database, clock: ManualClock) -> bool:
    feeds, records = clock.now() - KEEP_FEEDS, clock.now() - KEEP
    return prune(db, feeds=feeds, records=records, feeds_wall=feeds, records_wall=records)


def kept(db: Database) -> dict[str, set[str]]:
    """Keys in each table of history; of runs, their flows."""
    columns = {"event": event.c.key, "outcome": outcome.c.key, "run": run.c.flow}
    with db.reading() as connection:
        return {n: set(connection.execute(sa.select(c)).scalars()) for n, c in columns.items()}


def test_what_is_old_and_settled_goes_and_what_waits_for_anybody_stays(
    db: Database, clock: ManualClock
) -> None:
    away = TryAgain("the shop is closed", after=timedelta(days=900))
    shop = Shop(trouble={"asked": [Defect("a bug")], "later": [away]})
    house = engine(db, clock, shop)
    for key in ("settled", "asked", "later"):
        house.submit(look_at(key))
        house.pump()
    clock.advance(KEEP - timedelta(days=1))
    house.submit(look_at("new"))
    house.pump()
    everything = kept(db)
    assert prune_now(db, clock) is False
    assert kept(db) == everything, "nothing is old enough"
    clock.advance(timedelta(days=2))
    prune_now(db, clock)
    assert kept(db)["event"] == kept(db)["outcome"] == {"asked", "later", "new"}
    [case] = cases.listed(db)
    assert history.run_of(db, case.run_id) is not None
    cases.resolve(db, case.id, who="kim", why="by hand", now=clock.now())
    prune_now(db, clock)
    assert kept(db)["outcome"] == {"later", "new"}
    assert history.timeline(db, [("orders", "asked")]), "the case itself stays"
    with db.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(evidence)).scalar() == 0


def test_runs_of_feeds_go_after_days_and_are_not_in_the_way(
    db: Database, clock: ManualClock
) -> None:
    feed = Feed("sweep", timedelta(hours=1), lambda mark: Reading([Change("orders", "A")], "1"))
    house = engine(db, clock, Shop(), feeds=(feed,))
    house.pump()
    assert {r.flow for r in history.runs(db, feeds=False)} == {"orders"}
    assert {r.flow for r in history.runs(db)} == {"orders", "feed"}
    clock.advance(KEEP_FEEDS + timedelta(hours=1))
    prune_now(db, clock)
    assert kept(db) == {"event": {"A"}, "outcome": {"A"}, "run": {"orders"}}


def test_the_book_of_runs_forgets_those_that_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crossdock.db'}"
    db = open_database(url)
    db.migrate()
    durable, now = DbosDurable(url, "main"), datetime.now(UTC)
    house = engine(db, ManualClock(now), Shop(), durable=durable)
    try:
        house.submit(look_at("A"))
        house.pump()
        deadline = time.monotonic() + 20
        while not (ended := DBOS.list_workflows(status="SUCCESS")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert durable.prune(now - timedelta(days=3)) is False
        assert len(DBOS.list_workflows()) == len(ended) == 1
        assert durable.prune(datetime.now(UTC) + timedelta(minutes=1)) is False
        assert DBOS.list_workflows() == []
    finally:
        house.stop(5)
        db.close()
