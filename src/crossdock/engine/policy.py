"""The engine's numbers: how long, how often, how many. Business time unless named wall."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """Retries, leases and batches. Every value can be set in the workspace's settings."""

    max_attempts: int = 12  # then the record becomes a case
    first_back_off: timedelta = timedelta(seconds=20)
    longest_back_off: timedelta = timedelta(hours=1)
    recheck: timedelta = timedelta(
        hours=1
    )  # a case whose cause may heal by itself is looked at again
    wave: int = 5  # the same failure this often in a row opens the operation's breaker
    breaker_span: timedelta = timedelta(minutes=1)
    lease_wall: timedelta = timedelta(seconds=30)
    runs_at_once: int = 4
    poll_wall: timedelta = timedelta(seconds=1)

    def back_off(self, attempts: int) -> timedelta:
        """20 s, 40 s, 80 s, ... up to an hour."""
        span = self.first_back_off * int(min(2**attempts, 4096))
        return min(span, self.longest_back_off)
