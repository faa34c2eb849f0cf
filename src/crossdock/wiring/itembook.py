"""TIMS's items as a process knows them: read once, then only what the change feed names."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.feed import Changes, Watermark, changed_keys
from crossdock.connectors.tims.longreading import LongReading, long_reading
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.engine.store import Database, outcomes

WHOLE_EVERY = timedelta(hours=1)
"""All items are read again, for what no change told of."""

M = TypeVar("M", bound=StockItem)


@dataclass(frozen=True, slots=True)
class Heard:
    """How far TIMS's changes of items were read: in all, and when one was last seen to be gone."""

    until: str = ""
    gone: str = ""


News = Callable[[], Heard]


def read_changes(tims: TimsClient, mark: str | None) -> tuple[Changes, str]:
    """What changed of TIMS's items since a feed's mark, and its next mark."""
    until, _, gone = (mark or "0").partition(" ")
    found = changed_keys(tims, Watermark("item", int(until)))
    gone = str(found.until) if found.deleted else gone
    return found, f"{found.until} {gone}".strip()


def news_of(store: Callable[[], Database], *feeds: str) -> News:
    """The marks of these feeds: recorded together with the keys that they found."""

    def heard() -> Heard:
        marks = outcomes.watermarks_of(store(), *feeds)
        pairs = [marks.get(feed, "").partition(" ") for feed in feeds]
        return Heard("|".join(p[0] for p in pairs), "|".join(p[2] for p in pairs))

    return heard


@dataclass(frozen=True, slots=True)
class _Look:
    """When a comparison with TIMS began, and what was known of changes then."""

    at: datetime
    news: Heard
    asked: int


class ItemBook(Generic[M]):
    """Thread-safe. `news` tells how far the workers have read TIMS's changes: who works on what one
    of them found knows the items as they were then, or later. Where nobody reads them, the items
    are `fresh` old at most.
    """

    def __init__(
        self, tims: TimsClient, model: type[M], now: Callable[[], datetime], fresh: timedelta,
        news: News = Heard,
    ) -> None:  # fmt: skip
        self._tims, self._model, self._now, self._news = tims, model, now, news
        self._fresh = fresh
        self._lock = threading.Lock()
        self._items: dict[str, M] = {}
        self._version = 0  # every change up to this row version is in them
        self._asked = 0
        self._seen: _Look | None = None  # the last comparison that came to its end
        self._began: _Look | None = None  # the one under way, over as many tries as it takes
        self._whole: _Look | None = None  # the last one that read all of them
        self._reading: LongReading[M] | None = None

    def known(self) -> Mapping[str, M]:
        """All items by number. The same object until one of them is different."""
        with self._lock:
            while self._is_stale():
                if self._began is None:
                    self._began = _Look(self._now(), self._news(), self._asked)
                self._compare(self._began)
                self._seen, self._began = self._began, None
            return self._items

    def at_hand(self) -> Mapping[str, M]:
        """As they were at the last look; nothing before the first."""
        return self._items

    def changed(self, gone: Collection[str] = ()) -> None:
        """Something is different at TIMS, and these are no more: the next look asks for it."""
        with self._lock:
            self._asked += 1
            if gone:
                self._items = {name: x for name, x in self._items.items() if name not in gone}

    def _is_stale(self) -> bool:
        seen = self._seen
        return (
            seen is None
            or seen.asked != self._asked
            or self._now() - seen.at > self._fresh
            or seen.news != self._news()
        )

    def _compare(self, look: _Look) -> None:
        """Read all, or what is newer. A request limit that is used up raises TryAgain; the next try
        goes on from there. TIMS's list, and not its change feed: that one waits behind orders.
        """
        whole = self._is_whole(look)
        if self._reading is None:
            ask = self._tims.wire.items(after=None if whole else self._version)
            self._reading = long_reading(self._tims, self._model, ask, "TIMS items")
        rows = {row.ItemNumber: row for row in self._reading.finish()}
        self._reading = None
        differ = {name: row for name, row in rows.items() if not self._has(row)}
        if whole and (differ or rows.keys() != self._items.keys()):
            self._items = {name: differ.get(name) or self._items[name] for name in rows}
        elif differ:
            self._items = self._items | differ
        self._version = max([self._version, *(row.RowVersion for row in rows.values())])
        if whole:
            self._whole = look

    def _is_whole(self, look: _Look) -> bool:
        last = self._whole
        return (
            last is None
            or not self._version
            or look.at - last.at > WHOLE_EVERY
            or look.news.gone != last.news.gone
        )

    def _has(self, row: M) -> bool:
        """This very item, in whatever version."""
        known = self._items.get(row.ItemNumber)
        return known is not None and known == row.model_copy(
            update={"RowVersion": known.RowVersion}
        )
