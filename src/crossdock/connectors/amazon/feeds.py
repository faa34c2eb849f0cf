"""Feeds: many changes of listings in one document, and what Amazon says of each.

A document goes to another house of Amazon's, by an address that is personal, secret and soon
expired: no token goes there. Submitting is not idempotent: `submit` says when it may have been
done, and `submitted_since` is where to look before it is done again.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from pydantic import ValidationError

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read, read_with_id
from crossdock.connectors.amazon.feed_models import (
    Created,
    Feed,
    FeedDocument,
    FeedPage,
    FeedResult,
    Upload,
)
from crossdock.connectors.amazon.fields import timestamp
from crossdock.connectors.amazon.listings import quantity_patch
from crossdock.connectors.http import ReplyLost, Request, Response
from crossdock.kernel.errors import Defect, NeedsPerson, TryAgain

LISTINGS_FEED: Final = "JSON_LISTINGS_FEED"
MOST_MESSAGES: Final = 25_000
SUBMISSIONS: Final = 5  # of this type in five minutes, for a seller and region
CONTENT_TYPE: Final = (
    "application/json; charset=UTF-8"  # announced, and then sent, letter by letter
)
_FEEDS: Final = "/feeds/2021-06-30/feeds"
_DOCUMENTS: Final = "/feeds/2021-06-30/documents"
_MOST_PAGES: Final = 20


class Unsure(TryAgain):
    """The feed may have been submitted: look before it is submitted again."""


def quantities_document(
    client: AmazonClient, rows: Iterable[tuple[str, int, Mapping[str, Any]]]
) -> bytes:
    """A feed document that makes these the merchant quantities: (SKU, quantity, what stands beside
    it and is to be restored). Messages are numbered from 1, in this order.
    """
    header = {"sellerId": client.account.seller_id, "version": "2.0", "issueLocale": "en_US"}
    messages = (
        json.dumps(
            {"messageId": n, "sku": sku, "operationType": "PATCH",
             **quantity_patch(quantity, beside)},
            separators=(",", ":"), ensure_ascii=False,
        )
        for n, (sku, quantity, beside) in enumerate(rows, 1)
    )  # fmt: skip
    return f'{{"header":{json.dumps(header)},"messages":[{",".join(messages)}]}}'.encode()


def upload(client: AmazonClient, document: bytes, about: str) -> str:
    """Leave a document with Amazon; its id. Again makes another one, which is harmless."""
    ask = Ask("createFeedDocument", "POST", _DOCUMENTS, body={"contentType": CONTENT_TYPE},
              about=about)  # fmt: skip
    made = read(Upload, client.caller.answer(ask), ask.operation, about)
    request = Request("PUT", made.url, {"content-type": CONTENT_TYPE}, document)
    _stored(client.caller.fetch("upload feed", request, about), about)
    return made.feedDocumentId


def submit(client: AmazonClient, document_id: str, about: str) -> Created:
    """Have Amazon work on it; the feed's id, and the request's. Raises Unsure when it may have been
    submitted, and anything else only when it was not.
    """
    body = {"feedType": LISTINGS_FEED, "inputFeedDocumentId": document_id,
            "marketplaceIds": [client.account.marketplace_ids[0]]}  # fmt: skip
    ask = Ask("createFeed", "POST", _FEEDS, body=body, about=about)
    try:
        return read_with_id(Created, client.caller.call(ask), ask.operation, about)
    except ReplyLost as error:
        raise _unsure(str(error.message), about) from error
    except Refused as refused:
        if refused.refusal.status >= 500 or not refused.refusal.code:
            raise _unsure(str(refused.error.message), about) from None
        raise refused.error from None
    except TryAgain as error:
        if error.code == "malformed answer":
            raise _unsure(str(error.message), about) from error
        raise
    except Defect as error:  # it was taken, and Amazon said so in words we do not know
        raise _unsure(str(error.message), about) from error


def feed(client: AmazonClient, feed_id: str) -> Feed:
    """How far Amazon is with it."""
    about = f"feed {feed_id}"
    ask = Ask("getFeed", "GET", _path(feed_id), about=about)
    return read(Feed, client.caller.answer(ask), ask.operation, about)


def submitted_since(client: AmazonClient, since: datetime) -> tuple[Feed, ...]:
    """Every listings feed that was submitted since then."""
    about = f"feeds since {since:%Y-%m-%d %H:%M}"
    query = {"feedTypes": LISTINGS_FEED, "pageSize": "100", "createdSince": timestamp(since)}
    found: dict[str, Feed] = {}
    for _ in range(_MOST_PAGES):
        ask = Ask("getFeeds", "GET", _FEEDS, query, about=about)
        page = read(FeedPage, client.caller.answer(ask), ask.operation, about)
        found |= {one.feedId: one for one in page.feeds}
        if not page.nextToken:
            return tuple(found.values())
        query = {"nextToken": page.nextToken}
    raise TryAgain("Amazon's list of feeds does not end", about=about, code="repeated_token")


def cancel(client: AmazonClient, feed_id: str) -> bool:
    """Take it back, if nobody has begun to work on it; False when it is too late."""
    ask = Ask("cancelFeed", "DELETE", _path(feed_id), about=f"feed {feed_id}")
    try:
        client.caller.call(ask)
    except Refused as refused:
        if refused.refusal.status == 400:
            return False
        raise refused.error from None
    return True


def result(client: AmazonClient, document_id: str, about: str) -> FeedResult:
    """What Amazon says of every message."""
    path = f"{_DOCUMENTS}/{quote(document_id, safe='')}"
    ask = Ask("getFeedDocument", "GET", path, about=about)
    document = read(FeedDocument, client.caller.answer(ask), ask.operation, about)
    response = client.caller.fetch("download feed result", Request("GET", document.url), about)
    content = _stored(response, about).body
    if document.compressionAlgorithm is not None:
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise TryAgain(f"the result cannot be unpacked: {error}", about=about) from error
    try:
        return FeedResult.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Defect(
            "the result of a feed does not fit Amazon's description", about=about,
            code="unknown answer", reproduce={"where": list(first["loc"]), "what": first["type"]},
        ) from error  # fmt: skip


def _stored(response: Response, about: str) -> Response:
    """The answer of the house where documents lie."""
    if response.ok:
        return response
    if response.status in (403, 404):
        raise TryAgain("the address of the document has expired", about=about, code="expired")
    if response.status >= 500 or response.status == 429:
        raise TryAgain(f"the document store answers {response.status}", about=about)
    raise NeedsPerson(
        f"the document store answers {response.status}",
        kind="amazon-refused",
        remedy="Nobody has met this answer before: retry, or ask Amazon's support.",
        about=about,
    )


def _unsure(words: str, about: str) -> Unsure:
    return Unsure(f"the feed may have been submitted: {words}", about=about, code="unsure")


def _path(feed_id: str) -> str:
    return f"{_FEEDS}/{quote(feed_id, safe='')}"
