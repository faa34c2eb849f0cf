"""Money: an exact amount with its currency. Never a float."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import Self

# ISO 4217 minor units that differ from two digits, for the currencies of Amazon's marketplaces.
_DIGITS = {"JPY": 0}


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


def digits_of(currency: str) -> int:
    """How many decimals the currency's smallest coin has: 2 for USD, 0 for JPY."""
    return _DIGITS.get(currency, 2)


def coin_of(currency: str) -> Decimal:
    """The smallest coin: 0.01 for USD, 1 for JPY."""
    return _COINS[_DIGITS.get(currency, 2)]


_COINS = {digits: Decimal(1).scaleb(-digits) for digits in (0, 2)}


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount in one currency; shares of it add up to it again."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise ValueError(f"{self.amount!r} is not an exact amount")
        if self.currency not in _CURRENCIES:
            _CURRENCIES.add(_checked(self.currency))

    @classmethod
    def parse(cls, text: str | int | Decimal, currency: str) -> Self:
        """Read a decimal string such as "19.99"; anything else is a ValueError, never a guess."""
        if isinstance(text, float):
            raise ValueError(f"{text!r} is a float; money comes as text")
        try:
            return cls(Decimal(text), currency)
        except InvalidOperation:
            raise ValueError(f"{text!r} is not an amount of money") from None

    @staticmethod
    @lru_cache(maxsize=64)  # most amounts of an order line are nothing, and a Money never changes
    def zero(currency: str) -> "Money":
        """Nothing, in that currency."""
        return Money(Decimal(0), currency)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.amount), self.currency)

    def __mul__(self, times: int | Decimal) -> "Money":
        return Money(self.amount * times, self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount == other.amount and self.currency == other.currency

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __lt__(self, other: "Money") -> bool:
        self._same_currency(other)
        return self.amount < other.amount

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    @property
    def text(self) -> str:
        """The amount with at least the currency's decimals: "19.90"; finer amounts keep theirs."""
        amount, digits = self.amount, digits_of(self.currency)
        if -int(amount.normalize().as_tuple().exponent) <= digits:
            amount = amount.quantize(coin_of(self.currency))
        return f"{amount:f}"

    @property
    def minor(self) -> int:
        """Whole cents (yen, ...); a ValueError when the amount is finer than the smallest coin."""
        scaled = self.amount.scaleb(digits_of(self.currency))
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{self} is finer than the smallest coin")
        return int(scaled)

    @property
    def is_whole_coins(self) -> bool:
        """True when the amount can be paid in coins: 19.99 USD yes, 19.995 USD no."""
        scaled = self.amount.scaleb(digits_of(self.currency))
        return scaled == scaled.to_integral_value()

    def rounded(self) -> "Money":
        """To the smallest coin, half to even."""
        step = coin_of(self.currency)
        return Money(self.amount.quantize(step, rounding=ROUND_HALF_EVEN), self.currency)

    def divided(self, parts: int) -> tuple["Money", ...]:
        """Equal shares in whole coins that add up exactly; the first ones carry the remainder."""
        return self.shared([Decimal(1)] * parts)

    def shared(self, weights: Sequence[Decimal | int]) -> tuple["Money", ...]:
        """Shares in whole coins by weight that add up exactly; larger remainders get the coin."""
        total = sum((Decimal(w) for w in weights), Decimal(0))
        if not weights or total <= 0 or any(Decimal(w) < 0 for w in weights):
            raise ValueError("shares need at least one positive weight and none below zero")
        step = coin_of(self.currency)
        exact = [self.amount * Decimal(w) / total for w in weights]
        floor = [x.quantize(step, rounding=ROUND_DOWN) for x in exact]
        left = self.amount - sum(floor, Decimal(0))
        coin = step.copy_sign(left)
        by_remainder = sorted(range(len(exact)), key=lambda i: (-abs(exact[i] - floor[i]), i))
        for i in by_remainder[: int(abs(left) / step)]:
            floor[i] += coin
            left -= coin
        floor[by_remainder[0]] += left  # finer than a coin only if the whole amount was
        return tuple(Money(x, self.currency) for x in floor)

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added")


_CURRENCIES: set[str] = set()  # codes that were checked


def _checked(currency: str) -> str:
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise ValueError(f"{currency!r} is not a currency code such as USD")
    return currency


def total(amounts: Iterable[Money], currency: str | None = None) -> Money:
    """The sum; of nothing only when the currency is named, so that zero is never guessed."""
    result = Money.zero(currency) if currency else None
    for amount in amounts:
        result = amount if result is None else result + amount
    if result is None:
        raise ValueError("the sum of no amounts needs a currency")
    return result
