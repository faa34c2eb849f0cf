"""Feeds 2021-06-30: many changes of listings in one document, worked on a while later.

A document goes to, and comes from, another house of Amazon's by an address that soon expires. A
seller's feeds of one kind are worked on one after the other (Amazon's Feeds API FAQ). Messages take
effect while the feed is worked on, each by the rules of single calls; a single call that is made
meanwhile may well come into effect before them.
"""

import gzip
import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.feed_records import (
    IN_QUEUE,
    LISTINGS_FEED,
    QUEUED,
    SimFeed,
    as_patches,
    fault_of,
    read_messages,
)
from crossdock.simulators.amazon.listing_changes import issue
from crossdock.simulators.amazon.listings import Listings
from crossdock.simulators.amazon.replies import Refusal, Row, answer, invalid, not_found
from crossdock.simulators.amazon.state import parse_timestamp
from crossdock.simulators.wire import Reply, Request

FEED_DOCUMENTS = "/_feeds/"
SUBMISSIONS, WINDOW = 5, timedelta(minutes=5)  # per seller and region, for JSON_LISTINGS_FEED
_OPEN = timedelta(minutes=5)
_LISTED = timedelta(days=90)
_KEPT = timedelta(days=28)  # result documents
_PAGE, _LARGEST_PAGE, _MOST_SHOPS = 10, 100, 25
_FOREIGN = ("x-amz-access-token", "authorization")


@dataclass(slots=True)
class _Document:
    """Something that was or will be stored."""

    document_id: str
    seller_id: str
    content_type: str
    made: datetime
    content: bytes | None = None
    result_of: str = ""  # a feed's id


class Feeds:
    """The desk for feeds."""

    def __init__(self, company: Company, listings: Listings) -> None:
        self._company, self._listings = company, listings
        self.sent: dict[str, SimFeed] = {}
        self._documents: dict[str, _Document] = {}
        self._open: dict[str, tuple[_Document, str, datetime]] = {}  # secret -> what, how, until
        self._recent: dict[str, deque[datetime]] = {}  # by seller
        self._under_way: list[SimFeed] = []
        self._working = False
        listings.before.append(self.work)

    # --- operations

    def create_document(self, call: Call) -> Reply:
        """createFeedDocument: an address to upload to, for five minutes."""
        content_type = _body(call).get("contentType")
        if not isinstance(content_type, str) or not content_type:
            raise invalid("contentType is required.")
        number = len(self._documents) + 1
        document = _Document(
            f"amzn1.tortuga.4.na.{number:08}", call.seller.seller_id, content_type, call.now
        )
        self._documents[document.document_id] = document
        url = self._address(call, document, "PUT")
        return answer(201, {"feedDocumentId": document.document_id, "url": url})

    def create(self, call: Call) -> Reply:
        """createFeed."""
        self.work()
        body, seller = _body(call), call.seller.seller_id
        shops = body.get("marketplaceIds")
        if not isinstance(shops, list) or not 1 <= len(shops) <= _MOST_SHOPS:
            raise invalid(f"marketplaceIds: 1 to {_MOST_SHOPS}.")
        kind = body.get("feedType")
        if not isinstance(kind, str) or not kind:
            raise invalid("feedType is required.")
        document = self._documents.get(str(body.get("inputFeedDocumentId")))
        if document is None or document.seller_id != seller or document.result_of:
            raise invalid("inputFeedDocumentId is not one of yours.")
        if kind == LISTINGS_FEED:
            self._count(seller, call.now)
        number = 50_000_000_000 + len(self.sent) + 1
        feed = SimFeed(
            f"{number}", seller, kind, tuple(str(shop) for shop in shops), document.document_id,
            call.now, call.now + QUEUED, call.now + QUEUED,
        )  # fmt: skip
        self._plan(feed, document)
        self.sent[feed.feed_id] = feed
        self._under_way.append(feed)
        self._line_up(feed)
        return answer(202, {"feedId": feed.feed_id})

    def get_feed(self, call: Call) -> Reply:
        """getFeed."""
        return answer(200, self._of(call).described(call.now))

    def get_feeds(self, call: Call) -> Reply:
        """getFeeds: the newest first."""
        self.work()
        query = dict(call.request.query)
        start, now = 0, call.now
        if token := query.pop("nextToken", ""):
            if query:
                raise invalid("nextToken must be the only parameter.")
            start, query = _question(token)
        elif "feedTypes" not in query:
            raise invalid("feedTypes or nextToken is required.")
        size = int(query.get("pageSize", _PAGE))
        if not 1 <= size <= _LARGEST_PAGE:
            raise invalid(f"pageSize: 1 to {_LARGEST_PAGE}.")
        since = now - _LISTED
        if text := query.get("createdSince"):
            since = max(since, parse_timestamp(text))
        until = parse_timestamp(query["createdUntil"]) if "createdUntil" in query else now
        kinds = query["feedTypes"].split(",")
        states = [x for x in query.get("processingStatuses", "").split(",") if x]
        shops = {x for x in query.get("marketplaceIds", "").split(",") if x}
        found = [
            f for f in reversed(self.sent.values())
            if f.seller_id == call.seller.seller_id and f.feed_type in kinds
            and since <= f.created <= until and (not states or f.status(now) in states)
            and (not shops or shops & set(f.shops))
        ]  # fmt: skip
        body: Row = {"feeds": [f.described(now) for f in found[start : start + size]]}
        if start + size < len(found):
            body["nextToken"] = json.dumps([start + size, query])
        return answer(200, body)

    def cancel(self, call: Call) -> Reply:
        """cancelFeed: only while nobody has looked at it."""
        feed = self._of(call)
        if feed.status(call.now) != IN_QUEUE:
            raise invalid("Only a feed that is IN_QUEUE can be cancelled.")
        feed.cancelled = call.now
        self._under_way.remove(feed)
        self._line_up(feed)
        return Reply(200)

    def get_document(self, call: Call) -> Reply:
        """getFeedDocument: an address that opens the content for five minutes."""
        self.work()
        document = self._documents.get(call.arguments[0])
        if document is None or document.seller_id != call.seller.seller_id:
            raise not_found("There is no such document.")
        if document.result_of:
            feed = self.sent[document.result_of]
            if not feed.ends + feed.late <= call.now < feed.ends + _KEPT:
                raise not_found("There is no such document.")
        body: Row = {
            "feedDocumentId": document.document_id, "url": self._address(call, document, "GET"),
        }  # fmt: skip
        if document.result_of:
            body["compressionAlgorithm"] = "GZIP"
        return answer(200, body)

    def exchange(self, request: Request) -> Reply:
        """The house where documents lie: no token is wanted there, and none is taken."""
        found = self._open.get(request.path.removeprefix(FEED_DOCUMENTS))
        if found is None or self._company.now() >= found[2] or request.method != found[1]:
            return _closed()
        if any(name in request.headers for name in _FOREIGN):
            return _closed()
        document = found[0]
        if request.method == "GET":
            feed = self.sent.get(document.result_of)
            content = gzip.compress(feed.report(), 1) if feed else document.content or b""
            return Reply(200, {"content-type": "application/octet-stream"}, content)
        if request.headers.get("content-type") != document.content_type:
            return _closed()
        document.content = request.body
        return Reply(200)

    # --- working on them

    def work(self) -> None:
        """Everything that has been looked at until now, each message at its own time."""
        if self._working or not self._under_way:
            return
        self._working, now = True, self._company.now()
        try:
            for feed in list(self._under_way):
                while feed.applied < feed.to_do and feed.due(feed.applied + 1) <= now:
                    self._apply(feed, feed.messages[feed.applied], feed.due(feed.applied + 1))
                    feed.applied += 1
                if now >= feed.ends:
                    self._under_way.remove(feed)
                    feed.messages = []  # they have had their effect
        finally:
            self._working = False

    def _line_up(self, changed: SimFeed) -> None:
        """Every feed of the line that nobody has looked at begins when the one before it ends."""
        free = now = self._company.now()
        for feed in self._under_way:
            if (feed.seller_id, feed.feed_type) == (changed.seller_id, changed.feed_type):
                if feed.begins > now:
                    feed.begins = max(feed.ready, free)
                free = feed.ends

    def _plan(self, feed: SimFeed, document: _Document) -> None:
        """What will become of it."""
        faults = self._company.faults
        if feed.feed_type != LISTINGS_FEED:
            feed.broken = "This feed type is no longer processed."
        elif document.content is None:
            feed.broken = "The document was never uploaded."
        else:
            feed.messages, feed.broken = read_messages(document.content, feed.seller_id)
            document.content = b""
        if feed.broken:
            feed.issues.append({"severity": "ERROR", "message": feed.broken, "code": "4000000"})
            feed.messages = []
        feed.skus = tuple(str(message.get("sku")) for message in feed.messages)
        if fault := faults.strikes("feed_stuck", feed.feed_type):
            wait = timedelta(seconds=float(fault.settings.get("seconds", 900)))
            if fault.settings.get("where") == "progress":
                feed.slow = wait
            else:
                feed.ready += wait
        if faults.strikes("feed_fatal_half", feed.feed_type):
            feed.dies_at = len(feed.skus) // 2
        if fault := faults.strikes("feed_result_late", feed.feed_type):
            feed.late = timedelta(seconds=float(fault.settings.get("seconds", 300)))
        feed.result_id = f"amzn1.tortuga.4.na.r{feed.feed_id}"
        self._documents[feed.result_id] = _Document(
            feed.result_id, feed.seller_id, "", feed.created, result_of=feed.feed_id
        )

    def _apply(self, feed: SimFeed, message: Row, at: datetime) -> None:
        words = fault_of(message)
        found = [issue("90220", words, "")] if words else self._carried_out(feed, message, at)
        if any(one["severity"] == "ERROR" for one in found):
            feed.invalid += 1
        for one in found:
            told: Row = {
                "messageId": message["messageId"], "code": one["code"],
                "severity": one["severity"], "message": one["message"],
            }  # fmt: skip
            if isinstance(message.get("sku"), str) and message["sku"]:
                told["sku"] = message["sku"]
            if name := one["attributeNames"][0]:
                told["attributeName"] = name
            feed.issues.append(told)

    def _carried_out(self, feed: SimFeed, message: Row, at: datetime) -> list[Row]:
        sku, what = message["sku"], message["operationType"]
        if self._company.faults.strikes("feed_message_refused", sku):
            return [issue("90220", f"{sku} cannot be changed at this time.", "")]
        if what == "UPDATE":
            return self._listings.replace(
                feed.seller_id, sku, message["productType"],
                message.get("requirements", "LISTING"), message["attributes"], feed.feed_type,
                at=at,
            )  # fmt: skip
        item = self._listings.now(feed.seller_id, sku)
        if item is None:
            return [issue("13013", f"This SKU does not exist: {sku}.", "")]
        if what == "DELETE":
            self._listings.remove(item, at=at)
            return []
        patches = message["patches"] if what == "PATCH" else as_patches(message["attributes"])
        try:
            return self._listings.change(
                feed.seller_id, item, message["productType"], list(patches), feed.feed_type, at=at
            )
        except Refusal as refusal:
            return [issue("90220", str(refusal), "")]

    # --- looking

    def _of(self, call: Call) -> SimFeed:
        self.work()
        feed = self.sent.get(call.arguments[0])
        if feed is None or feed.seller_id != call.seller.seller_id:
            raise not_found("There is no such feed.")
        return feed

    def _count(self, seller_id: str, now: datetime) -> None:
        recent = self._recent.setdefault(seller_id, deque())
        while recent and now - recent[0] >= WINDOW:
            recent.popleft()
        if len(recent) >= SUBMISSIONS:
            words = f"You exceeded your quota of {SUBMISSIONS} {LISTINGS_FEED} in five minutes."
            raise Refusal(429, "QuotaExceeded", words)
        recent.append(now)

    def _address(self, call: Call, document: _Document, method: str) -> str:
        secret = self._company.names.secret(32)
        self._open[secret] = (document, method, call.now + _OPEN)
        host = call.request.headers.get("host", "documents.example")
        scheme = "http" if host.startswith(("127.", "localhost")) else "https"
        return f"{scheme}://{host}{FEED_DOCUMENTS}{secret}"


def _closed() -> Reply:
    return Reply(403, {"content-type": "application/xml"}, b"<Error>AccessDenied</Error>")


def _question(token: str) -> tuple[int, dict[str, str]]:
    try:
        start, query = json.loads(token)
        return int(start), dict(query)
    except (ValueError, TypeError):
        raise invalid("nextToken is not one of ours.") from None


def _body(call: Call) -> dict[str, Any]:
    try:
        body = call.request.json()
    except ValueError:
        raise invalid("The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The request body must be an object.")
    return body
