"""Amazon's queue and TIMS's webhooks, as the engine hears them."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from crossdock.connectors.amazon.events import (
    ORDER_CHANGE,
    QUANTITY_CHANGE,
    Message,
    Notification,
    Queue,
    Unreadable,
    storable,
)
from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.events import WebhookRefused, read_notice
from crossdock.engine.dispatcher import Engine
from crossdock.engine.intake import Batch, Unread
from crossdock.engine.model import FEED, INTAKE, Event, Trouble
from crossdock.engine.store import cases
from crossdock.kernel.errors import ConfigError
from crossdock.wiring.feeds import FEED_OF_ENTITY, version_of
from crossdock.wiring.stock_runs import FLOW as STOCK_FLOW
from crossdock.wiring.stock_runs import publishes
from crossdock.wiring.stocking import StockDesk

log = structlog.get_logger("crossdock.intake")

_STATUS_CHANGE = "OrderStatusChange"
_DELIVERIES = "tims.webhook.deliveries"
_QUIET = timedelta(hours=1)  # a stranger's deliveries between TIMS's own make no case after case


class AmazonQueue:
    """The SQS queue as a source of events. What tells of another seller is none of ours."""

    name = "amazon.sqs"

    def __init__(
        self, queue: Queue, seller_id: str = "", is_published: Callable[[str], bool] | None = None
    ) -> None:
        """`is_published`: whether we tell Amazon the quantity of a SKU; without it, of none."""
        self._queue, self._seller_id = queue, seller_id
        self._is_published = is_published or (lambda _: False)

    def receive(self) -> Batch:
        """Messages as events, each by itself; what cannot be read is handed on whole."""
        messages = self._queue.receive()
        read = [self._read(message) for message in messages]
        events = [x for x in read if isinstance(x, Event)]
        unread = [x for x in read if isinstance(x, Unread)]
        receipts = [m.receipt for m in messages]
        ignored = len(messages) - len(events) - len(unread)
        return Batch(events, unread, receipts, empty=not messages, ignored=ignored)

    def acknowledge(self, receipt: object) -> None:
        """Delete from the queue, after everything is stored."""
        if isinstance(receipt, list):
            self._queue.delete(receipt)

    def _read(self, message: Message) -> Event | Unread | None:
        try:
            if isinstance(message.content, Unreadable):
                return _unread(message, message.content.why)
            return self._event(message)
        except Exception as error:  # noqa: BLE001  (one bad message never stops the others)
            return _unread(message, f"reading it failed ({type(error).__name__})")

    def _event(self, message: Message) -> Event | None:
        content = message.content
        if isinstance(content, Unreadable):
            return None
        if self._seller_id and content.seller_id not in ("", self._seller_id):
            log.warning("notification.of_another_seller", seller=content.seller_id,
                        order=content.order_id, message=message.message_id)  # fmt: skip
            return None
        if content.kind == QUANTITY_CHANGE and self._is_published(content.sku):
            hint = dict(content.hint)
            if content.changed_at is not None:
                hint["changed_at"] = content.changed_at.isoformat()
            return Event(STOCK_FLOW, content.sku, self.name, content.notification_id, hint)
        if content.kind == ORDER_CHANGE and content.order_id:
            return self._order_event(content)
        return None  # other kinds of notification belong to flows that are not here yet

    def _order_event(self, content: Notification) -> Event:
        hint = dict(content.hint)
        version = None
        if content.changed_at is not None:
            hint["changed_at"] = content.changed_at.isoformat()
            # Only a change of status is known to move the order's own time of change with it.
            known = hint.get("change") == _STATUS_CHANGE
            version = version_of(content.changed_at) if known else None
        return Event("orders", content.order_id, self.name, content.notification_id, hint, version)


def _unread(message: Message, why: str) -> Unread:
    digest = hashlib.sha256(message.body.encode("utf-8", "surrogatepass")).hexdigest()
    message_id = storable(message.message_id)
    trouble = Trouble(
        "unreadable-message",
        f"SQS message {message_id} cannot be read: {storable(why)}",
        "Look at it with `crossdock case show`; the sweep finds what it told of. Then resolve.",
        about=f"SQS message {message_id}",
        evidence={"sha256": digest},
    )
    return Unread(message_id, trouble, storable(message.body))


def published_by(desk: StockDesk) -> Callable[[str], bool]:
    """Whether stock.yaml publishes and lookups/skus.csv has the SKU; others are not ours."""

    def is_published(sku: str) -> bool:
        try:
            return publishes(desk) and sku in desk.skus().rows
        except ConfigError:
            return False  # the regular check finds it when the file is whole again

    return is_published


def receive_webhook(
    engine: Engine, account: TimsAccount, headers: Mapping[str, str], body: bytes
) -> tuple[int, str]:
    """Answer one TIMS delivery: (HTTP status, words). Stored before it is answered 2xx."""
    try:
        notice = read_notice(headers, body, secrets=account.webhook_secrets, now=engine.clock.now())
    except WebhookRefused as refused:
        log.warning("webhook.refused", delivery=refused.delivery_id, why=refused.what)
        _case_for(engine, refused)
        return refused.status, str(refused)
    cases.resolve_outside_runs(
        engine.db, INTAKE, _DELIVERIES, engine.clock.now(), quiet=_QUIET,
        why="deliveries are accepted, and none was refused for an hour",
    )  # fmt: skip
    feed = FEED_OF_ENTITY.get(notice.entity)
    if feed is None:
        return 202, f"nothing here listens to {notice.entity}"
    engine.submit([Event(FEED, feed, "tims.webhook", notice.delivery_id,
                         {"event": notice.event, "key": notice.key,
                          "at": notice.occurred_at.isoformat()})])  # fmt: skip
    return 202, "noted"


def _case_for(engine: Engine, refused: WebhookRefused) -> None:
    """One open case for all refused deliveries, so that a stranger cannot fill the list."""
    trouble = Trouble(
        "webhook-refused", str(refused), refused.remedy, about="TIMS webhooks",
        evidence={"last_delivery": refused.delivery_id[:100], "status": refused.status},
    )  # fmt: skip
    cases.open_outside_runs(engine.db, INTAKE, _DELIVERIES, trouble, engine.clock.now())
