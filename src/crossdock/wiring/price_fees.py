"""What Amazon kept of each SKU's sales, from the archived settlements, beside the rules' floors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crossdock.business.pricing.fees import OTHER, PRICE, REFERRAL, Charged, Kept, kept_of
from crossdock.business.pricing.model import Rule
from crossdock.business.settlements.categories import Vocabulary
from crossdock.business.settlements.full import lines
from crossdock.business.settlements.model import Line
from crossdock.business.settlements.proof import State
from crossdock.connectors.amazon.marketplaces import MARKETPLACES
from crossdock.engine.store import settlements as store
from crossdock.engine.store.settlements import SeenFile
from crossdock.kernel.money import Money, coin_of
from crossdock.wiring.accountmap import read_vocabulary
from crossdock.wiring.settling import Settlements

if TYPE_CHECKING:
    from crossdock.wiring.house import House

_CHANNELS = {known.channel.casefold(): known.id for known in MARKETPLACES.values()}
_BY_AMAZON = "AFN"  # other fees, and no merchant's price


@dataclass(frozen=True, slots=True)
class Found:
    """A SKU's fees in a marketplace, and the rule whose floor reckons with them."""

    kept: Kept
    rule: Rule | None

    @property
    def too_low(self) -> bool:
        """The floor lets Amazon sell for less than the rule means to."""
        return self.rule is not None and self.kept.too_low(self.rule.floor)


def settled_fees(
    house: "House", days: int, *, progress: Callable[[SeenFile], None] = lambda _: None
) -> list[Found]:
    """Of the merchant's own sales in settlements that ended within so many days. Files that do not
    tie are left out: what they say is not proven.
    """
    since = house.clock.now() - timedelta(days=days)
    desk = Settlements(house.db, house.settings.folder, house.clock.now)
    vocabulary = read_vocabulary(house.settings.folder)
    amounts: list[Charged] = []
    for file in store.files(house.db):
        ended = datetime.fromisoformat(str(file.detail["end"]))
        if file.state == State.CONSISTENT.value and ended >= since:
            progress(file)
            amounts += _charged(desk, file, vocabulary)
    return [Found(kept, house.prices.rule_of(kept.sku)) for kept in kept_of(amounts)]


def _charged(desk: Settlements, file: SeenFile, vocabulary: Vocabulary) -> Iterator[Charged]:
    currency = str(file.detail["currency"])
    with desk.path(file).open("rb") as stream:
        for row in lines(stream, charset=str(file.detail.get("charset", ""))):
            if isinstance(row, Line) and (one := _of_sale(row, vocabulary, currency)) is not None:
                yield one


def _of_sale(row: Line, vocabulary: Vocabulary, currency: str) -> Charged | None:
    shop = _CHANNELS.get(row.marketplace.casefold())
    is_sale = row.triple.transaction_type == "Order" and row.fulfilment != _BY_AMAZON
    if not (is_sale and row.sku and shop):
        return None
    amount = Money(row.amount * coin_of(currency), currency)
    category = vocabulary.category(row.triple)
    if category == "product_sales":
        return Charged(row.sku, shop, PRICE, amount, row.quantity or 0)
    if row.triple.amount_type != "ItemFees":
        return None
    return Charged(row.sku, shop, REFERRAL if category == "referral_fee" else OTHER, amount)
