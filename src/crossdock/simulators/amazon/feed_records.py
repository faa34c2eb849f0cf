"""A feed as Amazon keeps it: what was asked, when it is worked on, and what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon.replies import Row
from crossdock.simulators.amazon.state import timestamp

LISTINGS_FEED = "JSON_LISTINGS_FEED"
MOST_MESSAGES = 25_000
QUEUED = timedelta(seconds=20)  # before anybody looks at it
STARTING = timedelta(seconds=40)  # from then until its first message
EACH = timedelta(milliseconds=5)  # for a message: alone, a feed takes 60 s and 5 ms a message
IN_QUEUE, IN_PROGRESS, DONE, FATAL, CANCELLED = (
    "IN_QUEUE", "IN_PROGRESS", "DONE", "FATAL", "CANCELLED",
)  # fmt: skip
_OPERATIONS: dict[str, tuple[str, ...]] = {
    "UPDATE": ("productType", "attributes"),
    "PARTIAL_UPDATE": ("productType", "attributes"),
    "PATCH": ("productType", "patches"),
    "DELETE": (),
}


@dataclass(slots=True)
class SimFeed:
    """One feed of a seller's."""

    feed_id: str
    seller_id: str
    feed_type: str
    shops: tuple[str, ...]
    document_id: str
    created: datetime
    ready: datetime  # worked on no sooner
    begins: datetime  # worked on from then: when those before it in the line have ended
    messages: list[Row] = field(default_factory=list)
    skus: tuple[str, ...] = ()  # what it is about
    dies_at: int | None = None  # FATAL after so many messages
    broken: str = ""  # why nothing of it can be read
    late: timedelta = timedelta(0)  # of the result, after the end
    slow: timedelta = timedelta(0)  # IN_PROGRESS before the first message
    cancelled: datetime | None = None
    applied: int = 0  # messages looked at so far
    issues: list[Row] = field(default_factory=list)
    invalid: int = 0
    result_id: str = ""

    @property
    def to_do(self) -> int:
        """Messages that will be looked at."""
        return len(self.skus) if self.dies_at is None else self.dies_at

    @property
    def ends(self) -> datetime:
        """When the last one has been looked at."""
        return self.due(self.to_do)

    @property
    def fatal(self) -> bool:
        """It ends before its end."""
        return bool(self.broken) or self.dies_at is not None

    def due(self, messages: int) -> datetime:
        """When so many of them have been looked at."""
        return self.begins + STARTING + self.slow + EACH * messages

    def status(self, now: datetime) -> str:
        """As getFeed names it."""
        if self.cancelled is not None:
            return CANCELLED
        if now < self.begins:
            return IN_QUEUE
        if now < self.ends:
            return IN_PROGRESS
        return FATAL if self.fatal else DONE

    def described(self, now: datetime) -> Row:
        """As getFeed tells of it."""
        status = self.status(now)
        told: Row = {
            "feedId": self.feed_id, "feedType": self.feed_type, "marketplaceIds": list(self.shops),
            "createdTime": timestamp(self.created), "processingStatus": status,
        }  # fmt: skip
        if status in (IN_PROGRESS, DONE, FATAL):
            told["processingStartTime"] = timestamp(self.begins)
        if status in (DONE, FATAL):
            told["processingEndTime"] = timestamp(self.ends)
            if self.result_id and now >= self.ends + self.late:
                told["resultFeedDocumentId"] = self.result_id
        return told

    def report(self) -> bytes:
        """The result document."""
        errors = sum(one["severity"] == "ERROR" for one in self.issues)
        body = {
            "header": {"sellerId": self.seller_id, "version": "2.0", "feedId": self.feed_id},
            "issues": self.issues,
            "summary": {
                "errors": errors, "warnings": len(self.issues) - errors,
                "messagesProcessed": self.applied,
                "messagesAccepted": self.applied - self.invalid, "messagesInvalid": self.invalid,
            },
        }  # fmt: skip
        return json.dumps(body, separators=(",", ":")).encode()


def read_messages(content: bytes, seller_id: str) -> tuple[list[Row], str]:
    """The messages, and why nothing can be done with the document."""
    try:
        body = json.loads(content, parse_float=Decimal)
    except ValueError:
        return [], "The document is not JSON."
    if not isinstance(body, dict):
        return [], "The document must be an object."
    header, messages = body.get("header"), body.get("messages")
    if not isinstance(header, dict) or header.get("version") != "2.0":
        return [], "header: version must be 2.0."
    if header.get("sellerId") != seller_id:
        return [], "header: sellerId is not the seller who submits the feed."
    if not isinstance(header.get("issueLocale", ""), str):
        return [], "header: issueLocale must be text."
    if not isinstance(messages, list) or not messages:
        return [], "messages are required."
    if len(messages) > MOST_MESSAGES:
        return [], f"at most {MOST_MESSAGES} messages."
    numbers = [m.get("messageId") if isinstance(m, dict) else None for m in messages]
    if not all(type(n) is int and 1 <= n <= 2_147_483_647 for n in numbers):
        return [], "every message needs a messageId."
    if len(set(numbers)) < len(numbers):
        return [], "a messageId is there twice."
    return messages, ""


def fault_of(message: Mapping[str, Any]) -> str:
    """What is missing in a message, or stands there in vain."""
    if not isinstance(message.get("sku"), str) or not message["sku"]:
        return "sku is required."
    operation = message.get("operationType")
    wanted = _OPERATIONS.get(operation) if isinstance(operation, str) else None
    if wanted is None:
        return f"operationType must be one of {', '.join(_OPERATIONS)}."
    allowed = {*wanted, "messageId", "sku", "operationType"}
    if operation == "UPDATE":
        allowed.add("requirements")
    if missing := [name for name in wanted if not message.get(name)]:
        return f"{missing[0]} is required for {operation}."
    if extra := sorted(message.keys() - allowed):
        return f"{extra[0]} is not for {operation}."
    kinds: dict[str, type] = {"attributes": dict, "patches": list, "productType": str}
    if wrong := [n for n in wanted if not isinstance(message[n], kinds[n])]:
        return f"{wrong[0]} is not of its kind."
    return ""


def as_patches(attributes: Mapping[str, Any]) -> Sequence[Row]:
    """A partial update is a replacement of each attribute that it names."""
    return [
        {"op": "replace", "path": f"/attributes/{name}", "value": value}
        for name, value in attributes.items()
    ]
