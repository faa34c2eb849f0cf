"""Feeds by our client: uploaded without a token, submitted once, told of message by message."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from crossdock.connectors.amazon import feeds
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.feeds import Unsure
from crossdock.connectors.amazon.limits import RATES
from crossdock.connectors.http import ReplyLost, Response, Unreachable
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import Defect, NeedsPerson, TryAgain
from crossdock.simulators.amazon import AmazonSim
from tests.connectors.amazon.conftest import NOW, InProcess, Scripted, a_client, ok, refused

ROWS: list[tuple[str, int, dict[str, Any]]] = [
    ("ROD 1/8\"", 9, {}), ("TÍP", 0, {"lead_time_to_ship_max_days": 4}), ("NONE", 3, {}),
]  # fmt: skip
MADE = ok({"feedDocumentId": "d-1", "url": "https://documents.example/x?secret"})


def test_a_feed_from_the_document_to_the_result(
    client: AmazonClient, sim: AmazonSim, clock: ManualClock, wires: InProcess
) -> None:
    for sku, _, _ in ROWS[:2]:
        sim.listings.offer(sku, 4)
    document = feeds.quantities_document(client, ROWS)
    feed_id = feeds.submit(client, feeds.upload(client, document, "a feed"), "a feed").feedId
    assert feeds.feed(client, feed_id).processingStatus == "IN_QUEUE"
    assert [f.feedId for f in feeds.submitted_since(client, NOW)] == [feed_id]
    clock.advance(timedelta(seconds=61))
    told = feeds.feed(client, feed_id)
    assert told.processingEndTime == NOW + timedelta(seconds=60, milliseconds=15)
    assert told.resultFeedDocumentId is not None
    found = feeds.result(client, told.resultFeedDocumentId, "a feed")
    assert (found.summary.messagesAccepted, list(found.refused())) == (2, [3])
    clock.advance(timedelta(seconds=15))
    seller = sim.sellers[0].seller_id
    live = [sim.listings.now(seller, sku) for sku, _, _ in ROWS[:2]]
    assert [item.quantity() for item in live if item is not None] == [9, 0]
    away = [r for r in wires.asked if "documents.example" in r.url]
    assert [(r.method, dict(r.headers)) for r in away] == [
        ("PUT", {"content-type": feeds.CONTENT_TYPE}), ("GET", {}),
    ]  # fmt: skip


def test_the_document_is_what_amazon_describes(client: AmazonClient, shared: Any) -> None:
    import jsonschema

    path = shared / "sp-api" / "schemas" / "feeds" / "listings-feed-schema-v2.json"
    body = json.loads(feeds.quantities_document(client, ROWS))
    jsonschema.Draft7Validator(json.loads(path.read_text("utf-8"))).validate(body)
    assert [m["messageId"] for m in body["messages"]] == [1, 2, 3]
    (value,) = body["messages"][1]["patches"][0]["value"]
    assert value == {
        "fulfillment_channel_code": "DEFAULT", "quantity": 0, "lead_time_to_ship_max_days": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [ReplyLost("cut"), Response(503, {}, b"<html>"), refused(500, "InternalFailure"),
     Response(202, {}, b'{"fee'), Response(202, {}, b'{"id": 1}'), Response(404, {}, b"<html>")],
)  # fmt: skip
def test_what_may_have_been_submitted_is_not_known(answer: Any) -> None:
    client = a_client(Scripted([answer]), ManualClock(NOW))
    with pytest.raises(Unsure):
        feeds.submit(client, "d-1", "a feed")


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refused(400, "InvalidInput"), NeedsPerson), (refused(429, "QuotaExceeded"), TryAgain),
     (refused(403, "Unauthorized"), NeedsPerson), (Unreachable("no name"), TryAgain)],
)  # fmt: skip
def test_what_was_certainly_not_submitted_is_no_riddle(answer: Any, error: type) -> None:
    client = a_client(Scripted([answer]), ManualClock(NOW))
    with pytest.raises(error) as caught:
        feeds.submit(client, "d-1", "a feed")
    assert not isinstance(caught.value, Unsure)


def test_without_quota_nothing_was_submitted() -> None:
    line = Scripted([ok({"feedId": "1"})])
    client = a_client(line, ManualClock(NOW))
    client.quota.take("createFeed", RATES["createFeed"].burst)
    with pytest.raises(TryAgain) as caught:
        feeds.submit(client, "d-1", "a feed")
    assert (caught.value.code, line.asked) == ("quota", [])


@pytest.mark.parametrize(
    ("status", "error"), [(403, TryAgain), (500, TryAgain), (400, NeedsPerson)]
)
def test_an_upload_that_is_not_taken(status: int, error: type) -> None:
    client = a_client(Scripted([MADE, Response(status, {}, b"<Error>")]), ManualClock(NOW))
    with pytest.raises(error) as caught:
        feeds.upload(client, b"{}", "a feed")
    assert "secret" not in str(caught.value)


def test_pages_of_feeds_are_asked_for_by_the_token_alone() -> None:
    def one(number: int) -> dict[str, str]:
        return {"feedId": f"{number}", "feedType": feeds.LISTINGS_FEED,
                "processingStatus": "DONE", "createdTime": "2026-11-23T10:00:00Z"}  # fmt: skip

    line = Scripted([ok({"feeds": [one(1)], "nextToken": "t/1"}), ok({"feeds": [one(2)]})])
    found = feeds.submitted_since(a_client(line, ManualClock(NOW)), NOW)
    assert [f.feedId for f in found] == ["1", "2"]
    assert line.asked[1].url.partition("?")[2] == "nextToken=t%2F1"


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"not gzip", TryAgain), (gzip.compress(b"{}"), Defect), (gzip.compress(b"{"), Defect)],
    ids=["not gzip", "no result", "not json"],
)
def test_a_result_that_cannot_be_read(content: bytes, error: type) -> None:
    document = ok({"feedDocumentId": "d", "url": "https://documents.example/y",
                   "compressionAlgorithm": "GZIP"})  # fmt: skip
    client = a_client(Scripted([document, Response(200, {}, content)]), ManualClock(NOW))
    with pytest.raises(error):
        feeds.result(client, "d", "a feed")


def test_only_errors_refuse_a_message_and_a_word_on_the_whole_feed_refuses_none() -> None:
    body = {
        "issues": [
            {"severity": "WARNING", "message": "w", "messageId": 1},
            {"severity": "ERROR", "message": "e", "messageId": 2, "code": "90220"},
            {"severity": "ERROR", "message": "f", "messageId": 2},
            {"severity": "ERROR", "message": "whole"},
        ],
        "summary": {"errors": 3, "warnings": 1, "messagesProcessed": 2, "messagesAccepted": 1,
                    "messagesInvalid": 1},
    }  # fmt: skip
    document = ok({"feedDocumentId": "d", "url": "https://documents.example/y"})
    line = Scripted([document, Response(200, {}, json.dumps(body).encode())])
    found = feeds.result(a_client(line, ManualClock(NOW)), "d", "a feed")
    assert found.refused() == {2: ["90220 e", "f"]}


def test_too_late_to_be_taken_back() -> None:
    def taken_back(answer: Response) -> bool:
        return feeds.cancel(a_client(Scripted([answer]), ManualClock(NOW)), "1")

    assert taken_back(Response(200, {}, b""))
    assert not taken_back(refused(400, "InvalidInput"))
