"""What Amazon paid for each order, and which invoices and credit memos it settles.

In clear mode the journal credits the clearing account with what buyers paid and debits it with what
they got back. Receipts take the same amounts out again, order by order, and settle TIMS's invoices
with them; what no invoice was found for stays on the clearing account and is listed.

Amounts are minor units; money for the seller is positive.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from crossdock.business.settlements.accounts import CLEAR, Accounts
from crossdock.business.settlements.categories import SALES
from crossdock.business.settlements.journal import Placed
from crossdock.business.settlements.model import Line

SALE, REFUND, CLAIM, REPAID, FEE = "sale", "refund", "claim", "reimbursement", "fee"
_REFUNDS = frozenset(
    c for c in SALES if c.endswith(("_refund", "_refunded"))
) | {"restocking_fee_income", "return_shipping", "goodwill_concession"}  # fmt: skip
_CLAIMS = frozenset({"a_to_z_claim", "a_to_z_claim_tax", "chargeback", "chargeback_tax"})
_REPAID = frozenset({"reimbursement", "reimbursement_clawback", "safe_t_reimbursement",
                     "refund_reimbursal", "mcf_reimbursement"})  # fmt: skip


def kind_of(category: str | None, transaction_type: str) -> str:
    """What an amount of an order is to the person who matches it."""
    if category in SALES:
        # A concession or a tax line stands under both Order and Refund; the event decides.
        said = transaction_type.casefold()
        return REFUND if category in _REFUNDS or "refund" in said else SALE
    if category in _CLAIMS:
        return CLAIM
    return REPAID if category in _REPAID else FEE


class OrderKind(NamedTuple):
    """One order's sale, its refund, ..."""

    order_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What one settlement says of one order."""

    key: OrderKind
    amount: int
    to_clear: bool  # it stands on the clearing account until a receipt takes it away
    posted: date  # of the first such line, in the cut-off zone
    first_line: int


def by_order(rows: Iterable[tuple[Line, Placed, date]], accounts: Accounts) -> list[Settled]:
    """The lines of a settlement that name an order, or that an order is missed of, added up."""
    found: dict[OrderKind, Settled] = {}
    for line, placed, day in rows:
        clears = placed.category in SALES and (
            accounts.mode(line.marketplace, line.fulfilment) == CLEAR
        )
        if not line.order_id and not clears:
            continue
        key = OrderKind(line.order_id, kind_of(placed.category, line.triple.transaction_type))
        one = found.get(key)
        if one is None:
            found[key] = Settled(key, line.amount, clears, day, line.number)
            continue
        found[key] = Settled(
            key, one.amount + line.amount, one.to_clear or clears, min(one.posted, day),
            min(one.first_line, line.number),
        )  # fmt: skip
    return sorted(found.values(), key=lambda s: s.key)


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What is open of an invoice."""

    number: str
    customer: str
    order_id: str
    amount: int
    left: int
    on: date


def spread(
    amount: int, invoices: Sequence[OpenInvoice]
) -> tuple[list[tuple[OpenInvoice, int]], int]:
    """What was paid over the order's invoices, oldest first, and what is left of it: paid for
    nothing that TIMS has billed.
    """
    rest, taken = amount, []
    for invoice in sorted(invoices, key=lambda i: (i.on, i.number)):
        part = min(rest, invoice.left)
        if part > 0:
            taken.append((invoice, part))
            rest -= part
    return taken, rest
