"""The one door for the time. UTC, always with a zone.

Business time may run faster than the wall (a rehearsal world on a fast clock); leases and network
time-outs always run on the wall.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the rest of the program knows of time."""

    def now(self) -> datetime:
        """Business time, UTC."""
        ...

    def wall_seconds(self, span: timedelta) -> float:
        """How long that much business time takes on the wall, in seconds."""
        ...


class SystemClock:
    """Business time is the wall's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()


class FastClock:
    """Business time that started at `start` when the wall stood at `anchor` (Unix seconds) and runs
    `speed` times as fast. Two processes with the same three numbers agree on the time.
    """

    def __init__(self, start: datetime, anchor: float, speed: float) -> None:
        if start.tzinfo is None or speed <= 0:
            raise ValueError("a fast clock needs a start with a zone and a positive speed")
        self._start, self._anchor, self._speed = start.astimezone(UTC), anchor, speed

    @classmethod
    def parse(cls, text: str) -> "FastClock":
        """Read "2026-11-23T10:00:00+00:00@1764000000.0x30" (start @ anchor x speed)."""
        start, _, rest = text.partition("@")
        anchor, _, speed = rest.partition("x")
        try:
            return cls(datetime.fromisoformat(start), float(anchor), float(speed))
        except ValueError as error:
            raise ValueError(f"{text!r} is not START@ANCHORxSPEED") from error

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.time() - self._anchor) * self._speed)

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds() / self._speed


class ManualClock:
    """Stands still until moved; for tests and for worlds that replay exactly."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def wall_seconds(self, span: timedelta) -> float:
        del span
        return 0.0

    def advance(self, span: timedelta) -> None:
        """Move forward; never back."""
        if span < timedelta(0):
            raise ValueError("time does not run back")
        with self._lock:
            self._now += span
