"""Our words for listing TIMS's items at Amazon: the gate, the match, the listing, what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from crossdock.kernel.terms import Term

Rows = tuple[Mapping[str, Any], ...]
Attributes = Mapping[str, Rows]
"""What a listing says of a product: every attribute is a list of objects."""


class Verdict(Enum):
    """What the decision table says of an item. The strictest comes first."""

    REFUSE = "refuse"
    ASK = "ask"
    SELL = "sell"

    @property
    def strictness(self) -> int:
        """Smaller is stricter."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Item:
    """What TIMS says of an item, as far as the gate looks at it."""

    number: str
    item_class: str | None = None
    requires_container: str | None = None
    is_hazmat: bool | None = None
    un_number: str | None = None
    sds_url: str | None = None
    sds_date: str | None = None  # as TIMS writes it
    restricted_channels: tuple[str, ...] = ()
    status: str | None = None
    is_active: bool = True
    parts: tuple[str, ...] = ()  # item numbers of a kit's components


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of an item, by which row, and why in words for a person."""

    verdict: Verdict
    item: str
    row: str  # the row's name; empty when no row decided
    why: str
    where: str = ""  # "eligibility.csv row 4"
    for_good: bool = False  # nothing that TIMS may say later will change it

    @property
    def words(self) -> str:
        """One line."""
        by = f" ({self.where}, {self.row})" if self.row else ""
        return f"{self.item}: {self.why}{by}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Amazon's catalogue that could be ours."""

    asin: str
    title: str = ""
    product_type: str = ""
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Which page of Amazon's catalogue a SKU belongs on."""

    asin: str  # empty when there is none, or none could be chosen
    how: str  # in words
    question: str = ""  # what a person has to settle
    candidates: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A listing as Amazon shows it."""

    sku: str
    asin: str = ""
    product_type: str = ""
    title: str = ""
    attributes: Attributes = field(default_factory=dict)
    quantity: int | None = None
    issues: tuple[str, ...] = ()
    shows: bool = True  # buyers see it; a new one takes a while
    by_amazon: bool = False  # Amazon's warehouses hold it


@dataclass(frozen=True, slots=True)
class Spare:
    """An attribute that nothing says and Amazon has, in a plan's marketplace and language."""

    rows: Rows  # as Amazon has them
    selectors: Rows  # what tells them from those of others; a deletion names it


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be at Amazon for a SKU in a marketplace."""

    sku: str
    item: str
    decision: Decision
    product_type: str = ""
    requirements: str = ""
    asin: str = ""
    attributes: Attributes = field(default_factory=dict)
    left_alone: str = ""  # why the catalogue does not touch this SKU
    delete: bool = False  # a refused one is taken off the list, not only to zero
    shown: Shown | None = None  # how Amazon showed it when this was planned
    spare: Mapping[str, Spare] = field(default_factory=dict)  # ours only where we wrote it
    said: tuple[Term, ...] = ()
    marketplace_id: str = ""
    key: str = ""  # of the SKU in that marketplace
    first: bool = True  # it is the account's first: there a person is told of the SKU itself
    unwanted: str = ""  # why it is to be listed in other marketplaces, and not here

    @property
    def refused(self) -> bool:
        """It may not be for sale."""
        return self.decision.verdict is Verdict.REFUSE

    @property
    def title(self) -> str:
        """What buyers are to read, where the listing says it."""
        rows = self.attributes.get("item_name", ())
        return str(rows[0].get("value", "")) if rows else ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of a plan at Amazon."""

    sku: str
    state: str  # live already, seen, off, ...
    asin: str = ""
    why: str = ""
    marketplace_id: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What Amazon shows and TIMS does not say."""

    sku: str
    what: str
    tims: str
    amazon: str
    marketplace: str = ""
