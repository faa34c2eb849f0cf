"""What the goods cost that a settlement sold, where TIMS does not ship them and books no cost.

A unit cost holds from a day on, until the next one. What has none is asked for, never zero. Refunds
carry no quantity in a settlement, so they bring no goods back.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from crossdock.business.settlements.accounts import RECOGNISE, Accounts
from crossdock.business.settlements.journal import Placed
from crossdock.business.settlements.model import Line
from crossdock.kernel.money import Money

_SOLD = "product_sales"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one unit of a SKU costs from that day on; finer than a cent where it has to be."""

    since: date
    each: Money


class Costs:
    """The unit costs of every SKU; `faults` says why one has none that can be used."""

    def __init__(
        self, known: Mapping[str, Sequence[Cost]], faults: Mapping[str, str] | None = None
    ) -> None:
        self.faults = faults or {}
        self._known = {sku: sorted(rows, key=lambda c: c.since) for sku, rows in known.items()}

    def at(self, sku: str, day: date) -> Cost | None:
        """The cost that holds on that day."""
        rows = self._known.get(sku, [])
        n = bisect_right([row.since for row in rows], day)
        return rows[n - 1] if n else None


@dataclass(slots=True)
class Sold:
    """Units of one SKU in one month at one unit cost."""

    month: str
    sku: str
    cost: Cost
    units: int = 0

    @property
    def total(self) -> Money:
        """All of them, in whole cents."""
        return (self.cost.each * self.units).rounded()


@dataclass(slots=True)
class CostOfSales:
    """What was sold, and what has no cost: SKU -> the first line and day that need one."""

    sold: list[Sold] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def cost_of_sales(
    rows: Iterable[tuple[Line, Placed, date]], accounts: Accounts, costs: Costs
) -> CostOfSales:
    """Of every unit that the settlement itself recognises as sold. Days are in the map's zone."""
    found: dict[tuple[str, str, Cost], Sold] = {}
    missing: dict[str, str] = {}
    for line, placed, day in rows:
        if placed.category != _SOLD or line.amount <= 0:
            continue  # the repeated quantity of an item counts on its Principal alone
        if accounts.mode(line.marketplace, line.fulfilment) != RECOGNISE:
            continue  # TIMS shipped and invoiced it, and booked its cost
        cost = costs.at(line.sku, day)
        if line.quantity is None or line.quantity < 1:
            missing.setdefault(line.sku, f"line {line.number} says no quantity")
        elif line.sku in costs.faults:
            missing.setdefault(line.sku, costs.faults[line.sku])
        elif cost is None:
            missing.setdefault(line.sku, f"no cost on {day}, line {line.number}")
        else:
            month = f"{day:%Y-%m}"
            sold = found.setdefault((month, line.sku, cost), Sold(month, line.sku, cost))
            sold.units += line.quantity
    ordered = sorted(found.values(), key=lambda s: (s.month, s.sku, s.cost.since))
    return CostOfSales(ordered, missing)


def by_batch(sold: Iterable[Sold]) -> dict[tuple[str, str], list[Sold]]:
    """(month, currency) -> what one journal batch holds."""
    found: dict[tuple[str, str], list[Sold]] = defaultdict(list)
    for one in sold:
        found[one.month, one.cost.each.currency].append(one)
    return dict(found)
