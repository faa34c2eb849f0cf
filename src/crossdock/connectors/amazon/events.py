"""Amazon's notifications: read from a queue, understood, and forgotten only when they are stored.

A notification says "look at order X", or at SKU X. It may come twice, late, in any order, or never,
so nothing of what it tells is applied; the order or the listing is read instead.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from crossdock.connectors.http import LOOPBACK
from crossdock.kernel.errors import Misuse, NeedsPerson, RunError, TryAgain

ORDER_CHANGE: Final = "ORDER_CHANGE"
QUANTITY_CHANGE: Final = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
_TEN: Final = 10  # SQS hands over and takes back so many at once
_DEEPEST = 3  # envelopes in envelopes (EventBridge through a topic)
_ORDER_ID: Final = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")  # S01-... is multi-channel


@dataclass(frozen=True, slots=True)
class Notification:
    """Something happened at Amazon. `order_id` is empty for kinds that are not about an order."""

    kind: str  # ORDER_CHANGE, ...
    notification_id: str
    order_id: str
    changed_at: datetime | None
    seller_id: str
    hint: Mapping[str, str]  # for the eye, never applied; no personal data
    sku: str = ""  # of a change of what is live of a listing


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is not a notification. The hash finds it again without repeating it."""

    message_id: str
    why: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the queue handed it over; `receipt` takes it out of the queue."""

    message_id: str
    receipt: str
    body: str
    content: Notification | Unreadable


class Queue(Protocol):
    """Keeps messages until they are deleted."""

    def receive(self) -> list[Message]:
        """Up to ten messages; waits for the first one. Raises RunError."""
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Forget these messages. One that could not be deleted simply comes again."""
        ...


def understood(message_id: str, body: str) -> Notification | Unreadable:
    """What a message says, in Amazon's own envelope or in EventBridge's."""
    try:
        envelope = _unwrapped(json.loads(body))
        return _notification(envelope)
    except RecursionError:
        why = "it is nested too deeply"
    except json.JSONDecodeError as error:
        why = f"it is not JSON (character {error.pos})"
    except _Odd as odd:
        why = str(odd)
    except ValueError:  # a number of more digits than Python reads
        why = "it has a number that cannot be read"
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return Unreadable(message_id, why, digest)


def storable(text: str) -> str:
    """The text as every store takes it: a lone surrogate is no character, and PostgreSQL keeps no
    NUL; both are replaced.
    """
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


class _Odd(ValueError):
    """The message has not the shape of a notification."""


def _unwrapped(value: Any) -> Mapping[str, Any]:
    """The notification inside EventBridge's `detail` or a topic's `Message`."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            raise _Odd(f"it is a JSON {type(value).__name__}, not an object")
        if _any(value, "NotificationType", "notificationType"):
            return value
        if isinstance(value.get("detail"), dict):
            value = value["detail"]
        elif isinstance(value.get("Message"), str):
            value = json.loads(value["Message"])
        else:
            raise _Odd("it has no NotificationType")
    raise _Odd("it has no NotificationType in its envelopes")


def _notification(envelope: Mapping[str, Any]) -> Notification:
    kind = _text(envelope, "NotificationType", "notificationType")
    metadata = _mapping(envelope, "NotificationMetadata", "notificationMetadata")
    notification_id = _text(metadata, "NotificationId", "notificationId")
    if not kind or not notification_id:
        raise _Odd("it has no NotificationType or no NotificationId")
    published = _moment(_any(envelope, "EventTime", "eventTime"))
    payload = _mapping(envelope, "Payload", "payload")
    if kind == QUANTITY_CHANGE:
        return _quantity(payload, notification_id, published)
    if kind != ORDER_CHANGE:
        seller_id = _text(payload, "SellerId", "sellerId")
        return Notification(kind, notification_id, "", published, seller_id, {})
    change = _mapping(payload, "OrderChangeNotification", "orderChangeNotification")
    order_id = _text(change, "AmazonOrderId", "amazonOrderId")
    if not order_id:
        raise _Odd("it is an ORDER_CHANGE without AmazonOrderId")
    if not _ORDER_ID.fullmatch(order_id):
        raise _Odd("its AmazonOrderId is not an order's number")
    trigger = _mapping(change, "OrderChangeTrigger", "orderChangeTrigger")
    changed_at = _moment(_any(trigger, "TimeOfOrderChange", "timeOfOrderChange")) or published
    seller_id = _text(change, "SellerId", "sellerId")
    return Notification(kind, notification_id, order_id, changed_at, seller_id, _hint(change))


def _quantity(
    payload: Mapping[str, Any], notification_id: str, published: datetime | None
) -> Notification:
    sku, seller_id = _text(payload, "Sku", "sku"), _text(payload, "SellerId", "sellerId")
    if not sku:
        raise _Odd(f"it is a {QUANTITY_CHANGE} without Sku")
    quantity = _any(payload, "Quantity", "quantity")
    hint = {"shows": str(quantity)} if isinstance(quantity, int) else {}
    return Notification(
        QUANTITY_CHANGE, notification_id, "", published, seller_id, hint, sku
    )  # fmt: skip


def _hint(change: Mapping[str, Any]) -> dict[str, str]:
    """A few words for the timeline. The summary's postal code stays behind."""
    summary = _mapping(change, "Summary", "summary")
    hint = {
        "change": _text(change, "OrderChangeType", "orderChangeType"),
        "status": _text(summary, "OrderStatus", "orderStatus"),
        "marketplace": _text(summary, "MarketplaceId", "marketplaceId"),
        "fulfilled_by": _text(summary, "FulfillmentType", "fulfillmentType"),
    }
    return {name: text for name, text in hint.items() if text}


def _any(values: Mapping[str, Any], *names: str) -> Any:
    """The value under the first name that is there: Amazon writes some kinds in camel case."""
    return next((values[n] for n in names if values.get(n) is not None), None)


def _text(values: Mapping[str, Any], *names: str) -> str:
    value = _any(values, *names)
    return storable(value.strip()[:200]) if isinstance(value, str) else ""


def _mapping(values: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    value = _any(values, *names)
    return value if isinstance(value, dict) else {}


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):  # year 1 with a zone has no UTC
        return None


class SqsQueue:
    """A standard SQS queue. Long polls, so that waiting costs nothing.

    The AWS credentials are found as AWS's own tools find them (environment, profile, role).
    """

    def __init__(
        self,
        url: str,
        *,
        region: str,
        endpoint: str = "",
        wait_seconds: int = 20,
        hidden_seconds: int = 60,
        client: Callable[[], Any] | None = None,
    ) -> None:
        """`hidden_seconds`: how long SQS waits for our delete before it hands a message out again.
        `endpoint`: an SQS other than Amazon's, of a rehearsal world.
        """
        _refuse_plain(endpoint)
        _refuse_plain(url)
        self.url, self._region, self._endpoint = url, region, endpoint
        self._wait, self._hidden = wait_seconds, hidden_seconds
        self._make, self._made = client or self._boto, None

    def receive(self) -> list[Message]:
        answer = self._called(
            "receive_message",
            MaxNumberOfMessages=_TEN,
            WaitTimeSeconds=self._wait,
            VisibilityTimeout=self._hidden,
        )
        return [
            Message(row["MessageId"], row["ReceiptHandle"], row["Body"], content)
            for row in answer.get("Messages", ())
            for content in (understood(row["MessageId"], row["Body"]),)
        ]

    def delete(self, receipts: Sequence[str]) -> None:
        for start in range(0, len(receipts), _TEN):
            entries = [
                {"Id": str(place), "ReceiptHandle": receipt}
                for place, receipt in enumerate(receipts[start : start + _TEN])
            ]
            self._called("delete_message_batch", Entries=entries)

    def arn(self) -> str:
        """The queue's ARN, as Amazon wants it for a destination; proves that the queue is there."""
        answer = self._called("get_queue_attributes", AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def _called(self, name: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._made is None:
                self._made = self._make()
            return getattr(self._made, name)(QueueUrl=self.url, **arguments)
        except ClientError as error:
            raise _refused(error.response, self.url) from None
        except BotoCoreError as error:
            raise _unreached(error, self.url) from None

    def _boto(self) -> Any:
        import boto3  # half a second and 20 MiB: only for those who use a queue
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            read_timeout=self._wait + 15,
            retries={"max_attempts": 2, "mode": "standard"},
        )
        return boto3.client(
            "sqs", region_name=self._region, endpoint_url=self._endpoint or None, config=config
        )


_ALLOW = "Allow this program's AWS identity to receive and delete on the queue."
_CREATE = "Create the queue, or correct its address and region in the settings."
_REFUSALS: Final[Mapping[str, str]] = {
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "InvalidClientTokenId": "The AWS access key does not exist: correct the AWS credentials.",
    "SignatureDoesNotMatch": "The AWS secret key is wrong: correct the AWS credentials.",
    "ExpiredToken": "The AWS session has expired: renew the AWS credentials.",
    "AWS.SimpleQueueService.NonExistentQueue": _CREATE,
    "QueueDoesNotExist": _CREATE,
    "InvalidAddress": "Correct the queue's address in the settings.",
}


def _refused(response: Mapping[str, Any], url: str) -> RunError:
    error = response.get("Error", {})
    request_id = str(response.get("ResponseMetadata", {}).get("RequestId", ""))
    code, about = str(error.get("Code", "")), f"queue {url}"
    message = f"SQS refused: {code or 'no code'}"
    remedy = _REFUSALS.get(code)
    if remedy is None:
        return TryAgain(message, about=about, code=code, request_id=request_id)
    return NeedsPerson(
        message, kind="queue-refused", remedy=remedy, about=about, code=code,
        request_id=request_id, suspect=True,
    )  # fmt: skip


def _unreached(error: Exception, url: str) -> RunError:
    name, about = type(error).__name__, f"queue {url}"
    if "Credentials" in name or name in ("NoRegionError", "ProfileNotFound"):
        return NeedsPerson(
            f"no AWS credentials for the queue ({name})", kind="queue-refused", about=about,
            remedy="Give this program AWS credentials: environment, profile or role.", code=name,
        )  # fmt: skip
    return TryAgain(f"the queue cannot be reached ({name})", about=about, code=name)


def _refuse_plain(url: str) -> None:
    parts = urlsplit(url)
    if url and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Misuse(f"refusing {url!r} for a queue: use https (http is for loopback)")
