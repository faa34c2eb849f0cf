"""What people say when they buy: the words of the world, not of the API."""

from dataclasses import dataclass, field
from decimal import Decimal

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing bought. Amounts but `unit_price` are for the whole line, discounts positive."""

    sku: str
    quantity: int
    unit_price: Decimal
    discount: Decimal = NOTHING
    shipping: Decimal = NOTHING
    shipping_discount: Decimal = NOTHING
    gift_wrap: Decimal = NOTHING
    tax: Decimal = NOTHING
    shipping_tax: Decimal = NOTHING
    gift_wrap_tax: Decimal = NOTHING
    discount_tax: Decimal = NOTHING  # tax that the discounts saved
    title: str = ""
    asin: str = ""
    condition: str = "NEW"
    business_price: bool = False
    gift_message: str = ""
    gift_wrap_level: str = ""
    customized_url: str = ""
    promotions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where to deliver."""

    name: str
    line1: str
    city: str
    state: str = ""
    postal_code: str = ""
    country: str = "US"
    line2: str = ""
    line3: str = ""
    company: str = ""
    county: str = ""
    phone: str = ""
    kind: str = "RESIDENTIAL"  # or COMMERCIAL, PICKUP_POINT


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys. Without an e-mail address Amazon makes an anonymous one."""

    name: str
    address: Address
    email: str = ""


@dataclass(frozen=True, slots=True)
class Business:
    """What Amazon Business adds to a buyer."""

    company: str
    po_number: str = ""
    vat_number: str = ""


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller who has authorised the application."""

    seller_id: str = "A1SELLERTEST"
    refresh_token: str = "Atzr|rehearsal"  # noqa: S105 - a made-up one
    marketplaces: tuple[str, ...] = ()  # empty: the usual ones of the region
    store_name: str = "Rehearsal Store"
    suspended: frozenset[str] = field(default_factory=frozenset)  # marketplaces with listings off
