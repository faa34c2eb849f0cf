"""How old what the companies know of each other can become, from quotas and schedules alone.

The worst case: no notification and no webhook arrives, a whole interval's work falls due at once,
and work before it has emptied the buckets. An outage comes on top. Times are seconds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

SEARCH_LAG = 120.0  # Amazon's search shows nothing of the last two minutes
PAGE = 100  # orders on a page of the search
READS_OF_AN_ORDER = 3  # getOrder: entered, its packages looked for, "Shipped"
READS_OF_A_SKU = 2  # before the write and after it
FOUND_AT_ONCE = 20  # SKUs that one search for listings gives
FOREVER = math.inf


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket: calls a second as they are really used, and how many can go at once."""

    operation: str
    per_second: float
    burst: int

    def lasts(self, calls: float, *, taken: float = 0.0, saved: int = 0) -> float:
        """Seconds for so many calls, while others take so many a second; FOREVER when they take
        everything. `saved` calls are in the bucket at the beginning.
        """
        left = self.per_second - taken
        return FOREVER if left <= 0 else max(calls - saved, 0.0) / left


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be carried, and how often we look."""

    orders_a_day: float
    peak: float  # times the day's average, in its busiest hour
    skus: int
    sweep_every: float
    sweep_overlap: float
    again_every: float
    again_reach: float
    tims_every: float
    stock_every: float
    check_every: float
    prices: int = 0  # a SKU in a marketplace each; none where prices are not published

    @property
    def orders_a_second(self) -> float:
        """In the busiest hour."""
        return self.orders_a_day * self.peak / 86_400


@dataclass(frozen=True, slots=True)
class Feeds:
    """How many changes at once reach Amazon in feeds."""

    submit: Rate
    messages: int  # of one feed at most
    at_once: int  # submissions in a window
    window: float
    line: int  # feeds that are worked on, or wait for it, at Amazon at most
    every: float  # how often the basket is looked at
    starts: float  # until the first message is worked on
    each: float  # for a message

    def lasts(self, skus: float) -> float:
        """Seconds for so many SKUs, when feeds as large as the first of these stand in line, and
        others have just used up what may be submitted. Amazon works on feeds one after the other.
        """
        one = self.starts + self.each * min(skus, self.messages)
        wait = max(self.line * one, self.window, self.submit.lasts(1))
        pace = max(one, self.window / self.at_once, self.submit.lasts(1))
        return self.every + wait + pace * (math.ceil(skus / self.messages) - 1) + one


@dataclass(frozen=True, slots=True)
class Buckets:
    """The quotas that freshness hangs on."""

    search: Rate
    get_order: Rate
    confirm: Rate
    find_listings: Rate
    patch_listing: Rate
    feeds: Feeds


@dataclass(frozen=True, slots=True)
class Staleness:
    """The worst case of one kind of news. `full` is the bucket that never empties its queue."""

    what: str
    seconds: float
    terms: tuple[tuple[str, float], ...]
    full: str = ""


def orders(load: Load, b: Buckets) -> Staleness:
    """From an order's change at Amazon until it is read: found by the sweep alone."""
    pace = load.orders_a_second
    pages = _pages(pace * (load.sweep_every + load.sweep_overlap))
    again = _pages(pace * load.again_reach)
    searches = pages / load.sweep_every + again / load.again_every
    full = _full((b.search, searches), (b.get_order, READS_OF_AN_ORDER * pace))
    due = pace * load.sweep_every
    return _sum(
        "orders", full,
        ("Amazon's search lags behind", SEARCH_LAG),
        ("the next sweep (amazon.sweep.every)", load.sweep_every),
        ("its pages", b.search.lasts(pages + again, saved=b.search.burst)),
        ("reading the orders it found",
         b.get_order.lasts(due, taken=(READS_OF_AN_ORDER - 1) * pace)),
    )  # fmt: skip


def tracking(load: Load, b: Buckets) -> Staleness:
    """From a posted shipment until Amazon is told, when an hour's shipments are posted at once."""
    wave = load.orders_a_second * 3600
    full = _full((b.confirm, load.orders_a_second))
    return _sum(
        "tracking", full,
        ("the next look at TIMS (tims.feed.every)", load.tims_every),
        ("confirming an hour's shipments", b.confirm.lasts(wave)),
    )  # fmt: skip


def stock(load: Load, b: Buckets) -> Staleness:
    """From a count in TIMS until Amazon is told, when every SKU changes at once."""
    checks = load.skus / load.check_every / FOUND_AT_ONCE
    full = _full((b.find_listings, checks))
    return _sum(
        "stock", full,
        ("the next look at TIMS", load.stock_every),
        ("reading every listing twice, and writing it",
         max(b.find_listings.lasts(READS_OF_A_SKU * load.skus / FOUND_AT_ONCE, taken=checks),
             min(b.patch_listing.lasts(load.skus), b.feeds.lasts(load.skus)))),
    )  # fmt: skip


def prices(load: Load, b: Buckets) -> Staleness:
    """From a price list in TIMS until Amazon is told, when every price and every quantity changes
    at once: quantities go first.
    """
    checks = (load.skus + load.prices) / load.check_every / FOUND_AT_ONCE
    looks = READS_OF_A_SKU * (load.skus + load.prices) / FOUND_AT_ONCE
    before = min(load.skus, b.patch_listing.per_second * b.feeds.lasts(load.skus))
    return _sum(
        "prices", _full((b.find_listings, checks)),
        ("the next look at TIMS", load.stock_every),
        ("reading every listing twice, and writing it, after the quantities",
         max(b.find_listings.lasts(looks, taken=checks),
             b.patch_listing.lasts(load.prices + before))),
    )  # fmt: skip


def most_prices(load: Load, b: Buckets, target: float) -> int:
    """How many prices the target can bear."""
    bearable = _most(
        lambda n: prices(replace(load, prices=int(n)), b).seconds, target, load.prices
    )  # fmt: skip
    return int(bearable)


def most_skus(load: Load, b: Buckets, target: float) -> int:
    """How many SKUs the target can bear."""
    return int(_most(lambda n: stock(replace(load, skus=int(n)), b).seconds, target, load.skus))


def most_orders(load: Load, b: Buckets, target: float) -> float:
    """How many orders a day the target can bear with these settings."""

    def worst(n: float) -> float:
        busier = replace(load, orders_a_day=n)
        return max(orders(busier, b).seconds, tracking(busier, b).seconds)

    return _most(worst, target, load.orders_a_day)


def longest_sweep(load: Load, b: Buckets, target: float) -> float:
    """The longest amazon.sweep.every that meets the target; zero when none does."""
    found = 0.0
    for seconds in range(60, int(load.sweep_every) + 1, 5):
        if orders(replace(load, sweep_every=float(seconds)), b).seconds <= target:
            found = float(seconds)
    return found


def _most(worst: Callable[[float], float], target: float, upper: float) -> float:
    low, high = 0.0, float(upper)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if worst(middle) <= target else (low, middle)
    return low


def _pages(orders_found: float) -> int:
    return max(math.ceil(orders_found / PAGE), 1)


def _full(*used: tuple[Rate, float]) -> str:
    return next((rate.operation for rate, calls in used if calls > rate.per_second), "")


def _sum(what: str, full: str, *terms: tuple[str, float]) -> Staleness:
    seconds = FOREVER if full else sum(value for _, value in terms)
    return Staleness(what, seconds, terms, full)
