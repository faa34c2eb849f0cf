"""Names and fingerprints for things."""

import dataclasses
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache


def new_id(prefix: str) -> str:
    """A short id that sorts by the time it was made: "run_0m3k2v7p9f4c1d8a6b"."""
    return f"{prefix}_{int(time.time() * 1000):011x}{secrets.token_hex(5)}"


def fingerprint(value: object) -> str:
    """The same 32 hex digits for equal values, in any process. Tuples, dataclasses, Decimals,
    times and enums included; Decimal("1.0") and Decimal("1.00") count as equal.
    """
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    """Made of dicts, lists, texts, whole numbers, yes, no and nothing only."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = _names_of(type(value))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_plain(v), sort_keys=True) for v in value)
    raise TypeError(f"{type(value).__name__} has no fingerprint")


@lru_cache(maxsize=256)
def _names_of(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
