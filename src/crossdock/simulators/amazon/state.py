"""What Amazon remembers: orders, their lines, packages and history. The truth of the world."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crossdock.simulators.amazon.marketplaces import MARKETPLACES, Marketplace
from crossdock.simulators.amazon.people import Business, Buyer, Line

PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
PENDING = "PENDING"
UNSHIPPED = "UNSHIPPED"
PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
SHIPPED = "SHIPPED"
CANCELLED = "CANCELLED"
UNFULFILLABLE = "UNFULFILLABLE"

STATUSES = (
    PENDING_AVAILABILITY,
    PENDING,
    UNSHIPPED,
    PARTIALLY_SHIPPED,
    SHIPPED,
    CANCELLED,
    UNFULFILLABLE,
)
NOT_PAYABLE_YET = frozenset({PENDING_AVAILABILITY, PENDING})
SHIPPABLE = frozenset({UNSHIPPED, PARTIALLY_SHIPPED})

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(slots=True)
class SimLine:
    """One order item; `line` is what was bought last said (a changed quantity changes it)."""

    order_item_id: str
    line: Line
    cancel_request: str | None = None  # the buyer's reason
    cancelled_by: str | None = None
    cancel_reason: str = ""

    @property
    def quantity(self) -> int:
        """Units ordered."""
        return self.line.quantity


@dataclass(slots=True)
class Package:
    """A parcel as confirmed by the seller."""

    reference_id: str
    carrier_code: str
    carrier_name: str
    tracking: str
    ship_date: datetime
    method: str
    items: dict[str, int]  # order item id -> units
    confirmed_at: datetime
    edits: int = 0
    visible_from: datetime | None = None  # hidden from readers until then
    delivered: bool = False
    transparency_codes: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order."""

    at: datetime
    what: str
    status: str


@dataclass(slots=True)
class SimOrder:
    """One order, as Amazon knows it."""

    order_id: str
    seller_id: str
    marketplace: Marketplace
    buyer: Buyer
    lines: list[SimLine]
    status: str
    created: datetime
    updated: datetime
    ship_from: datetime
    ship_by: datetime
    deliver_from: datetime
    deliver_by: datetime
    fulfilled_by: str = "MERCHANT"
    business: Business | None = None
    programs: tuple[str, ...] = ()
    service_level: str = "STANDARD"
    facilitator_tax: bool = True
    replaces: str = ""  # the order that this one replaces
    packages: dict[str, Package] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    version: int = 0
    hidden_until: datetime | None = None  # searchOrders does not list it before
    encoded: dict[object, bytes] = field(default_factory=dict)  # answers made for this version

    def touch(self, now: datetime, what: str) -> None:
        """Something changed: `updated` moves on, by a millisecond at least."""
        self.updated = max(whole_milliseconds(now), self.updated + _MILLISECOND)
        self.version += 1
        self.encoded.clear()
        self.history.append(Event(self.updated, what, self.status))

    def shipped(self, order_item_id: str, but: str = "") -> int:
        """Units of the item in packages, leaving out the package called `but`."""
        packages = (p for ref, p in self.packages.items() if ref != but)
        return sum(package.items.get(order_item_id, 0) for package in packages)

    @property
    def units(self) -> int:
        """Units ordered."""
        return sum(line.quantity for line in self.lines)

    @property
    def units_to_ship(self) -> int:
        """Units ordered and not cancelled."""
        return sum(line.quantity for line in self.lines if line.cancelled_by is None)

    @property
    def units_shipped(self) -> int:
        """Units in packages."""
        return sum(sum(package.items.values()) for package in self.packages.values())

    def line(self, order_item_id: str) -> SimLine:
        """The line with that id; a ValueError when there is none."""
        for line in self.lines:
            if line.order_item_id == order_item_id:
                return line
        raise ValueError(f"order {self.order_id} has no item {order_item_id}")


class Names:
    """Seeded makers of Amazon's identifiers: the same seed gives the same ones in order."""

    def __init__(self, seed: int) -> None:
        self._orders = random.Random(f"{seed}/amazon orders")
        self._requests = random.Random(f"{seed}/amazon requests")
        self._things = random.Random(f"{seed}/amazon things")

    def order_id(self) -> str:
        """In Amazon's 3-7-7 form."""
        dice = self._orders
        return f"{dice.randint(111, 114)}-{dice.randrange(10**7):07}-{dice.randrange(10**7):07}"

    def order_item_id(self) -> str:
        """Fourteen digits."""
        return f"{self._orders.randrange(10**13, 10**14)}"

    def request_id(self) -> str:
        """For `x-amzn-RequestId`."""
        return _uuid(self._requests.getrandbits(128))

    def thing_id(self) -> str:
        """For destinations, subscriptions, notifications."""
        return _uuid(self._things.getrandbits(128))

    def secret(self, length: int) -> str:
        """Hexadecimal digits for a token."""
        return f"{self._things.getrandbits(4 * length):0{length}x}"


def shop_called(marketplace_id: str) -> Marketplace:
    """The shop with that id; a ValueError when Amazon has none."""
    try:
        return MARKETPLACES[marketplace_id]
    except KeyError:
        raise ValueError(f"Amazon has no marketplace {marketplace_id}") from None


def whole_milliseconds(moment: datetime) -> datetime:
    """Amazon's times have three decimals."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def timestamp(moment: datetime) -> str:
    """As Amazon writes times: "2026-11-23T10:00:00.000Z"."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 date-time with a zone; anything else is a ValueError."""
    moment = datetime.fromisoformat(text)
    if "T" not in text or moment.tzinfo is None:
        raise ValueError(f"{text!r} is not an ISO 8601 date-time with a zone")
    return moment.astimezone(UTC)


def amount(value: Decimal, currency: str) -> Decimal:
    """The value in the currency's smallest coin."""
    return value.quantize(Decimal(1) if currency == "JPY" else Decimal("0.01"))


def _uuid(bits: int) -> str:
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
