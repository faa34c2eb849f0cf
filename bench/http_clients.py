"""What an HTTP call and a JSON document cost us, per client and per way of reading.

    python bench/http_clients.py [rounds]

The server runs in a process of its own. Figures are CPU time of the client's process (user and
system), the least of many short interleaved rounds: what a busy machine adds is left out.
"""

import http.client
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from crossdock.connectors.amazon.models import GetOrderResponse
from crossdock.connectors.http import Network, Request
from crossdock.simulators import wire
from crossdock.simulators.server import Server

CALLS = 20
ITEMS = 4


def an_order() -> bytes:
    """About 3 KB, as getOrder answers."""

    def money(amount: str) -> dict[str, str]:
        return {"amount": amount, "currencyCode": "USD"}

    def item(n: int) -> dict[str, Any]:
        return {
            "orderItemId": f"1719876543210{n}",
            "quantityOrdered": 2,
            "product": {
                "asin": f"B08N5WRWN{n}",
                "title": "ER70S-6 mild steel welding wire, 0.035 inch, 33 lb spool",
                "sellerSku": f"ER70S6-035-33-{n}",
                "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
                "price": {"unitPrice": money("45.50")},
            },
            "proceeds": {
                "proceedsTotal": money("98.28"),
                "breakdowns": [
                    {"type": "ITEM", "subtotal": money("91.00")},
                    {
                        "type": "TAX",
                        "subtotal": money("7.28"),
                        "detailedBreakdowns": [{"subtype": "ITEM", "value": money("7.28")}],
                    },
                ],
            },
            "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 2},
            "tax": {"taxCollections": [{"model": "MARKETPLACE_FACILITATOR"}]},
        }

    order = {
        "orderId": "111-1234567-1234567",
        "createdTime": "2026-11-23T10:00:00.000Z",
        "lastUpdatedTime": "2026-11-23T10:05:00.000Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "buyer": {"buyerName": "A Buyer", "buyerEmail": "x@marketplace.example"},
        "recipient": {
            "deliveryAddress": {
                "name": "A Buyer",
                "addressLine1": "1 Main St",
                "city": "Springfield",
                "stateOrRegion": "IL",
                "postalCode": "62701",
                "countryCode": "US",
            }
        },
        "proceeds": {"grandTotal": money("393.12")},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
            "shipByWindow": {
                "earliestDateTime": "2026-11-23T08:00:00Z",
                "latestDateTime": "2026-11-25T07:59:59Z",
            },
        },
        "orderItems": [item(n) for n in range(ITEMS)],
    }
    return json.dumps({"order": order}).encode()


BODY = an_order()


class Echo:
    """Answers every GET with an order and every POST with 201."""

    def handle(self, request: wire.Request) -> wire.Reply:
        headers = {"content-type": "application/json"}
        if request.method == "GET":
            return wire.Reply(200, headers, BODY)
        return wire.Reply(201, headers, b'{"ok":true}')


def serve(pipe: Connection) -> None:
    """The server's process."""
    with Server() as server:
        pipe.send(server.add(Echo()))
        pipe.recv()


Call = Callable[[str], None]


def clients(url: str) -> dict[str, Call]:
    """Each client as a function of the method; those that are not installed are left out."""
    host = url.removeprefix("http://")
    headers = {"content-type": "application/json", "x-amz-access-token": "Atza|" + "x" * 300}
    raw = http.client.HTTPConnection(host)

    def by_http_client(method: str) -> None:
        raw.request(method, "/x", BODY if method == "POST" else None, headers)
        raw.getresponse().read()

    network = Network()

    def by_network(method: str) -> None:
        body = BODY if method == "POST" else b""
        assert network.send(Request(method, f"{url}/x", headers, body)).ok

    found: dict[str, Call] = {"http.client": by_http_client, "our door": by_network}
    import urllib3

    pools = urllib3.PoolManager(retries=False)

    def by_urllib3(method: str) -> None:
        pools.urlopen(method, f"{url}/x", body=BODY if method == "POST" else None, headers=headers)

    found["urllib3"] = by_urllib3
    try:
        import requests

        session = requests.Session()

        def by_requests(method: str) -> None:
            data = BODY if method == "POST" else None
            session.request(method, f"{url}/x", data=data, headers=headers).content  # noqa: B018

        found["requests"] = by_requests
    except ImportError:
        pass
    try:
        import httpx

        client = httpx.Client()

        def by_httpx(method: str) -> None:
            content = BODY if method == "POST" else None
            client.request(method, f"{url}/x", content=content, headers=headers)

        found["httpx"] = by_httpx
    except ImportError:
        pass
    return found


def readers() -> dict[str, Callable[[], object]]:
    """Ways from bytes to a checked order."""
    return {
        "json.loads alone": lambda: json.loads(BODY),
        "model_validate_json": lambda: GetOrderResponse.model_validate_json(BODY),
        "json.loads + model_validate": lambda: GetOrderResponse.model_validate(json.loads(BODY)),
    }


def microseconds(work: Callable[[], object], calls: int) -> float:
    """CPU time of one call."""
    began = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - began) / calls * 1e6


def least(works: dict[str, Callable[[], object]], rounds: int, calls: int) -> dict[str, float]:
    """Interleaved, so that all of them see the same machine."""
    seen: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        microseconds(work, 5)
    for _ in range(rounds):
        for name, work in works.items():
            seen[name].append(microseconds(work, calls))
    return {name: min(values) for name, values in seen.items()}


def shown(title: str, found: dict[str, float]) -> None:
    """A table with ratios to the first row."""
    print(f"\n{title}")
    first = next(iter(found.values()))
    for name, value in found.items():
        print(f"  {name:28} {value:8.0f} us  {value / first:5.2f} x")


def main(rounds: int) -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    url = ours.recv()
    print(f"CPU time per call; document of {len(BODY)} bytes; least of {rounds} rounds")
    for method in ("GET", "POST"):
        works: dict[str, Callable[[], object]] = {
            name: partial(call, method) for name, call in clients(url).items()
        }
        shown(f"{method} over one kept-alive connection", least(works, rounds, CALLS))
    shown("bytes to a checked order", least(readers(), rounds, CALLS))
    ours.send(None)
    process.join(5)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 80)
