"""Webhook deliveries on their way: signed at every attempt, retried, at last parked."""

import hashlib
import heapq
import hmac
import json
import random
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.tims.fields import moment_text
from crossdock.simulators.tims.journal import Change

RETRIES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 720))
REMEMBERED = 10_000  # deliveries per webhook that can be listed and sent again

PENDING, SENT, DELIVERED, WAITING, PARKED = "pending", "sent", "delivered", "waiting", "parked"


@dataclass(eq=False, slots=True)
class Notice:
    """One thing to tell one webhook."""

    number: str  # X-TIMS-Delivery, the same at every attempt
    webhook_id: str
    event: str
    body: bytes
    occurred_at: datetime
    status: str = PENDING
    attempts: int = 0
    last_answer: int | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One attempt, ready to be posted."""

    url: str
    headers: dict[str, str]
    body: bytes
    notice: Notice = field(repr=False)
    outbox: "Outbox" = field(repr=False)


@dataclass(eq=False, slots=True)
class Target:
    """Where a webhook's notices go."""

    webhook_id: str
    url: str
    secret: str
    events: frozenset[str]
    notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class Outbox:
    """What is to be posted, by world time."""

    def __init__(self, clock: Clock, faults: Faults, seed: str) -> None:
        self._clock, self._faults = clock, faults
        self._draw = random.Random(f"{seed}/webhooks")
        self.targets: dict[str, Target] = {}
        self._queue: list[tuple[datetime, int, Notice]] = []
        self._queued = 0

    def announce(self, event: str, change: Change) -> None:
        """Tell every webhook that listens to the event."""
        for target in self.targets.values():
            if event in target.events:
                self.tell(target, event, change)

    def tell(self, target: Target, event: str, change: Change) -> Notice:
        """Queue one notice; faults may lose, delay, double or reorder it."""
        body = {
            "entity": change.entity,
            "key": change.key,
            "row_version": change.row_version,
            "occurred_at": moment_text(change.at),
        }
        number = str(uuid.UUID(int=self._draw.getrandbits(128), version=4))
        raw = json.dumps(body, separators=(",", ":")).encode()
        notice = Notice(number, target.webhook_id, event, raw, change.at)
        target.notices.append(notice)
        if self._faults.strikes("webhook_lost", event):
            notice.status = SENT  # TIMS believes that it was sent
            return notice
        at = self._clock.now() + self._delay(event)
        self._push(notice, at)
        doubled = self._faults.strikes("webhook_doubled", event)
        if doubled:
            self._push(notice, at + timedelta(seconds=float(doubled.settings.get("seconds", 5))))
        return notice

    def due(self) -> list[WebhookDelivery]:
        """Take out what is to be posted now."""
        now = self._clock.now()
        ready: list[WebhookDelivery] = []
        while self._queue and self._queue[0][0] <= now:
            notice = heapq.heappop(self._queue)[2]
            target = self.targets.get(notice.webhook_id)
            if target is not None:
                ready.append(self._signed(notice, target, now))
        return ready

    def next_at(self) -> datetime | None:
        """When the next delivery is due; None when nothing waits."""
        return self._queue[0][0] if self._queue else None

    def result(self, delivery: WebhookDelivery, status: int) -> None:
        """What the receiver answered; 0 when it did not. Not 2xx: again later, at last parked."""
        notice = delivery.notice
        notice.last_answer = status or None
        if 200 <= status < 300:
            notice.status = DELIVERED
        elif notice.attempts > len(RETRIES):
            notice.status, notice.due = PARKED, None
        else:
            notice.status = WAITING
            self._push(notice, self._clock.now() + RETRIES[notice.attempts - 1])

    def again(self, notices: Iterable[Notice]) -> int:
        """Send these once more, from the first attempt on; how many there were."""
        now, count = self._clock.now(), 0
        for notice in notices:
            notice.status, notice.attempts = PENDING, 0
            self._push(notice, now)
            count += 1
        return count

    def _push(self, notice: Notice, at: datetime) -> None:
        self._queued += 1
        notice.due = at
        heapq.heappush(self._queue, (at, self._queued, notice))

    def _delay(self, event: str) -> timedelta:
        late = self._faults.strikes("webhook_late", event)
        seconds = float(late.settings.get("seconds", 300)) if late else 0.0
        overtaken = self._faults.strikes("webhook_reordered", event)
        if overtaken:
            seconds += self._draw.uniform(0, float(overtaken.settings.get("seconds", 30)))
        return timedelta(seconds=seconds)

    def _signed(self, notice: Notice, target: Target, now: datetime) -> WebhookDelivery:
        notice.attempts += 1
        notice.status, notice.due = SENT, None
        timestamp = str(int(now.timestamp()))
        signature = sign(target.secret, timestamp, notice.body)
        if self._faults.strikes("webhook_bad_signature", notice.event):
            signature = sign(target.secret + "x", timestamp, notice.body)
        headers = {
            "content-type": "application/json",
            "user-agent": "TIMS-Webhooks/8.19",
            "x-tims-event": notice.event,
            "x-tims-delivery": notice.number,
            "x-tims-timestamp": timestamp,
            "x-tims-signature": signature,
        }
        return WebhookDelivery(target.url, headers, notice.body, notice, self)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over timestamp, a point, and the body."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={mac.hexdigest()}"
