"""What Amazon really kept of each sale, beside what the floors reckon with."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from crossdock.business.pricing.model import Floor
from crossdock.kernel.money import Money

LEAST_UNITS = 10  # packs; fewer tell nothing of the next one
TOLERANCE = Decimal("0.005")  # of the price; rounding alone makes differences
_NONE = Floor()


@dataclass(frozen=True, slots=True)
class Charged:
    """One amount of a settlement that belongs to a sale: what the buyer paid for the goods, the
    referral fee, or another fee. Fees are below zero.
    """

    sku: str
    marketplace_id: str
    what: str  # PRICE, REFERRAL or OTHER
    amount: Money
    packs: int = 0  # on PRICE alone


PRICE, REFERRAL, OTHER = "price", "referral", "other"


@dataclass(frozen=True, slots=True)
class Kept:
    """All sales of a SKU in a marketplace together."""

    sku: str
    marketplace_id: str
    currency: str
    packs: int
    sold: Decimal
    referral: Decimal  # zero or more
    other: Decimal  # zero or more

    @property
    def share(self) -> Decimal:
        """The referral fee as a share of the price."""
        return (self.referral / self.sold).quantize(Decimal("0.0001"))

    @property
    def each(self) -> Money:
        """All other fees, for a pack."""
        return _coins(self.other / self.packs, self.currency)

    @property
    def price(self) -> Money:
        """What a pack was sold for on average."""
        return _coins(self.sold / self.packs, self.currency)

    @property
    def enough(self) -> bool:
        """So many that the numbers tell something."""
        return self.packs >= LEAST_UNITS

    def above(self, floor: Floor | None) -> Money:
        """What a pack was charged more than the floor reckons with; below zero when less."""
        wanted = floor or _NONE
        reckoned = self.sold * wanted.fee_share + wanted.fee * self.packs
        return _coins((self.referral + self.other - reckoned) / self.packs, self.currency)

    def too_low(self, floor: Floor | None) -> bool:
        """The floor reckons with less than Amazon takes, by more than rounding."""
        return self.enough and self.above(floor).amount > self.price.amount * TOLERANCE


def kept_of(amounts: Iterable[Charged]) -> list[Kept]:
    """By SKU and marketplace. Sales of nothing, or for nothing, have no share and are left out."""
    sums: dict[tuple[str, str, str], list[Decimal]] = {}
    for one in amounts:
        key = (one.sku, one.marketplace_id, one.amount.currency)
        total = sums.setdefault(key, [Decimal(0)] * 4)
        if one.what == PRICE:
            total[0] += one.packs
            total[1] += one.amount.amount
        else:
            total[2 if one.what == REFERRAL else 3] -= one.amount.amount
    return [
        Kept(sku, shop, currency, int(packs), sold, referral, other)
        for (sku, shop, currency), (packs, sold, referral, other) in sorted(sums.items())
        if packs > 0 and sold > 0
    ]


def _coins(amount: Decimal, currency: str) -> Money:
    return Money(amount, currency).rounded()
