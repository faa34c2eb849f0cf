"""A TIMS shipment of an Amazon order, and what Amazon is to be told about it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

_AMAZON = "AMAZON:"


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A line of the sales order; `ref` is what it remembers of Amazon."""

    number: int
    ref: str | None


@dataclass(frozen=True, slots=True)
class Sale:
    """The sales order that was shipped."""

    number: str
    lines: tuple[SaleLine, ...]
    external_system: str | None = None
    external_ref: str | None = None
    ordered_on: date | None = None

    @property
    def is_amazon(self) -> bool:
        """True when the sales order came from an Amazon order."""
        return bool(self.order_id and self.marketplace_id)

    @property
    def order_id(self) -> str:
        """Amazon's order id; empty for other orders."""
        return self.external_ref or ""

    @property
    def marketplace_id(self) -> str:
        """Amazon's marketplace; empty for other orders."""
        system = self.external_system or ""
        return system.removeprefix(_AMAZON) if system.startswith(_AMAZON) else ""


@dataclass(frozen=True, slots=True)
class Content:
    """How many units of a TIMS line are in a parcel."""

    line_number: int
    units: Decimal


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel as TIMS posted it, with Amazon's words for its carrier through carriers.csv."""

    number: str
    contents: tuple[Content, ...]
    carrier: str | None = None  # TIMS's code
    tracking: str | None = None
    service: str | None = None
    amazon_carrier: str | None = None
    amazon_carrier_name: str | None = None
    default_method: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """What left the warehouse."""

    number: str
    order_number: str
    status: str  # posted | voided
    parcels: tuple[Parcel, ...]
    shipped_at: datetime | None = None
    posted_at: datetime | None = None  # when TIMS wrote it down


@dataclass(frozen=True, slots=True)
class Item:
    """Packs of an Amazon item in a package."""

    item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Package:
    """One package in Amazon's terms; the same reference again corrects it."""

    reference: str
    carrier_code: str
    carrier_name: str | None
    method: str | None
    tracking: str
    ship_date: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """All that Amazon is to be told about one shipment."""

    order_id: str
    marketplace_id: str
    packages: tuple[Package, ...]


class Action(StrEnum):
    """What is to be done at Amazon now."""

    CONFIRM = "confirm"
    VERIFY = "verify"  # confirmed already, not yet seen there
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, why, and the fingerprint of the dispatch it was made for."""

    action: Action
    reason: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class SeenPackage:
    """A package as Amazon shows it."""

    reference: str
    carrier: str | None
    tracking: str | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The packages that Amazon shows for an order."""

    order_id: str
    packages: tuple[SeenPackage, ...]
