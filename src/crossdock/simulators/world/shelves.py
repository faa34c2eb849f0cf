"""What lies on TIMS's shelves beside what Amazon sells of it, and staff who count anew."""

import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One item, everywhere: units that are free in TIMS, and units that Amazon sells of it."""

    item: str
    free: Decimal
    back_ordered: Decimal
    active: bool
    offered: Decimal  # the sum over its SKUs
    least: int  # units in the smallest pack that is sold of it
    skus: Mapping[str, int]  # packs that are live, by SKU

    def wrong(self, buffer: int) -> str:
        """Why the offers are not what they should be, when so many units are kept back: more than
        is free is an oversell to come, a pack that could still be sold is a sale that is missed.
        """
        may = max(self.free - buffer, NOTHING)
        if not self.active or self.back_ordered:
            may = NOTHING
        if self.offered > may:
            return f"{self.offered} of {self.item} are for sale, {may} may be"
        if may - self.offered >= self.least:
            return f"only {self.offered} of {self.item} are for sale, {may} may be"
        return ""

    def as_dict(self, buffer: int) -> dict[str, Any]:
        """For JSON, with the judgement."""
        numbers = {"free": str(self.free), "offered": str(self.offered)}
        row = {k: v for k, v in asdict(self).items() if k in ("item", "active", "skus")}
        return {**row, **numbers, "wrong": self.wrong(buffer)}


def shelves(world: "World") -> list[Shelf]:
    """Every item that is sold at Amazon under a SKU that the lookup table knows."""
    packs: dict[str, dict[str, int]] = defaultdict(dict)
    units: dict[str, dict[str, int]] = defaultdict(dict)
    seller = world.amazon.sellers[0].seller_id
    for sku in world.goods.skus:
        if sku.in_lookup:
            live = world.amazon.listings.now(seller, sku.sku)
            packs[sku.product.item][sku.sku] = (live.quantity() or 0) if live else 0
            units[sku.product.item][sku.sku] = sku.units_per_pack
    found = []
    for item, live_packs in sorted(packs.items()):
        levels = world.tims.stock_of(item)
        found.append(
            Shelf(
                item,
                sum((max(x.available, NOTHING) for x in levels), NOTHING),
                sum((x.back_ordered for x in levels), NOTHING),
                world.tims.items[item].is_active,
                sum((Decimal(n * units[item][s]) for s, n in live_packs.items()), NOTHING),
                min(units[item].values()),
                live_packs,
            )
        )
    return found


def wiped(world: "World", shops: Collection[str] = ()) -> list[str]:
    """What stands beside the quantity, and beside the prices in these marketplaces, and is not what
    it was before any write. Where changes come into effect late, in the wrong order, or never, what
    Amazon says of it counts: nobody outside can see more.
    """
    late = unseen(world)
    seller, found = world.amazon.sellers[0].seller_id, []
    for sku, stood in sorted(world.stood.items()):
        listing = world.amazon.listings.now(seller, sku)
        if listing is None:
            continue
        now = beside(listing.submitted if late else listing.live)
        found += [
            f"{sku}: {name} of {shop or 'the stock'} is {now.get((shop, name))}, not {value}"
            for (shop, name), value in stood.items()
            if now.get((shop, name)) != value and shop in ("", *shops)
        ]
    return found


def unseen(world: "World") -> bool:
    """A write may have had another effect, or none, and Amazon's answers do not tell."""
    names = ("late_effect", "price_late", "accepted_unchanged")
    return any(f.name in names and f.struck for f in world.amazon.faults.all())


def beside(live: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[tuple[str, str], Any]:
    """Fields that nobody who publishes quantities and prices has anything to do with."""
    return {
        (str(row.get("marketplace_id", "")), name): row[name]
        for attribute, name in (("fulfillment_availability", "lead_time_to_ship_max_days"),
                                ("purchasable_offer", "start_at"))
        for row in live.get(attribute, ()) if name in row
    }  # fmt: skip


def count_stock(world: "World", seed: int, items: int) -> list[str]:
    """Staff count some items anew: some have run low, some are gone, some were received."""
    rng = random.Random(seed)
    names = [p.item for p in world.goods.products if world.tims.items[p.item].is_active]
    chosen = rng.sample(names, min(items, len(names)))
    for n, item in enumerate(chosen):
        for place in world.goods.places:
            level = next((x for x in world.tims.stock_of(item)
                          if x.location_id == place.location_id), None)  # fmt: skip
            bound = level.allocated + level.quarantined if level else NOTHING
            more = (0, rng.randint(1, 40), rng.randint(500, 5000))[n % 3]
            world.tims.set_stock(item, place.location_id, bound + more)
    return sorted(chosen)
