"""What really happened to every order that TIMS had too little for, by both companies' own books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crossdock.simulators.world.counter import Taken

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World

BEFORE, OURS, AMAZON, NOBODY = "before", "ours", "amazon", "nobody"


@dataclass(frozen=True, slots=True)
class Oversold:
    """A line that was bought and was not there."""

    order_id: str
    sku: str
    bought_at: datetime
    short_at: datetime
    showed: int  # packs that Amazon showed when it was bought
    packs: int  # that were bought
    cause: str  # whose delay: the quantity at Amazon did not know of what was taken
    taken: Taken | None

    @property
    def was_for_sale(self) -> bool:
        """Amazon sold no more than it showed."""
        return self.packs <= self.showed


class Witness:
    """Looks at TIMS's orders all the time, and remembers which had too little."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._short: dict[tuple[str, str], datetime] = {}  # Amazon's order and item -> first seen

    def look(self) -> None:
        """Note what is short now."""
        for order in self._world.tims.orders.values():
            for line in order.lines if order.external_ref else ():
                if line.qty_backordered > 0:
                    item = (line.external_line_ref or "").partition("#")[0]
                    key = (str(order.external_ref), item)
                    self._short.setdefault(key, self._world.clock.now())

    def found(self) -> list[Oversold]:
        """Every line that was ever short, with its cause."""
        return [self._judged(order_id, item, at) for (order_id, item), at in self._short.items()]

    def _judged(self, order_id: str, item_id: str, short_at: datetime) -> Oversold:
        world = self._world
        order = world.amazon.orders[order_id]
        line, bought = order.line(item_id), order.created
        listing = world.amazon.listings.items[order.seller_id, line.line.sku]
        showed = [q for at, q in listing.history if at < bought]
        item = world.goods.sku(line.line.sku).product.item
        taken = [t for t in world.counter.taken if t.item == item and t.at <= short_at]
        cause, one = _cause(bought, taken, listing.stock_writes)
        return Oversold(order_id, line.line.sku, bought, short_at,
                        showed[-1] if showed else 0, line.quantity, cause, one)  # fmt: skip


def _cause(
    bought: datetime, taken: Sequence[Taken], writes: Sequence[tuple[datetime, datetime, int]]
) -> tuple[str, Taken | None]:
    """`writes`: when the seller told Amazon, when it took effect, how many."""
    live = [told for told, effect, _ in writes if effect <= bought]
    counted = live[-1] if live else None  # what Amazon showed knew of nothing later
    unknown = [t for t in taken if counted is None or t.at > counted]
    early = [t for t in unknown if t.at <= bought]
    if early:
        last = early[-1]
        told = [at for at, _, _ in writes if last.at <= at <= bought]
        return (AMAZON if told else OURS), last
    if unknown:
        return BEFORE, unknown[0]
    return NOBODY, None
