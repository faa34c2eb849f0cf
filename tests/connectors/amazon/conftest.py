"""Our client and the simulated Amazon, with the network between them or in one process."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.http import Network, ReplyLost, Request, Response
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators import wire
from crossdock.simulators.amazon import Address, AmazonSim, Buyer, Line
from crossdock.simulators.server import Server

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
US = "ATVPDKIKX0DER"
HOME = Address("Ann Lee", "1 Main St", "Springfield", "IL", "62701", phone="+1 555 010 0199")
ANN = Buyer("Ann Lee", HOME)
WIRE = Line("ER70S6-035-33", 2, Decimal("45.50"))


@dataclass
class InProcess:
    """A transport to the simulated Amazon without sockets; remembers what was asked."""

    sim: AmazonSim
    asked: list[Request] = field(default_factory=list)
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)  # as its server answers

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        parts = urlsplit(request.url)
        app = self.sim.lwa if parts.path == "/auth/o2/token" else self.sim.api
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = wire.Request(request.method, parts.path, query, request.headers, request.body)
        with self.one_at_a_time:
            reply = app.handle(asked)
        if reply.cut is not None:
            raise ReplyLost(reply.cut.value)
        return Response(reply.status, reply.headers, reply.body)


@dataclass
class Scripted:
    """An Amazon in a few lines: tokens are always good, other answers are told by the test. The
    last answer is repeated for ever.
    """

    answers: list[Response | Exception | Callable[[Request], Response]]
    asked: list[Request] = field(default_factory=list)
    tokens: int = 0

    def send(self, request: Request) -> Response:
        if request.url.endswith("/auth/o2/token"):
            self.tokens += 1
            return ok({"access_token": f"Atza|{self.tokens}", "expires_in": 3600})
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)


def ok(body: Any, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(200, {"x-amzn-requestid": "r-ok", **named}, json.dumps(body).encode())


def refused(status: int, code: str, message: str = "No.", details: str = "") -> Response:
    error = {"code": code, "message": message, "details": details}
    body = json.dumps({"errors": [error]}).encode()
    return Response(status, {"x-amzn-requestid": "r-no"}, body)


def an_account(**changes: Any) -> AmazonAccount:
    values: dict[str, Any] = {
        "seller_id": "A1SELLERTEST",
        "client_id": "amzn1.application-oa2-client.rehearsal",
        "client_secret": "rehearsal-secret",
        "refresh_token": "Atzr|rehearsal",
        "marketplace_ids": (US,),
    }
    return AmazonAccount(**(values | changes))


def a_client(transport: Any, clock: ManualClock, **changes: Any) -> AmazonClient:
    buckets = MemoryBuckets(clock, jitter=lambda: 0.0)
    return AmazonClient(an_account(**changes), transport, clock, buckets)


def a_package(order: Mapping[str, int], reference: str = "1", **changes: Any) -> m.PackageDetail:
    values: dict[str, Any] = {
        "packageReferenceId": reference,
        "carrierCode": "UPS",
        "trackingNumber": "1Z999AA10123456784",
        "shipDate": NOW,
        "orderItems": [{"orderItemId": key, "quantity": units} for key, units in order.items()],
    }
    return m.PackageDetail(**(values | changes))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def sim(clock: ManualClock) -> AmazonSim:
    return AmazonSim(clock, seed=7)


@pytest.fixture
def wires(sim: AmazonSim) -> InProcess:
    return InProcess(sim)


@pytest.fixture
def client(wires: InProcess, clock: ManualClock) -> AmazonClient:
    return a_client(wires, clock)


@pytest.fixture
def over_sockets(sim: AmazonSim, clock: ManualClock) -> Iterator[AmazonClient]:
    """The same client and the same Amazon, with a real network between them."""
    network = Network(connect_seconds=2, read_seconds=2)
    with Server(clock) as server:
        account = {"endpoint": server.add(sim.api), "lwa_endpoint": server.add(sim.lwa)}
        yield a_client(network, clock, **account)
        network.close()


@pytest.fixture
def place(sim: AmazonSim) -> Callable[..., str]:
    """Places an order that is ready to ship."""

    def placed(*lines: Line, **how: Any) -> str:
        how.setdefault("buyer", ANN)
        return sim.place_order(list(lines) or [WIRE], pending=False, **how)

    return placed


def shipment_of(sim: AmazonSim, order_id: str, **changes: Any) -> m.ShipmentConfirmation:
    """The whole order in one package."""
    items = {line.order_item_id: line.quantity for line in sim.orders[order_id].lines}
    return m.ShipmentConfirmation(
        orderId=order_id, marketplaceId=US, packages=(a_package(items, **changes),)
    )
