"""Asking both companies to tell us of changes. Feeds find everything without it, only later."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from crossdock.connectors.amazon.events import SqsQueue
from crossdock.connectors.amazon.subscriptions import (
    ensure_quantity_subscription,
    ensure_subscription,
)
from crossdock.connectors.tims.events import ensure_webhook
from crossdock.engine.model import INTAKE, LinkChange
from crossdock.engine.record import trouble_of
from crossdock.engine.store import cases, links
from crossdock.kernel.errors import NeedsPerson, RunError
from crossdock.kernel.ids import fingerprint
from crossdock.wiring.stock_runs import publishes

if TYPE_CHECKING:
    from crossdock.wiring.house import House

log = structlog.get_logger("crossdock.subscribe")

WEBHOOK_EVENTS = ("sales_order.cancelled", "shipment.posted", "shipment.voided")
STOCK_EVENTS = ("stock.changed", "item.updated")  # once stock.yaml publishes
WEBHOOK_LINK = "tims.webhook"
"""Address and events -> TIMS's registration; the hash tells if the secret is still that one."""
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0


@dataclass(frozen=True, slots=True)
class _Wish:
    """Something to be told of; asked for as soon as it is due, again and again until it is ours."""

    name: str
    ask: Callable[[], object]
    due: Callable[[], bool] = lambda: True


class Subscriber:
    """One thread that subscribes, and tries again until it has."""

    def __init__(self, house: "House", queue: SqsQueue | None) -> None:
        self._house, self._queue = house, queue
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crossdock-subscribe", daemon=True)

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Give up what is not done yet."""
        self._stopping.set()

    def _run(self) -> None:
        wanted: list[_Wish] = []
        if self._queue is not None:
            wanted.append(_Wish("amazon.notifications", self._amazon))
            wanted.append(
                _Wish("amazon.quantities", self.hear_quantities,
                      lambda: publishes(self._house.stock))
            )  # fmt: skip
        if self._house.settings.tims.webhook is not None:
            wanted.append(_Wish("tims.webhook", lambda: self.listen(WEBHOOK_EVENTS)))
            wanted.append(
                _Wish(
                    "tims.webhook.stock", lambda: self.listen(STOCK_EVENTS),
                    lambda: publishes(self._house.stock),
                )
            )  # fmt: skip
        pause = _FIRST_PAUSE
        while wanted and not self._stopping.is_set():
            wanted = [one for one in wanted if not (one.due() and self._done(one.name, one.ask))]
            if wanted:
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _done(self, name: str, ask: Callable[[], object]) -> bool:
        try:
            ask()
        except RunError as error:
            log.warning("subscribe.failed", what=name, why=str(error))
            if isinstance(error, NeedsPerson):
                house = self._house
                cases.open_outside_runs(
                    house.db, INTAKE, name, trouble_of(error), house.clock.now()
                )
            return False
        cases.resolve_outside_runs(
            self._house.db, INTAKE, name, self._house.clock.now(), why="a later try went through"
        )
        log.info("subscribe.done", what=name)
        return True

    def _amazon(self) -> None:
        if self._queue is not None:
            ensure_subscription(self._house.amazon, self._queue.arn())

    def hear_quantities(self) -> None:
        """Amazon tells what is live of a SKU, where an EventBridge forwards it to our queue."""
        queue = self._house.settings.amazon.queue
        if queue is not None and queue.event_account:
            ensure_quantity_subscription(self._house.amazon, queue.event_account, queue.region)

    def listen(self, events: Sequence[str]) -> None:
        """TIMS tells of these events at our address."""
        webhook = self._house.settings.tims.webhook
        if webhook is None:
            return
        base = (webhook.public_url or self._house.settings.listen.url).rstrip("/")
        secret, db = webhook.secret.reveal(), self._house.db
        address, print_ = f"{base}/webhooks/tims", fingerprint([secret])
        name = f"{address} {','.join(sorted(events))}"
        last = links.of(db, WEBHOOK_LINK, [name]).get(name)
        made = ensure_webhook(
            self._house.tims, address, events, secret,
            ours=(last.right or "") if last else "", sure=last is not None and last.hash == print_,
        )  # fmt: skip
        with db.writing() as connection:
            known = LinkChange(WEBHOOK_LINK, name, right=made.Id, hash=print_)
            links.record(db, connection, [known], self._house.clock.now())
