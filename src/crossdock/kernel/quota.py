"""Quota buckets: asked before a call, fed by the answer. They never sleep; they say when."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of the wanted calls may go now, and how long until the next one may."""

    granted: int
    wait: timedelta = timedelta(0)


class Buckets(Protocol):
    """Token buckets shared by everyone who uses the same account. Rates are calls per second of
    business time; a bucket is named "seller:region:operation".
    """

    def take(self, bucket: str, want: int, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """Up to `want` tokens. `reserve` tokens are left for more urgent callers."""
        ...

    def room(self, bucket: str, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """How many tokens `take` would give now, and when the next one comes. Takes none."""
        ...

    def observe(self, bucket: str, rate: Decimal) -> None:
        """The other side named its rate (x-amzn-RateLimit-Limit)."""
        ...

    def throttled(self, bucket: str, published: Decimal) -> timedelta:
        """The other side refused (429): the bucket is empty now; when it repeats, the real rate is
        learned to be lower. Returns how long to wait.
        """
        ...
