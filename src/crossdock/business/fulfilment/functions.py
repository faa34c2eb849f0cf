"""Functions for the mappings of fulfilment, by name: none beyond the language's own so far."""

from collections.abc import Callable, Mapping
from typing import Any

FUNCTIONS: Mapping[str, Callable[..., Any]] = {}
