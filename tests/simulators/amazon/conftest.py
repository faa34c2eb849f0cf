"""A simulated Amazon on a clock moved by hand, and a caller that checks every answer it gets."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from crossdock.simulators.amazon import Address, AmazonSim, Buyer, Line, Seller
from crossdock.simulators.clock import HandClock
from crossdock.simulators.wire import Reply, Request
from tests.simulators.amazon.published import Published

EVERYTHING = (
    "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,"
    "FULFILLMENT_ORDERS"
)
HOME = Address("Ann Lee", "1 Main St", "Springfield", "IL", "62701", phone="+1 555 0100")
ANN = Buyer("Ann Lee", HOME)
WIRE = Line("ER70S6-035-33", 2, Decimal("45.50"))


@dataclass(frozen=True)
class Answer:
    """A reply with its body read."""

    reply: Reply
    body: Any

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.reply.headers)

    @property
    def message(self) -> str:
        return str(self.body["errors"][0]["message"])

    @property
    def code(self) -> str:
        return str(self.body["errors"][0]["code"])

    @property
    def details(self) -> str:
        return str(self.body["errors"][0]["details"])


class Caller:
    """Speaks to the simulator as an application does, and holds its answers to Amazon's models."""

    def __init__(self, sim: AmazonSim, published: Published | None = None) -> None:
        self.sim = sim
        self.published = published
        self._tokens: dict[str, str] = {}

    def login(self, **form: str) -> Answer:
        asked = {"client_id": self.sim.client_id, "client_secret": self.sim.client_secret, **form}
        request = Request("POST", "/auth/o2/token", body=urlencode(asked).encode())
        reply = self.sim.lwa.handle(request)
        return Answer(reply, json.loads(reply.body) if reply.body else None)

    def token(self, seller: Seller | None = None) -> str:
        refresh = (seller or self.sim.sellers[0]).refresh_token
        if refresh not in self._tokens:
            answer = self.login(grant_type="refresh_token", refresh_token=refresh)
            self._tokens[refresh] = answer.body["access_token"]
        return self._tokens[refresh]

    def grantless(self) -> str:
        if "" not in self._tokens:
            answer = self.login(
                grant_type="client_credentials", scope="sellingpartnerapi::notifications"
            )
            self._tokens[""] = answer.body["access_token"]
        return self._tokens[""]

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: object = None,
        token: str | None = None,
    ) -> Answer:
        token = self.token() if token is None else token
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {"x-amz-access-token": token, "user-agent": "Crossdock-tests/1.0"}
        before = self.sim.counts.copy()
        reply = self.sim.api.handle(Request(method, path, query or {}, headers, raw))
        (operation, _), *_ = self.sim.counts - before
        self._check(operation, reply)
        try:
            return Answer(reply, json.loads(reply.body) if reply.body else None)
        except ValueError:
            return Answer(reply, None)

    def _check(self, operation: str, reply: Reply) -> None:
        if reply.cut is not None:
            return
        assert reply.headers["x-amzn-requestid"]
        assert reply.headers["date"].endswith(" GMT")
        quota_shown = "x-amzn-ratelimit-limit" in reply.headers
        assert quota_shown == (reply.status in (200, 204, 400, 404) and operation != "unknown")
        spoiled = {"malformed_json", "html_error"} & {f.name for f in self.sim.faults.all()}
        if self.published and operation != "unknown" and not spoiled:
            self.published.check(operation, reply.status, reply.body)

    def get_order(self, order_id: str, included: str = EVERYTHING, **more: Any) -> Answer:
        query = {"includedData": included} if included else {}
        return self.call("GET", f"/orders/2026-01-01/orders/{order_id}", query, **more)

    def search(self, **query: str) -> Answer:
        token = query.pop("token", None)
        return self.call("GET", "/orders/2026-01-01/orders", query, token=token)

    def confirm(self, order_id: str, **changes: Any) -> Answer:
        path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"
        return self.call("POST", path, body=self.confirmation(order_id, **changes))

    def confirmation(self, order_id: str, **changes: Any) -> dict[str, Any]:
        """A good body for the whole order; `changes` replace fields of the package, None drops."""
        order = self.sim.orders.get(order_id)
        lines = order.lines if order else []
        detail: dict[str, Any] = {
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "shippingMethod": "Ground",
            "trackingNumber": "1Z999AA10123456784",
            "shipDate": self.sim.clock.now().isoformat(),
            "orderItems": [{"orderItemId": x.order_item_id, "quantity": x.quantity} for x in lines],
        }
        marketplace_id = changes.pop("marketplaceId", order.marketplace.id if order else "")
        detail.update(changes)
        detail = {name: value for name, value in detail.items() if value is not None}
        return {"marketplaceId": marketplace_id, "packageDetail": detail}

    def subscribe(self, **directive: object) -> str:
        """A queue's ARN with a subscription to ORDER_CHANGE."""
        arn = "arn:aws:sqs:us-east-1:000000000000:amazon-orders"
        made = self.call(
            "POST",
            "/notifications/v1/destinations",
            body={"name": "orders", "resourceSpecification": {"sqs": {"arn": arn}}},
            token=self.grantless(),
        )
        body = {"payloadVersion": "1.0", "destinationId": made.body["payload"]["destinationId"]}
        answer = self.call(
            "POST", "/notifications/v1/subscriptions/ORDER_CHANGE", body={**body, **directive}
        )
        assert answer.status == 200
        return arn


@pytest.fixture
def clock() -> HandClock:
    return HandClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def published() -> Published | None:
    """Amazon's models; without them the tests still run, but check less."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("CROSSDOCK_SHARED", root.parent / "shared")) / "sp-api"
    return Published(folder) if folder.is_dir() else None


@pytest.fixture
def sim(clock: HandClock) -> AmazonSim:
    return AmazonSim(clock, seed=7)


@pytest.fixture
def caller(sim: AmazonSim, published: Published | None) -> Caller:
    return Caller(sim, published)


@pytest.fixture
def unshipped(sim: AmazonSim) -> Callable[..., str]:
    """Places an order that is ready to ship."""

    def place(*lines: Line, **how: Any) -> str:
        how.setdefault("buyer", ANN)
        return sim.place_order(list(lines) or [WIRE], pending=False, **how)

    return place
