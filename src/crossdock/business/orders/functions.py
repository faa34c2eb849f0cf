"""Functions for the mappings of orders, by name. Amazon's breakdowns are lists of typed amounts.

An amount that Amazon left out stays absent here; whether that means zero is for the rules to prove.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crossdock.business.orders.model import Amount, Status
from crossdock.kernel.money import Money, total

ITEM_KINDS = frozenset(
    {"ITEM", "SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER", "TAX", "DISCOUNT"}
)  # fmt: skip
"""What Amazon calls the parts of an item's proceeds (`type` of a breakdown)."""


def order_status(text: str) -> Status:
    """Where the order stands; a word we do not know becomes UNKNOWN."""
    return Status(text) if text in Status.__members__ else Status.UNKNOWN


def external_system(marketplace_id: str) -> str:
    """TIMS's name for a marketplace: AMAZON:ATVPDKIKX0DER."""
    return f"AMAZON:{marketplace_id}"


def yes_no(text: str) -> bool:
    """yes or no, as people write it in a table."""
    answers = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in answers:
        raise ValueError("is neither yes nor no")
    return answers[text.lower()]


def if_given(text: str) -> str | None:
    """The text, or nothing for an empty cell."""
    return text or None


def item_amount(breakdowns: Sequence[Any]) -> Money | None:
    """What the goods of an item bring, for the whole line."""
    return _subtotal(breakdowns, "ITEM")


def shipping_amount(breakdowns: Sequence[Any]) -> Money | None:
    """What the buyer pays for shipping an item."""
    return _subtotal(breakdowns, "SHIPPING")


def gift_wrap_amount(breakdowns: Sequence[Any]) -> Money | None:
    """What the buyer pays for wrapping an item."""
    return _subtotal(breakdowns, "GIFT_WRAP")


def cod_fee(breakdowns: Sequence[Any]) -> Money | None:
    """What the buyer pays for paying on delivery."""
    return _subtotal(breakdowns, "COD_FEE")


def other_amount(breakdowns: Sequence[Any]) -> Money | None:
    """What Amazon calls OTHER."""
    return _subtotal(breakdowns, "OTHER")


def tax_amount(breakdowns: Sequence[Any]) -> Money | None:
    """All tax on an item."""
    return _subtotal(breakdowns, "TAX")


def tax_on_item(breakdowns: Sequence[Any]) -> Money | None:
    """Tax on the goods."""
    return _detail(breakdowns, "TAX", "ITEM")


def tax_on_shipping(breakdowns: Sequence[Any]) -> Money | None:
    """Tax on the shipping."""
    return _detail(breakdowns, "TAX", "SHIPPING")


def tax_on_gift_wrap(breakdowns: Sequence[Any]) -> Money | None:
    """Tax on the wrapping."""
    return _detail(breakdowns, "TAX", "GIFT_WRAP")


def tax_on_discount(breakdowns: Sequence[Any]) -> Money | None:
    """Tax that the discounts save, without its sign."""
    return _magnitude(_detail(breakdowns, "TAX", "DISCOUNT"))


def discount_amount(breakdowns: Sequence[Any]) -> Money | None:
    """All discounts on an item, without the sign, which Amazon does not specify."""
    return _magnitude(_subtotal(breakdowns, "DISCOUNT"))


def discount_on_item(breakdowns: Sequence[Any]) -> Money | None:
    """Discount on the goods, without its sign."""
    return _magnitude(_detail(breakdowns, "DISCOUNT", "ITEM"))


def discount_on_shipping(breakdowns: Sequence[Any]) -> Money | None:
    """Discount on the shipping, without its sign."""
    return _magnitude(_detail(breakdowns, "DISCOUNT", "SHIPPING"))


def unknown_amounts(breakdowns: Sequence[Any]) -> tuple[Amount, ...]:
    """Amounts of kinds that this version does not know: Amazon's lists grow without notice."""
    return tuple(
        Amount(row.type, _money(row.subtotal))
        for row in breakdowns
        if row.type not in ITEM_KINDS and row.subtotal is not None
    )


def promotion_ids(breakdowns: Sequence[Any]) -> tuple[str, ...]:
    """The promotions of an item."""
    return tuple(row.promotionId for row in breakdowns if row.promotionId)


def first_promotion(items: Sequence[Any]) -> str | None:
    """The first promotion of an order: TIMS takes one discount code for all of it."""
    found = (
        name
        for item in items
        if item.promotion
        for name in promotion_ids(item.promotion.breakdowns)
    )
    return next(found, None)


def _subtotal(breakdowns: Sequence[Any], kind: str) -> Money | None:
    return _sum(_money(row.subtotal) for row in breakdowns if row.type == kind and row.subtotal)


def _detail(breakdowns: Sequence[Any], kind: str, subtype: str) -> Money | None:
    return _sum(
        _money(part.value)
        for row in breakdowns
        if row.type == kind
        for part in row.detailedBreakdowns or ()
        if part.subtype == subtype and part.value is not None
    )


def _sum(amounts: Iterator[Money]) -> Money | None:
    known = tuple(amounts)
    return total(known) if known else None


def _magnitude(money: Money | None) -> Money | None:
    return None if money is None else abs(money)


def _money(amount: Any) -> Money:
    return Money(amount.amount, amount.currencyCode)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    run.__name__: run
    for run in (
        order_status, external_system, yes_no, if_given, item_amount, shipping_amount,
        gift_wrap_amount, cod_fee, other_amount, tax_amount, tax_on_item, tax_on_shipping,
        tax_on_gift_wrap, tax_on_discount, discount_amount, discount_on_item,
        discount_on_shipping, unknown_amounts, promotion_ids, first_promotion,
    )
}  # fmt: skip
