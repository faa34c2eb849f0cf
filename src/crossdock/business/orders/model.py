"""An Amazon order in our words, and what is to be done about it in TIMS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money


class Status(StrEnum):
    """Where an order stands at Amazon."""

    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"  # ordered ahead of its release
    PENDING = "PENDING"  # the payment is not certain
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNFULFILLABLE = "UNFULFILLABLE"
    UNKNOWN = "UNKNOWN"  # Amazon said nothing, or a word that we do not know yet


@dataclass(frozen=True, slots=True)
class Address:
    """Where the parcel goes. Personal: never printed."""

    name: str | None = field(default=None, repr=False)
    company: str | None = field(default=None, repr=False)
    line1: str | None = field(default=None, repr=False)
    line2: str | None = field(default=None, repr=False)
    line3: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    district: str | None = field(default=None, repr=False)
    state: str | None = None
    postal_code: str | None = field(default=None, repr=False)
    country: str | None = None
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount under Amazon's own name for it."""

    kind: str
    money: Money


@dataclass(frozen=True, slots=True)
class Amounts:
    """What Amazon says an item brings. None is "not said", never zero.

    `discount` and its parts are magnitudes: Amazon does not say which sign they carry.
    """

    total: Money | None = None
    item: Money | None = None  # for the whole line
    shipping: Money | None = None
    gift_wrap: Money | None = None
    cod_fee: Money | None = None
    other: Money | None = None
    tax: Money | None = None
    tax_on_item: Money | None = None
    tax_on_shipping: Money | None = None
    tax_on_gift_wrap: Money | None = None
    tax_on_discount: Money | None = None
    discount: Money | None = None
    discount_on_item: Money | None = None
    discount_on_shipping: Money | None = None
    unknown: tuple[Amount, ...] = ()  # kinds that this version does not know


@dataclass(frozen=True, slots=True)
class Line:
    """One item of an order; `item_id` is its only key."""

    item_id: str
    quantity: int  # as ordered, in the units the buyer sees: packs
    sku: str | None = None
    item_number: str | None = None  # TIMS's, through the SKU table
    uom: str | None = None
    units_per_pack: int | None = None
    fulfilled: int | None = None
    unfulfilled: int | None = None
    measure: str | None = None  # COUNT, or the unit of goods sold by weight or length
    amounts: Amounts | None = None
    tax_collection: str | None = None  # MARKETPLACE_FACILITATOR
    buyer_wants_to_cancel: bool = False
    cancelled: bool = False  # Amazon has carried out a cancellation on this item
    promotions: tuple[str, ...] = ()

    @property
    def wanted(self) -> int:
        """How many packs are to be delivered after what Amazon has cancelled."""
        if not self.cancelled:
            return self.quantity
        if self.fulfilled is None or self.unfulfilled is None:
            return 0
        return min(self.quantity, self.fulfilled + self.unfulfilled)


@dataclass(frozen=True, slots=True)
class Order:
    """One Amazon order."""

    order_id: str
    status: Status
    placed_at: datetime
    last_updated: datetime
    lines: tuple[Line, ...]
    marketplace_id: str | None = None
    channel: str | None = None  # AMAZON | NON_AMAZON
    status_text: str | None = None  # Amazon's own word for the status
    fulfilled_by: str | None = None  # AMAZON | MERCHANT
    ship_by: datetime | None = None
    programs: tuple[str, ...] = ()
    company: str | None = field(default=None, repr=False)  # of a business buyer
    po_number: str | None = None
    ship_to: Address | None = None
    total: Money | None = None
    other_amounts: tuple[Amount, ...] = ()  # of the whole order only: a delivery tip
    discount_code: str | None = None  # TIMS's, through the promotions table

    @property
    def business(self) -> bool:
        """True for an Amazon Business order."""
        return "AMAZON_BUSINESS" in self.programs

    @property
    def live_lines(self) -> tuple[Line, ...]:
        """The lines of which something is still to be delivered."""
        return tuple(line for line in self.lines if line.wanted > 0)

    @property
    def dead_lines(self) -> tuple[Line, ...]:
        """The lines of which Amazon has cancelled something."""
        gone = self.status is Status.CANCELLED
        return tuple(line for line in self.lines if gone or line.cancelled)

    @property
    def has_cancelled(self) -> bool:
        """True when Amazon has cancelled something of it."""
        return bool(self.dead_lines)

    @property
    def wants_to_cancel(self) -> bool:
        """True when the buyer has asked to cancel something that is still to be delivered."""
        return any(line.buyer_wants_to_cancel for line in self.live_lines)

    @property
    def may_hold_stock(self) -> bool:
        """True when it has changed since it was placed: it may have been pending before."""
        return self.last_updated > self.placed_at

    @property
    def hold_ref(self) -> str:
        """How TIMS knows the stock that is kept for this order while it is pending."""
        return f"AMAZON:{self.marketplace_id}:{self.order_id}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the house has decided for a marketplace: one row of marketplaces.csv."""

    external_system: str  # "AMAZON:ATVPDKIKX0DER"
    customer_code: str
    customer_name: str
    time_zone: str = "UTC"  # of the order date in TIMS
    location: str | None = None  # None: TIMS decides
    prices_include_tax: bool = False
    tax_collected_by: str | None = None  # marketplace | seller, where Amazon does not say
    buyer_cancel: str = "ask"  # ask | accept | ship
    hold_days: int = 7  # how long stock waits for a pending order
    open_customer: bool = False  # open the customer in TIMS when it is missing
    change_amounts: bool = False  # TIMS takes new discounts, tax and charges, not only quantities

    def __post_init__(self) -> None:
        """A word that nobody defined is a question; taken for another, it taxes an order twice."""
        for name, words in CHOICES.items():
            word = getattr(self, name)
            if word is not None and word not in words:
                raise NeedsPerson(
                    f"{name} is {word!r}, which means nothing here",
                    kind="mapping-stopped",
                    remedy=f"Write {' or '.join(words)} (lookups/marketplaces.csv), then retry.",
                )


CHOICES = {"tax_collected_by": ("marketplace", "seller"), "buyer_cancel": ("ask", "accept", "ship")}
"""The only words of these fields of Terms."""


@dataclass(frozen=True, slots=True)
class TimsLine:
    """One line of the sales order as TIMS holds it."""

    number: int
    ref: str | None
    ordered: Decimal
    cancelled: Decimal
    shipped: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    charges: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class TimsOrder:
    """What TIMS says about the sales order of an Amazon order."""

    number: str
    status: str
    row_version: int
    lines: tuple[TimsLine, ...] = ()
    po_number: str | None = None
    must_ship_by: datetime | None = None
    ship_to: Address | None = None
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """Freight and the like, on a line."""

    kind: str  # freight | gift_wrap | cod_fee | other
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line as it shall stand in TIMS. Discount and tax are for the whole line."""

    ref: str
    item_number: str
    uom: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """The sales order that shall stand in TIMS; it is proven to tie with Amazon's total."""

    order_id: str
    external_system: str
    idempotency_key: str
    customer_code: str
    customer_name: str
    location: str | None
    order_date: date
    must_ship_by: datetime | None
    po_number: str | None
    ship_to: Address
    currency: str
    tax_collected_by: str  # marketplace | tims
    discount_code: str | None
    lines: tuple[DraftLine, ...]
    total: Decimal  # what TIMS will come to
    marketplace_tax: Decimal  # what Amazon collects and pays over itself
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineChange:
    """New quantities of one TIMS line, and new amounts where the site takes them; None stays."""

    number: int
    ordered: Decimal
    cancelled: Decimal
    discount: Decimal | None = None
    tax: Decimal | None = None
    charges: tuple[Charge, ...] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What an existing sales order shall say from now on; None leaves a field as it is."""

    number: str
    row_version: int
    ship_to: Address | None = None
    must_ship_by: datetime | None = None
    po_number: str | None = None
    lines: tuple[LineChange, ...] | None = None


@dataclass(frozen=True, slots=True)
class HoldLine:
    """Stock to be held for one item."""

    item_number: str
    location: str | None
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Hold:
    """Stock to be held while a payment is uncertain."""

    ref: str
    expires_at: datetime
    lines: tuple[HoldLine, ...]


class Action(StrEnum):
    """What is to be done in TIMS now."""

    CREATE = "create"
    CHANGE = "change"
    CANCEL = "cancel"
    RESERVE = "reserve"
    UNRESERVE = "unreserve"
    NOTHING = "nothing"
    ASK = "ask"


class HeldStock(StrEnum):
    """What becomes of the stock that TIMS holds for an order."""

    STAYS = "stays"  # or there is none
    HAND_OVER = "hand over"  # to the sales order
    LET_GO = "let go"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to settle; becomes a case of that kind."""

    kind: str
    message: str
    remedy: str
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, why, and the fingerprint of the order it was made for.

    `release` lets TIMS allocate the order. A `question` is asked after everything else is done.
    `applied` is the fingerprint once the plan is carried out, None when it applies nothing new;
    `state` is what the link shall say then, None when it stays as it is.
    """

    action: Action
    reasons: tuple[str, ...]
    fingerprint: str
    applied: str | None = None
    state: str | None = None
    release: bool = False
    question: Question | None = None

    @property
    def words(self) -> str:
        """The reasons in one line."""
        return "; ".join(self.reasons)
