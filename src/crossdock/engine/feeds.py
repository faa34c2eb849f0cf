"""Schedules and change feeds: sweeps with a watermark that append events. A feed is a key of the
flow "feed", so it is claimed, leased, retried and cased like everything else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from crossdock.engine.model import Claimed, Event, Outcome, Result
from crossdock.engine.policy import Policy
from crossdock.engine.record import Record, outcome_of
from crossdock.engine.store import Database, links, outcomes
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import Defect, RunError
from crossdock.kernel.evidence import noted


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed: look at `key` in `flow`, unless that version was applied already."""

    flow: str
    key: str
    version: str | None = None
    link_kind: str | None = None  # where the applied version is remembered
    hint: Mapping[str, object] = field(default_factory=dict)
    wakes: bool = False  # a key behind a case, too: what changed may be the cure


@dataclass(frozen=True, slots=True)
class Reading:
    """What one turn of a feed found, and how far it has read."""

    changes: Sequence[Change]
    until: str | None
    more: bool = False  # there is more to read at once
    after: timedelta | None = None  # come back sooner than usual
    rest: timedelta | None = None  # come back later than usual: it is switched off


SWITCHED_OFF = Reading([], None, rest=timedelta(minutes=5))
"""Nothing is read until a file of the workspace says so; a turn that finds nothing costs as much as
one that does.
"""


@dataclass(frozen=True, slots=True)
class Feed:
    """Something to read every so often, from where it was left."""

    name: str
    every: timedelta
    read: Callable[[str | None], Reading]
    about: str = ""


@dataclass(slots=True)
class FeedResult:
    """A turn's outcome with the events it brings."""

    outcome: Outcome
    events: list[Event]
    watermarks: dict[str, str]


def read_feed(
    db: Database, claimed: Claimed, feed: Feed | None, clock: Clock, policy: Policy
) -> FeedResult:
    """One turn. Events, watermark and next turn are recorded together by the caller."""
    record = Record(claimed, {}, step="read")
    if feed is None:
        record.error = Defect(f"no feed is called {claimed.key!r} in this version")
        return FeedResult(outcome_of(record, policy, clock.now()), [], {})
    mark = outcomes.watermark_of(db, feed.name)
    note = noted(_safely, feed.read, mark)
    record.calls = [("read", call) for call in note.calls]
    reading = note.result
    if isinstance(reading, RunError):
        record.error = reading
        return FeedResult(_and_again(record, feed, policy, clock), [], {})
    if not isinstance(reading, Reading):
        raise TypeError(f"feed {feed.name} gave {type(reading).__name__}")
    events = [
        Event(c.flow, c.key, feed.name, hint=c.hint, wakes=c.wakes)
        for c in _unknown(db, reading.changes)
    ]
    found = f"{len(events)} of {len(reading.changes)} changes are new"
    result = Result.DONE if events else Result.NOTHING
    outcome = Outcome(claimed.key, result, "read", found, claimed, calls=record.calls)
    outcome.due_at = clock.now() + _pause(feed, reading)
    marks = {feed.name: reading.until} if reading.until is not None else {}
    return FeedResult(outcome, events, marks)


def _pause(feed: Feed, reading: Reading) -> timedelta:
    if reading.more:
        return timedelta(0)
    if reading.rest is not None:
        return max(feed.every, reading.rest)
    return feed.every if reading.after is None else min(reading.after, feed.every)


def _safely(read: Callable[[str | None], Reading], mark: str | None) -> Reading:
    try:
        return read(mark)
    except RunError:
        raise
    except Exception as error:  # a broken feed is its own case, not the end of the worker
        raise Defect(f"{type(error).__name__} while reading", code=type(error).__name__) from error


def _and_again(record: Record, feed: Feed, policy: Policy, clock: Clock) -> Outcome:
    """A failed turn is tried again soon, and never later than its schedule says."""
    outcome = outcome_of(record, policy, clock.now())
    if outcome.result is Result.CASE:
        outcome.due_at = clock.now() + feed.every
    return outcome


def _unknown(db: Database, changes: Sequence[Change]) -> list[Change]:
    """Changes whose version is newer than what was applied."""
    known = links.applied(db, [(c.link_kind or "", c.key, c.version) for c in changes])
    return [c for n, c in enumerate(changes) if n not in known]
