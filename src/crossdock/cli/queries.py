"""What commands show, fetched from the store as typed values. Nothing here prints."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crossdock.business.orders.decisions import CANCELLED, KEPT, LINKED, OVER, RESERVED
from crossdock.engine.model import INTAKE, Case, Event, Link
from crossdock.engine.store import Database, cases, history, inbox, links, workers
from crossdock.engine.store.history import Moment, RunRow
from crossdock.kernel.errors import Misuse

ORDERS, FULFILMENT = "orders", "fulfilment"
"""The flows that an order's timeline is made of."""
ORDER_LINK, SHIPMENT_LINK = "order", "shipment"
"""Amazon order -> TIMS sales order; TIMS shipment -> the order that it ships."""
NOT_IN_TIMS = "not in TIMS"
ORDER_STATES = (LINKED, KEPT, RESERVED, CANCELLED, OVER, NOT_IN_TIMS)
AMAZON_SWEEP = "amazon.orders"
"""The feed that searches Amazon for changed orders."""
PERSON = "person"
_ALIVE = timedelta(seconds=45)  # workers beat every ten seconds
_MANY = 10_000
_WORDS = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as the list shows it."""

    order: str
    tims: str | None
    state: str
    changed_at: datetime
    case: str | None = None
    case_kind: str | None = None


@dataclass(frozen=True, slots=True)
class OrderStory:
    """Everything about one order, in order of time."""

    order: str
    tims: str | None
    state: str
    shipments: tuple[str, ...]
    cases: tuple[Case, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class RunStory:
    """One run, what became of its records, and what it said to others."""

    run: RunRow
    records: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker and whether it is heard of."""

    name: str
    started_at: datetime
    beat_at: datetime
    alive: bool


def order_rows(
    db: Database, *, limit: int, state: str | None = None, with_case: bool = False
) -> list[OrderRow]:
    """The newest orders; those that never came to a link stand behind their case."""
    if state not in (None, *ORDER_STATES):
        raise Misuse(f"{state!r} is not a state of orders; use --state with one of: "
                     f"{', '.join(ORDER_STATES)}")  # fmt: skip
    open_cases = {c.key: c for c in cases.listed(db, limit=_MANY) if c.flow == ORDERS}
    stored = None if state in (LINKED, NOT_IN_TIMS) else state  # those two are told by the number
    many = with_case or state is not None
    rows = [
        _order_row(link, open_cases.pop(link.left, None))
        for link in links.listed(db, ORDER_LINK, limit=_MANY if many else limit, state=stored)
    ]
    if state in (None, NOT_IN_TIMS):
        linked = links.of(db, ORDER_LINK, list(open_cases))
        rows += [
            OrderRow(c.key, None, NOT_IN_TIMS, c.updated_at, c.id, c.kind)
            for c in open_cases.values()
            if c.key not in linked
        ]
    rows = [row for row in rows if (row.case or not with_case) and state in (None, row.state)]
    return sorted(rows, key=lambda row: row.changed_at, reverse=True)[:limit]


def _order_row(link: Link, case: Case | None) -> OrderRow:
    changed = link.updated_at
    if changed is None:
        raise ValueError("a stored link has its time")
    found = (case.id, case.kind) if case else (None, None)
    return OrderRow(link.left, link.right, _state_of(link), changed, *found)


def _state_of(link: Link | None) -> str:
    """What the order's state is called; without a number of TIMS it is not there."""
    if link is None or (link.right is None and link.state in (None, LINKED, KEPT)):
        return NOT_IN_TIMS
    return link.state or LINKED


def order_story(db: Database, name: str) -> OrderStory:
    """The story of an order named by Amazon's id or TIMS's number; a Misuse when unknown."""
    link = links.of(db, ORDER_LINK, [name]).get(name)
    if link is None:
        pointing = links.to(db, ORDER_LINK, name)
        link = pointing[0] if pointing else None
    order = link.left if link else name
    tims = link.right if link else None
    shipments = _shipments_of(db, order, tims)
    keys = [(ORDERS, order), *((FULFILMENT, number) for number in shipments)]
    moments = history.timeline(db, keys)
    if link is None and not moments:
        raise Misuse(
            f"no order is called {name!r} here; `crossdock order list` shows the newest, "
            f"`crossdock order sync {name}` looks it up at Amazon"
        )
    found = [c for flow, key in keys for c in cases.listed(db, key=key) if c.flow == flow]
    return OrderStory(order, tims, _state_of(link), tuple(shipments), tuple(found), tuple(moments))


def _shipments_of(db: Database, order: str, tims: str | None) -> list[str]:
    """TIMS shipments of an order: those that were linked, and those still behind a case."""
    names = [name for name in (order, tims) if name]
    found = {link.left: None for name in names for link in links.to(db, SHIPMENT_LINK, name)}
    for case in cases.listed(db, limit=_MANY):
        if case.flow == FULFILMENT and set(names) & set(_WORDS.findall(case.about)):
            found[case.key] = None
    return list(found)


def run_story(db: Database, run_id: str) -> RunStory:
    """One run; a Misuse when there is none of that id."""
    row = history.run_of(db, run_id)
    if row is None:
        raise Misuse(f"no run is called {run_id!r}; `crossdock run list` shows the newest")
    return RunStory(row, tuple(history.records_of(db, run_id)))


def ask(db: Database, events: Sequence[Event], now: datetime) -> bool:
    """Ask for keys to be looked at; whether a worker is there to do it."""
    submit(db, events, now)
    return any(w.alive for w in worker_rows(db, datetime.now(UTC)))


def submit(db: Database, events: Sequence[Event], now: datetime) -> None:
    """Ask for keys to be looked at; whoever works on the store hears of it."""
    with db.writing() as connection:
        inbox.append(db, connection, events, now)


def retry_run(db: Database, run_id: str, *, every: bool, who: str, now: datetime) -> list[str]:
    """Look again at what a run left undone (or at all of it); the keys that will run."""
    story = run_story(db, run_id)
    wanted = [r for r in story.records if every or r["result"] in ("later", "case")]
    parked = {(c.flow, c.key): c.id for c in cases.listed(db, limit=_MANY)}
    behind = [parked[r["flow"], r["key"]] for r in wanted if (r["flow"], r["key"]) in parked]
    free = [r for r in wanted if (r["flow"], r["key"]) not in parked]
    if behind:
        cases.retry(db, behind, who=who, now=now)
    submit(db, [Event(r["flow"], r["key"], PERSON, run_id) for r in free], now)
    return [r["key"] for r in wanted]


def case_story(db: Database, case_id: str) -> tuple[Case, list[Moment]]:
    """A case and the timeline of its record."""
    case = cases.get(db, case_id)
    return case, history.timeline(db, [(case.flow, case.key)])


def next_step(case: Case) -> str:
    """The command that ends a case, as its remedy says: closed where it is settled elsewhere."""
    if case.flow == INTAKE:  # no record stands behind it
        return f"crossdock case resolve {case.id} --reason TEXT, if it does not close itself"
    if "close the case" in case.remedy.lower():
        return f"crossdock case resolve {case.id} --reason TEXT"
    return f"crossdock case retry {case.id}"


def chosen_cases(db: Database, ids: Sequence[str], kind: str | None, *, every: bool) -> list[Case]:
    """The open cases that a person chose by exactly one of ids, kind or all."""
    if sum((bool(ids), kind is not None, every)) != 1:
        raise Misuse("name case ids, or --kind KIND, or --all; see `crossdock case list`")
    if ids:
        return [cases.get(db, case_id) for case_id in dict.fromkeys(ids)]
    found = cases.listed(db, kind=kind, limit=_MANY)
    if not found and kind is not None:
        known = ", ".join(cases.counts(db)) or "none"
        raise Misuse(f"no open case is of kind {kind!r}; open kinds: {known}")
    return [c for c in found if c.flow != INTAKE]  # those have no record that could run


def worker_rows(db: Database, wall: datetime) -> list[WorkerRow]:
    """Who works on this store, the freshest first."""
    return [
        WorkerRow(w["name"], w["started_at"], w["beat_at"], wall - w["beat_at"] < _ALIVE)
        for w in workers.listed(db)
    ]


def last_outcome(db: Database, flow: str, key: str, since: datetime) -> Moment | None:
    """How the key left its last run, if that was not before `since`."""
    moments = history.timeline(db, [(flow, key)])
    ended = [m for m in moments if m.kind == "outcome" and m.at >= since]
    return ended[-1] if ended else None
