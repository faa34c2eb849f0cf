"""A listing as Amazon keeps it: what was submitted, and what is live of it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon.offers import ALL, price_of, refused_prices
from crossdock.simulators.amazon.replies import Row

MERCHANT = "DEFAULT"
STOCK, OFFER = "fulfillment_availability", "purchasable_offer"
CHANNEL = "fulfillment_channel_code"
PICTURES = "https://m.media-amazon.com/images/I/"
Attributes = dict[str, list[Row]]


def laid(rows: Iterable[Row], new: Iterable[Row], shop: str) -> list[Row]:
    """The rows of one marketplace in place of its older ones; those of others stay. Without a
    marketplace: in place of all.
    """
    others = [r for r in rows if shop and r.get("marketplace_id", shop) != shop]
    return [*others, *new]


def rows_in(rows: Iterable[Row], shop: str) -> list[Row]:
    """Those of one marketplace, and those of no marketplace's own; without one, all."""
    return [r for r in rows if not shop or r.get("marketplace_id", shop) == shop]


def copy_of(address: str) -> str:
    """Where Amazon keeps its own copy of a picture, and says that it is."""
    return f"{PICTURES}{hashlib.sha256(address.encode()).hexdigest()[:11]}.jpg"


def copy_picture(row: Row) -> None:
    """From then on the row names the copy."""
    address = str(row.get("media_location") or "")
    if address and not address.startswith(PICTURES):
        row["media_location"] = copy_of(address)


@dataclass(frozen=True, slots=True)
class Coming:
    """A change of one attribute that is not in effect yet."""

    at: datetime
    name: str
    rows: list[Row]  # of that marketplace; quantities and prices of all of them
    shop: str = ""  # where it was written; empty: everywhere


@dataclass(slots=True)
class SimListing:
    """One SKU of a seller: one listing, in the marketplaces where it was listed. Quantities are the
    same in all of them.
    """

    sku: str
    asin: str
    product_type: str
    submitted: Attributes
    live: Attributes = field(default_factory=dict)
    coming: list[Coming] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)  # what Amazon found later
    found_later: list[tuple[datetime, Row, str]] = field(default_factory=list)  # since when, where
    requirements: str = "LISTING"
    writes: int = 0
    shops: set[str] = field(default_factory=set)  # marketplaces where it is listed
    showing: set[str] = field(default_factory=set)  # those whose buyers see something of it
    gone: dict[str, datetime] = field(default_factory=dict)  # deleted there, from then on
    asins: dict[str, str] = field(default_factory=dict)  # marketplaces with a page of their own
    created: datetime | None = None
    changed: datetime | None = None
    history: list[tuple[datetime, int]] = field(default_factory=list)  # merchant quantity live
    stock_writes: list[tuple[datetime, datetime, int]] = field(default_factory=list)  # told, live
    offers: list[tuple[datetime, list[Row]]] = field(default_factory=list)  # live offers since

    def asin_in(self, shop: str) -> str:
        """The page that it stands on there."""
        return self.asins.get(shop, self.asin)

    def says(self, name: str, shop: str) -> list[Row]:
        """What is live of an attribute there."""
        return rows_in(self.live.get(name, ()), shop)

    def quantity(self, channel: str = MERCHANT) -> int | None:
        """What can be bought of it now; None when it is not offered there."""
        row = next((r for r in self.live.get(STOCK, ()) if r[CHANNEL] == channel), None)
        return None if row is None else int(row.get("quantity", 0))

    def price(self, marketplace_id: str, now: datetime, audience: str = ALL) -> Decimal | None:
        """What one costs there now, a sale counted; None when it has no price there."""
        return price_of(self.live.get(OFFER, ()), marketplace_id, audience, now)

    def lowest(self, marketplace_id: str, until: datetime) -> Iterator[tuple[datetime, Decimal]]:
        """Every price that anybody could have paid there, and since when, whatever audience,
        quantity or sale.
        """
        for at, rows in self.offers:
            if at <= until:
                yield from ((at, price) for price in _every_price(rows, marketplace_id))

    def take_effect(self, now: datetime) -> None:
        """What has come into effect until now."""
        for one in sorted((c for c in self.coming if c.at <= now), key=lambda c: c.at):
            shop = "" if one.name in (STOCK, OFFER) else one.shop
            for row in (*one.rows, *self.submitted.get(one.name, ())):
                copy_picture(row)
            self.live[one.name] = laid(self.live.get(one.name, ()), deepcopy(one.rows), shop)
            self.showing |= {one.shop} if one.shop else self.shops
            if one.name == STOCK:
                self.history.append((one.at, self.quantity() or 0))
            if one.name == OFFER:
                self.offers.append((one.at, deepcopy(one.rows)))
        self.coming = [c for c in self.coming if c.at > now]
        for shop in [shop for shop, at in self.gone.items() if at <= now]:
            self._leave(shop)

    def _leave(self, shop: str) -> None:
        """Nothing of it is left there; quantities are everybody's."""
        del self.gone[shop]
        self.shops.discard(shop)
        self.showing.discard(shop)
        self.coming = [c for c in self.coming if c.shop != shop or c.name in (STOCK, OFFER)]
        for rows in (self.submitted, self.live):
            for name in rows.keys() - {STOCK}:
                rows[name] = [r for r in rows[name] if r.get("marketplace_id") != shop]

    def seen(self, marketplace_ids: list[str]) -> Attributes:
        """What was submitted, as those marketplaces show it."""
        return {
            name: [
                r for r in rows if r.get("marketplace_id", marketplace_ids[0]) in marketplace_ids
            ]
            for name, rows in self.submitted.items()
        }

    def all_issues(self, marketplace_id: str, now: datetime) -> list[Row]:
        """What is wrong with it."""
        later = [row for at, row, shop in self.found_later
                 if at <= now and shop in ("", marketplace_id)]  # fmt: skip
        return [
            *self.issues,
            *later,
            *refused_prices(self.live.get(OFFER, ()), marketplace_id, now),
        ]

    def is_buyable(self, marketplace_id: str, now: datetime) -> bool:
        """In stock, with a price that Amazon accepts and no error."""
        in_stock = any(int(row.get("quantity", 0)) for row in self.live.get(STOCK, ()))
        errors = [i for i in self.all_issues(marketplace_id, now) if i["severity"] == "ERROR"]
        return in_stock and not errors


def _every_price(rows: list[Row], marketplace_id: str) -> Iterator[Decimal]:
    for row in rows:
        if row.get("marketplace_id") != marketplace_id:
            continue
        for name in ("our_price", "discounted_price"):
            for slot in _schedule(row, name):
                yield Decimal(str(slot["value_with_tax"]))
        for slot in _schedule(row, "quantity_discount_plan"):
            for level in slot.get("levels", ()):
                if slot.get("discount_type") == "fixed":
                    yield Decimal(str(level["value"]))


def _schedule(row: Mapping[str, Any], name: str) -> Iterator[Row]:
    for part in row.get(name) or ():
        yield from part.get("schedule", ())
