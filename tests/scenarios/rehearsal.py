"""A rehearsal that replays exactly: both companies in this process, time moved by hand, the real
HTTP connectors over a transport that hands requests to the simulators.
"""

import heapq
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from crossdock.connectors.amazon.events import Message, understood
from crossdock.connectors.http import ReplyLost, Request, Response
from crossdock.connectors.tims.events import ensure_webhook
from crossdock.engine.store import cases, open_database
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import TryAgain
from crossdock.settings import read_settings
from crossdock.simulators import wire
from crossdock.simulators.clock import HandClock
from crossdock.simulators.server import parse_query
from crossdock.simulators.world.scenario import Scenario
from crossdock.simulators.world.verdict import Verdict
from crossdock.simulators.world.world import World
from crossdock.wiring import House, load
from crossdock.wiring.intakes import AmazonQueue, published_by
from demo.workspace import WEBHOOK_SECRET, write_workspace

SOAK = pytest.mark.soak


def soaked(first: Sequence[Any], *more: Any) -> list[Any]:
    """Parameters of a world: `make test` runs the first ones, `make soak` all."""
    return [
        *first,
        *(pytest.param(*(x if isinstance(x, tuple) else (x,)), marks=SOAK) for x in more),
    ]


def seeded(always: int, *before: Any) -> list[Any]:
    """Seeds of a world, each after `before`: `make test` runs the first ones. CROSSDOCK_SEEDS asks
    for more; these worlds are long, so one of them for ten. CROSSDOCK_SEED is one again.
    """
    one = os.environ.get("CROSSDOCK_SEED")
    many = max(int(os.environ.get("CROSSDOCK_SEEDS", "0")) // 10, always)
    return [
        pytest.param(*before, s, marks=() if one or s <= always else SOAK)
        for s in ([int(one)] if one else range(1, many + 1))
    ]


START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass
class Wires:
    """Hands requests to the simulators; a cut line is a lost reply."""

    apps: dict[str, wire.App]
    clock: HandClock

    def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        reply = self.apps[parts.netloc].handle(
            wire.Request(
                request.method, parts.path, parse_query(parts.query), dict(request.headers),
                request.body,
            )
        )  # fmt: skip
        if reply.cut is not None:
            raise ReplyLost(f"{reply.cut.value} by {parts.hostname}", code="reply-lost")
        date = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Response(reply.status, {"date": date, **dict(reply.headers)}, reply.body)


@dataclass
class Letterbox:
    """A queue with SQS's promises: at least once, what is not deleted comes again."""

    waiting: dict[str, str] = field(default_factory=dict)
    put: int = 0

    def send(self, body: str) -> None:
        self.put += 1
        self.waiting[f"m-{self.put}"] = body

    def receive(self) -> list[Message]:
        first = list(self.waiting.items())[:10]
        return [Message(i, i, body, understood(i, body)) for i, body in first]

    def delete(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.waiting.pop(receipt, None)


class Rehearsal:
    """A world and a house on one clock."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        scenario: Scenario,
        *,
        store: str = "",
        watch: Callable[[str, str, str], None] | None = None,
        workers: int = 0,
    ) -> None:
        """`workers` that share the store alone: what is due is done by any of them. By themselves
        every other seed has two.
        """
        random.seed(f"{seed} {os.environ.get('CROSSDOCK_DICE', '')}")  # spreads who waits for quota
        self.hands = HandClock(START)
        self.clock = ManualClock(START)
        self.world = World(seed, self.hands, scenario)
        self.letters = Letterbox()
        self.watch = watch
        amazon, tims = self.world.amazon, self.world.tims
        self.wires = Wires(
            {"amazon.localhost": amazon.api, "lwa.localhost": amazon.lwa,
             "tims.localhost": tims.api, "documents.example": amazon.api}, self.hands,
        )  # fmt: skip
        seller = amazon.sellers[0]
        write_workspace(
            folder,
            {
                "clock": "",
                "lookups": self.world.lookup_files(),
                "amazon": {
                    "endpoint": "https://amazon.localhost", "lwa": "https://lwa.localhost",
                    "client_id": amazon.client_id, "client_secret": amazon.client_secret,
                    "refresh_token": amazon.refresh_token, "seller_id": seller.seller_id,
                    "region": "na", "marketplace_ids": list(seller.marketplaces),
                },
                "tims": {
                    "url": "https://tims.localhost", "company": tims.company,
                    "environment": "live", "client_id": tims.client_id,
                    "client_secret": tims.client_secret,
                },
            },
        )  # fmt: skip
        self.settings = read_settings(folder)
        self.db = open_database(store or "sqlite://")
        self.workers = workers or int(os.environ.get("CROSSDOCK_WORKERS", "0")) or 2 - seed % 2
        self.restart()
        self._until_done(self._subscribe)

    def restart(self) -> None:
        """The machine was switched off and on; only what is in the store is left."""
        self.house, *self.others = [self._open() for _ in range(self.workers)]

    def run(self, most: timedelta = timedelta(hours=12)) -> None:
        """Until people and staff have nothing left to do and everything is quiet."""
        end = self.clock.now() + most
        while not self.world.people_done() and self.clock.now() < end:
            self.turn()
        self.world.quiet()
        for _ in range(8):  # cases whose cause has gone are looked at again within the hour
            self._advance(timedelta(minutes=31))
            for _ in range(40):
                self.turn()
                if self._is_still():
                    break

    def skip(self, span: timedelta, turns: int = 40) -> None:
        """A while in which nobody looks, then everything that is due."""
        self._advance(span)
        for _ in range(turns):
            self.turn()

    def turn(self) -> None:
        """Everything that is due now, then on to what comes next."""
        self.world.step()
        for _, body in self.world.amazon.due_notifications():
            self.letters.send(body)
        for delivery in self.world.tims.due_webhooks():
            status, _ = self.house.receive_tims_webhook(delivery.headers, delivery.body)
            self.world.tims.webhook_result(delivery, status)
        self._take_letters()
        self._work()
        self._advance(self._until_next())

    def pass_time(self, span: timedelta) -> None:
        """People and staff go on while the machine is off."""
        self._advance(span)
        self.world.step()

    def open_cases(self) -> list[dict[str, Any]]:
        return [
            {"key": c.key, "kind": c.kind, "flow": c.flow}
            for c in cases.listed(self.db, limit=10_000)
            if c.flow != "intake"  # a forged webhook is about no order
        ]

    def verdict(self) -> Verdict:
        return self.world.verdict(self.open_cases())

    def _open(self) -> House:
        house = load(
            self.settings, transport=self.wires, clock=self.clock,
            database=self.db, wall=self.clock.now, watch=self.watch, one_thread=True,
        )  # fmt: skip
        house.engine.open()
        return house

    def _subscribe(self) -> None:
        from crossdock.connectors.amazon.subscriptions import ensure_subscription

        ensure_subscription(self.house.amazon, "arn:aws:sqs:us-east-1:000000000000:orders")
        ensure_webhook(
            self.house.tims, "https://crossdock.localhost/webhooks/tims",
            ("sales_order.cancelled", "shipment.posted", "shipment.voided"), WEBHOOK_SECRET,
        )  # fmt: skip

    def _until_done(self, work: Callable[[], None]) -> None:
        """Faults strike here too; the serving program tries again in the same way."""
        for _ in range(20):
            try:
                return work()
            except TryAgain as error:
                self._advance(error.after or timedelta(seconds=20))
        raise AssertionError("the companies never took our subscription")

    def _take_letters(self) -> None:
        source = AmazonQueue(self.letters, is_published=published_by(self.house.stock))
        while not (batch := source.receive()).empty:
            self.house.engine.submit(batch.events)
            source.acknowledge(batch.receipt)

    def _work(self) -> None:
        """Every run by whichever worker is free first."""
        workers = [self.house, *self.others]
        for _ in range(10_000):
            dice = random.sample(workers, len(workers)) if self.others else workers
            if not any(worker.engine.pump_one() for worker in dice):
                return
        raise RuntimeError("still busy after 10,000 runs")

    def _until_next(self) -> timedelta:
        now = self.clock.now()
        times = [t for t in (self.world.next_at(), self.house.engine.next_due()) if t is not None]
        soonest = heapq.nsmallest(1, times)
        if not soonest:
            return timedelta(minutes=5)
        return max(min(soonest[0] - now, timedelta(minutes=5)), timedelta(milliseconds=1))

    def _is_still(self) -> bool:
        from crossdock.engine.store import inbox

        depth = inbox.depth(self.db, self.clock.now())
        return not (depth.keys() & {"waiting", "later", "running"}) and not self.letters.waiting

    def _advance(self, span: timedelta) -> None:
        self.clock.advance(span)
        self.hands.at = self.clock.now()
