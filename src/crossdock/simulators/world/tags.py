"""What Amazon asks for every SKU beside TIMS's price lists, and staff who change prices."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crossdock.simulators.tims.price_records import PriceEntry, entry_key
from crossdock.simulators.world.catalogue import ZONES, Shop, Sku
from crossdock.simulators.world.pricebook import INDUSTRIAL, LISTS

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World

CENT = Decimal("0.01")
ALL, B2B = "ALL", "B2B"


@dataclass(frozen=True, slots=True)
class Tag:
    """A SKU in one marketplace: what it should cost, what it costs, and what it ever cost."""

    sku: str
    marketplace_id: str
    wanted: dict[str, Decimal]  # by audience
    live: dict[str, Decimal | None]
    floor: Decimal
    lowest: Decimal | None  # that anybody could have paid since `since`

    @property
    def wrong(self) -> str:
        """Why it is not as it should be."""
        for audience, price in self.wanted.items():
            if self.live[audience] != price:
                found = self.live[audience]
                return f"{self.sku} in {self.marketplace_id} is {found} for {audience}, not {price}"
        if self.lowest is not None and self.lowest < self.floor:
            return f"{self.sku} in {self.marketplace_id} was {self.lowest}, below {self.floor}"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"sku": self.sku, "marketplace_id": self.marketplace_id, "wrong": self.wrong,
                "price": str(self.live[ALL])}  # fmt: skip


def tags(world: "World", since: datetime | None = None) -> list[Tag]:
    """Every SKU that the lookup table knows, in every marketplace: list price for everybody, the
    industrial class for businesses, promotions, never below the MAP price.
    """
    now, found = world.clock.now(), []
    for sku in world.goods.skus:
        for shop in world.goods.shops if sku.in_lookup else ():
            entry = world.tims.prices[entry_key(LISTS[shop.currency], sku.product.item)]
            found.append(_tag(world, sku, shop, entry, now, since))
    return found


def _tag(
    world: "World", sku: Sku, shop: Shop, entry: PriceEntry, now: datetime, since: datetime | None
) -> Tag:
    listing = world.amazon.listings.now(world.amazon.sellers[0].seller_id, sku.sku)
    day = now.astimezone(ZoneInfo(ZONES[shop.country])).date()
    units = Decimal(sku.units_per_pack)
    public = _cents(_at(entry.list_price, entry.breaks, units) * units)
    advertised = _up((entry.map_price or 0) * units)
    public = max(public, advertised)
    industrial = entry.of_class(INDUSTRIAL)
    if industrial is None:
        raise ValueError(f"{sku.sku} has no industrial price")
    business = _cents(_at(industrial.unit_price, industrial.breaks, units) * units)
    promotion = entry.promotion(day)
    sale = public if promotion is None else max(_cents(promotion.unit_price * units), advertised)
    shop_id = shop.marketplace_id
    wanted = {ALL: min(public, sale), B2B: min(business, public)}
    live = {who: listing.price(shop_id, now, who) if listing else None for who in wanted}
    floor = _up((entry.floor_price or Decimal(0)) * units)
    paid = list(_paid(listing, shop_id, since, now)) if listing and since else []
    return Tag(sku.sku, shop_id, wanted, live, floor, min(paid, default=None))


def _paid(listing: Any, shop_id: str, since: datetime, now: datetime) -> Iterator[Decimal]:
    for at, price in listing.lowest(shop_id, now):
        if at >= since:
            yield price


def _at(price: Decimal, breaks: Any, units: Decimal) -> Decimal:
    """The price of one of so many units."""
    for one in sorted(breaks, key=lambda b: b.min_qty):
        if one.min_qty <= units:
            price = one.unit_price
    return price


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _up(amount: Decimal) -> Decimal:
    return Decimal(amount).quantize(CENT, rounding=ROUND_CEILING)


def reprice(world: "World", seed: int, items: int) -> list[str]:
    """Staff change the prices of some items in every list: dearer, cheaper, or on sale."""
    rng = random.Random(f"{seed}/reprice")
    names = sorted(p.item for p in world.goods.products)
    chosen = rng.sample(names, min(items, len(names)))
    today = world.clock.now().date()
    for n, item in enumerate(chosen):
        factor = Decimal(rng.choice(("0.94", "1.04", "1.11")))
        for shop in world.goods.shops:
            code = LISTS[shop.currency]
            entry = world.tims.prices[entry_key(code, item)]
            if n % 3 == 2:
                price = _fine(entry.list_price * Decimal("0.93"))
                world.tims.put_on_sale(item, price, today, today + timedelta(days=1), code)
                continue
            world.tims.set_price(
                item, _fine(entry.list_price * factor), list_code=code,
                map_price=_fine(entry.map_price * factor) if entry.map_price else None,
                breaks={b.min_qty: _fine(b.unit_price * factor) for b in entry.breaks},
                classes={c.price_class: _fine(c.unit_price * factor) for c in entry.class_prices},
                class_breaks={
                    c.price_class: {b.min_qty: _fine(b.unit_price * factor) for b in c.breaks}
                    for c in entry.class_prices
                },
            )  # fmt: skip
    return sorted(chosen)


def _fine(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001") if amount < 1 else CENT)
