"""Money that Amazon keeps back until after delivery: earned, and in no settlement yet.

At a month's end it is accrued and taken back on the next day; the settlement that pays it books it
for good. Where TIMS has the invoice (mode clear) the sale is booked already, and only the fees are
accrued. Amounts are minor units, money for the seller positive.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from crossdock.business.settlements.accounts import CLEAR, Accounts, Target
from crossdock.business.settlements.categories import SALES

DEFERRED, RELEASED_LATER = "DEFERRED", "DEFERRED_RELEASED"


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of money of a transaction, in the words of Finances."""

    breakdown: str
    amount: int


@dataclass(frozen=True, slots=True)
class Deferral:
    """A transaction that Amazon keeps back."""

    transaction_id: str
    order_id: str
    status: str
    posted: datetime
    matures: datetime | None
    currency: str
    total: int
    parts: tuple[Part, ...]
    marketplace: str = ""
    fulfilment: str = ""

    def open_at(self, moment: datetime) -> bool:
        """Earned by then, and not yet released. What was released since is judged by its day."""
        if self.posted > moment:
            return False
        if self.status == DEFERRED:
            return True
        return self.status == RELEASED_LATER and self.matures is not None and self.matures > moment


@dataclass(frozen=True, slots=True)
class Accrual:
    """What is booked at the end of that day and taken back on the next."""

    day: date
    currency: str
    lines: tuple[tuple[Target, str, int], ...]  # place, category, amount
    orders: int
    total: int  # what Amazon keeps back, booked here or by invoices
    by_invoice: int  # of it, what invoices have booked


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that nobody has said the meaning or the place of."""

    what: str
    amount: int
    order_id: str


def accruals(
    found: Iterable[Deferral],
    moment: datetime,
    day: date,
    accounts: Accounts,
    categories: Mapping[str, str],
) -> tuple[list[Accrual], list[Unknown]]:
    """By currency; what is unknown is told, and nothing is accrued then."""
    sums: dict[str, dict[tuple[Target, str], int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[str, int] = defaultdict(int)
    invoiced: dict[str, int] = defaultdict(int)
    orders: dict[str, set[str]] = defaultdict(set)
    unknown: list[Unknown] = []
    for one in found:
        if not one.open_at(moment):
            continue
        if sum(p.amount for p in one.parts) != one.total:
            unknown.append(Unknown("the parts do not add up", one.total, one.order_id))
            continue
        orders[one.currency].add(one.order_id or one.transaction_id)
        totals[one.currency] += one.total
        for part in one.parts:
            category = categories.get(part.breakdown)
            if category in SALES and accounts.mode(one.marketplace, one.fulfilment) == CLEAR:
                invoiced[one.currency] += part.amount
                continue
            target = category and accounts.target(category, one.marketplace, one.fulfilment)
            if category is None or not target:
                what = f"no account for {category}" if category else f"unknown: {part.breakdown}"
                unknown.append(Unknown(what, part.amount, one.order_id))
                continue
            sums[one.currency][target, category] += part.amount
    made = []
    for currency in sorted(totals):
        lines = [(t, c, a) for (t, c), a in sorted(sums[currency].items()) if a]
        net = sum(amount for _, _, amount in lines)
        if accounts.deferred is not None and net:
            lines.append((accounts.deferred, "kept back by Amazon", -net))
        made.append(
            Accrual(day, currency, tuple(lines), len(orders[currency]), totals[currency],
                    invoiced[currency])
        )  # fmt: skip
    return made, unknown
