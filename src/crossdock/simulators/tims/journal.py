"""The order in which everything changed: one row version for all records of a company."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from crossdock.simulators.clock import Clock


class Change(NamedTuple):
    """Something happened to a record."""

    row_version: int
    entity: str
    key: str
    op: str  # create | update | delete
    at: datetime


Announce = Callable[[str, Change], None]  # webhook event, change

_VERSION = attrgetter("row_version")
_TIME = attrgetter("at")


class Journal:
    """Append-only, strictly monotone; the change feed reads it and webhooks are told of it."""

    def __init__(self, clock: Clock, announce: Announce) -> None:
        self.clock = clock
        self._announce = announce
        self._all: list[Change] = []
        self._of: dict[str, list[Change]] = {}

    @property
    def last(self) -> int:
        """The newest row version."""
        return len(self._all)

    def note(self, entity: str, key: str, op: str, event: str = "") -> Change:
        """Give the record its next row version; `event` is what webhooks hear, if anything."""
        change = Change(len(self._all) + 1, entity, key, op, self.clock.now())
        self._all.append(change)
        of = self._of.get(entity)
        if of is None:
            of = self._of[entity] = []
        of.append(change)
        if event:
            self._announce(event, change)
        return change

    def after(self, row_version: int, entity: str = "", most: int | None = None) -> list[Change]:
        """What came after that version, oldest first; at most so many."""
        of, start = self._all, row_version
        if entity:
            of = self._of.get(entity, [])
            start = bisect_right(of, row_version, key=_VERSION)
        return of[start:] if most is None else of[start : start + most]

    def since(self, at: datetime, entity: str) -> list[Change]:
        """What happened at that time or later, oldest first."""
        of = self._of.get(entity, [])
        return of[bisect_left(of, at, key=_TIME) :]
