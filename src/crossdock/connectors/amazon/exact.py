"""Exact numbers on the wire: Amazon takes prices as JSON numbers, and ours are never floats."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import to_json

_MARK = "\ue000"  # a private character: no text of ours holds it around digits
_MARKED = re.compile(f'"{_MARK}(-?[0-9]+(?:\\.[0-9]+)?){_MARK}"'.encode())


class Number:
    """A decimal that is written as a JSON number, digit by digit."""

    __slots__ = ("value",)

    def __init__(self, value: Decimal) -> None:
        self.value = value

    def __str__(self) -> str:
        return f"{self.value:f}"


def body_of(value: Mapping[str, Any]) -> bytes:
    """JSON, with every Number as a number."""
    return _MARKED.sub(rb"\1", to_json(value, fallback=_marked))


def _marked(value: Any) -> str:
    if isinstance(value, Number):
        return f"{_MARK}{value}{_MARK}"
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _from_number(value: Any) -> Any:
    # The shortest text of the number is what Amazon wrote, up to fifteen digits.
    return repr(value) if isinstance(value, float) else value


Exactly = Annotated[Decimal, BeforeValidator(_from_number)]
"""A JSON number, or a decimal string, as an exact decimal."""
