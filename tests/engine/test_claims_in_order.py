"""Claims and due times among many keys, on both stores, and the indexes they follow."""

import importlib
import pkgutil
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from crossdock.engine import store
from crossdock.engine.model import Claim, Event, Outcome, Result
from crossdock.engine.store import Database, bulk, database, inbox, open_database, outcomes
from crossdock.engine.store.schema import metadata, work
from crossdock.kernel.clock import ManualClock

LEASE = timedelta(seconds=30)
PLANS = {
    "claim": "SELECT key FROM work WHERE flow = 'stock' AND claim IS NULL AND due_at <= {now}"
             " ORDER BY due_at, key LIMIT 20",
    "first due": "SELECT min(due_at) FROM work WHERE claim IS NULL AND flow = 'stock'",
    "next flow": "SELECT min(flow) FROM work WHERE claim IS NULL AND flow > 'orders'",
}  # fmt: skip


def hear(db: Database, at: datetime, *keys: str, flow: str = "stock") -> None:
    with db.writing() as connection:
        inbox.append(db, connection, [Event(flow, k, "test") for k in keys], at)


def take(db: Database, now: datetime, run_id: str, limit: int = 100) -> Claim | None:
    return inbox.claim(
        db, "stock", 1, limit=limit, run_id=run_id, worker="w", now=now, wall=now,
        lease_until=now + LEASE,
    )  # fmt: skip


def keys(claim: Claim | None) -> list[str]:
    return [r.key for r in claim.records] if claim else []


def test_the_oldest_keys_are_claimed_first_each_of_them_once(
    db: Database, clock: ManualClock
) -> None:
    now = clock.now()
    ages = {f"K{n:03}": n * 37 % 11 for n in range(120)}  # many are due at the same time
    for age in sorted(set(ages.values())):
        hear(db, now - timedelta(seconds=age), *(k for k, a in ages.items() if a == age))
    hear(db, now + timedelta(seconds=1), "LATER")
    hear(db, now - timedelta(days=1), "OTHER", flow="orders")
    claimed: list[str] = []
    while found := keys(take(db, now, f"run_{len(claimed)}", 7)):
        claimed += found
    assert claimed == sorted(ages, key=lambda key: (-ages[key], key))


def test_the_first_due_of_each_flow_is_that_of_a_key_that_nobody_holds(
    db: Database, clock: ManualClock
) -> None:
    now = clock.now()
    assert (inbox.first_due(db), inbox.next_due(db), inbox.oldest_due(db, now)) == ({}, None, None)
    minute = timedelta(minutes=1)
    hear(db, now - 2 * minute, "A")
    hear(db, now - minute, "B", "C")
    hear(db, now - 3 * minute, "D", flow="orders")
    hear(db, now + minute, "E", flow="prices")
    expected = {"orders": now - 3 * minute, "prices": now + minute, "stock": now - 2 * minute}
    assert inbox.first_due(db) == expected
    assert inbox.waiting_flows(db, now) == {"orders", "stock"}
    assert inbox.oldest_due(db, now) == inbox.next_due(db) == now - 3 * minute
    assert inbox.next_due(db, but=["orders"]) == now - 2 * minute
    assert inbox.next_due(db, but=["orders", "stock"]) == now + minute
    assert inbox.next_due(db, but=["orders", "stock", "prices"]) is None
    assert keys(take(db, now, "run_1", 1)) == ["A"]
    assert inbox.first_due(db) == expected | {"stock": now - minute}
    take(db, now, "run_2")
    assert inbox.waiting_flows(db, now) == {"orders"}
    assert inbox.oldest_due(db, now - 4 * minute) is None


def test_a_flow_is_busy_while_its_keys_are_held_or_due(db: Database, clock: ManualClock) -> None:
    now = clock.now()
    hear(db, now, "OTHER", flow="orders")
    assert not bulk.busy(db, "stock", now)
    hear(db, now, "A")
    assert not bulk.busy(db, "stock", now - timedelta(microseconds=1))
    assert bulk.busy(db, "stock", now)
    take(db, now, "run_1")
    assert bulk.busy(db, "stock", now - timedelta(hours=1))


def test_what_waits_for_a_feed_is_counted_with_the_oldest_of_it(
    db: Database, clock: ManualClock
) -> None:
    now = clock.now()
    assert bulk.waiting(db) == bulk.Waiting(0, None)
    for age, sku in enumerate(("S-1", "S-2", "S-3")):
        item = bulk.Item(sku, 1, 5, 0, False, "", now - timedelta(seconds=age))
        bulk.put(db, [item], "bulk", now)
    assert bulk.waiting(db) == bulk.Waiting(3, now - timedelta(seconds=2))
    assert bulk.take(db, "feed-1", 2, now) == 2  # the oldest
    assert bulk.waiting(db) == bulk.Waiting(1, now)


def test_what_is_tried_later_waits_and_news_cuts_a_back_off_short_but_no_empty_bucket(
    db: Database, clock: ManualClock
) -> None:
    now = clock.now()
    hear(db, now, "A", "B", "C", "D", "E")
    claim = take(db, now, "run_1")
    assert claim is not None
    hear(db, now, "B", "D")
    soon, late = now + timedelta(minutes=1), now + timedelta(minutes=9)
    ends = {"A": (soon, True), "B": (late, True), "C": (late, False), "D": (soon, False)}
    done = [
        Outcome(r.key, Result.LATER, "step", "words", r, due_at=ends[r.key][0],
                counts=ends[r.key][1])
        if r.key in ends else Outcome(r.key, Result.DONE, "step", "words", r)
        for r in claim.records
    ]  # fmt: skip
    assert outcomes.finish(db, "run_1", "stock", done, now=now, wall=now)
    with db.reading() as connection:
        query = sa.select(work.c.key, work.c.due_at, work.c.attempts, work.c.claim)
        found = sorted(tuple(row) for row in connection.execute(query))
    assert found == [
        ("A", soon, 1, None), ("B", now, 1, None), ("C", late, 0, None), ("D", soon, 0, None),
    ]  # fmt: skip


def test_whoever_lost_its_keys_puts_nothing_off(db: Database, clock: ManualClock) -> None:
    now = clock.now()
    hear(db, now, "A")
    claim = take(db, now, "run_1")
    assert claim is not None
    inbox.free(db, "run_1", now, only_expired=False)
    take(db, now, "run_2")
    late = [Outcome("A", Result.LATER, "step", "", claim.records[0], due_at=now + LEASE)]
    assert not outcomes.finish(db, "run_1", "stock", late, now=now, wall=now)
    assert inbox.still_held(db, "run_2", now)


@pytest.mark.parametrize("what", PLANS)
def test_no_claim_sorts_or_reads_what_it_does_not_take(
    db: Database, clock: ManualClock, what: str
) -> None:
    hear(db, clock.now(), *(f"K{n:05}" for n in range(3000)))
    hear(db, clock.now(), *(f"K{n:05}" for n in range(3000)), flow="orders")
    micros = int(clock.now().timestamp() * 1_000_000)
    explain = "EXPLAIN " if db.is_postgres else "EXPLAIN QUERY PLAN "
    with db.writing() as connection:
        if db.is_postgres:
            connection.execute(sa.text("ANALYZE work"))
        rows = connection.execute(sa.text(explain + PLANS[what].format(now=micros)))
        plan = "\n".join(str(row[-1]) for row in rows)
    # PostgreSQL may find the next flow by the primary key just as well.
    assert "work_in_order" in plan or ("work_pkey" in plan and what == "next flow")
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_the_indexes_come_to_a_store_with_rows(store_url: str, clock: ManualClock) -> None:
    db, now = open_database(store_url), clock.now()
    _migrate(db, "0010")
    hear(db, now - LEASE, "B", "HELD")
    hear(db, now, "A", "C")
    with db.writing() as connection:
        connection.execute(
            work.update().where(work.c.key == "HELD").values(claim="run_0", lease_until=now)
        )
    item = bulk.Item("S-1", 1, 5, 0, False, "", now)
    bulk.put(db, [item], "bulk", now)
    assert {"work_due", "basket_by_feed"} <= _indexes(db).keys()
    db.migrate()
    assert bulk.waiting(db) == bulk.Waiting(1, now)
    assert bulk.every(db) == {"S-1": item}
    assert inbox.depth(db, now) == {"waiting": 3, "running": 1}
    assert keys(take(db, now, "run_1")) == ["B", "A", "C"]
    db.migrate()
    db.close()


def test_migrations_make_the_tables_and_indexes_of_the_schema(db: Database) -> None:
    for module in pkgutil.iter_modules(store.__path__):
        importlib.import_module(f"{store.__name__}.{module.name}")
    declared = {
        str(index.name): [c.name for c in index.columns]
        for table in metadata.tables.values() for index in table.indexes
    }  # fmt: skip
    assert _indexes(db) == declared
    inspector = sa.inspect(db.engine)
    made = {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in inspector.get_table_names() if name != "alembic_version"
    }  # fmt: skip
    assert made == {t.name: set(t.columns.keys()) for t in metadata.tables.values()}


def _indexes(db: Database) -> dict[str, list[str | None]]:
    inspector = sa.inspect(db.engine)
    return {
        str(index["name"]): list(index["column_names"])
        for table in inspector.get_table_names() for index in inspector.get_indexes(table)
    }  # fmt: skip


def _migrate(db: Database, revision: str) -> None:
    """To an older state of the tables than this program's."""
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    config.attributes["logging"] = False
    with db.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
