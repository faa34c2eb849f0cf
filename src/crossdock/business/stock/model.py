"""What is on the shelves, what is for sale of it, and every term of the sum. Quantities of an item
are in its base unit; quantities that are offered are whole packs.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from crossdock.kernel.terms import Term


class Shelf(NamedTuple):
    """An item at a location."""

    item: str
    location: str


@dataclass(frozen=True, slots=True)
class Level:
    """What TIMS says of a shelf."""

    shelf: Shelf
    on_hand: Decimal
    allocated: Decimal = Decimal(0)  # to orders and to reservations of orders not payable yet
    quarantined: Decimal = Decimal(0)
    back_ordered: Decimal = Decimal(0)
    version: int = 0

    @property
    def free(self) -> Decimal:
        """What can still be promised; never below zero, whatever was counted."""
        return max(self.on_hand - self.allocated - self.quarantined, Decimal(0))


@dataclass(frozen=True, slots=True)
class Part:
    """So many base units of an item are in one pack."""

    item: str
    units: Decimal


@dataclass(frozen=True, slots=True)
class Sellable:
    """A SKU of Amazon's and what has to leave the shelves for one pack of it."""

    sku: str
    parts: tuple[Part, ...]  # one; several for a kit
    source: str = ""  # "lookups/skus.csv line 4"
    stopped: str = ""  # why it is not for sale: blocked in TIMS, not active


@dataclass(frozen=True, slots=True)
class Rule:
    """How SKUs that fit a pattern are offered."""

    patterns: tuple[str, ...]
    locations: tuple[str, ...]
    buffer: Decimal = Decimal(0)  # base units of each part that are kept back
    minimum: int = 0  # packs; fewer are not offered at all
    maximum: int | None = None  # packs; more are not shown
    where: str = ""  # "stock.yaml line 4"
    fault: str = ""  # what is wrong with it: its SKUs wait, no later rule takes them
    channels: tuple[tuple[str, Decimal], ...] = ()  # base units kept for each of our other channels
    places: str = ""  # where its locations are written: "stock.yaml line 5"

    @property
    def kept_back(self) -> Decimal:
        """Base units of each part that Amazon does not get: the buffer and every channel's own."""
        return sum((units for _, units in self.channels), self.buffer)


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be offered of a SKU, in packs, and why."""

    sku: str
    quantity: int
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What became of an offer at Amazon."""

    sku: str
    quantity: int
    state: str  # live already, or seen there after it was written
