"""From the words of a settings file to values. Each reader says what it wants when it refuses."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from crossdock.kernel.clock import FastClock
from crossdock.kernel.errors import nearest

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_STORES = ("sqlite", "postgresql", "postgres", "postgresql+psycopg")


class Refused(Exception):
    """A value that cannot be; what is wrong and what to do."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


def span(value: object) -> timedelta:
    """30s, 5m, 1h, 1h30m, 250ms."""
    if isinstance(value, str):
        text = value.replace(" ", "")
        parts = _SPAN.findall(text)
        if parts and "".join(n + unit for n, unit in parts) == text:
            seconds = sum(float(n) * _UNITS[unit] for n, unit in parts)
            if seconds > 0:
                return timedelta(seconds=seconds)
    raise Refused(f"{value!r} is not a length of time.", "Write it with its unit: 30s, 5m, 1h, 2d.")


def text(value: object) -> str:
    """Words; a number or yes/no that YAML made of them is refused, because it lost its spelling."""
    if isinstance(value, str):
        return value.strip()
    raise Refused(f"{value!r} is not text.", "Put it in quotes.")


def number(value: object) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdigit():  # came through ${NAME}
        return int(value)
    raise Refused(f"{value!r} is not a whole number.")


def yes_or_no(value: object) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Refused(f"{value!r} is neither true nor false.")


def texts(value: object) -> tuple[str, ...]:
    """A list of words; one word or words with commas will do."""
    if isinstance(value, str):
        return tuple(word for word in re.split(r"[,\s]+", value) if word)
    if isinstance(value, list):
        return tuple(text(item) for item in value)
    raise Refused(f"{value!r} is not a list.", "Write it as [first, second].")


def one_of(valid: tuple[str, ...]) -> Callable[[object], str]:
    """One of a few words."""

    def read(value: object) -> str:
        word = text(value)
        if word not in valid:
            fix = nearest(word, valid) if word else f"Valid: {', '.join(valid)}."
            raise Refused(f"{word!r} is not one of {', '.join(valid)}.", fix)
        return word

    return read


def web(value: str) -> None:
    """An address we may send credentials to: https, or http on this very machine."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise Refused(f"{value!r} is not a web address.") from None
    if parts.username or parts.password:  # not repeated
        raise Refused("holds a user or password.", "Leave them out; secrets have their own fields.")
    if parts.scheme not in ("http", "https") or not host:
        raise Refused(f"{value!r} is not a web address.", "It starts with https://.")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise Refused(
            f"{value!r} would send credentials and addresses unencrypted.",
            "Use https://; plain http is for this machine only.",
        )


def company(value: str) -> None:
    """TIMS's X-TIMS-Company: code/environment."""
    code, slash, environment = value.partition("/")
    if not code or not slash or environment not in ("live", "test"):
        raise Refused(f"{value!r} is not COMPANY/live or COMPANY/test.", "For example ACME/test.")


def store(value: str) -> None:
    """SQLite or PostgreSQL. The value may hold a password and is not repeated."""
    scheme, colon, rest = value.partition("://")
    if not colon or scheme not in _STORES:
        fix = "Use sqlite:///crossdock.db or postgresql://user@host/database."
        raise Refused(f"the store {scheme!r} is not supported.", fix)
    if scheme == "sqlite" and len(rest) < 2:
        raise Refused("the store names no file.", "Use sqlite:///crossdock.db.")


def clock(value: str) -> None:
    """A rehearsal's clock."""
    try:
        FastClock.parse(value)
    except ValueError as error:
        raise Refused(f"{error}.", "Leave it out unless a rehearsal world gave it.") from None


CHECKS: Mapping[str, Callable[[str], None]] = {
    "web": web, "company": company, "store": store, "clock": clock,
}  # fmt: skip
"""What `metadata["kind"]` of a text field stands for. An empty text is not checked."""

READERS: Mapping[Any, Callable[[object], Any]] = {
    str: text, int: number, bool: yes_or_no, timedelta: span, tuple[str, ...]: texts,
}  # fmt: skip
"""By the type a field declares."""
