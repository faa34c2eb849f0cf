"""Calling registered functions so that what they refuse is told without the value they refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.lang.functions import Unsuitable
from crossdock.lang.plan import Convert, Stop

# What a registered function or an operator may raise for a value it cannot take.
VALUE_ERRORS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)


def called_with(
    run: Callable[..., Any], converts: tuple[Convert | None, ...], extra: tuple[object, ...]
) -> Callable[..., Any]:
    """`run` with its arguments changed where types ask for it, and `extra` after them."""
    if not any(converts):
        return (lambda *values: run(*values, *extra)) if extra else run

    def changed(*values: Any) -> Any:
        given = zip((*values, *extra), converts, strict=True)
        return run(*[value if convert is None else convert(value) for value, convert in given])

    return changed


def step_of(name: str, run: Callable[..., Any], *, spread: bool) -> Convert:
    """One step of `using`. `spread`: its value is a tuple of arguments."""

    def step(value: Any) -> Any:
        try:
            return run(*value) if spread else run(value)
        except VALUE_ERRORS as error:
            raise Stop(refusal(name, error, value if spread else (value,))) from None

    return step


def converting(convert: Convert, wanted: str) -> Convert:
    """A silent conversion that tells, when it cannot be made, what was wanted."""

    def step(value: Any) -> Any:
        try:
            return convert(value)
        except VALUE_ERRORS:
            raise Stop(f"the value is not {wanted}") from None

    return step


def refusal(name: str, error: Exception, values: tuple[object, ...]) -> str:
    """What the function said, if its words are ours or can hold nothing of the values."""
    said = str(error)
    if isinstance(error, Unsuitable) or (type(error) is ValueError and _tells(said, values)):
        return f"{name} refused the value: it {said}" if said else f"{name} refused the value"
    return f"{name} refused the value ({type(error).__name__})"


def _tells(said: str, values: tuple[object, ...]) -> bool:
    """True when every value is simple and none of its words occurs in what was said."""
    if not all(isinstance(value, str | int | Decimal | date | None) for value in values):
        return False
    words = {word for value in values for word in str(value).casefold().split() if word}
    return bool(said) and not any(word in said.casefold() for word in words)
