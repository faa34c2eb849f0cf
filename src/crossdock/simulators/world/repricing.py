"""Staff who change prices, raise floors, and offer again, at a new price, what was sold out."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from crossdock.simulators.amazon.listing_records import SimListing
from crossdock.simulators.amazon.offers import price_of
from crossdock.simulators.tims.price_records import PriceEntry, entry_key
from crossdock.simulators.world.asking import CENT, RULE, PriceRule
from crossdock.simulators.world.catalogue import Shop, Sku
from crossdock.simulators.world.pricebook import LISTS
from crossdock.simulators.world.tags import wanted_of

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World

RECEIVED = 200  # units, in every warehouse
_HIGH_FLOOR = Decimal("0.91")  # of the list price: below it, a business would pay 0.90


@dataclass(frozen=True, slots=True)
class Restocked:
    """Items that came back at a new price, and when."""

    items: tuple[str, ...]
    at: datetime


def reprice(world: "World", seed: int, items: int) -> list[str]:
    """Staff change the prices of some items in every list: dearer, cheaper, or on sale."""
    rng = random.Random(f"{seed}/reprice")
    names = sorted(p.item for p in world.goods.products)
    chosen = rng.sample(names, min(items, len(names)))
    today = world.clock.now().date()
    for n, item in enumerate(chosen):
        factor = Decimal(rng.choice(("0.94", "1.04", "1.11")))
        for entry in _entries(world, item):
            if n % 3 == 2:
                price = _fine(entry.list_price * Decimal("0.93"))
                world.tims.put_on_sale(
                    item, price, today, today + timedelta(days=1), entry.price_list.code
                )
            else:
                _move(world, entry, factor)
    return sorted(chosen)


def raise_floors(world: "World", seed: int, items: int) -> list[str]:
    """Staff say that some items are sold for hardly less than the list price."""
    rng = random.Random(f"{seed}/floors")
    chosen = sorted(rng.sample(sorted(p.item for p in world.goods.products), items))
    for item in chosen:
        for entry in _entries(world, item):
            floor = _fine(entry.list_price * _HIGH_FLOOR)
            world.tims.set_price(item, entry.list_price, floor, list_code=entry.price_list.code)
    return chosen


def sell_out(world: "World", items: Collection[str]) -> None:
    """Nothing of these is free any more."""
    for item in items:
        for level in world.tims.stock_of(item):
            world.tims.set_stock(item, level.location_id, level.allocated + level.quarantined)


def restock(world: "World", seed: int, items: Collection[str]) -> Restocked:
    """They come back, and from this moment on at another price."""
    rng = random.Random(f"{seed}/restock")
    for item in sorted(items):
        factor = Decimal(rng.choice(("0.94", "1.07", "1.12")))
        for entry in _entries(world, item):
            _move(world, entry, factor)
        for place in world.goods.places:
            held = world.tims.on_hand(item, place.location_id)
            world.tims.set_stock(item, place.location_id, held + RECEIVED)
    return Restocked(tuple(sorted(items)), world.clock.now())


def at_the_old_price(
    world: "World", back: Restocked, shops: Collection[str], rule: PriceRule = RULE
) -> list[str]:
    """Every moment since then at which Amazon had some for sale at a price that is not the new
    one, and every unit that was sold so.
    """
    seller, found = world.amazon.sellers[0].seller_id, []
    for sku in world.goods.skus:
        listing = world.amazon.listings.now(seller, sku.sku)
        if sku.product.item not in back.items or not sku.in_lookup or listing is None:
            continue
        bought = [
            o.created for o in world.amazon.orders.values()
            if any(line.line.sku == sku.sku for line in o.lines)
        ]  # fmt: skip
        for shop in (s for s in world.goods.shops if s.marketplace_id in shops):
            for at, showed, audience, price in _shown(world, sku, shop, listing, back, rule):
                sold = sum(at <= day for day in bought)
                found.append(f"{sku.sku} in {shop.marketplace_id}: {showed} for sale at {price} "
                             f"for {audience} at {at:%H:%M:%S}, {sold} orders since")  # fmt: skip
    return found


def _shown(
    world: "World", sku: Sku, shop: Shop, listing: SimListing, back: Restocked, rule: PriceRule
) -> Iterator[tuple[datetime, int, str, Decimal | None]]:
    now, should = world.clock.now(), wanted_of(world, sku, shop, rule)
    moments = {at for at, _ in (*listing.history, *listing.offers) if back.at < at <= now}
    for at in sorted({back.at, *moments}):
        showed = [quantity for since, quantity in listing.history if since <= at][-1]
        rows = [offers for since, offers in listing.offers if since <= at][-1]
        for audience, asked in should.offers.items() if showed else ():
            price = price_of(rows, shop.marketplace_id, audience, at)
            if price != asked.now(at):
                yield at, showed, audience, price


def _entries(world: "World", item: str) -> Iterator[PriceEntry]:
    for shop in world.goods.shops:
        yield world.tims.prices[entry_key(LISTS[shop.currency], item)]


def _move(world: "World", entry: PriceEntry, factor: Decimal) -> None:
    world.tims.set_price(
        entry.item_number, _fine(entry.list_price * factor), list_code=entry.price_list.code,
        map_price=_fine(entry.map_price * factor) if entry.map_price else None,
        breaks={b.min_qty: _fine(b.unit_price * factor) for b in entry.breaks},
        classes={c.price_class: _fine(c.unit_price * factor) for c in entry.class_prices},
        class_breaks={
            c.price_class: {b.min_qty: _fine(b.unit_price * factor) for b in c.breaks}
            for c in entry.class_prices
        },
    )  # fmt: skip


def _fine(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001") if amount < 1 else CENT)
