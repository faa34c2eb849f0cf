"""Names and fingerprints for things."""

import dataclasses
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any


def new_id(prefix: str) -> str:
    """A short id that sorts by the time it was made: "run_0m3k2v7p9f4c1d8a6b"."""
    return f"{prefix}_{int(time.time() * 1000):011x}{secrets.token_hex(5)}"


def fingerprint(value: object) -> str:
    """The same 32 hex digits for equal values, in any process. Tuples, dataclasses, Decimals,
    times and enums included; Decimal("1.0") and Decimal("1.00") count as equal.
    """
    return hashlib.sha256(_TEXT.encode(_plain(value)).encode()).hexdigest()[:32]


_TEXT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_AS_THEY_ARE = frozenset({type(None), str, int, bool})


def _plain(value: object) -> object:
    """Made of dicts, lists, texts, whole numbers, yes, no and nothing only."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    way = _ways.get(kind)
    if way is None:
        way = _ways[kind] = _way_of(value)
    return way(value)


_ways: dict[type, Callable[[Any], object]] = {}  # how each kind of value is made plain


def _way_of(value: object) -> Callable[[Any], object]:
    if isinstance(value, Enum):  # before the texts and numbers that it may be, too
        return lambda enum: _plain(enum.value)
    if isinstance(value, str | int):
        return lambda text: text
    if isinstance(value, Decimal):
        return lambda number: f"{number.normalize():f}"
    if isinstance(value, datetime | date):
        return lambda time: time.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(field.name for field in dataclasses.fields(value))
        return lambda parts: {name: _plain(getattr(parts, name)) for name in names}
    if isinstance(value, Mapping):
        return lambda entries: {str(k): _plain(v) for k, v in entries.items()}
    if isinstance(value, list | tuple):
        return lambda rows: [_plain(row) for row in rows]
    if isinstance(value, set | frozenset):
        return lambda rows: sorted(json.dumps(_plain(row), sort_keys=True) for row in rows)
    raise TypeError(f"{type(value).__name__} has no fingerprint")
