"""How a price is made round: to the coin, to a step, or to an ending such as .99."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from crossdock.kernel.money import Money, digits_of

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rounding:
    """Prices are whole multiples of `step`, plus `ending`. The coin, when nothing is said.

    `Rounding(Decimal("0.05"))` gives 1.95, 2.00; `Rounding(Decimal(1), Decimal("0.99"))` gives
    1.99, 2.99; `Rounding(Decimal(10), Decimal("9.99"))` gives 9.99, 19.99.
    """

    step: Decimal | None = None
    ending: Decimal = Decimal(0)

    def nearest(self, amount: Decimal, currency: str) -> Money:
        """The round price next to it, the dearer one of two; never zero or below."""
        money = self._at(amount, currency, ROUND_HALF_UP)
        return money if money.amount > 0 else self.up(amount, currency)

    def up(self, amount: Decimal, currency: str) -> Money:
        """The least round price that is not below it, and above zero."""
        money = self._at(amount, currency, ROUND_CEILING)
        if money.amount <= 0:
            step = self.step or _coin(currency)
            return Money(money.amount + step, currency)
        return money

    def _at(self, amount: Decimal, currency: str, how: str) -> Money:
        step = self.step or _coin(currency)
        times = ((amount - self.ending) / step).quantize(_ONE, rounding=how)
        return Money(times * step + self.ending, currency)


def coins(amount: Decimal, currency: str) -> Money:
    """To the coin, half up."""
    return Money(amount.quantize(_coin(currency), rounding=ROUND_HALF_UP), currency)


def coins_up(amount: Decimal, currency: str) -> Money:
    """To the coin, never less."""
    return Money(amount.quantize(_coin(currency), rounding=ROUND_CEILING), currency)


def coins_down(amount: Decimal, currency: str) -> Money:
    """To the coin, never more."""
    return Money(amount.quantize(_coin(currency), rounding=ROUND_FLOOR), currency)


def _coin(currency: str) -> Decimal:
    return _ONE.scaleb(-digits_of(currency))
