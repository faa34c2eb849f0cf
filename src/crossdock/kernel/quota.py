"""Quota buckets: asked before a call, fed by the answer. They never sleep; they say when.

The arithmetic of a bucket stands here once, as values to values; who keeps the levels (a process,
the store) only reads and writes them. Rates and levels are floats: they count calls, not money.
"""

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from crossdock.kernel.clock import Clock


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


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of a rate is used, and what refusals teach. The defaults suit Amazon."""

    used_share: float = 0.95  # the other side's count and ours differ a little
    memory: timedelta = timedelta(minutes=30)  # refusals further apart than this are no pattern
    strikes_to_learn: int = 2
    first_step: float = 0.7  # far down at first,
    next_step: float = 0.8  # then in smaller steps around the real rate
    slowest_share: float = 0.05
    climbs_per_hour: float = 2.0  # without refusals a learned rate comes back: 70 % in 13 minutes


PACE = Pace()
_ROUNDING = 1e-6  # of a token


@dataclass(frozen=True, slots=True)
class Level:
    """A bucket as it stood at a moment."""

    tokens: float
    at: datetime
    told: float | None = None  # the rate the other side named
    learned: float | None = None  # the rate that refusals taught
    strikes: int = 0
    struck_at: datetime | None = None

    def rate(self, published: float, pace: Pace, now: datetime) -> float:
        """Calls per second that are safe now."""
        rate = self.told or published
        if self.learned is not None and self.struck_at is not None:
            hours = (now - self.struck_at).total_seconds() / 3600
            rate = min(rate, self.learned * (1 + pace.climbs_per_hour * hours))
        return rate * pace.used_share

    def filled(self, published: float, burst: int, pace: Pace, now: datetime) -> "Level":
        """With what came in since."""
        passed = max((now - self.at).total_seconds(), 0.0)
        tokens = min(burst, self.tokens + passed * self.rate(published, pace, now))
        return replace(self, tokens=tokens, at=max(now, self.at))

    def room(self, reserve: int, rate: float) -> Grant:
        """What a filled bucket gives, and when the next token after that comes."""
        granted = max(0, int(self.tokens - reserve + _ROUNDING))
        missing = max(1 + reserve - (self.tokens - granted), 0.0)
        return Grant(granted, _span(missing / rate))

    def less(self, tokens: int) -> "Level":
        """After so many calls went."""
        return replace(self, tokens=self.tokens - tokens)

    def refused(self, published: float, pace: Pace, now: datetime) -> "Level":
        """Empty; and with a lower rate, when refusals repeat."""
        recent = self.struck_at is not None and now - self.struck_at < pace.memory
        strikes, learned = (self.strikes + 1 if recent else 1), self.learned
        if strikes >= pace.strikes_to_learn:
            rate = self.rate(published, pace, now) / pace.used_share
            step = pace.first_step if learned is None else pace.next_step
            learned = max(rate * step, published * pace.slowest_share)
        return replace(self, tokens=0.0, at=now, learned=learned, strikes=strikes, struck_at=now)

    def wait(self, published: float, pace: Pace, jitter: float) -> timedelta:
        """How long a refused caller stays away; `jitter` from 0 to 1 keeps callers apart."""
        return _span((1 + jitter / 4) / self.rate(published, pace, self.at))


def _span(seconds: float) -> timedelta:
    """Never a microsecond too short: the token is there when the wait is over."""
    return timedelta(microseconds=math.ceil(seconds * 1_000_000))


class MemoryBuckets:
    """Buckets of one process; the engine keeps Amazon's in its store."""

    def __init__(
        self, clock: Clock, pace: Pace = PACE, jitter: Callable[[], float] = random.random
    ) -> None:
        self._clock, self._pace, self._jitter = clock, pace, jitter
        self._levels: dict[str, Level] = {}
        self._lock = threading.Lock()

    def take(self, bucket: str, want: int, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        with self._lock:
            level, room = self._look(bucket, rate, burst, reserve)
            granted = min(want, room.granted)
            self._levels[bucket] = level.less(granted)
        return Grant(granted) if granted == want else room

    def room(self, bucket: str, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        with self._lock:
            return self._look(bucket, rate, burst, reserve)[1]

    def observe(self, bucket: str, rate: Decimal) -> None:
        with self._lock:
            if (level := self._levels.get(bucket)) is not None:
                self._levels[bucket] = replace(level, told=float(rate))

    def throttled(self, bucket: str, published: Decimal) -> timedelta:
        with self._lock:
            now = self._clock.now()
            level = self._levels.get(bucket) or Level(0.0, now)
            level = self._levels[bucket] = level.refused(float(published), self._pace, now)
            return level.wait(float(published), self._pace, self._jitter())

    def _look(self, bucket: str, rate: Decimal, burst: int, reserve: int) -> tuple[Level, Grant]:
        now, published = self._clock.now(), float(rate)
        level = self._levels.get(bucket) or Level(float(burst), now)
        level = level.filled(published, burst, self._pace, now)
        return level, level.room(reserve, level.rate(published, self._pace, now))
