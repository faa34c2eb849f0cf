"""TIMS's webhooks: is it really TIMS, is it recent, and what shall be looked at.

    notice = read_notice(headers, body, secrets=account.webhook_secrets, now=clock.now())

A delivery that cannot be trusted raises `WebhookRefused` with the HTTP status to answer and what to
do. TIMS delivers at least once and unordered, so a notice only says *look at this key*.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ValidationError

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.connectors.tims.wire import (
    WEBHOOK_DELIVERY,
    WEBHOOK_EVENT,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIMESTAMP,
    Wire,
)
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.ids import fingerprint

TOLERANCE: Final = timedelta(minutes=5)
LARGEST_BODY: Final = 64 * 1024  # a notice is some 200 bytes; anything large is not from TIMS

EVENTS: Final = (
    "sales_order.created",
    "sales_order.updated",
    "sales_order.status_changed",
    "sales_order.cancelled",
    "shipment.posted",
    "shipment.voided",
)
"""What the main job listens to."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Look at this key. `row_version` tells whether we have seen this state already."""

    delivery_id: str
    event: str
    entity: str
    key: str
    row_version: int
    occurred_at: datetime


class WebhookRefused(CrossdockError):
    """A delivery that is not acted upon. `status` is what to answer; `remedy` what to do."""

    def __init__(self, what: str, *, status: int, delivery_id: str, remedy: str) -> None:
        super().__init__(f"TIMS webhook {delivery_id or '(without delivery id)'}: {what} {remedy}")
        self.what, self.status = what, status
        self.delivery_id, self.remedy = delivery_id, remedy


def read_notice(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Sequence[str],
    now: datetime,
    wire: Wire | None = None,
) -> Notice:
    """The notice a delivery carries, after its signature and its age were checked.

    Several secrets are accepted while one is being replaced.
    """
    said = {name.lower(): value for name, value in headers.items()}
    delivery = said.get(WEBHOOK_DELIVERY, "")
    _check_size(body, delivery)
    stamp = said.get(WEBHOOK_TIMESTAMP, "")
    _check_signature(said.get(WEBHOOK_SIGNATURE, ""), stamp, body, secrets, delivery)
    _check_age(stamp, now, delivery)  # after the signature: only TIMS's own clock is reported
    try:
        found = (wire or Wire()).notice(body)
    except ValidationError:
        raise WebhookRefused(
            "the body is signed but is not a notice.",
            status=400,
            delivery_id=delivery,
            remedy="Compare the site's webhook format with wire.py.",
        ) from None
    event = said.get(WEBHOOK_EVENT, "") or found.event
    return Notice(delivery, event, found.entity, found.key, found.row_version, found.occurred_at)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-TIMS-Signature for a body."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def register_webhook(
    client: TimsClient, url: str, events: Sequence[str], secret: str, after: Sequence[str] = ()
) -> m.Webhook:
    """Register; the same address, events and secret again give the same registration. `after`
    names registrations that are gone: TIMS remembers a request for weeks, and would answer with
    one of those.
    """
    key = f"webhook-{fingerprint([url, sorted(events), secret, *sorted(after)])}"
    ask = client.wire.new_webhook(url, events, secret, key)
    return client.get(m.Webhook, ask, "TIMS webhook")


def ensure_webhook(
    client: TimsClient,
    url: str,
    events: Sequence[str],
    secret: str,
    *,
    ours: str = "",
    sure: bool = True,
) -> m.Webhook:
    """The registration that sends these events to this address; made when there is none.

    TIMS tells a secret to nobody. `ours` is the registration that was made last, and `sure` says
    that it carries this secret; where it does not, every registration of these events at this
    address is taken away and a new one is made. Meanwhile the change feed brings everything.
    """
    wanted = set(events)
    here = [w for w in _registered(client) if w.Url == url and wanted & set(w.Events)]
    if sure:
        for webhook in here:
            if webhook.IsActive and wanted <= set(webhook.Events) and ours in ("", webhook.Id):
                return webhook
    gone = {webhook.Id for webhook in here} if ours or not sure else set()
    for webhook_id in sorted(gone):
        _remove(client, webhook_id)
    gone |= {ours} - {""}
    made = register_webhook(client, url, events, secret, sorted(gone))
    if gone and made.Id not in {webhook.Id for webhook in _registered(client)}:
        made = register_webhook(client, url, events, secret, sorted({*gone, made.Id}))
    return made


def _registered(client: TimsClient) -> tuple[m.Webhook, ...]:
    return client.all(m.Webhook, client.wire.webhooks(), "TIMS webhooks")


def _remove(client: TimsClient, webhook_id: str) -> None:
    ask, about = client.wire.remove_webhook(webhook_id), f"TIMS webhook {webhook_id}"
    answer = client.answer(ask, about)
    # Gone already; or a site that keeps them: its deliveries are refused, and lost is nothing.
    if isinstance(answer, Refusal) and answer.status not in (404, 405):
        raise error_of(answer, operation=ask.name, about=about)


def test_delivery(client: TimsClient, webhook_id: str) -> None:
    """Let TIMS send a trial delivery."""
    client.call(client.wire.test_webhook(webhook_id), f"TIMS webhook {webhook_id}")


def _check_size(body: bytes, delivery: str) -> None:
    if len(body) > LARGEST_BODY:
        raise WebhookRefused(
            f"the body has {len(body)} bytes, more than {LARGEST_BODY}.",
            status=413,
            delivery_id=delivery,
            remedy="Find out who sends to this address.",
        )


def _check_signature(
    given: str, stamp: str, body: bytes, secrets: Sequence[str], delivery: str
) -> None:
    if not secrets:
        raise WebhookRefused(
            "no webhook secret is set here, so nothing can be trusted.",
            status=503,
            delivery_id=delivery,
            remedy="Set the webhook secret in the settings; TIMS will deliver again.",
        )
    if not given or not stamp:
        raise WebhookRefused(
            "the signature or its timestamp is missing.",
            status=401,
            delivery_id=delivery,
            remedy="Check that the sender is TIMS and that no proxy drops X-TIMS-* headers.",
        )
    candidates = [part.strip().encode() for part in given.split(",")]
    expected = [signature(secret, stamp, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(x, y) for x in candidates for y in expected]
    if not any(matches):
        raise WebhookRefused(
            "the signature does not fit the body.",
            status=401,
            delivery_id=delivery,
            remedy="Check that the secret here is the one the webhook was registered with; the "
            "change feed brings what was missed.",
        )


def _check_age(stamp: str, now: datetime, delivery: str) -> None:
    sent = _moment(stamp)
    if sent is None or abs(now - sent) > TOLERANCE:
        age = "not a time" if sent is None else f"{_span(now - sent)} away from our time"
        raise WebhookRefused(
            f"the timestamp {stamp!r} is {age}.",
            status=401,
            delivery_id=delivery,
            remedy="Compare the clocks of TIMS and this machine; a copy of an old delivery is "
            "refused on purpose, and the change feed brings what was missed.",
        )


def _moment(stamp: str) -> datetime | None:
    """Sites write the timestamp as Unix seconds or as RFC 3339."""
    try:
        if stamp.isdigit():
            return datetime.fromtimestamp(int(stamp), UTC)
        moment = datetime.fromisoformat(stamp)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def _span(span: timedelta) -> str:
    return str(timedelta(seconds=round(abs(span).total_seconds())))
