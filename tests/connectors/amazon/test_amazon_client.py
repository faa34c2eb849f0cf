"""The client's calls, against the simulated Amazon and Amazon's own description of requests."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest

from crossdock.connectors.amazon.client import WHOLE_ORDER, AmazonClient
from crossdock.connectors.amazon.operations import operations
from crossdock.connectors.http import ReplyLost, Request, Response, Unreachable
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.evidence import collecting
from crossdock.simulators.amazon import AmazonSim
from tests.connectors.amazon.conftest import (
    NOW,
    InProcess,
    Scripted,
    a_client,
    ok,
    refused,
    shipment_of,
)

Place = Callable[..., str]
SMALL: dict[str, Any] = {
    "orderId": "111-1111111-1111111",
    "createdTime": "2026-11-23T10:00:00Z",
    "lastUpdatedTime": "2026-11-23T10:00:00Z",
    "salesChannel": {"channelName": "AMAZON"},
    "orderItems": [],
}
ORDER_ID = SMALL["orderId"]


def page(*order_ids: str, token: str = "") -> Response:
    body: dict[str, Any] = {"orders": [SMALL | {"orderId": x} for x in order_ids]}
    body["lastUpdatedBefore"] = "2026-11-23T09:58:00Z"
    if token:
        body["pagination"] = {"nextToken": token}
    return ok(body)


def query_of(request: Request) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(request.url).query).items()}


# --- reading an order


def test_an_order_is_read_with_everything_a_sales_order_needs(
    client: AmazonClient, place: Place
) -> None:
    order = client.get_order(place())
    assert order.proceeds is not None
    assert order.proceeds.grandTotal is not None
    assert str(order.proceeds.grandTotal.money) == "91.00 USD"
    assert order.recipient is not None
    assert order.recipient.deliveryAddress is not None
    assert order.recipient.deliveryAddress.name == "Ann Lee"
    assert order.orderItems[0].product.sellerSku == "ER70S6-035-33"


@pytest.mark.parametrize("odd", ["", "111", "111-1111111-1111111/../x", "ORDER 7", "1" * 500])
def test_what_is_no_order_id_is_never_sent(
    client: AmazonClient, wires: InProcess, odd: str
) -> None:
    with pytest.raises(NeedsPerson) as caught:
        client.get_order(odd)
    assert caught.value.kind == "amazon-refused"
    assert wires.asked == []


def test_an_order_that_is_not_there_yet_is_looked_at_later(client: AmazonClient) -> None:
    with pytest.raises(TryAgain) as caught:
        client.get_order("111-1111111-1111111")
    assert (caught.value.code, caught.value.counts) == ("NotFound", True)
    assert caught.value.request_id


def test_every_exchange_is_evidence_with_its_request_id(client: AmazonClient, place: Place) -> None:
    order_id = place()
    with collecting() as calls:
        client.get_order(order_id)
    assert [c.operation for c in calls] == ["requestToken", "getOrder"]
    assert calls[1].request_id
    assert calls[1].note == f"Amazon order {order_id}"
    assert "Ann" not in str(calls)


def test_the_same_client_works_over_real_sockets(
    over_sockets: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    assert over_sockets.get_order(order_id).orderId == order_id
    confirm = operations(over_sockets)["amazon.confirm_shipment"].run
    confirm(shipment_of(sim, order_id))
    assert sim.orders[order_id].status == "SHIPPED"


def test_an_order_id_comes_back_in_any_answer_to_a_regional_outage(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    sim.faults.load([{"fault": "included_data_outage", "value": "FULFILLMENT"}])
    with pytest.raises(NeedsPerson) as caught:
        client.get_order(order_id)
    assert caught.value.suspect  # a wave of it is an outage: the breaker holds the orders
    assert order_id in str(caught.value)


# --- tokens


def test_a_token_that_ended_early_is_replaced_once_and_the_call_goes_through(
    client: AmazonClient, wires: InProcess, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    client.get_order(order_id)
    sim.faults.load([{"fault": "token_expired_early", "lasts": 0.0}])
    for grant in list(sim.lwa._grants):
        sim.lwa.forget(grant)
    assert client.get_order(order_id).orderId == order_id
    assert sum("token" in r.url for r in wires.asked) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_again_and_again_is_not_looped_on(
    clock: ManualClock, status: int
) -> None:
    amazon = Scripted([refused(status, "Unauthorized", "Denied.", "The access token has expired.")])
    with pytest.raises(TryAgain):
        a_client(amazon, clock).get_order(ORDER_ID)
    assert (len(amazon.asked), amazon.tokens) == (2, 2)


def test_a_missing_role_costs_no_token_per_call(clock: ManualClock) -> None:
    amazon = Scripted([refused(403, "Unauthorized", "Access to requested resource is denied.")])
    client = a_client(amazon, clock)
    for _ in range(5):
        with pytest.raises(NeedsPerson) as caught:
            client.get_order(ORDER_ID)
    assert caught.value.kind == "access-denied"
    assert "Inventory and Order Tracking" in caught.value.remedy
    assert amazon.tokens == 1


def test_an_application_without_roles_is_told_which_one_it_needs(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    sim.roles = set()
    with pytest.raises(NeedsPerson, match="Access to requested resource is denied") as caught:
        client.get_order(order_id)
    assert "role" in caught.value.remedy


def test_a_withdrawn_authorisation_is_found_through_the_refused_call(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    order_id = place()
    client.get_order(order_id)
    sim.revoke_grant()
    with pytest.raises(NeedsPerson) as caught:
        client.get_order(order_id)
    assert caught.value.kind == "reconnect-amazon"


# --- trouble on the way


@pytest.mark.parametrize(
    "trouble",
    [
        refused(500, "InternalFailure"),
        refused(503, "ServiceUnavailable"),
        Response(503, {}, b"<html>Service Unavailable</html>"),
        Response(200, {}, b'{"order": {"orderId": "111-'),
        Response(200, {}, b"<html>Sign in</html>"),
        Unreachable("no way"),
        ReplyLost("gone"),
    ],
)
def test_trouble_on_the_way_is_tried_again_and_names_the_order(
    clock: ManualClock, trouble: Response | Exception
) -> None:
    with pytest.raises(TryAgain) as caught:
        a_client(Scripted([trouble]), clock).get_order(ORDER_ID)
    assert caught.value.counts
    assert ORDER_ID in str(caught.value)


def test_throttling_is_nobody_s_failure_and_says_when(clock: ManualClock) -> None:
    client = a_client(Scripted([refused(429, "QuotaExceeded")]), clock)
    with pytest.raises(TryAgain) as caught:
        client.get_order(ORDER_ID)
    assert (caught.value.code, caught.value.counts) == ("QuotaExceeded", False)
    assert caught.value.after is not None
    assert caught.value.after >= timedelta(seconds=2)


def test_after_a_refusal_nothing_is_sent_until_the_time_told(clock: ManualClock) -> None:
    amazon = Scripted([refused(429, "QuotaExceeded"), ok({"order": SMALL})])
    client = a_client(amazon, clock)
    for _ in range(3):
        with pytest.raises(TryAgain) as caught:
            client.get_order(ORDER_ID)
    assert len(amazon.asked) == 1
    assert caught.value.after is not None
    clock.advance(caught.value.after)
    assert client.get_order(ORDER_ID).orderId == ORDER_ID


def test_a_faster_rate_in_the_header_is_used(clock: ManualClock) -> None:
    client = a_client(Scripted([ok({"order": SMALL}, **{"x_amzn_ratelimit_limit": "20.0"})]), clock)
    client.get_order(ORDER_ID)
    client.quota.take("getOrder", 100)
    clock.advance(timedelta(seconds=1))
    assert client.quota.take("getOrder", 100).granted == 19


# --- searching


def test_a_search_reads_every_page(client: AmazonClient, place: Place, clock: ManualClock) -> None:
    placed = {place() for _ in range(7)}
    clock.advance(timedelta(minutes=10))
    pages = list(client.search_orders(NOW - timedelta(hours=1), size=3))
    assert [len(p.orders) for p in pages] == [3, 3, 1]
    assert {o.orderId for p in pages for o in p.orders} == placed
    assert pages[-1].until == clock.now() - timedelta(minutes=2)


def test_following_pages_repeat_every_filter(clock: ManualClock) -> None:
    amazon = Scripted([page("111-1111111-1111111", token="t"), page("111-1111111-1111112")])
    list(a_client(amazon, clock).search_orders(NOW - timedelta(hours=1)))
    first, second = map(query_of, amazon.asked)
    assert second.pop("paginationToken") == "t"
    assert first == second
    assert first["lastUpdatedAfter"] == "2026-11-23T09:00:00.000Z"
    assert "lastUpdatedBefore" not in first  # Amazon's own two minutes ago


def test_a_page_token_that_has_died_starts_the_search_anew(clock: ManualClock) -> None:
    amazon = Scripted([
        page("111-1111111-1111111", token="old"),
        refused(400, "InvalidInput", "The paginationToken has expired."),
        page("111-1111111-1111111", token="new"),
        page("111-1111111-1111112"),
    ])  # fmt: skip
    pages = list(a_client(amazon, clock).search_orders(NOW - timedelta(hours=1)))
    assert [o.orderId[-1] for p in pages for o in p.orders] == ["1", "1", "2"]
    assert "paginationToken" not in query_of(amazon.asked[2])


def test_a_search_that_is_refused_without_a_token_is_not_repeated(clock: ManualClock) -> None:
    amazon = Scripted([refused(400, "InvalidInput", "Invalid Input")])
    with pytest.raises(NeedsPerson) as caught:
        list(a_client(amazon, clock).search_orders(NOW - timedelta(hours=1)))
    assert caught.value.suspect
    assert len(amazon.asked) == 1


def test_a_token_that_always_dies_ends_the_search(clock: ManualClock) -> None:
    def answer(request: Request) -> Response:
        if "paginationToken" in request.url:
            return refused(400, "InvalidInput", "The paginationToken is not valid.")
        return page("111-1111111-1111111", token="t")

    amazon = Scripted([answer])
    with pytest.raises(NeedsPerson):
        list(a_client(amazon, clock).search_orders(NOW - timedelta(hours=1)))
    assert len(amazon.asked) == 6


def test_amazon_s_clock_decides_what_is_too_recent(clock: ManualClock) -> None:
    ahead = ManualClock(NOW + timedelta(minutes=30))  # our clock is half an hour fast
    sim = AmazonSim(clock, seed=7)
    client = a_client(InProcess(sim), ahead)
    client.marketplace_participations()
    assert abs((client.caller.now() - NOW).total_seconds()) <= 1
    assert client.caller.gap == timedelta(minutes=-30)
    list(client.search_orders(ahead.now()))  # would be in Amazon's future


# --- every request is as Amazon describes it


FILES = ("orders_2026-01-01", "ordersV0", "notifications", "sellers")


def described(shared: Path) -> dict[str, tuple[str, Any, Any]]:
    """operation -> path template, parameters, definitions."""
    found: dict[str, tuple[str, Any, Any]] = {}
    for file in sorted((shared / "sp-api/models").rglob("*.json")):
        if file.stem in FILES:
            model = json.loads(file.read_text("utf-8"))
            for path, methods in model["paths"].items():
                for method, operation in methods.items():
                    name = operation.get("operationId") if isinstance(operation, dict) else None
                    if name and not (file.stem == "ordersV0" and name == "getOrder"):
                        line = f"{method.upper()} {path}"
                        parameters = operation.get("parameters", [])
                        found[name] = (line, parameters, model["definitions"])
    return found


def test_every_request_is_as_amazon_describes_it(
    client: AmazonClient,
    wires: InProcess,
    sim: AmazonSim,
    place: Place,
    shared: Path,
    clock: ManualClock,
) -> None:
    order_id, sent = place(), {}
    with collecting() as calls:
        client.get_order(order_id, WHOLE_ORDER)
        clock.advance(timedelta(minutes=5))
        list(client.search_orders(NOW - timedelta(hours=1), included=("FULFILLMENT", "BUYER")))
        operations(client)["amazon.confirm_shipment"].run(
            shipment_of(sim, order_id, carrierName="UPS", shippingMethod="Ground")
        )
        client.marketplace_participations()
        made = client.create_destination("orders", "arn:aws:sqs:us-east-1:000000000000:orders")
        assert made is not None
        client.destinations()
        directive = {"eventFilter": {"eventFilterType": "ORDER_CHANGE"}}
        subscribed = client.create_subscription(
            "ORDER_CHANGE", made.destinationId, "1.0", directive
        )
        assert subscribed is not None
        client.subscription("ORDER_CHANGE", "1.0")
        client.delete_subscription("ORDER_CHANGE", subscribed.subscriptionId)
        client.delete_destination(made.destinationId)
    described_by_amazon = described(shared)
    for call, request in zip(calls, wires.asked, strict=True):
        assert call.status in (200, 204), call
        if call.operation != "requestToken":
            _fits(request, *described_by_amazon[call.operation])
            sent[call.operation] = request
    assert len(sent) == 10


def _fits(request: Request, line: str, parameters: Any, definitions: Any) -> None:
    parts, (method, _, template) = urlsplit(request.url), line.partition(" ")
    assert request.method == method
    ours, theirs = parts.path.split("/"), template.split("/")
    assert len(ours) == len(theirs)
    assert all(t.startswith("{") or t == o for o, t in zip(ours, theirs, strict=True)), template
    query = {k: unquote(v[0]) for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
    known = {p["name"]: p for p in parameters if p.get("in") == "query"}
    assert set(query) <= set(known)
    assert {n for n, p in known.items() if p.get("required")} <= set(query)
    for name, value in query.items():
        _check_value(known[name], value)
    bodies = [p["schema"] for p in parameters if p.get("in") == "body"]
    assert bool(bodies) == bool(request.body)
    for schema in bodies:
        jsonschema.validate(json.loads(request.body), {**schema, "definitions": definitions})
    headers = dict(request.headers)
    assert headers["x-amz-access-token"].startswith("Atza|")
    assert len(headers["user-agent"]) < 500


def _check_value(parameter: Any, value: str) -> None:
    if parameter["type"] == "array":  # Swagger 2.0's default: one value with commas
        assert set(value.split(",")) <= set(parameter["items"].get("enum") or value.split(","))
    elif parameter["type"] == "integer":
        assert parameter.get("minimum", 1) <= int(value) <= parameter.get("maximum", 100)
    elif parameter.get("format") == "date-time":
        assert value.endswith("Z")
