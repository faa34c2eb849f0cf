"""A TIMS site in a few lines: says what a test tells it to say, and remembers what it was asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from crossdock.connectors.http import ReplyLost, Request, Response, Unreachable
from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.client import TimsClient
from crossdock.kernel.clock import ManualClock

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

Answer = Response | Exception | Callable[[Request], Response]


@dataclass
class Site:
    """A transport. The last answer told for a request is repeated for ever."""

    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def on(self, request: str, *answers: Answer) -> None:
        method, _, path = request.partition(" ")
        self.answers[method, path] = list(answers)

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        told = self.answers.get((request.method, unquote(urlsplit(request.url).path)))
        if told is None:
            return problem(404, "not_found")
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)

    def count(self, request: str) -> int:
        return len(self.requests(request))

    def requests(self, request: str) -> list[Request]:
        method, _, path = request.partition(" ")
        return [
            x for x in self.asked if x.method == method and unquote(urlsplit(x.url).path) == path
        ]

    def query(self, request: str) -> list[dict[str, str]]:
        found = [parse_qs(urlsplit(x.url).query) for x in self.requests(request)]
        return [{name: values[0] for name, values in query.items()} for query in found]


def ok(body: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps(body).encode())


def problem(status: int, code: str = "", *errors: Mapping[str, str], **more: Any) -> Response:
    headers = {x.replace("_", "-"): more.pop(x) for x in ("retry_after",) if x in more}
    body = {"status": status, "code": code, "trace_id": "t-1", "errors": list(errors), **more}
    return Response(status, headers, json.dumps(body).encode())


def listed(*rows: Mapping[str, Any], cursor: str | None = None) -> Response:
    return ok({"data": list(rows), "next_cursor": cursor, "as_of": "2026-11-23T10:00:00Z"})


def order_json(number: str = "SO-1", status: str = "Entered", **more: Any) -> dict[str, Any]:
    return {
        "Id": "o1",
        "OrderNumber": number,
        "Status": status,
        "RowVersion": 7,
        "CustomerCode": "AMZ-US",
        "ExternalSystem": "AMAZON:ATVPDKIKX0DER",
        "ExternalRef": "112-1234567-1234567",
        "CurrencyCode": "USD",
        "Lines": [
            {
                "LineNumber": 1,
                "ItemNumber": "WLD-1",
                "Uom": "EA",
                "ExternalLineRef": "L1",
                "QtyOrdered": "2",
                "UnitPrice": "64.5000",
                "Tax": "0.00",
                "Charges": [{"Type": "freight", "Amount": "9.99"}],
                "NewFieldOfNextYear": True,
            }
        ],
        "Totals": {"Lines": "129.00", "Charges": "9.99", "Tax": "0.00", "Total": "138.99"},
        **more,
    }


def an_order(**more: Any) -> m.NewSalesOrder:
    line = m.NewSalesOrderLine(
        ExternalLineRef="L1",
        ItemNumber="WLD-1",
        Uom="EA",
        QtyOrdered=Decimal(2),
        UnitPrice=Decimal("64.50"),
        Tax=Decimal("0.00"),
        Charges=(m.Charge(Type="freight", Amount=Decimal("9.99")),),
    )
    said: dict[str, Any] = {
        "IdempotencyKey": "amz-ATVPDKIKX0DER-112-1234567-1234567-v1",
        "ExternalSystem": "AMAZON:ATVPDKIKX0DER",
        "ExternalRef": "112-1234567-1234567",
        "CustomerCode": "AMZ-US",
        "OrderDate": date(2026, 11, 2),
        "MustShipBy": datetime(2026, 11, 4, 7, 59, 59, tzinfo=UTC),
        "ShipToAddress": m.Address(
            Name="Pat Welder", Line1="1 Main St", City="Billings", State="MT", Country="US"
        ),
        "CurrencyCode": "USD",
        "ChargesFixedByCaller": True,
        "TaxCollectedBy": "marketplace",
        "Lines": (line,),
    }
    return m.NewSalesOrder(**{**said, **more})


@dataclass
class Kit:
    """What the tests of this folder speak with."""

    ok = staticmethod(ok)
    problem = staticmethod(problem)
    listed = staticmethod(listed)
    order_json = staticmethod(order_json)
    an_order = staticmethod(an_order)
    now = NOW

    @staticmethod
    def lost() -> ReplyLost:
        return ReplyLost("tims.example gave no complete answer", code="reply lost")

    @staticmethod
    def unreachable() -> Unreachable:
        return Unreachable("tims.example does not take connections", code="refused")


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture
def account() -> TimsAccount:
    return TimsAccount(
        url="https://tims.example",
        company="acme",
        environment="test",
        client_id="us",
        client_secret="hush",
    )


@pytest.fixture
def site() -> Site:
    site = Site()
    site.on("POST /oauth/token", ok({"access_token": "bearer-1", "expires_in": 3600}))
    return site


@pytest.fixture
def client(account: TimsAccount, site: Site, clock: ManualClock) -> TimsClient:
    return TimsClient(account, site, clock)
