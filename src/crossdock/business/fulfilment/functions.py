"""Functions for the mappings of fulfilment, by name."""

from collections.abc import Callable, Mapping
from typing import Any


def whole_number(quantity: int) -> int:
    """A count, as Amazon takes it."""
    return quantity


FUNCTIONS: Mapping[str, Callable[..., Any]] = {}
