"""A simulated TIMS on a clock moved by hand, a caller, and an order in a few words."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from crossdock.simulators.clock import HandClock
from crossdock.simulators.tims import Package, TimsSim
from crossdock.simulators.wire import Reply, Request

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SYSTEM = "AMAZON:ATVPDKIKX0DER"
ADDRESS = {
    "Name": "Pat Welder",
    "Line1": "1 Main St",
    "City": "Billings",
    "State": "MT",
    "PostalCode": "59101",
    "Country": "US",
}


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
    def code(self) -> str:
        return str(self.body["code"])

    @property
    def faults(self) -> dict[str, str]:
        """Pointer -> code of everything found wrong."""
        return {error["pointer"]: error["code"] for error in self.body["errors"]}

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


@dataclass
class Caller:
    """Speaks to the simulator as a program does; every refusal must be a problem document."""

    sim: TimsSim
    headers: dict[str, str] = field(default_factory=dict)
    keys: int = 0

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        **headers: str | None,
    ) -> Answer:
        """`if_match="3"` and the like become headers; None takes one away."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent: dict[str, str | None] = {
            "authorization": f"ApiKey {self.sim.api_key}",
            "x-tims-company": self.sim.company_header,
            "content-type": "application/json",
            **self.headers,
            **named,
        }
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        kept = {name: value for name, value in sent.items() if value is not None}
        reply = self.sim.api.handle(Request(method, f"/api/v1{path}", query or {}, kept, raw))
        return self._read(reply)

    def get(self, path: str, **query: str) -> Answer:
        return self.call("GET", path, query=query)

    def create(self, path: str, body: Any, key: str = "", **headers: str | None) -> Answer:
        """A POST that creates, with a key of its own unless one is given."""
        self.keys += 1
        return self.call(
            "POST", path, body, **{"idempotency_key": key or f"key-{self.keys}", **headers}
        )

    def do(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body)

    def change(self, path: str, body: Any, version: int) -> Answer:
        return self.call("PATCH", path, body, if_match=f'"{version}"')

    def token(self, **form: str) -> Answer:
        said = {
            "grant_type": "client_credentials",
            "client_id": self.sim.client_id,
            "client_secret": self.sim.client_secret,
            **form,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = Request("POST", "/oauth/token", {}, headers, urlencode(said).encode())
        return self._read(self.sim.api.handle(request))

    def pages(self, path: str, **query: str) -> list[Answer]:
        """Every page of a list."""
        found = [self.get(path, **query)]
        while found[-1]["next_cursor"]:
            found.append(self.get(path, **query, cursor=found[-1]["next_cursor"]))
        return found

    @staticmethod
    def _read(reply: Reply) -> Answer:
        try:
            body = json.loads(reply.body) if reply.body else None
        except ValueError:
            return Answer(reply, None)
        if reply.status >= 400:
            assert reply.headers["content-type"] == "application/problem+json"
            assert {"type", "title", "status", "code", "trace_id", "retryable", "errors"} <= set(
                body
            )
            assert body["status"] == reply.status
            assert body["trace_id"] == reply.headers["x-tims-trace-id"]
        return Answer(reply, body)


def a_line(item: str = "WIRE", qty: str = "2", **more: Any) -> dict[str, Any]:
    """One order line; None takes a field away."""
    line = {"ItemNumber": item, "Uom": "EA", "QtyOrdered": qty, "UnitPrice": "64.50", **more}
    return {name: value for name, value in line.items() if value is not None}


def an_order(ref: str = "", *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An order's body; None takes a field away."""
    body = {
        "CustomerCode": "AMZ-US",
        "OrderDate": "2026-11-23",
        "ShipToAddress": ADDRESS,
        "TaxCollectedBy": "marketplace",
        "ChargesFixedByCaller": True,
        "Lines": list(lines) or [a_line()],
        **({"ExternalSystem": SYSTEM, "ExternalRef": ref} if ref else {}),
        **more,
    }
    return {name: value for name, value in body.items() if value is not None}


def a_package(**lines: int) -> Package:
    """`_1=2`: two of line 1."""
    quantities = {int(name.strip("_")): qty for name, qty in lines.items()}
    return Package("UPS", "UPS", "GROUND", "1Z999AA10123456784", quantities)


@dataclass
class Kit:
    """What the stories of this folder are told with."""

    order = staticmethod(an_order)
    line = staticmethod(a_line)
    package = staticmethod(a_package)
    address = ADDRESS
    system = SYSTEM


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture
def clock() -> HandClock:  # type: ignore[override]
    return HandClock(START)


def a_site(clock: HandClock, seed: int = 7, **more: Any) -> TimsSim:
    """TIMS with two items, 100 of each, and the customer AMZ-US."""
    sim = TimsSim(clock, seed, **{"limits": False, **more})
    for item in ("WIRE", "TIPS"):
        sim.add_item(item, uoms={"EA": 1, "BX": 10})
        sim.set_stock(item, "MAIN", 100)
    sim.add_customer("AMZ-US", "Amazon.com customers")
    return sim


@pytest.fixture
def new_site() -> Callable[..., TimsSim]:
    return a_site


@pytest.fixture
def sim(clock: HandClock) -> TimsSim:
    return a_site(clock)


@pytest.fixture
def tims(sim: TimsSim) -> Caller:
    return Caller(sim)


@pytest.fixture
def caller_of() -> Callable[[TimsSim], Caller]:
    return Caller


@pytest.fixture
def entered(tims: Caller) -> Callable[..., str]:
    """Enters an order; its number."""

    def enter(*lines: dict[str, Any], **more: Any) -> str:
        answer = tims.create("/sales_orders", an_order("", *lines, **more))
        assert answer.status == 201, answer.body
        return str(answer["OrderNumber"])

    return enter


@pytest.fixture
def released(tims: Caller, entered: Callable[..., str]) -> Callable[..., str]:
    """Enters and releases an order; its number."""

    def release(*lines: dict[str, Any], **more: Any) -> str:
        number = entered(*lines, **more)
        assert tims.do(f"/sales_orders/{number}/release").status == 200
        return number

    return release
