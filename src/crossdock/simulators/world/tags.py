"""What Amazon asks for every SKU beside what TIMS and the rule make of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crossdock.simulators.amazon.listing_records import OFFER, SimListing
from crossdock.simulators.tims.price_records import entry_key
from crossdock.simulators.world.asking import ALL, RULE, Asked, PriceRule, Wanted, live, wanted
from crossdock.simulators.world.catalogue import ZONES, Shop, Sku
from crossdock.simulators.world.pricebook import LISTS
from crossdock.simulators.world.shelves import unseen

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World


@dataclass(frozen=True, slots=True)
class Tag:
    """A SKU in one marketplace: what it should cost, what it costs, and what it ever cost."""

    sku: str
    marketplace_id: str
    wanted: Wanted
    live: Mapping[str, Asked]
    lowest: Decimal | None  # that anybody could have paid since `since`
    now: datetime

    @property
    def differs(self) -> str:
        """Where the offers are not what they should be: an audience, a tier, a sale, a bound."""
        for audience in sorted(self.wanted.offers.keys() | self.live.keys()):
            should, found = self.wanted.offers.get(audience), self.live.get(audience)
            if should != found:
                where = f"{self.sku} in {self.marketplace_id} for {audience}"
                return f"{where} is {_text(found)}, not {_text(should)}"
        return ""

    @property
    def below_floor(self) -> str:
        """Where anybody could have paid less than the floor."""
        floor = self.wanted.floor
        if self.lowest is None or self.lowest >= floor:
            return ""
        return f"{self.sku} in {self.marketplace_id} was {self.lowest}, below {floor}"

    @property
    def wrong(self) -> str:
        """Why it is not as it should be. What a person is asked about stays as it stands."""
        return self.below_floor or ("" if self.wanted.refused else self.differs)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        price = self.live[ALL].now(self.now) if ALL in self.live else None
        return {"sku": self.sku, "marketplace_id": self.marketplace_id, "wrong": self.wrong,
                "price": str(price), "decided_by_floor": self.wanted.decided}  # fmt: skip


def tags(world: "World", since: datetime | None = None, rule: PriceRule = RULE) -> list[Tag]:
    """Every SKU that the lookup table knows, in every marketplace."""
    return [
        _tag(world, sku, shop, since, rule)
        for sku in world.goods.skus
        for shop in (world.goods.shops if sku.in_lookup else ())
    ]


def wanted_of(world: "World", sku: Sku, shop: Shop, rule: PriceRule = RULE) -> Wanted:
    """What it should cost there now."""
    entry = world.tims.prices[entry_key(LISTS[shop.currency], sku.product.item)]
    zone = ZoneInfo(ZONES[shop.country])
    return wanted(entry, Decimal(sku.units_per_pack), zone, world.clock.now(), rule)


def _tag(world: "World", sku: Sku, shop: Shop, since: datetime | None, rule: PriceRule) -> Tag:
    listing, now = (
        world.amazon.listings.now(world.amazon.sellers[0].seller_id, sku.sku),
        world.clock.now(),
    )
    shop_id = shop.marketplace_id
    found = _standing(world, listing, shop_id, now) if listing else {}
    paid = list(_paid(listing, shop_id, since, now)) if listing and since else []
    return Tag(sku.sku, shop_id, wanted_of(world, sku, shop, rule), found,
               min(paid, default=None), now)  # fmt: skip


def _standing(world: "World", listing: SimListing, shop_id: str, now: datetime) -> dict[str, Asked]:
    """The offers as they are live. Amazon shows what everybody pays now, and of tiers, coming sales
    and bounds only what was submitted: where a write came into effect late or never, that counts,
    because nobody outside can see more.
    """
    found = live(listing.live.get(OFFER, ()), shop_id, now)
    if not unseen(world):
        return found
    said = live(listing.submitted.get(OFFER, ()), shop_id, now)
    alike = found.keys() == said.keys() and all(
        one.now(now) == said[audience].now(now) for audience, one in found.items()
    )
    return said if alike else found


def _paid(listing: Any, shop_id: str, since: datetime, now: datetime) -> Iterator[Decimal]:
    for at, price in listing.lowest(shop_id, now):
        if at >= since:
            yield price


def _text(asked: Asked | None) -> str:
    if asked is None:
        return "nothing"
    tiers = "".join(f", from {packs} on {price}" for packs, price in asked.tiers)
    sale = ""
    if asked.sale is not None:
        price, start, end = asked.sale
        sale = f", {price} from {start:%m-%d %H:%M} to {end:%m-%d %H:%M}"
    least = f", at least {asked.least}" if asked.least is not None else ""
    return f"{asked.price}{tiers}{sale}{least}"
