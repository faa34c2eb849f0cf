"""The quota plan of a workspace: its settings, its SKUs and Amazon's real rates put together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossdock.connectors.amazon.feeds import MOST_MESSAGES, SUBMISSIONS
from crossdock.connectors.amazon.limits import RATES
from crossdock.engine import freshness
from crossdock.engine.freshness import Buckets, Feeds, Load, Rate, Staleness
from crossdock.engine.store.quotas import StoredBuckets
from crossdock.kernel.quota import PACE
from crossdock.wiring.looking import SEARCH
from crossdock.wiring.patch_queue import PATCH
from crossdock.wiring.stock_lanes import EACH_MESSAGE, FEED_STARTS, IN_LINE, WINDOW
from crossdock.wiring.stock_runs import BULK_EVERY, CHECK_EVERY, EVERY

if TYPE_CHECKING:
    from crossdock.settings import Settings
    from crossdock.wiring.house import House


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of news: the worst case beside its target, and what to change when it is missed."""

    found: Staleness
    target: float  # seconds
    advice: str = ""

    @property
    def ok(self) -> bool:
        """The target is met."""
        return self.found.seconds <= self.target


def prices_of(house: "House", skus: int = 0) -> int:
    """How many prices are published; of so many SKUs, when a count is given."""
    rules = house.prices.rules
    if rules.publish == "off":
        return 0
    return len(rules.lists) * (skus or len(house.stock.skus().rows))


def load_of(
    settings: "Settings", skus: int, orders_a_day: float = 0, peak: float = 0, prices: int = 0
) -> Load:
    """What the settings say; a count that is given goes before them."""
    sweep, wanted = settings.amazon.sweep, settings.freshness
    return Load(
        orders_a_day or wanted.orders_a_day, peak or wanted.peak, skus,
        sweep.every.total_seconds(), sweep.overlap.total_seconds(),
        sweep.again_every.total_seconds(), sweep.again_reach.total_seconds(),
        settings.tims.feed.every.total_seconds(), EVERY.total_seconds(),
        CHECK_EVERY.total_seconds(), prices,
    )  # fmt: skip


def buckets_of(house: "House") -> Buckets:
    """Amazon's rates as its header tells them, or lower ones that its refusals taught us."""
    known = {row["name"]: row for row in StoredBuckets(house.db, house.clock.now).all()}
    owner = house.amazon_account.owner

    def rate(operation: str) -> Rate:
        published = RATES[operation]
        row = known.get(f"{owner}:{operation}", {})
        told = float(row.get("header_rate") or published.per_second)
        real = min(told, float(row.get("learned_rate") or told))
        return Rate(operation, real * PACE.used_share, published.burst)

    feeds = Feeds(
        rate("createFeed"), MOST_MESSAGES, SUBMISSIONS, WINDOW.total_seconds(), IN_LINE,
        BULK_EVERY.total_seconds(), FEED_STARTS.total_seconds(), EACH_MESSAGE.total_seconds(),
    )  # fmt: skip
    return Buckets(rate("searchOrders"), rate("getOrder"), rate("confirmShipment"), rate(SEARCH),
                   rate(PATCH), feeds)  # fmt: skip


def plan(settings: "Settings", load: Load, buckets: Buckets) -> list[Line]:
    """Orders, tracking, stock and, where they are published, prices, each beside its target."""
    wanted = settings.freshness
    targets = [
        (freshness.orders(load, buckets), wanted.orders.total_seconds()),
        (freshness.tracking(load, buckets), wanted.tracking.total_seconds()),
        (freshness.stock(load, buckets), wanted.stock.total_seconds()),
    ]
    if load.prices:
        targets.append((freshness.prices(load, buckets), wanted.prices.total_seconds()))
    return [
        Line(
            found,
            target,
            "" if found.seconds <= target else _said(_advice(found, target, load, buckets)),
        )
        for found, target in targets
    ]


def _said(sentences: Iterator[str]) -> str:
    words = " ".join(sentences)
    return words.replace("Or set", "Set", 1) if words.startswith("Or set") else words


def _advice(found: Staleness, target: float, load: Load, b: Buckets) -> Iterator[str]:
    if found.full:
        yield f"{found.full} gets more calls than Amazon allows, so its queue only grows."
    if found.what in ("stock", "prices"):
        yield from _too_many(found, target, load, b)
        return
    if found.what == "orders":
        sweep = freshness.longest_sweep(load, b, target)
        if sweep:
            yield f"Set amazon.sweep.every to {int(sweep)}s or less."
            return
    if found.what == "tracking" and not found.full:
        spare = target - found.seconds + load.tims_every
        if spare > 0:
            yield f"Set tims.feed.every to {int(spare)}s or less."
            return
    most_orders = freshness.most_orders(load, b, target)
    if most_orders >= 1:
        yield f"With these settings {int(most_orders)} orders a day can be kept as fresh as that."
    if found.seconds != freshness.FOREVER:
        yield f"Or set freshness.{found.what} to {int(found.seconds) + 1}s or more."
    else:
        yield "Ask Amazon for a higher rate, or expect fewer orders a day."


def _too_many(found: Staleness, target: float, load: Load, b: Buckets) -> Iterator[str]:
    if found.what == "stock":
        most, there, what = freshness.most_skus(load, b, target), load.skus, "SKUs"
    else:
        most, there, what = freshness.most_prices(load, b, target), load.prices, "prices"
    yield f"At most {most} {what} can be written in time; there are {there}."
    if found.seconds != freshness.FOREVER:
        yield f"Or set freshness.{found.what} to {int(found.seconds) + 1}s or more."
