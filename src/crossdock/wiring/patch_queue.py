"""Who waits for Amazon's quota of single writes, and until when: so that nobody asks in vain."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.limits import not_yet
from crossdock.engine.store import Database, lines
from crossdock.kernel.errors import TryAgain

PATCH = "patchListingsItem"
ABSENT = timedelta(seconds=10)
"""Who has not come so long after its time loses its place."""


class Queue:
    """Places in the line for single calls. A place is a time; what is urgent, a decrease of stock,
    stands in a line of its own before all others.
    """

    def __init__(self, amazon: AmazonClient, now: Callable[[], datetime]) -> None:
        self._amazon, self._now = amazon, now
        self._urgent: deque[datetime] = deque()
        self._others: deque[datetime] = deque()
        self._lock = threading.Lock()

    def wait(self, *, rises: bool) -> timedelta:
        """How long the next one that comes would wait; zero when there is quota now."""
        with self._lock:
            return self._wait(rises)

    def stand(self, sku: str, *, rises: bool) -> TryAgain | None:
        """None when there is quota now; else the time of a place in the line."""
        with self._lock:
            wait = self._wait(rises)
            if not wait:
                return None
            (self._others if rises else self._urgent).append(self._now() + wait)
        return not_yet(PATCH, f"listing {sku}", wait)

    def length(self) -> int:
        """How many stand in line."""
        with self._lock:
            self._wait(True)
            return len(self._urgent) + len(self._others)

    def _wait(self, rises: bool) -> timedelta:
        now = self._now()
        for line in (self._urgent, self._others):
            while line and line[0] <= now:
                line.popleft()
        quota = self._amazon.quota
        if quota.room(PATCH).granted:
            return timedelta(0)
        before = len(self._urgent) + (len(self._others) if rises else 0)
        return quota.until(PATCH, before + 1)


class Line:
    """One line of all workers. Everybody keeps the place until the write is done: who finds
    no quota when its time has come, because somebody more urgent took it, is still the first,
    whichever worker it comes to.
    """

    def __init__(
        self, amazon: AmazonClient, store: Callable[[], Database], now: Callable[[], datetime],
        reserve: int,
    ) -> None:  # fmt: skip
        """`reserve`: calls that are left to others."""
        self._amazon, self._store, self._now, self._reserve = amazon, store, now, reserve

    def stand(self, key: str, about: str) -> TryAgain | None:
        """None when the turn of the key has come and there is quota; else when to come again."""
        db, now, quota = self._store(), self._now(), self._amazon.quota
        before = lines.stand(db, PATCH, key, now, now - ABSENT)
        if before < quota.room(PATCH, reserve=self._reserve).granted:
            return None
        wait = quota.until(PATCH, before + 1 + self._reserve)
        lines.come_again(db, PATCH, key, now + wait)
        return not_yet(PATCH, about, wait)

    def leave(self, key: str) -> None:
        """It has been written, or is not to be."""
        lines.leave(self._store(), PATCH, key)
