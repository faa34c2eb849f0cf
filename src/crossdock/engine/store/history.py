"""What happened: runs, and everything about one key, in order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.model import FEED
from crossdock.engine.store.cases import CHANGED
from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import audit, case, event, evidence, outcome, run


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline."""

    at: datetime
    kind: str  # event call outcome case
    flow: str
    what: str
    words: str
    request_id: str = ""
    run_id: str = ""
    detail: Any = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the list shows it."""

    id: str
    flow: str
    version: int
    worker: str
    state: str
    records: int
    started_at: datetime
    finished_at: datetime | None
    results: dict[str, int]


def timeline(db: Database, keys: Sequence[tuple[str, str]]) -> list[Moment]:
    """Every event, call, outcome and case of these (flow, key) pairs, oldest first."""
    moments: list[Moment] = []
    with db.reading() as connection:
        for flow, key in keys:
            moments += _events(connection, flow, key)
            moments += _calls(connection, flow, key)
            moments += _outcomes(connection, flow, key)
            moments += _cases(connection, flow, key)
    rank = {"event": 0, "call": 1, "outcome": 2, "case": 3}
    return sorted(moments, key=lambda m: (m.at, rank[m.kind]))


def _of(table: sa.Table, flow: str, key: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.key == key, table.c.flow == flow)


def _events(connection: sa.Connection, flow: str, key: str) -> list[Moment]:
    return [
        Moment(r.at, "event", flow, r.source, f"look at {key}", r.message_id, detail=r.hint)
        for r in connection.execute(_of(event, flow, key))
    ]


def _calls(connection: sa.Connection, flow: str, key: str) -> list[Moment]:
    return [
        Moment(
            r.at, "call", flow, f"{r.system} {r.operation}",
            " ".join(x for x in (str(r.status or "no answer"), r.code, r.note) if x)
            + f" in {r.milliseconds} ms",
            r.request_id, r.run_id, r.wrote,
        )
        for r in connection.execute(_of(evidence, flow, key).order_by(evidence.c.id))
    ]  # fmt: skip


def _outcomes(connection: sa.Connection, flow: str, key: str) -> list[Moment]:
    return [
        Moment(r.at, "outcome", flow, f"{r.result} at {r.step}", r.words, "", r.run_id, r.detail)
        for r in connection.execute(_of(outcome, flow, key).order_by(outcome.c.id))
    ]


def _cases(connection: sa.Connection, flow: str, key: str) -> list[Moment]:
    """A case as it was opened, what it turned into, and its end."""
    moments = []
    for r in connection.execute(_of(case, flow, key)):
        changes = connection.execute(
            sa.select(audit.c.at, audit.c.detail)
            .where(audit.c.about == r.id, audit.c.did == CHANGED).order_by(audit.c.id)
        ).all()  # fmt: skip
        said = [*(c.detail for c in changes),
                {"kind": r.kind, "message": r.message, "remedy": r.remedy}]  # fmt: skip
        for n, (at, what) in enumerate(
            zip((r.opened_at, *(c.at for c in changes)), said, strict=True)
        ):
            last = n == len(changes)
            moments.append(
                Moment(at, "case", flow, f"{what['kind']} {'changed' if n else 'opened'}",
                       f"{what['message']} -> {what['remedy']}", r.request_id if last else "",
                       r.run_id if last else "", {"id": r.id})
            )  # fmt: skip
        if r.resolved_at is not None:
            moments.append(Moment(r.resolved_at, "case", flow, f"{r.kind} resolved",
                                  r.resolution or "", "", "", {"id": r.id}))  # fmt: skip
    return moments


def runs(
    db: Database, *, limit: int = 50, flow: str | None = None, feeds: bool = True
) -> list[RunRow]:
    """The newest runs, of one flow or of all; those of feeds only when asked for."""
    query = sa.select(run).order_by(run.c.started_at.desc()).limit(limit)
    if flow is not None:
        query = query.where(run.c.flow == flow)
    elif not feeds:
        query = query.where(run.c.flow != FEED)
    with db.reading() as connection:
        return _with_results(connection, connection.execute(query).all())


def run_of(db: Database, run_id: str) -> RunRow | None:
    """One run."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(run).where(run.c.id == run_id)).all()
        found = _with_results(connection, rows)
    return found[0] if found else None


def records_of(db: Database, run_id: str) -> list[dict[str, Any]]:
    """The outcomes of one run's records."""
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(outcome).where(outcome.c.run_id == run_id).order_by(outcome.c.id)
        )
        return [
            {"flow": r.flow, "key": r.key, "result": r.result, "step": r.step, "words": r.words}
            for r in rows
        ]


def _with_results(connection: sa.Connection, rows: Sequence[Any]) -> list[RunRow]:
    counts: dict[str, dict[str, int]] = {}
    ids = [r.id for r in rows]
    for run_id, result, n in connection.execute(
        sa.select(outcome.c.run_id, outcome.c.result, sa.func.count())
        .where(outcome.c.run_id.in_(ids))
        .group_by(outcome.c.run_id, outcome.c.result)
    ):
        counts.setdefault(run_id, {})[result] = n
    return [
        RunRow(r.id, r.flow, r.version, r.worker, r.state, r.records, r.started_at, r.finished_at,
               counts.get(r.id, {}))
        for r in rows
    ]  # fmt: skip
