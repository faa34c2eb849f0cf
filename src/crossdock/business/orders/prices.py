"""Exact arithmetic of an order line: what it brings, and unit prices that come to just that."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from crossdock.business.orders.model import Amounts, Charge, Line, Terms
from crossdock.kernel.money import Money, coin_of, digits_of

UNIT_PRICE_DIGITS = 4  # TIMS takes unit prices of up to four decimals


@dataclass(frozen=True, slots=True)
class Extension:
    """So many units at that price: units x price is whole coins."""

    units: int
    unit_price: Decimal
    amount: Money


@dataclass(frozen=True, slots=True)
class Priced:
    """What a line brings, without tax: goods, discount and charges are what TIMS will sum up."""

    goods: Money
    discount: Money
    charges: tuple[Charge, ...]
    tax: Money
    by_marketplace: bool | None  # who collects the tax; None: nobody said, and it does not matter


class Untied(Exception):
    """Amounts of a line that do not come to what Amazon says they come to."""


def extensions(goods: Money, packs: int, units_per_pack: int) -> tuple[Extension, ...]:
    """One or two groups of units whose prices come to `goods` exactly.

    One price for all if TIMS can hold it; else whole packs at two prices a coin apart; else
    single units at two prices a coin apart. The dearer group comes second.
    """
    coins, units = goods.minor, packs * units_per_pack
    if coins < 0 or units < 1:
        raise Untied(f"{goods} for {units} units is no price")
    whole = _price(coins, units, goods.currency)
    if whole is not None:
        return (Extension(units, whole, goods),)
    return _in_two(goods, packs, units_per_pack) or _two_unit_prices(goods, units)


def _price(coins: int, units: int, currency: str) -> Decimal | None:
    """The unit price, if TIMS can hold it exactly."""
    digits = digits_of(currency)
    parts, remainder = divmod(coins * 10 ** (UNIT_PRICE_DIGITS - digits), units)
    if remainder:
        return None
    price = Decimal(parts).scaleb(-UNIT_PRICE_DIGITS)
    for shown in range(digits, UNIT_PRICE_DIGITS):
        step = Decimal(1).scaleb(-shown)
        if price == price.quantize(step):
            return price.quantize(step)
    return price


def _in_two(goods: Money, packs: int, units_per_pack: int) -> tuple[Extension, ...] | None:
    pack_coins, dearer = divmod(goods.minor, packs)
    low = _price(pack_coins, units_per_pack, goods.currency)
    high = _price(pack_coins + 1, units_per_pack, goods.currency)
    if low is None or high is None:
        return None
    return (
        _extension((packs - dearer) * units_per_pack, low, goods.currency),
        _extension(dearer * units_per_pack, high, goods.currency),
    )


def _two_unit_prices(goods: Money, units: int) -> tuple[Extension, ...]:
    coins, dearer = divmod(goods.minor, units)
    step = coin_of(goods.currency)
    return (
        _extension(units - dearer, coins * step, goods.currency),
        _extension(dearer, (coins + 1) * step, goods.currency),
    )


def _extension(units: int, price: Decimal, currency: str) -> Extension:
    return Extension(units, price, Money(price * units, currency))


def spread(amount: Money, over: Sequence[Extension]) -> tuple[Money, ...]:
    """Shares of a line's discount on its groups; none is larger than its group."""
    weights = [extension.amount.amount for extension in over]
    if not amount:
        return tuple(Money.zero(amount.currency) for _ in over)
    return amount.shared(weights)


def priced(line: Line, terms: Terms) -> Priced:
    """Read a line's amounts so that they come to its total; Untied says why they do not."""
    amounts = line.amounts
    if amounts is None or amounts.total is None:
        raise Untied("Amazon does not say what it brings")
    if amounts.item is None:
        raise Untied("Amazon does not say the item amount")
    currency = amounts.total.currency
    _one_currency(amounts, currency)
    included = _tax_is_included(amounts, currency, terms)
    read = _Reader(amounts, currency, included=included)
    goods, (on_goods, on_shipping) = read.goods(), read.discounts()
    return Priced(
        goods=goods,
        discount=read.goods_discount(on_goods, goods),
        charges=read.charges(on_shipping),
        tax=read.tax(),
        by_marketplace=_collector(line, terms),
    )


_AMOUNTS = tuple(field.name for field in fields(Amounts))


def _one_currency(amounts: Amounts, currency: str) -> None:
    values = (getattr(amounts, name) for name in _AMOUNTS)
    known = [money for money in values if isinstance(money, Money)]
    if any(money.currency != currency for money in known):
        raise Untied("its amounts are in several currencies")
    if not all(money.is_whole_coins for money in known):
        raise Untied("an amount is finer than the smallest coin")
    odd = [f"{x.kind} {x.money}" for x in amounts.unknown if x.money]
    if odd:
        raise Untied(f"nobody has said where {', '.join(odd)} belongs in TIMS")


def _tax_is_included(amounts: Amounts, currency: str, terms: Terms) -> bool:
    """Whether the item amount already holds the tax, by what comes to the total: Amazon does not
    always say.
    """
    read = _Reader(amounts, currency, included=False)
    without_tax = (
        sum_of(
            amounts.item, amounts.shipping, amounts.gift_wrap, amounts.cod_fee, amounts.other,
            currency=currency,
        )
        - read.or_zero(amounts.discount)
    )  # fmt: skip
    tax, said = read.or_zero(amounts.tax), read.or_zero(amounts.total)
    if without_tax + tax == said:
        return False
    if without_tax == said and terms.prices_include_tax:
        return True
    raise Untied(f"its amounts come to {without_tax + tax}, Amazon says {said}")


def sum_of(*amounts: Money | None, currency: str) -> Money:
    """The sum of what is there; to be used only where a total proves it."""
    total = nothing = Money.zero(currency)
    for amount in amounts:
        if amount is not None:
            total = amount if total is nothing else total + amount
    return total


class _Reader:
    """The parts of a line's amounts, with the tax taken out where it is included."""

    def __init__(self, amounts: Amounts, currency: str, *, included: bool) -> None:
        self._amounts, self._currency, self._included = amounts, currency, included
        self._zero = Money.zero(currency)
        if included:
            self._parts_of_the_tax_come_to_it()

    def or_zero(self, amount: Money | None) -> Money:
        """Zero for what Amazon left out: the line's total has proven that nothing is missing."""
        return self._zero if amount is None else amount

    def goods(self) -> Money:
        return self._not_negative("item", self._net(self._amounts.item, self._amounts.tax_on_item))

    def goods_discount(self, gross: Money, goods: Money) -> Money:
        discount = self._net(gross, self._amounts.tax_on_discount)
        if discount > goods:
            raise Untied(f"the discount of {discount} is more than the goods of {goods}")
        return self._not_negative("discount", discount)

    def tax(self) -> Money:
        return self._not_negative("tax", self.or_zero(self._amounts.tax))

    def charges(self, off_shipping: Money) -> tuple[Charge, ...]:
        amounts = self._amounts
        freight = self._net(amounts.shipping, amounts.tax_on_shipping) - off_shipping
        wrap = self._net(amounts.gift_wrap, amounts.tax_on_gift_wrap)
        named = (
            ("freight", freight),
            ("gift_wrap", wrap),
            ("cod_fee", self.or_zero(amounts.cod_fee)),
            ("other", self.or_zero(amounts.other)),
        )
        return tuple(
            Charge(kind, self._not_negative(kind, money).amount) for kind, money in named if money
        )

    def discounts(self) -> tuple[Money, Money]:
        """On goods and on shipping. Only the parts of Amazon's discount say which."""
        amounts = self._amounts
        whole = self.or_zero(amounts.discount)
        on_item, on_shipping = amounts.discount_on_item, amounts.discount_on_shipping
        if on_item is None and on_shipping is None:
            if whole and amounts.shipping:
                raise Untied(
                    f"Amazon does not say whether {whole} is off the goods or the shipping"
                )
            return whole, self._zero
        if sum_of(on_item, on_shipping, currency=self._currency) != whole:
            raise Untied(f"the parts of the discount do not come to {whole}")
        return self.or_zero(on_item), self.or_zero(on_shipping)

    def _net(self, gross: Money | None, tax: Money | None) -> Money:
        net = self.or_zero(gross)
        return net - tax if self._included and tax is not None else net

    def _not_negative(self, what: str, money: Money) -> Money:
        if money.amount < 0:
            raise Untied(f"{what} comes to {money}, less than nothing")
        return money

    def _parts_of_the_tax_come_to_it(self) -> None:
        amounts = self._amounts
        parts = sum_of(
            amounts.tax_on_item, amounts.tax_on_shipping, amounts.tax_on_gift_wrap,
            currency=self._currency,
        ) - self.or_zero(amounts.tax_on_discount)  # fmt: skip
        if parts != self.or_zero(amounts.tax):
            raise Untied(f"the parts of the tax come to {parts}, Amazon says {amounts.tax}")


def _collector(line: Line, terms: Terms) -> bool | None:
    if line.tax_collection == "MARKETPLACE_FACILITATOR":
        return True
    if terms.tax_collected_by is None:
        return None
    return terms.tax_collected_by == "marketplace"
