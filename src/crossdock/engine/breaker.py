"""The circuit breaker: a wave of one failure is an outage, not a thousand bad records."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.engine.policy import Policy
from crossdock.engine.store import Database, breakers
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Noted


@dataclass(slots=True)
class _Streak:
    code: str
    count: int


class Breakers:
    """Watches each operation's results; opens after a wave, probes with one record, closes on the
    first success. What is open is in the store, so that all workers see it.
    """

    def __init__(self, db: Database, policy: Policy) -> None:
        self._db, self._policy = db, policy
        self._streaks: dict[str, _Streak] = {}
        self._known: set[str] = set()  # operations with a row in the store, open or probing
        self._lock = threading.Lock()
        self._known.update(str(row["name"]) for row in breakers.all_of(db))

    def admit(self, operation: str, wanted: int, now: datetime) -> tuple[int, TryAgain | None]:
        """How many of the records may go, and what the others are told."""
        if operation not in self._known:
            return wanted, None
        is_open = breakers.open_until(self._db, [operation], now).get(operation)
        if is_open is None:  # half open: one record finds out
            wait = TryAgain(
                f"{operation} was failing; one record is probing it",
                after=timedelta(seconds=5), counts=False, code="breaker-probing",
            )  # fmt: skip
            return min(1, wanted), wait
        until, why = is_open
        wait = TryAgain(
            f"{operation} is paused until {until:%H:%M:%S} UTC: {why}",
            after=until - now, counts=False, code="breaker-open",
        )  # fmt: skip
        return 0, wait

    def watch(self, operation: str, notes: Sequence[Noted], now: datetime) -> TryAgain | None:
        """Learn from a batch of results. When they make a wave, the operation is paused and the
        suspect failures of this batch get the answer to use instead of their own.
        """
        answered = [n.result for n in notes if _says_something(n)]
        failures = [r for r in answered if isinstance(r, RunError) and _counts(r)]
        if not answered:  # empty buckets say nothing about the other side
            return None
        if len(failures) < len(answered):
            self._succeeded(operation)
            return None
        code = failures[-1].code or type(failures[-1]).__name__
        with self._lock:
            streak = self._streaks.setdefault(operation, _Streak(code, 0))
            if streak.code != code:
                streak.code, streak.count = code, 0
            streak.count += len(failures)
            probing = operation in self._known
            if streak.count < self._policy.wave and not probing:
                return None
            self._known.add(operation)
        message = failures[-1].message
        breakers.open_one(self._db, operation, code, message, now, self._policy.breaker_span)
        return TryAgain(
            f"{operation} is paused after {streak.count} failures in a row: {message}",
            after=self._policy.breaker_span, counts=False, code="breaker-open",
            request_id=failures[-1].request_id,
        )  # fmt: skip

    def _succeeded(self, operation: str) -> None:
        with self._lock:
            self._streaks.pop(operation, None)
            if operation not in self._known:
                return
            self._known.discard(operation)
        breakers.close(self._db, operation)

    def learn_from_others(self) -> None:
        """Breakers that other workers opened; called with the heartbeat."""
        names = {str(row["name"]) for row in breakers.all_of(self._db)}
        with self._lock:
            self._known = names


def _says_something(note: Noted) -> bool:
    """About the other side. Who only waits says nothing, unless a write was taken before: what
    counts when it shows comes back to look, and would never be seen to have gone well.
    """
    waits = isinstance(note.result, TryAgain) and not note.result.counts
    return not waits or any(c.wrote and 200 <= c.status < 300 for c in note.calls)


def _counts(error: RunError) -> bool:
    """Failures of the other side; a bad record (unknown SKU) or an empty bucket is none."""
    if isinstance(error, TryAgain):
        return error.counts
    return isinstance(error, NeedsPerson) and error.suspect
