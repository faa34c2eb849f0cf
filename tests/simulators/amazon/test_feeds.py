"""Many changes in one document: uploaded, submitted, worked on, and told of message by message."""

import gzip
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.feed_records import EACH, LISTINGS_FEED, QUEUED, STARTING
from crossdock.simulators.clock import HandClock
from crossdock.simulators.wire import Reply, Request
from tests.simulators.amazon.conftest import Answer, Caller

FEEDS, DOCUMENTS = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents"
SHOP = "ATVPDKIKX0DER"
JSON = "application/json; charset=UTF-8"
WHOLE = (QUEUED + STARTING).total_seconds() + 1  # for a feed of a few messages


class Desk:
    """What a seller's program does with feeds."""

    def __init__(self, sim: AmazonSim, caller: Caller) -> None:
        self.sim, self.caller = sim, caller
        self.seller = sim.sellers[0].seller_id

    def document(self, *messages: dict[str, Any], **header: Any) -> bytes:
        head = {"sellerId": self.seller, "version": "2.0", "issueLocale": "en_US", **header}
        body = {"header": head, "messages": list(messages)}
        if self.caller.published and not header:
            self.caller.published.feed.validate(body)
        return json.dumps(body).encode()

    def upload(self, content: bytes, kind: str = JSON, **headers: str) -> tuple[str, Reply]:
        made = self.caller.call("POST", DOCUMENTS, body={"contentType": JSON})
        assert made.status == 201
        reply = self.at(made.body["url"], "PUT", content, {"content-type": kind, **headers})
        return made.body["feedDocumentId"], reply

    def at(
        self, url: str, method: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        return self.sim.api.handle(Request(method, urlsplit(url).path, {}, headers or {}, content))

    def submit(self, document: str, kind: str = LISTINGS_FEED) -> Answer:
        body = {"feedType": kind, "marketplaceIds": [SHOP], "inputFeedDocumentId": document}
        return self.caller.call("POST", FEEDS, body=body)

    def send(self, *messages: dict[str, Any]) -> str:
        document, reply = self.upload(self.document(*messages))
        assert reply.status == 200
        answer = self.submit(document)
        assert answer.status == 202
        return str(answer.body["feedId"])

    def feed(self, feed_id: str) -> dict[str, Any]:
        return dict(self.caller.call("GET", f"{FEEDS}/{feed_id}").body)

    def result(self, feed_id: str) -> dict[str, Any]:
        found = self.caller.call("GET", f"{DOCUMENTS}/{self.feed(feed_id)['resultFeedDocumentId']}")
        assert found.body["compressionAlgorithm"] == "GZIP"
        body = json.loads(gzip.decompress(self.at(found.body["url"], "GET").body))
        if self.caller.published:
            self.caller.published.feed_report.validate(body)
        return dict(body)

    def live(self, sku: str) -> int | None:
        item = self.sim.listings.now(self.seller, sku)
        return None if item is None else item.quantity()


@pytest.fixture
def desk(sim: AmazonSim, caller: Caller) -> Desk:
    for sku in ("ROD", "TIP", "WIRE", "GAS"):
        sim.listings.offer(sku, 4, lead_time=3)
    return Desk(sim, caller)


def stock(number: int, sku: str, quantity: object, op: str = "merge") -> dict[str, Any]:
    row = {"fulfillment_channel_code": "DEFAULT", "quantity": quantity}
    patch = {"op": op, "path": "/attributes/fulfillment_availability", "value": [row]}
    return {"messageId": number, "sku": sku, "operationType": "PATCH", "productType": "PRODUCT",
            "patches": [patch]}  # fmt: skip


def test_a_feed_is_queued_worked_on_and_done_and_then_takes_effect(
    desk: Desk, clock: HandClock
) -> None:
    feed_id = desk.send(stock(1, "ROD", 9), stock(2, "TIP", 0))
    assert desk.feed(feed_id)["processingStatus"] == "IN_QUEUE"
    clock.advance(QUEUED.total_seconds())
    assert desk.feed(feed_id)["processingStatus"] == "IN_PROGRESS"
    clock.advance(STARTING.total_seconds() + 1)
    assert desk.feed(feed_id)["processingStatus"] == "DONE"
    found = desk.result(feed_id)
    assert found["summary"]["messagesAccepted"] == 2
    assert (desk.live("ROD"), desk.live("TIP")) == (4, 4)  # worked on, not in effect yet
    clock.advance(15)
    assert (desk.live("ROD"), desk.live("TIP")) == (9, 0)
    lead = desk.sim.listings.items[desk.seller, "ROD"].submitted["fulfillment_availability"][0]
    assert lead["lead_time_to_ship_max_days"] == 3


def test_more_messages_take_longer_and_each_has_its_own_time(desk: Desk, clock: HandClock) -> None:
    for n in range(400):
        desk.sim.listings.offer(f"S{n}", 1)
    feed_id = desk.send(*(stock(n + 1, f"S{n}", 2) for n in range(400)))
    clock.advance((QUEUED + STARTING + EACH * 200).total_seconds())
    assert desk.feed(feed_id)["processingStatus"] == "IN_PROGRESS"
    clock.advance((EACH * 200).total_seconds() + 15)
    assert desk.feed(feed_id)["processingStatus"] == "DONE"
    first, last = (desk.sim.listings.items[desk.seller, f"S{n}"] for n in (0, 399))
    assert desk.live("S0") == desk.live("S399") == 2
    assert last.history[-1][0] - first.history[-1][0] == EACH * 399


def test_bad_messages_are_told_one_by_one_and_the_others_stand(
    desk: Desk, clock: HandClock
) -> None:
    price = [{"marketplace_id": SHOP, "currency": "USD",
              "our_price": [{"schedule": [{"value_with_tax": 9.5}]}]}]  # fmt: skip
    feed_id = desk.send(
        stock(1, "ROD", -1), stock(2, "NONE", 1), stock(7, "TIP", 5),
        {"messageId": 8, "sku": "WIRE", "operationType": "PARTIAL_UPDATE",
         "productType": "PRODUCT", "attributes": {"purchasable_offer": price}},
        {"messageId": 9, "sku": "GAS", "operationType": "DELETE"},
        {"messageId": 10, "sku": "NEW", "operationType": "UPDATE", "productType": "PRODUCT",
         "requirements": "LISTING_OFFER_ONLY", "attributes": {"purchasable_offer": price}},
    )  # fmt: skip
    clock.advance(WHOLE)
    found = desk.result(feed_id)
    assert found["summary"] | {"warnings": 0} == {
        "errors": 2, "warnings": 0, "messagesProcessed": 6, "messagesAccepted": 4,
        "messagesInvalid": 2,
    }  # fmt: skip
    assert [(i["messageId"], i["sku"]) for i in found["issues"]] == [(1, "ROD"), (2, "NONE")]
    clock.advance(60)
    assert [desk.live(s) for s in ("ROD", "TIP", "GAS")] == [4, 5, None]
    assert desk.sim.listings.now(desk.seller, "NEW") is not None
    assert desk.live("WIRE") == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [({"operationType": "BUY"}, "operationType"), ({"productType": ""}, "productType"),
     ({"attributes": {"a": []}}, "attributes is not for PATCH"), ({"sku": 7}, "sku"),
     ({"patches": [{"op": "move", "path": "/attributes/a"}]}, "op must be")],
)  # fmt: skip
def test_a_message_that_is_none_is_refused_alone(
    desk: Desk, clock: HandClock, change: dict[str, Any], words: str
) -> None:
    desk.caller.published = None
    feed_id = desk.send({**stock(1, "ROD", 9), **change}, stock(2, "TIP", 9))
    clock.advance(WHOLE)
    found = desk.result(feed_id)
    assert words in found["issues"][0]["message"]
    assert found["summary"]["messagesAccepted"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["not json", "version", "seller", "twice", "many", "none"])
def test_a_document_that_cannot_be_read_ends_fatal(
    desk: Desk, clock: HandClock, trouble: str
) -> None:
    desk.caller.published = None
    one = stock(1, "ROD", 9)
    content = {
        "not json": b"{", "version": desk.document(one, version="1.0"),
        "seller": desk.document(one, sellerId="OTHER"), "twice": desk.document(one, one),
        "many": desk.document(*(stock(n + 1, "ROD", 1) for n in range(25_001))),
        "none": desk.document(),
    }[trouble]  # fmt: skip
    feed_id = desk.submit(desk.upload(content)[0]).body["feedId"]
    clock.advance(WHOLE)
    assert desk.feed(feed_id)["processingStatus"] == "FATAL"
    found = desk.result(feed_id)
    assert found["summary"]["messagesProcessed"] == 0
    assert "messageId" not in found["issues"][0]


def test_other_listing_feeds_and_missing_documents_end_fatal(desk: Desk, clock: HandClock) -> None:
    document, _ = desk.upload(desk.document(stock(1, "ROD", 9)))
    old = desk.submit(document, "POST_INVENTORY_AVAILABILITY_DATA").body["feedId"]
    made = desk.caller.call("POST", DOCUMENTS, body={"contentType": JSON})
    empty = desk.submit(made.body["feedDocumentId"]).body["feedId"]
    clock.advance(WHOLE)
    assert {desk.feed(f)["processingStatus"] for f in (old, empty)} == {"FATAL"}
    assert desk.live("ROD") == 4
    assert desk.submit("amzn1.nothing").status == 400


def test_the_address_takes_what_was_announced_and_nothing_else(
    desk: Desk, clock: HandClock
) -> None:
    assert desk.upload(b"{}")[1].status == 200
    assert desk.upload(b"{}", "application/json")[1].status == 403
    assert desk.upload(b"{}", JSON, **{"x-amz-access-token": "Atza|x"})[1].status == 403
    made = desk.caller.call("POST", DOCUMENTS, body={"contentType": JSON})
    assert desk.at(made.body["url"], "GET").status == 403
    clock.advance(300)
    late = desk.at(made.body["url"], "PUT", b"{}", {"content-type": JSON})
    assert late.status == 403


def test_five_submissions_in_five_minutes(desk: Desk, clock: HandClock) -> None:
    for _ in range(5):
        desk.send(stock(1, "ROD", 9))
        clock.advance(10)
    document, _ = desk.upload(desk.document(stock(1, "ROD", 8)))
    refused = desk.submit(document)
    assert (refused.status, refused.code) == (429, "QuotaExceeded")
    clock.advance(249)
    assert desk.submit(document).status == 429
    clock.advance(1)
    assert desk.submit(document).status == 202


def test_feeds_are_listed_for_ninety_days_and_a_token_stands_alone(
    desk: Desk, clock: HandClock
) -> None:
    ids = [desk.send(stock(1, "ROD", n)) for n in range(3)]
    asked = {"feedTypes": LISTINGS_FEED, "pageSize": "2"}
    first = desk.caller.call("GET", FEEDS, asked).body
    assert [f["feedId"] for f in first["feeds"]] == [ids[2], ids[1]]
    token = {"nextToken": first["nextToken"]}
    second = desk.caller.call("GET", FEEDS, token).body
    assert ([f["feedId"] for f in second["feeds"]], "nextToken" in second) == ([ids[0]], False)
    assert desk.caller.call("GET", FEEDS, {**token, **asked}).status == 400
    assert desk.caller.call("GET", FEEDS, {"pageSize": "5"}).status == 400
    done = {"feedTypes": LISTINGS_FEED, "processingStatuses": "DONE"}
    assert desk.caller.call("GET", FEEDS, done).body["feeds"] == []
    clock.advance(timedelta(days=91).total_seconds())
    desk.caller.forget_tokens()
    assert desk.caller.call("GET", FEEDS, asked).body["feeds"] == []


def test_only_what_waits_can_be_cancelled(desk: Desk, clock: HandClock) -> None:
    one, other = desk.send(stock(1, "ROD", 9)), desk.send(stock(1, "TIP", 9))
    assert desk.caller.call("DELETE", f"{FEEDS}/{one}").status == 200
    clock.advance(WHOLE)
    assert desk.caller.call("DELETE", f"{FEEDS}/{other}").status == 400
    assert desk.feed(one)["processingStatus"] == "CANCELLED"
    assert "resultFeedDocumentId" not in desk.feed(one)
    clock.advance(60)
    assert (desk.live("ROD"), desk.live("TIP")) == (4, 9)


def test_a_single_call_made_meanwhile_is_overtaken_by_the_feed(
    desk: Desk, clock: HandClock
) -> None:
    desk.send(stock(1, "ROD", 9))
    path = f"/listings/2021-08-01/items/{desk.seller}/ROD"
    one = stock(1, "ROD", 2)
    body = {"productType": "PRODUCT", "patches": one["patches"]}
    desk.caller.call("PATCH", path, {"marketplaceIds": SHOP}, body)
    clock.advance(20)
    assert desk.live("ROD") == 2
    clock.advance(WHOLE + 15)
    assert desk.live("ROD") == 9


def test_a_stuck_feed_waits_and_a_late_result_is_not_there_yet(
    desk: Desk, clock: HandClock
) -> None:
    desk.sim.faults.load([{"fault": "feed_stuck", "seconds": 600, "most": 1},
                          {"fault": "feed_result_late", "seconds": 120, "most": 1}])  # fmt: skip
    feed_id = desk.send(stock(1, "ROD", 9))
    clock.advance(600)
    assert desk.feed(feed_id)["processingStatus"] == "IN_QUEUE"
    clock.advance(WHOLE)
    assert desk.feed(feed_id)["processingStatus"] == "DONE"
    assert "resultFeedDocumentId" not in desk.feed(feed_id)
    clock.advance(120)
    assert desk.result(feed_id)["summary"]["messagesAccepted"] == 1
    desk.sim.faults.load([{"fault": "feed_stuck", "seconds": 600, "where": "progress"}])
    slow = desk.send(stock(1, "ROD", 7))
    clock.advance(600)
    assert desk.feed(slow)["processingStatus"] == "IN_PROGRESS"


def test_feeds_are_worked_on_one_after_the_other(desk: Desk, clock: HandClock) -> None:
    for n in range(400):
        desk.sim.listings.offer(f"S{n}", 1)
    first = desk.send(*(stock(n + 1, f"S{n}", 2) for n in range(400)))
    second = desk.send(stock(1, "ROD", 8), stock(2, "S399", 3))
    clock.advance(WHOLE)  # the first has two seconds to go, the second is short
    assert [desk.feed(f)["processingStatus"] for f in (first, second)] == [
        "IN_PROGRESS", "IN_QUEUE",
    ]  # fmt: skip
    clock.advance(2)
    assert [desk.feed(f)["processingStatus"] for f in (first, second)] == ["DONE", "IN_PROGRESS"]
    assert (
        desk.feed(second)["processingStartTime"] == desk.feed(first)["processingEndTime"]
    )  # no second wait in a queue, but a start of its own
    clock.advance(STARTING.total_seconds() + 15)
    assert (desk.live("ROD"), desk.live("S399")) == (8, 3)  # the later feed's word


def test_a_feed_that_is_stuck_holds_up_those_behind_it_until_it_is_taken_back(
    desk: Desk, clock: HandClock
) -> None:
    desk.sim.faults.load([{"fault": "feed_stuck", "seconds": 3000, "most": 1}])
    stuck, behind = desk.send(stock(1, "ROD", 9)), desk.send(stock(1, "TIP", 9))
    clock.advance(600)
    assert desk.feed(behind)["processingStatus"] == "IN_QUEUE"
    desk.caller.call("DELETE", f"{FEEDS}/{stuck}")
    assert desk.feed(behind)["processingStatus"] == "IN_PROGRESS"
    clock.advance(WHOLE + 15)
    assert (desk.live("ROD"), desk.live("TIP")) == (4, 9)


def test_a_fatal_feed_may_have_done_half_of_its_work(desk: Desk, clock: HandClock) -> None:
    desk.sim.faults.load([{"fault": "feed_fatal_half"}])
    feed_id = desk.send(*(stock(n, s, 9) for n, s in enumerate(("ROD", "TIP", "WIRE", "GAS"), 1)))
    clock.advance(WHOLE + 60)
    assert desk.feed(feed_id)["processingStatus"] == "FATAL"
    assert [desk.live(s) for s in ("ROD", "TIP", "WIRE", "GAS")] == [9, 9, 4, 4]


def test_faults_of_listings_strike_in_feeds_too(desk: Desk, clock: HandClock) -> None:
    kind = {"operations": [LISTINGS_FEED]}
    desk.sim.faults.load(
        [{"fault": "accepted_unchanged", "most": 1, **kind},
         {"fault": "siblings_wiped", "most": 1, **kind},
         {"fault": "late_effect", "seconds": 300, **kind},
         {"fault": "feed_message_refused", "operations": ["GAS"]}]
    )  # fmt: skip
    feed_id = desk.send(*(stock(n, s, 9) for n, s in enumerate(("ROD", "TIP", "GAS"), 1)))
    clock.advance(WHOLE + 60)
    assert [i["sku"] for i in desk.result(feed_id)["issues"]] == ["GAS"]
    assert [desk.live(s) for s in ("ROD", "TIP", "GAS")] == [4, 4, 4]
    clock.advance(300)
    assert [desk.live(s) for s in ("ROD", "TIP", "GAS")] == [4, 9, 4]
    (row,) = desk.sim.listings.items[desk.seller, "TIP"].live["fulfillment_availability"]
    assert "lead_time_to_ship_max_days" not in row
