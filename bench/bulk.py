"""Many orders at once: from waiting in the inbox to a sales order that TIMS has allocated."""

import http.client
import json
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.rig import World, a_world, cpu_of, fill_inbox, workers, workspace

_INCLUDED = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX"
_COMMIT_EVERY = 100


@dataclass(frozen=True, slots=True)
class Bulk:
    """What so many orders cost."""

    orders: int
    seconds: float
    cpu_seconds: float  # of all our processes
    world_cpu_seconds: float
    amazon_requests: float  # per order
    tims_requests: float
    memory: float = 0.0  # MiB at most, of the greediest worker

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Of our processes, per order."""
        return self.cpu_seconds / self.orders * 1000

    @property
    def world_cpu_ms(self) -> float:
        """Of the simulators, per order: they share the machine."""
        return self.world_cpu_seconds / self.orders * 1000


def with_crossdock(folder: Path, store: str, orders: int, count: int) -> Bulk:
    """`count` workers stand ready; then all orders wait at once. The clock runs from the first
    request to Amazon to the last sales order.
    """
    with a_world() as world, ExitStack() as stack:
        ids = world.place(orders)
        folders = [folder / f"bench-{number}" for number in range(count)]
        for each in folders:
            workspace(each, world, store, queue=False)
        started = stack.enter_context(workers(*folders))
        time.sleep(1.0)
        asked, world_cpu = _requests(world), cpu_of(world.process.pid)
        cpu = sum(w.cpu for w in started)
        fill_inbox(folders[0], ids)
        while _requests(world)[0] == asked[0]:  # SQLite's worker looks once a second
            time.sleep(0.005)
        began = time.monotonic()
        ended = world.until_entered(orders)
        cpu = sum(w.cpu for w in started) - cpu
        world_cpu = cpu_of(world.process.pid) - world_cpu
        amazon, tims = _requests(world)
        memory = max(w.memory["most"] for w in started)
        return Bulk(
            orders, ended - began, cpu, world_cpu,
            (amazon - asked[0]) / orders, (tims - asked[1]) / orders, memory,
        )  # fmt: skip


def bare(folder: Path, orders: int) -> Bulk:
    """The same calls in a plain loop: `http.client`, `json`, one commit per 100 orders, and no
    checks, no evidence, no recovery.
    """
    with a_world() as world:
        ids = world.place(orders)
        loop = BareLoop(world, folder / "bare.db")
        asked, world_cpu = _requests(world), cpu_of(world.process.pid)
        began, cpu = time.monotonic(), time.process_time()
        loop.carry(ids)
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        world_cpu = cpu_of(world.process.pid) - world_cpu
        if world.entered() != orders:
            raise SystemExit(f"the bare loop entered {world.entered()} of {orders} orders")
        amazon, tims = _requests(world)
        return Bulk(
            orders, seconds, cpu, world_cpu,
            (amazon - asked[0]) / orders, (tims - asked[1]) / orders,
        )  # fmt: skip


def _requests(world: World) -> tuple[int, int]:
    status = world.call("status")
    return sum(status["amazon_requests"].values()), sum(status["tims_requests"].values())


class BareLoop:
    """What somebody writes in an afternoon."""

    def __init__(self, world: World, file: Path) -> None:
        amazon, tims = world.ready["amazon"], world.ready["tims"]
        self._amazon, self._tims = _connection(amazon["endpoint"]), _connection(tims["url"])
        self._db = sqlite3.connect(file)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE done (amazon TEXT PRIMARY KEY, tims TEXT)")
        tables = {name: _rows(text) for name, text in world.ready["lookups"].items()}
        self._skus = {row["sku"]: row for row in tables["skus.csv"]}
        self._customers = {
            row["marketplace"]: row["customer_code"] for row in tables["customers.csv"]
        }
        self._at_amazon = {"x-amz-access-token": _amazon_token(amazon)}
        self._at_tims = {
            "authorization": f"ApiKey {tims['api_key']}",
            "x-tims-company": f"{tims['company']}/{tims['environment']}",
            "x-tims-api-version": "8.19",
            "content-type": "application/json",
        }

    def carry(self, ids: list[str]) -> None:
        """One after the other."""
        for number, order_id in enumerate(ids, 1):
            path = f"/orders/2026-01-01/orders/{order_id}?includedData={_INCLUDED}"
            order = self._ask(self._amazon, "GET", path, self._at_amazon)["order"]
            body = sales_order(order, self._skus, self._customers)
            headers = {**self._at_tims, "idempotency-key": f"bare-{order_id}"}
            sold = self._ask(self._tims, "POST", "/api/v1/sales_orders", headers, body)
            release = f"/api/v1/sales_orders/{sold['OrderNumber']}/release"
            self._ask(self._tims, "POST", release, self._at_tims, {})
            self._db.execute("INSERT INTO done VALUES (?, ?)", (order_id, sold["OrderNumber"]))
            if number % _COMMIT_EVERY == 0:
                self._db.commit()
        self._db.commit()

    @staticmethod
    def _ask(
        line: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: object = None,
    ) -> Any:
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        document = json.loads(answer.read())
        if answer.status >= 300:
            raise SystemExit(f"the bare loop: {method} {path}: {answer.status} {document}")
        return document


def sales_order(
    order: dict[str, Any], skus: dict[str, dict[str, str]], customers: dict[str, str]
) -> dict[str, Any]:
    """Amazon's JSON to TIMS's, without proof that the amounts tie."""
    marketplace = order["salesChannel"]["marketplaceId"]
    to = order["recipient"]["deliveryAddress"]
    return {
        "ExternalSystem": f"AMAZON:{marketplace}",
        "ExternalRef": order["orderId"],
        "OrderType": "standard",
        "CustomerCode": customers[marketplace],
        "ShipToAddress": {
            "Name": to["name"], "Line1": to["addressLine1"], "Line2": to.get("addressLine2"),
            "City": to["city"], "State": to["stateOrRegion"], "PostalCode": to["postalCode"],
            "Country": to["countryCode"],
        },
        "OrderDate": order["createdTime"][:10],
        "MustShipBy": order["fulfillment"]["shipByWindow"]["latestDateTime"],
        "SalesChannel": "AMAZON",
        "CurrencyCode": order["proceeds"]["grandTotal"]["currencyCode"],
        "ChargesFixedByCaller": True,
        "TaxCollectedBy": "marketplace",
        "Lines": [_line(item, skus) for item in order["orderItems"]],
    }  # fmt: skip


def _line(item: dict[str, Any], skus: dict[str, dict[str, str]]) -> dict[str, Any]:
    sku = skus[item["product"]["sellerSku"]]
    amounts = {b["type"]: b["subtotal"]["amount"] for b in item["proceeds"]["breakdowns"]}
    units = item["quantityOrdered"] * int(sku["units_per_pack"])
    price = (Decimal(amounts["ITEM"]) / units).quantize(Decimal("0.01"), ROUND_DOWN)
    charges = [("freight", amounts.get("SHIPPING")), ("gift_wrap", amounts.get("GIFT_WRAP"))]
    return {
        "ExternalLineRef": item["orderItemId"],
        "ItemNumber": sku["item"],
        "Uom": sku["uom"],
        "QtyOrdered": str(units),
        "UnitPrice": str(price),
        "Discount": "0.00",
        "Tax": "0.00",
        "Charges": [{"Type": kind, "Amount": amount} for kind, amount in charges if amount],
    }


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(url.removeprefix("http://"))


def _amazon_token(amazon: dict[str, Any]) -> str:
    form = {
        "grant_type": "refresh_token",
        "client_id": amazon["client_id"],
        "client_secret": amazon["client_secret"],
        "refresh_token": amazon["refresh_token"],
    }
    line = _connection(amazon["lwa"])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    line.request("POST", "/auth/o2/token", urlencode(form), headers)
    return str(json.loads(line.getresponse().read())["access_token"])


def _rows(text: str) -> list[dict[str, str]]:
    header, *lines = text.splitlines()
    return [dict(zip(header.split(","), line.split(","), strict=False)) for line in lines]
