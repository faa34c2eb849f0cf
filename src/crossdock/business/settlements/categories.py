"""What kind of money a line is: Amazon's three labels to one category.

Amazon publishes no list of its labels and renames them silently. Labels are compared without case,
blanks, hyphens and underscores; a triple that is not in the table has no category, and blocks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from crossdock.business.settlements.model import Triple

ANY, UNSAID = "*", "?"

SALES = frozenset(
    {
        "product_sales",
        "shipping_income",
        "giftwrap_income",
        "sales_tax_collected",
        "restocking_fee_income",
        "promo_rebate",
        "shipping_promo_rebate",
        "tax_on_promo_rebate",
        "goodwill_concession",
        "points_granted",
        "marketplace_facilitator_tax_withheld",
        "marketplace_facilitator_vat_withheld",
        "low_value_goods_tax_withheld",
        "product_refund",
        "shipping_refund",
        "giftwrap_refund",
        "sales_tax_refunded",
        "promo_rebate_refund",
        "shipping_promo_rebate_refund",
        "tax_on_promo_rebate_refund",
        "marketplace_facilitator_tax_withheld_refund",
        "return_shipping",
    }
)
"""What the buyer paid or got back. Where TIMS has the invoice it clears the receivable."""

BALANCES = frozenset(
    {
        "reserve_current",
        "reserve_previous",
        "carry_forward_negative_balance",
        "payment_to_amazon_by_card",
        "failed_transfer_returned",
        "bank_verification_micro_deposit",
        "loan_repayment",
    }
)
"""Moves between balance sheet accounts: never profit or loss, never caught by a catch-all."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The category of the most alike label that is known."""

    category: str
    like: Triple


class Vocabulary:
    """Known triples and their categories."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Rows with transaction_type, amount_type, amount_description, category; of two rows for
        the same triple the later one counts, so that a workspace can correct the shipped table.
        """
        self._exact: dict[Triple, str] = {}
        self._known: dict[Triple, tuple[Triple, str]] = {}
        for row in rows:
            said = Triple(row["transaction_type"], row["amount_type"], row["amount_description"])
            if said.amount_type == UNSAID:  # its evidence does not tell: good for suggestions only
                self._known[said] = (said, row["category"])
                continue
            plain = _plain(said)
            self._exact[plain] = row["category"]
            self._known[plain] = (said, row["category"])
        self.categories = frozenset(category for _, category in self._known.values())

    def category(self, triple: Triple) -> str | None:
        """The category, or None for a triple that nobody has placed yet."""
        plain = _plain(triple)
        found = self._exact.get(plain)
        return found or self._exact.get(plain._replace(amount_description=ANY))

    def suggest(self, triple: Triple) -> Suggestion | None:
        """What it most likely is, by likeness of the labels; for a person to decide."""
        wanted = _plain(triple)
        best, best_score = None, 0.5
        for known, (said, category) in self._known.items():
            score = (
                SequenceMatcher(None, wanted.amount_description, known.amount_description).ratio()
                * 0.6
                + (wanted.amount_type == known.amount_type) * 0.25
                + (wanted.transaction_type == known.transaction_type) * 0.15
            )
            if score > best_score:
                best, best_score = Suggestion(category, said), score
        return best


def _plain(triple: Triple) -> Triple:
    return Triple(*(_label(part) for part in triple))


def _label(text: str) -> str:
    return "".join(c for c in text.casefold() if c not in " -_\t\u00a0")
