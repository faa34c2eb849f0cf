"""What a settlement report says, before anybody decides where it belongs.

Amounts are whole minor units (cents; yen) of the settlement's one currency. Times are UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Triple(NamedTuple):
    """What a line is: the same description means different things under Order and Refund."""

    transaction_type: str
    amount_type: str
    amount_description: str

    def __str__(self) -> str:
        return " / ".join(part or "(blank)" for part in self)


@dataclass(frozen=True, slots=True)
class Summary:
    """Line 2 of the file: the control record. It is never a line of its own sum."""

    settlement_id: str
    start: datetime
    end: datetime
    deposit: datetime
    total: int  # minor units; what Amazon pays, or, below zero, what the seller owes
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """One amount with everything that the file says of it."""

    number: int  # physical line in the file, the header being 1
    triple: Triple
    amount: int  # minor units
    posted: datetime | None
    order_id: str = ""  # a reference whose meaning depends on the row's type
    merchant_order_id: str = ""
    adjustment_id: str = ""
    shipment_id: str = ""
    marketplace: str = ""
    fulfilment: str = ""  # AFN, MFN or empty
    order_item_code: str = ""
    sku: str = ""
    quantity: int | None = None  # repeated on every line of an item: count it on Principal only
    promotion_id: str = ""


class GroupKey(NamedTuple):
    """Lines that every account rule treats alike."""

    triple: Triple
    marketplace: str
    fulfilment: str
    sku: str  # empty unless rules look at SKUs
    month: str  # of the posting in the cut-off zone, "2026-06"


@dataclass(frozen=True, slots=True)
class Group:
    """The sum of such lines, with where the first of them stands."""

    amount: int
    lines: int
    first_line: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot be read. One of them, and the file posts nothing."""

    line: int  # physical line, the header being 1; 0 for the file as a whole
    what: str
    advice: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.what}. {self.advice}"


@dataclass(frozen=True, slots=True)
class Count:
    """Every physical line is one of these."""

    header: int  # with repeated headers
    summary: int
    accepted: int
    rejected: int
    blank: int  # empty lines and lines of a single cell without an amount
    physical: int

    @property
    def conserved(self) -> bool:
        """Nothing was lost on the way."""
        parts = self.header + self.summary + self.accepted + self.rejected + self.blank
        return parts == self.physical


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole file, read. `groups` is in a fixed order, whatever the order of the lines."""

    summary: Summary | None
    groups: dict[GroupKey, Group]
    count: Count
    faults: tuple[Fault, ...]  # the first hundred
    sha256: str  # of the file's bytes as they came
    zone: str  # in which months were cut, e.g. "UTC"

    @property
    def total(self) -> int:
        """The sum of all accepted lines, in minor units."""
        return sum(group.amount for group in self.groups.values())

    @property
    def usable(self) -> bool:
        """Every line could be read and the control record is there."""
        return not self.faults and self.summary is not None and self.count.conserved


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement that stands in the ledger."""

    number: str
    total: str  # with its currency, for people
    batches: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """How far a settlement's money has settled TIMS's invoices and credit memos."""

    number: str
    orders: int  # sales and refunds whose document was found
    waiting: int  # those that TIMS has nothing for


@dataclass(frozen=True, slots=True)
class Costed:
    """What was booked for the cost of what it sold."""

    number: str
    batches: int
