"""Three-way match of an order: what TIMS billed, what Amazon settled, what the receipts cleared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

MATCHED = "matched"
NOT_PAID, PART_PAID, OVERPAID = "not paid yet", "partly paid", "paid more than billed"
NO_INVOICE, NOT_CREDITED, NOT_CLEARED = "no invoice", "refund not credited", "not cleared"
CLAIMED = "claim open"
STATES = (NOT_PAID, PART_PAID, OVERPAID, NO_INVOICE, NOT_CREDITED, CLAIMED, NOT_CLEARED, MATCHED)
AGES = ((7, "up to 7 days"), (14, "8 to 14"), (30, "15 to 30"), (60, "31 to 60"))
OLDEST = "over 60"


@dataclass(frozen=True, slots=True)
class OrderPicture:
    """One order from all sides, in minor units of its currency."""

    order_id: str
    currency: str
    billed: int = 0  # by TIMS's invoices
    unpaid: int = 0  # of it, what TIMS shows as open
    credited: int = 0  # by credit memos, above zero
    sale: int = 0  # settled by Amazon
    refund: int = 0  # settled by Amazon, zero or below
    claim: int = 0  # A-to-z and chargebacks, zero or below
    repaid: int = 0  # reimbursements
    fees: int = 0
    cleared: int = 0  # by receipts, sales less refunds
    to_clear: int = 0  # what receipts ought to have taken from the clearing account
    since: date | None = None  # the first thing that happened
    invoices: tuple[str, ...] = ()
    settlements: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """The one thing that a person has to look at; the gravest first."""
        if self.sale > 0 and not self.billed and self.to_clear:
            return NO_INVOICE
        if self.billed and self.sale > self.billed:
            return OVERPAID
        if self.to_clear and -self.refund > self.credited:
            return NOT_CREDITED
        if self.billed and not self.sale and self.unpaid:
            return NOT_PAID
        if self.unpaid and self.sale < self.billed:
            return PART_PAID
        if self.claim + self.repaid < 0 and self.to_clear:
            return CLAIMED
        return MATCHED if self.cleared == self.to_clear else NOT_CLEARED

    @property
    def difference(self) -> int:
        """What is missing, above zero, or too much, below."""
        match self.state:
            case "not paid yet" | "partly paid":
                return self.unpaid
            case "paid more than billed" | "no invoice":
                return self.billed - self.sale
            case "refund not credited":
                return self.refund + self.credited
            case "claim open":
                return self.claim + self.repaid
            case "not cleared":
                return self.to_clear - self.cleared
        return 0

    def days(self, today: date) -> int:
        """How old it is."""
        return (today - self.since).days if self.since else 0


def age_of(days: int) -> str:
    """The bucket of the ageing."""
    return next((name for most, name in AGES if days <= most), OLDEST)


def ageing(
    pictures: Iterable[OrderPicture], today: date
) -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
    """By state and currency: age -> (orders, difference)."""
    found: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for one in pictures:
        if one.state == MATCHED:
            continue
        row = found.setdefault((one.state, one.currency), {})
        orders, amount = row.get(age_of(one.days(today)), (0, 0))
        row[age_of(one.days(today))] = (orders + 1, amount + one.difference)
    return found
