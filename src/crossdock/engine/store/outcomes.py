"""The end of a run: outcomes, evidence, links and cases, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.model import Event, Outcome, Result
from crossdock.engine.store import cases, inbox, links
from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import evidence, outcome, run, watermark, work


def finish(
    db: Database,
    run_id: str,
    flow: str,
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
    wall: datetime,
    events: Sequence[Event] = (),
    watermarks: Mapping[str, str] | None = None,
) -> bool:
    """Record everything a run found out and let its keys go. False, and nothing is written, when
    another worker holds the keys by now.
    """
    with db.writing() as connection:
        held = sa.select(work.c.key).where(work.c.claim == run_id)
        if db.is_postgres:
            held = held.with_for_update()
        if set(connection.execute(held).scalars()) != {o.key for o in outcomes}:
            return False
        _note_outcomes(connection, run_id, flow, outcomes, now)
        _note_evidence(connection, run_id, flow, outcomes)
        links.record(db, connection, [change for o in outcomes for change in o.links], now)
        _settle(connection, run_id, flow, outcomes, now)
        inbox.append(db, connection, events, now)
        for name, value in (watermarks or {}).items():
            _mark(db, connection, name, value, now)
        connection.execute(
            run.update().where(run.c.id == run_id).values(state="done", finished_at=wall)
        )
    return True


def _note_outcomes(
    connection: sa.Connection, run_id: str, flow: str, outcomes: Sequence[Outcome], now: datetime
) -> None:
    # A feed that found nothing leaves no row, else an idle system fills its own history.
    rows = [
        {"run_id": run_id, "flow": flow, "key": o.key, "at": now, "result": o.result.value,
         "step": o.step, "words": o.words, "detail": o.detail}
        for o in outcomes
        if not (flow == "feed" and o.result is Result.NOTHING)
    ]  # fmt: skip
    if rows:
        connection.execute(outcome.insert(), rows)


def _note_evidence(
    connection: sa.Connection, run_id: str, flow: str, outcomes: Sequence[Outcome]
) -> None:
    rows = [
        {"run_id": run_id, "flow": flow, "key": o.key, "step": step, "at": call.at,
         "system": call.system, "operation": call.operation, "status": call.status,
         "milliseconds": call.milliseconds, "request_id": call.request_id, "code": call.code,
         "note": call.note, "wrote": call.wrote or None}
        for o in outcomes
        for step, call in o.calls
        if not (flow == "feed" and o.result is Result.NOTHING)
    ]  # fmt: skip
    if rows:
        connection.execute(evidence.insert(), rows)


def _settle(
    connection: sa.Connection, run_id: str, flow: str, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Finished keys leave, others wait again; keys that heard of news meanwhile are due."""
    over = [o for o in outcomes if o.result in (Result.DONE, Result.NOTHING) and o.due_at is None]
    if over:
        connection.execute(
            work.delete().where(
                work.c.flow == flow,
                work.c.key == sa.bindparam("k"),
                work.c.claim == run_id,
                work.c.generation == sa.bindparam("g"),
            ),
            [{"k": o.key, "g": o.claimed.generation} for o in over],
        )
        cured = [(flow, o.key) for o in over if o.claimed.case_id]
        cases.resolve_by_success(connection, cured, now)
    _put_off(connection, run_id, flow, outcomes, now)
    for o in outcomes:
        if o.result is not Result.LATER and (o.result is Result.CASE or o.due_at is not None):
            _wait_again(connection, run_id, flow, o, now)
    connection.execute(
        work.update()
        .where(work.c.claim == run_id)
        .values(claim=None, lease_until=None, attempts=0, due_at=now, case_id=None)
    )


def _put_off(
    connection: sa.Connection, run_id: str, flow: str, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Those that are tried again later, all in one statement: in a flood they are the most."""
    rows = [
        {"r": run_id, "f": flow, "k": o.key, "g": o.claimed.generation, "later": o.due_at,
         "tries": o.claimed.attempts + (1 if o.counts else 0),
         # News while we worked cuts a back-off short, never an empty bucket's wait.
         "heard": now if o.counts else o.due_at}
        for o in outcomes
        if o.result is Result.LATER and o.due_at is not None
    ]  # fmt: skip
    if rows:
        connection.execute(_LATER, rows)


_DUE = work.c.due_at.type
_LATER = (
    work.update()
    .where(
        work.c.flow == sa.bindparam("f"), work.c.key == sa.bindparam("k"),
        work.c.claim == sa.bindparam("r"),
    )
    .values(
        claim=None, lease_until=None, attempts=sa.bindparam("tries"),
        due_at=sa.case(
            (work.c.generation != sa.bindparam("g"), sa.bindparam("heard", type_=_DUE)),
            else_=sa.bindparam("later", type_=_DUE),
        ),
    )
)  # fmt: skip


def _wait_again(
    connection: sa.Connection, run_id: str, flow: str, o: Outcome, now: datetime
) -> None:
    values: dict[str, Any] = {"claim": None, "lease_until": None}
    mine = sa.and_(work.c.flow == flow, work.c.key == o.key, work.c.claim == run_id)
    if o.result is Result.CASE and o.trouble is not None:
        values["case_id"] = cases.open_or_repeat(connection, flow, o, run_id, now)
        values["due_at"] = _now_if_heard(o, now, o.due_at or cases.NEVER)
        values["generation"] = sa.case((_heard(o), work.c.generation), else_=cases.NOTHING_HEARD)
        values["attempts"] = 0
    else:  # a recurring key
        values |= {"attempts": 0, "due_at": _now_if_heard(o, now, o.due_at), "case_id": None}
        cases.resolve_by_success(connection, [(flow, o.key)] if o.claimed.case_id else [], now)
    connection.execute(work.update().where(mine).values(**values))


def _heard(o: Outcome) -> Any:
    return work.c.generation != o.claimed.generation


def _now_if_heard(o: Outcome, now: datetime, else_: datetime | None) -> Any:
    return sa.case((_heard(o), sa.literal(now, _DUE)), else_=sa.literal(else_, _DUE))


def _mark(db: Database, connection: sa.Connection, name: str, value: str, now: datetime) -> None:
    insert = inbox.upsert(db, watermark)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["name"], set_={"value": insert.excluded.value, "at": insert.excluded.at}
        ),
        {"name": name, "value": value, "at": now},
    )


def watermark_of(db: Database, name: str) -> str | None:
    """How far a feed has read."""
    return watermarks_of(db, name).get(name)


def watermarks_of(db: Database, *names: str) -> dict[str, str]:
    """How far these feeds have read, by name; those that have read nothing yet are left out."""
    query = sa.select(watermark.c.name, watermark.c.value).where(watermark.c.name.in_(names))
    with db.reading() as connection:
        return {row.name: row.value for row in connection.execute(query)}
