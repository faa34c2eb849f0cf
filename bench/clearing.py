"""Receipts for a large settlement, beside one receipt for each order: python -m bench.clearing."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bench import settlements as files
from crossdock.connectors.http import Request, Response
from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.receivable_models import Application, NewReceipt
from crossdock.connectors.tims.receivables import Receivables
from crossdock.engine.store import open_database
from crossdock.kernel.clock import ManualClock
from crossdock.simulators import wire
from crossdock.simulators.tims import TimsSim
from crossdock.simulators.tims.receivable_records import Invoice
from crossdock.wiring.settlement_runs import poster_of
from crossdock.wiring.settling import Settlements

ORDERS = 9_000
SYSTEM = "AMAZON:ATVPDKIKX0DER"
_KINDS = (
    (("Order", "ItemPrice", "Principal"), 2600),
    (("Order", "ItemFees", "Commission"), -390),
    (("Order", "ItemPrice", "Tax"), 100),
    (("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"), -100),
    (("Order", "ItemFees", "FBAPerUnitFulfillmentFee"), -50),
    (("Order", "Promotion", "Principal"), -100),
)


class _Line:
    """TIMS without a socket, counting what it is asked."""

    def __init__(self, sim: TimsSim) -> None:
        self.sim, self.requests = sim, 0

    def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        asked = wire.Request(
            request.method, parts.path, dict(parse_qsl(parts.query)), request.headers, request.body
        )
        self.requests += 1
        reply = self.sim.api.handle(asked)
        return Response(reply.status, reply.headers, reply.body)


def measure(orders: int = ORDERS) -> dict[str, Any]:
    """Seconds and requests of clearing; the bare way is a receipt for each order."""
    with TemporaryDirectory(prefix="crossdock-") as folder:
        clock = ManualClock(datetime(2026, 7, 3, tzinfo=UTC))
        line, client = _tims(clock, orders)
        db = open_database(f"sqlite:///{folder}/store.db")
        db.migrate()
        here = Path(folder)
        (here / "accounts.yaml").write_text(
            (Path(__file__).parents[1] / "demo" / "accounts.yaml").read_text("utf-8"), "utf-8"
        )
        (here / "report.txt").write_text("".join(_report(orders)), "utf-8")
        settlements = Settlements(db, here, clock.now)
        poster = poster_of(settlements, client, "A1", [SYSTEM.partition(":")[2]], "bench")
        file, _ = settlements.take(here / "report.txt", "bench")
        poster.post(file.settlement_id)
        before, began = line.requests, time.perf_counter()
        if poster.clearer.clear(file.settlement_id) != (orders, 0):
            raise RuntimeError("not every order was settled")
        took, asked = time.perf_counter() - began, line.requests - before
        db.close()
    line, client = _tims(clock, orders)
    began = time.perf_counter()
    for n in range(orders):
        Receivables(client).receive(_one(n))
    bare = time.perf_counter() - began
    return {
        "orders": orders, "seconds": round(took, 2), "requests": asked,
        "bare_seconds": round(bare, 2), "bare_requests": line.requests,
        "seconds_ratio": round(took / bare, 2), "requests_ratio": round(asked / line.requests, 4),
    }  # fmt: skip


def _tims(clock: ManualClock, orders: int) -> tuple[_Line, TimsClient]:
    sim = TimsSim(clock, limits=False)
    sim.add_customer("AMZ-US")
    for n in range(orders):
        invoice = Invoice(
            number=f"IN-{n:06}", customer_code="AMZ-US", external_system=SYSTEM,
            external_ref=f"111-{n:07}-0000001", on=clock.now().date(), currency="USD",
            amount=Decimal("25.00"), order_number=f"SO-{n}",
        )  # fmt: skip
        sim.receivables.invoices.add(invoice)
    line = _Line(sim)
    account = TimsAccount(
        "https://tims.example", sim.company, "live", sim.client_id, sim.client_secret,
        burst=10**9, rate=Decimal(10**9),
    )  # fmt: skip
    return line, TimsClient(account, line, clock)


def _report(orders: int) -> Iterator[str]:
    total = orders * sum(amount for _, amount in _KINDS)
    yield "\t".join(files._names()) + "\n"
    control = ["28471003921", "2026-06-16 00:00:00 UTC", "2026-06-30 23:59:59 UTC",
               "2026-07-02 00:00:00 UTC", files._money(total), "USD"]  # fmt: skip
    yield "\t".join(control + [""] * (files.COLUMNS - len(control))) + "\n"
    at = datetime(2026, 6, 20, 10, tzinfo=UTC)
    for n in range(orders):
        for kind, amount in _KINDS:
            yield files._line(kind, amount, at, n)


def _one(n: int) -> NewReceipt:
    paid = Application(InvoiceNumber=f"IN-{n:06}", Amount=Decimal("25.00"))
    return NewReceipt(
        ExternalSystem="BARE", ExternalRef=f"{n}", CustomerCode="AMZ-US",
        ReceiptDate=datetime(2026, 7, 3, tzinfo=UTC).date(), CurrencyCode="USD",
        Amount=Decimal("25.00"), AccountNumber="1150", Applications=(paid,),
    )  # fmt: skip


if __name__ == "__main__":
    print(measure())
