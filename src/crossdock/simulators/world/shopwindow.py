"""The verdict on what Amazon shows: stock and prices as TIMS and the rules say, at every moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crossdock.simulators.world.shelves import shelves, wiped
from crossdock.simulators.world.tags import tags
from crossdock.simulators.world.trade import NEVER_SOLD
from crossdock.simulators.world.verdict import SHOWN, Check

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World


def window(world: "World", since: datetime, bound: float, buffer: int) -> list[Check]:
    """Rows for the table. `since`: prices are published; `bound`: seconds until Amazon is told of
    stock at most, by the quota plan; `buffer`: units of each item that the rule keeps back.
    """
    seller, shops = world.amazon.sellers[0].seller_id, [s.marketplace_id for s in world.goods.shops]
    stock, prices, now = shelves(world), tags(world, since), world.clock.now()
    short = [o for o in world.witness.found() if o.bought_at >= since]
    late = [
        f"{o.order_id}: {o.sku} was bought {o.ours.total_seconds():.0f} s after it was gone"
        for o in short if o.was_for_sale and o.ours > timedelta(seconds=bound)
    ]  # fmt: skip
    listed = [sku for owner, sku in world.amazon.listings.items if owner == seller]
    forbidden = [
        sku for sku in listed
        if sku in NEVER_SOLD and (found := world.amazon.listings.now(seller, sku)) is not None
        and found.is_buyable(shops[0], now)
    ]  # fmt: skip
    return [
        _all("items of which Amazon sells what TIMS has", len(stock),
             [s.wrong(buffer) for s in stock]),
        _all("prices as the rules say, every tier and sale", len(prices),
             ["" if t.wanted.refused else t.differs for t in prices]),
        _none("prices that were ever below the floor", [t.below_floor for t in prices]),
        _none(f"oversold although Amazon could have been told ({bound:.0f} s)", late),
        _none("lead times and fields beside the prices lost", wiped(world, shops)),
        _none("for sale although the eligibility gate refuses it", forbidden),
    ]  # fmt: skip


def _all(name: str, many: int, words: Sequence[str]) -> Check:
    wrong = [w for w in words if w]
    return Check(name, many, many - len(wrong), not wrong, tuple(wrong[:SHOWN]))


def _none(name: str, words: Sequence[str]) -> Check:
    wrong = [w for w in words if w]
    return Check(name, 0, len(wrong), not wrong, tuple(wrong[:SHOWN]))
