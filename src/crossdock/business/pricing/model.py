"""TIMS's prices of an item, the rule that uses them, and the offers that follow.

TIMS prices one unit; Amazon sells packs. `units` says how many priced units are in one pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from crossdock.business.pricing.rounding import Rounding
from crossdock.kernel.money import Money
from crossdock.kernel.terms import Term

PUBLIC = "ALL"
"""Amazon's word for the offer that everybody sees."""


@dataclass(frozen=True, slots=True)
class Break:
    """From so many units on, one unit costs this."""

    units: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Quoted:
    """What TIMS asks for one unit, and where it says so."""

    price: Decimal
    breaks: tuple[Break, ...] = ()
    source: str = ""

    def at(self, units: Decimal) -> Decimal:
        """What one of so many units costs."""
        reached = [b for b in self.breaks if b.units <= units]
        return max(reached, key=lambda b: b.units).price if reached else self.price


@dataclass(frozen=True, slots=True)
class Sale:
    """One unit costs this from `start` until before `end`."""

    price: Decimal
    start: datetime
    end: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item in one price list. None is what TIMS does not say."""

    currency: str
    listed: Quoted
    cost: Decimal | None = None
    map_price: Decimal | None = None  # nobody may advertise it for less
    floor: Decimal | None = None  # TIMS itself sells it for no less
    classes: Mapping[str, Quoted] = field(default_factory=dict)  # by price class
    sales: tuple[Sale, ...] = ()


@dataclass(frozen=True, slots=True)
class Priced:
    """A SKU in one marketplace, with all that TIMS says of its price."""

    sku: str
    marketplace_id: str
    currency: str  # the marketplace's
    item: str
    units: Decimal  # priced units in one pack
    entry: Entry | None
    contracts: Mapping[str, Quoted] = field(default_factory=dict)  # by customer
    source: str = ""  # "lookups/skus.csv line 4"


class Kind(Enum):
    """Which of TIMS's prices is meant."""

    LIST = "list"
    CLASS = "class"
    CONTRACT = "contract"


class Source(NamedTuple):
    """A price of TIMS: the list's, that of a price class, that of a customer's contract."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class AudienceRule:
    """What one kind of customers pays."""

    source: Source
    share: Decimal = Decimal(0)  # added to TIMS's price: 0.03 for 3 %
    fixed: Decimal = Decimal(0)  # added for each pack, in the marketplace's currency
    tiers: bool = False  # TIMS's quantity breaks become Amazon's


@dataclass(frozen=True, slots=True)
class Floor:
    """What must be left: cost, Amazon's fees, freight and a margin, as shares of the price or
    amounts for each pack.
    """

    margin: Decimal = Decimal(0)
    fee_share: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    freight: Decimal = Decimal(0)
    uses_cost: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """How SKUs are priced that fit a pattern, and a class and brand where it names one."""

    patterns: tuple[str, ...]
    audiences: Mapping[str, AudienceRule]  # PUBLIC is always among them
    classes: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    rounding: Rounding = field(default_factory=Rounding)
    floor: Floor | None = None
    raises_to_floor: bool = False  # else a price below it asks a person
    keeps_map: bool = True
    follows_sales: bool = True
    below: Decimal | None = None  # the least that Amazon may take, as a share below the price
    above: Decimal | None = None
    move: Decimal | None = None  # the most that a price moves within a day without being asked
    where: str = ""  # "prices.yaml line 4"
    fault: str = ""  # what is wrong with it: its SKUs wait, no later rule takes them


@dataclass(frozen=True, slots=True)
class Tier:
    """From so many packs on, one pack costs this."""

    packs: int
    price: Money


@dataclass(frozen=True, slots=True)
class Discount:
    """A sale: one pack costs this from `start` until before `end`."""

    price: Money
    start: datetime
    end: datetime

    def covers(self, now: datetime) -> bool:
        """It is on."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class AudienceOffer:
    """What one kind of customers pays for a pack."""

    audience: str
    price: Money
    discount: Discount | None = None
    tiers: tuple[Tier, ...] = ()
    minimum: Money | None = None  # Amazon takes the offer off below and above these
    maximum: Money | None = None

    def now(self, now: datetime) -> Money:
        """What a pack costs at that time."""
        return self.discount.price if self.discount and self.discount.covers(now) else self.price


@dataclass(frozen=True, slots=True)
class PriceOffer:
    """Everything that Amazon is to ask for a SKU in one marketplace, and why."""

    sku: str
    marketplace_id: str
    offers: tuple[AudienceOffer, ...]
    floor: Money | None = None
    move: Decimal | None = None
    terms: tuple[Term, ...] = ()

    @property
    def public(self) -> AudienceOffer:
        """What everybody pays."""
        return next(o for o in self.offers if o.audience == PUBLIC)

    @property
    def lowest(self) -> Money:
        """The least that anybody may ever pay for a pack under this offer."""
        prices = [o.price for o in self.offers]
        prices += [o.discount.price for o in self.offers if o.discount is not None]
        prices += [tier.price for o in self.offers for tier in o.tiers]
        return min(prices)


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a price at Amazon."""

    sku: str
    marketplace_id: str
    state: str  # live already, seen there after it was written, publishing is off
