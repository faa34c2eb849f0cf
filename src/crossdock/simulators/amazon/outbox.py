"""Notifications on their way out: each leaves when its time has come, or never, or twice."""

import heapq
import random
from datetime import datetime, timedelta

from crossdock.simulators.faults import Faults


class Outbox:
    """Holds notifications until they are due."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.usual_delay = timedelta(0)  # between a change and its notification
        self._faults = faults
        self._dice = random.Random(f"{seed}/amazon outbox")
        self._heap: list[tuple[datetime, int, str, str]] = []
        self._number = 0

    def put(self, target: str, body: str, notification_type: str, now: datetime) -> None:
        """Take a notification; the faults decide what becomes of it."""
        faults = self._faults
        due = now + self.usual_delay
        if faults.strikes("notification_lost", notification_type):
            return
        if late := faults.strikes("notification_late", notification_type):
            due += timedelta(seconds=float(late.settings.get("seconds", 600)))
        if overtaken := faults.strikes("notification_reordered", notification_type):
            most = float(overtaken.settings.get("seconds", 30))
            due += timedelta(seconds=self._dice.uniform(0, most))
        self._push(due, target, body)
        if doubled := faults.strikes("notification_doubled", notification_type):
            apart = timedelta(seconds=float(doubled.settings.get("seconds", 5)))
            self._push(due + apart, target, body)

    def due(self, now: datetime) -> list[tuple[str, str]]:
        """Take out those whose time has come, as (queue, body)."""
        ready = []
        while self._heap and self._heap[0][0] <= now:
            _, _, target, body = heapq.heappop(self._heap)
            ready.append((target, body))
        return ready

    def next_at(self) -> datetime | None:
        """When the next one leaves."""
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        return len(self._heap)

    def _push(self, due: datetime, target: str, body: str) -> None:
        self._number += 1
        heapq.heappush(self._heap, (due, self._number, target, body))
