"""What really happened to every order that TIMS had too little for, by both companies' books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from crossdock.simulators.world.counter import Taken

Write = tuple[datetime, datetime, int]
"""A quantity that the seller wrote: when, in effect when, how many."""

if TYPE_CHECKING:
    from crossdock.simulators.amazon.state import SimOrder
    from crossdock.simulators.world.world import World

BEFORE, OURS, AMAZON = "before", "ours", "amazon"
ON_ITS_WAY, NOBODY = "on its way", "nobody"
_LOOKED_FOR = timedelta(seconds=30)  # until somebody may see what has come into effect


@dataclass(frozen=True, slots=True)
class Oversold:
    """A line that was bought and was not there."""

    order_id: str
    sku: str
    bought_at: datetime
    short_at: datetime
    showed: int  # packs that Amazon showed when it was bought
    packs: int  # that were bought
    causes: frozenset[str]  # whose delay: what the quantity at Amazon did not know of
    taken: Taken | None
    ours: (
        timedelta  # since TIMS had no longer what Amazon showed, until Amazon was told, or the sale
    )

    @property
    def was_for_sale(self) -> bool:
        """Amazon sold no more than it showed."""
        return self.packs <= self.showed


class Witness:
    """Looks at TIMS's orders all the time, and remembers which had too little."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._short: dict[tuple[str, str], datetime] = {}  # Amazon's order and item -> first seen
        self._free: dict[str, list[tuple[datetime, Decimal]]] = {}  # by scarce item, as it changed

    def look(self) -> None:
        """Note what is short now, and how many are free of what is scarce."""
        now = self._world.clock.now()
        for product in self._world.goods.products:
            if product.scarce and product.active:
                levels = self._world.tims.stock_of(product.item)
                free = sum((max(x.available, Decimal(0)) for x in levels), Decimal(0))
                known = self._free.setdefault(product.item, [])
                if not known or known[-1][1] != free:
                    known.append((now, free))
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
        writes = listing.stock_writes
        cause, one = self._cause(order, line.line.sku, taken, writes)
        shows = showed[-1] if showed else 0
        causes, fresh = {cause}, [w for w in writes if bought - _LOOKED_FOR <= w[1] <= bought]
        for n in range(len(fresh)):  # whoever looks now and then may not have seen these yet
            old = [w for w in writes if w not in fresh[n:]]
            causes |= {AMAZON, self._cause(order, line.line.sku, taken, old)[0]}
        if any(at <= bought < effect and packs < shows for at, effect, packs in writes):
            causes.add(AMAZON)  # it had been told less, for whatever reason
        return Oversold(
            order_id, line.line.sku, bought, short_at, shows, line.quantity, frozenset(causes), one,
            self._ours(order, line.line.sku, shows),
        )  # fmt: skip

    def _ours(self, order: "SimOrder", sku: str, showed: int) -> timedelta:
        """How long we had taken when it was bought; what Amazon takes to show it is not in it."""
        one, bought = self._world.goods.sku(sku), order.created
        listing = self._world.amazon.listings.items[order.seller_id, sku]
        enough, since = Decimal(showed * one.units_per_pack), None
        for at, free in self._free.get(one.product.item, ()):
            if at <= bought:
                since = None if free >= enough else since or at
        told = [
            at for at, _, packs in listing.stock_writes
            if since and since <= at <= bought and packs < showed
        ]  # fmt: skip
        return timedelta(0) if since is None else min([*told, bought]) - since

    def _cause(
        self, order: "SimOrder", sku: str, taken: Sequence[Taken], writes: Sequence[Write]
    ) -> tuple[str, Taken | None]:
        live = [write for write in writes if write[1] <= order.created]
        counted = live[-1][0] if live else order.created  # Amazon's quantity knew nothing later
        unknown = [t for t in taken if t.at > counted]
        early = [t for t in unknown if t.at <= order.created]
        if early:
            last = early[-1]
            told = [at for at, _, _ in writes if last.at <= at <= order.created]
            return (AMAZON if told else OURS), last
        if live and self._on_its_way(order.order_id, sku, live[-1]):
            return ON_ITS_WAY, None
        return (BEFORE, unknown[0]) if unknown else (NOBODY, None)

    def _on_its_way(self, but: str, sku: str, write: Write) -> bool:
        """An order of the same goods that Amazon had counted down before the write showed, and
        that TIMS did not know of when it was written.
        """
        world = self._world
        item = world.goods.sku(sku).product.item
        known = {o.external_ref: o.created_at for o in world.tims.orders.values()}
        for reservation in world.tims.reservations.values():
            ref = (reservation.external_ref or "").rpartition(":")[2]
            known[ref] = min(known.get(ref, reservation.created_at), reservation.created_at)
        for order in world.amazon.orders.values():
            for line in order.lines:
                until = write[1] if line.line.sku == sku else write[0]
                same = world.goods.sku(line.line.sku).product.item == item
                late = order.order_id in known and known[order.order_id] > write[0]
                if same and order.order_id != but and order.created <= until and late:
                    return True
        return False
