"""TIMS's prices as a process knows them: read once, then only what the change feed names."""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.feed import Changes, Watermark, changed_keys
from crossdock.connectors.tims.longreading import LongReading
from crossdock.connectors.tims.price_models import ContractPrice, PriceEntry, PriceList
from crossdock.connectors.tims.prices import PriceFault, Prices
from crossdock.kernel.errors import NeedsPerson, RunError, nearest

LISTS_FRESH = timedelta(minutes=10)
UNKNOWN_FRESH = timedelta(seconds=30)  # while a list is named that TIMS did not have
_LIST, _CONTRACTS = "list", "contracts"
_A_PAGE = 500  # entries that one request reads at least; more changed items than pages: all is read


@dataclass
class _List:
    """One price list's entries by item and unit."""

    entries: dict[str, dict[str, PriceEntry]] = field(default_factory=dict)
    faults: dict[str, PriceFault] = field(default_factory=dict)  # by item

    def put(self, rows: Iterable[PriceEntry], faults: Iterable[PriceFault]) -> None:
        """These are what the list says of their items."""
        for row in rows:
            self.entries.setdefault(row.ItemNumber, {})[row.Uom] = row
        self.faults |= {fault.item_number: fault for fault in faults if fault.item_number}

    def forget(self, items: Iterable[str]) -> None:
        """They are read anew."""
        for item in items:
            self.entries.pop(item, None)
            self.faults.pop(item, None)


class PriceBook:
    """What TIMS asks for its items, in every list and contract that was asked for. Thread-safe.

    Before each look it asks the change feed for what is newer than it knows, so that every worker's
    book is right whoever reads the feeds. What keeps one list or contract from being read is raised
    for who asks for its prices, and for nobody else.
    """

    def __init__(self, tims: TimsClient, now: Callable[[], datetime]) -> None:
        self._tims, self._prices, self._now = tims, Prices(tims), now
        self._lock = threading.RLock()
        self._lists: dict[str, PriceList] = {}
        self._lists_at: datetime | None = None
        self._read: dict[str, _List] = {}
        self._stale: dict[str, set[str]] = {}  # items to read anew, by list
        self._readings: dict[str, LongReading[PriceEntry | PriceFault]] = {}  # not finished yet
        self._contracts: dict[str, dict[str, list[ContractPrice]]] = {}
        self._version: int | None = None
        self._unread: dict[tuple[str, str], RunError] = {}  # by list or customer
        self._fresh: tuple[datetime, set[str], set[str]] | None = None  # since when, and what

    def fresh(
        self, list_codes: Iterable[str], customers: Iterable[str], since: datetime | None = None
    ) -> None:
        """Bring these lists and contracts to what TIMS says now, as far as they can be read; what
        TIMS said at `since` or later is good enough, so that many who ask at once cost one request.
        """
        with self._lock:
            codes, named, began = set(list_codes), set(customers), self._now()
            if since is not None and self._fresh is not None:
                at, lists, contracts = self._fresh
                if at >= since and codes <= lists and named <= contracts:
                    return
            if self._version is not None:
                self._catch_up()
            self._know_lists(sorted(codes))
            for code in sorted(codes):
                if code in self._lists:
                    self._try(_LIST, code, self._bring)
            for customer in sorted(named - self._contracts.keys()):
                self._try(_CONTRACTS, customer, self._read_contracts)
            self._know_lists(sorted(codes))
            self._fresh = (began, codes, named)

    def unread(self, list_code: str) -> RunError | None:
        """Why a list that TIMS has cannot be read now; None when it is as TIMS has it."""
        return self._unread.get((_LIST, list_code))

    def entry(self, list_code: str, item: str, uoms: Iterable[str]) -> PriceEntry | None:
        """The item's entry in the first of these units that the list prices it in. A NeedsPerson
        where TIMS's row is no price.
        """
        self._must_be_read(_LIST, list_code)
        book = self._read[list_code]
        found = book.entries.get(item, {})
        for uom in uoms:
            if uom in found:
                return found[uom]
        if item in book.faults:
            raise book.faults[item].error()
        return None

    def codes(self) -> list[str]:
        """Every price list of TIMS's, those that do not hold today included."""
        with self._lock:
            self._know_lists(())
            return sorted(self._lists)

    def holds(self, list_code: str, day: date) -> str:
        """Why the list cannot be used on that day; empty when it can."""
        known = self._lists.get(list_code)
        if known is None:
            near = nearest(list_code, sorted(self._lists)).rstrip(".") or "It tells of none"
            return f"TIMS has no price list {list_code!r} ({near})"
        if not known.IsActive or not known.holds(day):
            return f"price list {list_code} does not hold on {day}"
        return ""

    def contract(self, customer: str, item: str, day: date) -> list[ContractPrice]:
        """What the customer is promised for the item on that day."""
        self._must_be_read(_CONTRACTS, customer)
        rows = self._contracts.get(customer, {}).get(item, [])
        return [row for row in rows if row.IsActive and row.holds(day)]

    def boundaries(self, after: datetime, until: datetime, days: Mapping[str, "Days"]) -> set[str]:
        """Items whose price changes by itself between these moments: a day begins on which a
        promotion or a contract begins or ends. `days` are the calendars of the lists.
        """
        found: set[str] = set()
        for code, calendar in days.items():
            begun = calendar.begun(after, until)
            for item, rows in self._read.get(code, _List()).entries.items() if begun else ():
                for row in rows.values():
                    if any(_turns(p.Start, p.End, begun) for p in row.Promotions):
                        found.add(item)
            for contracts in self._contracts.values() if begun else ():
                for item, kept in contracts.items():
                    if any(_turns(c.Start, c.End, begun) for c in kept):
                        found.add(item)
        return found

    # --- reading

    def _know_lists(self, codes: Iterable[str]) -> None:
        now, missing = self._now(), not self._lists.keys() >= set(codes)
        fresh = UNKNOWN_FRESH if missing else LISTS_FRESH
        if self._lists_at is None or now - self._lists_at > fresh:
            self._lists, self._lists_at = {x.Code: x for x in self._prices.lists().rows}, now

    def _try(self, what: str, name: str, bring: Callable[[str], None]) -> None:
        """One of them that cannot be read now keeps no other from it."""
        self._unread.pop((what, name), None)
        try:
            bring(name)
        except RunError as error:
            self._unread[what, name] = error

    def _must_be_read(self, what: str, name: str) -> None:
        if (error := self._unread.get((what, name))) is not None:
            raise copy.copy(error)

    def _catch_up(self) -> None:
        more = True
        while more:
            changes = changed_keys(self._tims, Watermark("price", self._version or 0))
            self._apply(changes)
            self._version, more = changes.until, changes.more

    def _apply(self, changes: Changes) -> None:
        """What the changes name is to be read anew."""
        keys = [self._tims.wire.price_key(key) for key in changes.keys]
        if None in keys:  # of a form that nobody agreed on: everything is read anew
            self._read.clear()
            self._readings.clear()
            self._contracts.clear()
            self._lists_at = None
            return
        for key in filter(None, keys):
            if key.customer_code:
                self._contracts.pop(key.customer_code, None)
            else:
                if key.list_code in self._stale:
                    self._stale[key.list_code].add(key.item_number)
                if key.list_code in self._stale or key.list_code not in self._lists:
                    self._lists_at = None  # a list that changed touches its prices

    def _bring(self, code: str) -> None:
        """A list to what TIMS says now: stale items one by one, or all of it, whichever takes fewer
        requests. What was read stays read when the request limit ends it.
        """
        book, stale = self._read.get(code), self._stale.setdefault(code, set())
        many = book is None or len(stale) > 1 + len(book.entries) // _A_PAGE
        if many and code not in self._readings:
            self._readings[code] = self._prices.reading(code)
            stale.clear()  # all of it is read from here on; what changes meanwhile is stale again
        if code in self._readings:
            book = self._read[code] = self._read_list(self._readings[code].finish())
            del self._readings[code]
        while book is not None and stale:
            item = next(iter(stale))
            found = self._prices.entries_of(code, [item])
            book.forget([item])
            book.put(found.rows, found.faults)
            stale.discard(item)

    def _read_list(self, rows: Iterable[PriceEntry | PriceFault]) -> _List:
        book, entries, faults = _List(), [], []
        for row in rows:
            if isinstance(row, PriceFault):
                faults.append(row)
            else:
                entries.append(row)
        book.put(entries, faults)
        self._seen(row.RowVersion for row in entries)
        return book

    def _read_contracts(self, customer: str) -> None:
        by_item: dict[str, list[ContractPrice]] = {}
        for row in self._prices.contracts(customer).rows:
            by_item.setdefault(row.ItemNumber, []).append(row)
        self._contracts[customer] = by_item

    def _seen(self, versions: Iterable[int | None]) -> None:
        """What the first whole reading showed is known; whatever is newer comes by the feed."""
        if self._version is None:
            self._version = max((v for v in versions if v is not None), default=0)


@dataclass(frozen=True, slots=True)
class Days:
    """When days begin where a list's prices hold."""

    starts: Callable[[date], datetime]
    day_of: Callable[[datetime], date]

    def begun(self, after: datetime, until: datetime) -> set[date]:
        """Days that began after the one moment and not later than the other."""
        day, found = self.day_of(after), set()
        while self.starts(day) <= until:
            if self.starts(day) > after:
                found.add(day)
            day += timedelta(days=1)
        return found


def _turns(start: date | None, end: date | None, begun: set[date]) -> bool:
    """A spell of days begins, or is over since the day before."""
    return start in begun or (end is not None and end + timedelta(days=1) in begun)


def price_missing(sku: str, words: str, where: str = "prices.yaml") -> NeedsPerson:
    """Nobody has said what it costs. `where` is the line of the workspace that looks for it."""
    return NeedsPerson(
        f"{words}, so {sku} has no price",
        kind="price-missing",
        remedy=f"Enter it in TIMS, or correct {where}; then retry.",
        about=f"SKU {sku}",
    )
