"""The rehearsal world's time: the wall's, faster than the wall's, or moved by hand."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """World time, UTC."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class RunningClock:
    """World time that stood at `start` when the wall stood at `anchor`, `speed` times as fast."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    anchor: float = field(default_factory=time.time)
    speed: float = 1.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.time() - self.anchor) * self.speed)

    def __str__(self) -> str:
        return f"{self.start.isoformat()}@{self.anchor}x{self.speed}"


@dataclass
class HandClock:
    """Moves only when told."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
