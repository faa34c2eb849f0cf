"""The inbox: events in, claims out. One waiting row per flow and key, however many events came."""

import contextlib
from collections.abc import Collection, Iterable, Sequence, Set
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crossdock.engine.model import Claim, Claimed, Event
from crossdock.engine.store.cases import NEVER
from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import event, run, work
from crossdock.engine.store.sealed import Gone


def upsert(db: Database, table: sa.Table) -> Any:
    """INSERT ... ON CONFLICT of the database at hand."""
    return insert_into(table, db.is_postgres)


def insert_into(table: sa.Table, postgres: bool) -> Any:
    """The same for a statement that is kept: building one takes longer than carrying it out."""
    return (postgresql if postgres else sqlite).insert(table)


def append(
    db: Database,
    connection: sa.Connection,
    events: Sequence[Event],
    now: datetime,
    *,
    known: Set[int] = frozenset(),
) -> None:
    """Note events and make their keys wait. Runs in the caller's transaction: acknowledge the
    message only after it committed. A key that waits behind a case keeps waiting, unless the event
    wakes it. The events at the places `known` tell of nothing new: they are noted only.
    """
    if not events:
        return
    connection.execute(
        event.insert(),
        [
            {"flow": e.flow, "key": e.key, "at": now, "source": e.source,
             "message_id": e.message_id, "hint": dict(e.hint) or None}
            for e in events
        ],
    )  # fmt: skip
    newest = {(e.flow, e.key): e for n, e in enumerate(events) if n not in known}
    if not newest:
        return
    waking = {(e.flow, e.key) for n, e in enumerate(events) if e.wakes and n not in known}
    # Sorted, so that two workers appending the same keys never lock them in opposite order.
    connection.execute(
        _noting(db),
        [
            {"flow": flow, "key": key, "due_at": now, "first_seen": now, "last_seen": now,
             "generation": 1, "attempts": 0, "hint": dict(e.hint) or None,
             "wakes": (flow, key) in waking}
            for (flow, key), e in sorted(newest.items(), key=lambda item: item[0])
        ],
    )  # fmt: skip
    db.wake(connection)


def _noting(db: Database) -> Any:
    """A key waits, or hears of more news while it does."""
    insert = upsert(db, work)
    return insert.on_conflict_do_update(
        index_elements=["flow", "key"],
        set_={
            "generation": work.c.generation + 1,
            "last_seen": insert.excluded.last_seen,
            "hint": insert.excluded.hint,
            # A new event cuts a back-off short; a case is left by its own rules, or by what may
            # be its cure. What only a person can settle stays.
            "due_at": sa.case(
                (_looks_again(), sa.func.min(work.c.due_at, insert.excluded.due_at)
                 if not db.is_postgres
                 else sa.func.least(work.c.due_at, insert.excluded.due_at)),
                else_=work.c.due_at,
            ),
        },
    )  # fmt: skip


def _looks_again() -> sa.ColumnElement[bool]:
    wakes = sa.bindparam("wakes", type_=sa.Boolean())
    return sa.or_(work.c.case_id.is_(None), sa.and_(wakes, work.c.due_at < NEVER))


def schedule(db: Database, flow: str, key: str, due: datetime) -> None:
    """Make sure a recurring key exists; an existing one keeps its own time."""
    with db.writing() as connection:
        insert = upsert(db, work)
        connection.execute(
            insert.on_conflict_do_nothing(index_elements=["flow", "key"]),
            {"flow": flow, "key": key, "due_at": due, "first_seen": due, "last_seen": due,
             "generation": 1, "attempts": 0},
        )  # fmt: skip


def first_due(db: Database) -> dict[str, datetime]:
    """When the first unclaimed key of each flow is due; flows without one are left out."""
    with db.reading() as connection:
        return {str(row[0]): row[1] for row in connection.execute(_FIRST_DUE)}


def _first_due() -> sa.Select[Any]:
    """From flow to flow through the index: as quick with a million keys as with one."""
    waits = work.c.claim.is_(None)
    flows = sa.select(sa.func.min(work.c.flow).label("flow")).where(waits).cte(recursive=True)
    following = sa.select(sa.func.min(work.c.flow)).where(waits, work.c.flow > flows.c.flow)
    flows = flows.union_all(
        sa.select(following.correlate(flows).scalar_subquery()).where(flows.c.flow.is_not(None))
    )
    due = sa.select(sa.func.min(work.c.due_at, type_=work.c.due_at.type))
    first = due.where(waits, work.c.flow == flows.c.flow).correlate(flows).scalar_subquery()
    return sa.select(flows.c.flow, first).where(flows.c.flow.is_not(None))


_FIRST_DUE = _first_due()


def waiting_flows(db: Database, now: datetime) -> set[str]:
    """Flows with keys that are due."""
    return {flow for flow, due in first_due(db).items() if due <= now}


def next_due(db: Database, but: Collection[str] = ()) -> datetime | None:
    """When the next unclaimed key will be due, leaving out those flows."""
    return min((due for flow, due in first_due(db).items() if flow not in but), default=None)


def oldest_due(db: Database, now: datetime) -> datetime | None:
    """Since when the key that has waited longest is due; None when none is."""
    first = next_due(db)
    return first if first is not None and first <= now else None


def last_start(db: Database) -> datetime | None:
    """When any worker's newest run began, on the wall."""
    with db.reading() as connection:
        return connection.execute(
            sa.select(sa.func.max(run.c.started_at, type_=run.c.started_at.type))
        ).scalar()


def claim(
    db: Database,
    flow: str,
    version: int,
    *,
    limit: int,
    run_id: str,
    worker: str,
    now: datetime,
    wall: datetime,
    lease_until: datetime,
) -> Claim | None:
    """Take up to `limit` due keys that no other run holds, oldest first; None when there are none.
    `now` is business time; the lease and the run's own times are on the wall.
    """
    with db.writing() as connection:
        due = (
            sa.select(work.c.key)
            .where(work.c.flow == flow, work.c.claim.is_(None), work.c.due_at <= now)
            .order_by(work.c.due_at, work.c.key)
            .limit(limit)
        )
        if db.is_postgres:
            due = due.with_for_update(skip_locked=True)
        keys = list(connection.execute(due).scalars())
        if not keys:
            return None
        rows = connection.execute(
            work.update()
            .where(work.c.flow == flow, work.c.key.in_(keys))
            .values(claim=run_id, lease_until=lease_until)
            .returning(*_CLAIMED)
        ).all()
        connection.execute(
            run.insert().values(
                id=run_id, flow=flow, version=version, worker=worker, state="running",
                records=len(rows), started_at=wall,
            )
        )  # fmt: skip
    order = {key: n for n, key in enumerate(keys)}
    records = sorted((_claimed(db, flow, row) for row in rows), key=lambda r: order[r.key])
    return Claim(run_id, flow, tuple(records))


_CLAIMED = (
    work.c.key, work.c.generation, work.c.attempts, work.c.first_seen, work.c.hint, work.c.edits,
    work.c.case_id,
)  # fmt: skip


def _claimed(db: Database, flow: str, row: Any) -> Claimed:
    edits = _opened(db, f"{flow}/{row.key}", row.edits) if row.edits else {}
    return Claimed(
        row.key, row.generation, row.attempts, row.first_seen, row.hint or {}, edits, row.case_id
    )


def _opened(db: Database, subject: str, edits: dict[str, str]) -> dict[str, str]:
    """What a person set; a value whose time is over stays sealed, and whoever uses it refuses."""
    found = {}
    for path, text in edits.items():
        found[path] = text
        if db.vault is not None:
            with contextlib.suppress(Gone):
                found[path] = db.vault.open(subject, text)
    return found


def reopen_claim(db: Database, run_id: str, lease_until: datetime) -> Claim | None:
    """What the run still holds, with a fresh lease; None when it was taken over meanwhile."""
    with db.writing() as connection:
        rows = connection.execute(
            work.update()
            .where(work.c.claim == run_id)
            .values(lease_until=lease_until)
            .returning(work.c.flow, *_CLAIMED)
        ).all()
    if not rows:
        return None
    records = sorted((_claimed(db, rows[0].flow, row) for row in rows), key=lambda r: r.key)
    return Claim(run_id, rows[0].flow, tuple(records))


def still_held(db: Database, run_id: str, wall: datetime) -> bool:
    """True while the run's lease has not ended; asked before every write."""
    with db.reading() as connection:
        lease = connection.execute(
            sa.select(work.c.lease_until).where(work.c.claim == run_id).limit(1)
        ).scalar()
    return lease is not None and lease > wall


def renew(db: Database, run_ids: Iterable[str], lease_until: datetime) -> None:
    """Heartbeat: runs at work keep their keys."""
    ids = list(run_ids)
    if not ids:
        return
    with db.writing() as connection:
        connection.execute(
            work.update().where(work.c.claim.in_(ids)).values(lease_until=lease_until)
        )


def free_expired(db: Database, wall: datetime) -> list[str]:
    """Free the keys of runs whose worker stopped renewing; returns the ids of those runs."""
    with db.reading() as connection:
        stale = connection.execute(
            sa.select(work.c.claim)
            .where(work.c.claim.is_not(None), work.c.lease_until < wall)
            .distinct()
        ).scalars()
        ids = [run_id for run_id in stale if run_id]
    return [run_id for run_id in ids if free(db, run_id, wall)]


def free(db: Database, run_id: str, wall: datetime, *, only_expired: bool = True) -> bool:
    """Give a run's keys back to the waiting; False when it had renewed or finished meanwhile."""
    with db.writing() as connection:
        statement = work.update().where(work.c.claim == run_id)
        if only_expired:
            statement = statement.where(work.c.lease_until < wall)
        freed = connection.execute(statement.values(claim=None, lease_until=None)).rowcount
        if freed:
            connection.execute(
                run.update()
                .where(run.c.id == run_id, run.c.state == "running")
                .values(state="taken-over", finished_at=wall)
            )
            db.wake(connection)
    return bool(freed)


def held_by(db: Database, worker: str) -> list[str]:
    """Ids of the runs that this worker had not finished when it last stopped."""
    with db.reading() as connection:
        return list(
            connection.execute(
                sa.select(run.c.id).where(run.c.state == "running", run.c.worker == worker)
            ).scalars()
        )


def depth(db: Database, now: datetime) -> dict[str, int]:
    """How many keys wait, are being worked on, wait for a time, and wait behind a case."""
    held = work.c.claim.is_not(None)
    parked = sa.and_(work.c.case_id.is_not(None), sa.not_(held))
    feeding = work.c.flow == "feed"
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(
                sa.case(
                    (feeding, "feeds"),
                    (held, "running"),
                    (parked, "parked"),
                    (work.c.due_at <= now, "waiting"),
                    else_="later",
                ).label("what"),
                sa.func.count(),
            ).group_by("what")
        )
        return {str(row[0]): int(row[1]) for row in rows}
