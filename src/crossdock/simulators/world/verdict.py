"""Whether both companies agree in the end: nothing lost, nothing doubled, nothing wrong.

An order or a shipment that a person has been asked about, an open case, is excused for what a
case can stand for; doubles and inventions never are. A case itself needs a cause in the world.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from crossdock.simulators.world import causes, expected
from crossdock.simulators.world.catalogue import Catalogue
from crossdock.simulators.world.truth import AmazonOrder, SalesOrder, Shipment, Truth

SHOWN = 5
NOT_PAYABLE = frozenset({"PENDING", "PENDING_AVAILABILITY"})


@dataclass(frozen=True, slots=True)
class Check:
    """One row. For what must not be, `expected` is 0."""

    name: str
    expected: int
    found: int
    ok: bool
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All rows; `figures` are measurements, not judged."""

    rows: tuple[Check, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True when every row is."""
        return all(row.ok for row in self.rows)

    def row(self, name: str) -> Check:
        """The row of that name."""
        return next(row for row in self.rows if row.name == name)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        rows = [asdict(row) for row in self.rows]
        return {"ok": self.ok, "rows": rows, "figures": dict(self.figures)}


def judge(
    truth: Truth,
    goods: Catalogue,
    cases: Sequence[Mapping[str, Any]] = (),
    *,
    amazon_requests: int = 0,
) -> Verdict:
    """The verdict on a truth, given the cases that stand open."""
    court = _Court(truth, goods, cases)
    rows = tuple(check() for check in court.checks)
    return Verdict(rows, court.figures(amazon_requests))


class _Court:
    """Looks at one truth from every side."""

    def __init__(self, truth: Truth, goods: Catalogue, cases: Sequence[Mapping[str, Any]]) -> None:
        self._truth, self._goods, self._cases = truth, goods, cases
        self._keys = {str(case["key"]) for case in cases}
        self._sales = truth.sales_of
        self._by_number = {sale.number: sale for sale in truth.sales_orders}
        self._shipments: dict[str, list[Shipment]] = {}
        for shipment in truth.shipments:
            self._shipments.setdefault(shipment.order_number, []).append(shipment)
        self._payable = [o for o in truth.orders.values() if _is_payable(o)]

    @property
    def checks(self) -> tuple[Callable[[], Check], ...]:
        """The rows, in order."""
        return (
            self._lost, self._doubled, self._invented, self._wrong, self._cancelled,
            self._unconfirmed, self._wrong_packages, self._never_shipped, self._voided,
            self._reservations, self._our_own, self._causeless,
        )  # fmt: skip

    def figures(self, amazon_requests: int) -> dict[str, Any]:
        """Measurements in world seconds and per order."""
        waits = sorted(
            (sales[0].created_at - order.payable_at).total_seconds()
            for order in self._payable
            if order.payable_at is not None and (sales := self._sales.get(order.order_id))
        )
        shipped = [s for s in self._truth.shipments if s.status == "posted"]
        return {
            "orders": len(self._truth.orders),
            "sales_orders": sum(len(sales) for sales in self._sales.values()),
            "shipments": len(shipped),
            "cases": dict(Counter(str(case.get("kind", "")) for case in self._cases)),
            "seconds_to_sales_order_p50": _percentile(waits, 50),
            "seconds_to_sales_order_p99": _percentile(waits, 99),
            "amazon_requests_per_order": round(
                amazon_requests / max(len(self._truth.orders), 1), 2
            ),
        }

    # --- orders ---------------------------------------------------------------------------------

    def _lost(self) -> Check:
        missing = [o.order_id for o in self._payable if not self._sales.get(o.order_id)]
        lost = [order_id for order_id in missing if order_id not in self._keys]
        there = len(self._payable) - len(lost)
        words = [f"{order_id}: no sales order and no case" for order_id in lost]
        return _row("orders in TIMS or in a case", len(self._payable), there, words)

    def _doubled(self) -> Check:
        words = [
            f"{order_id}: sales orders {', '.join(sale.number for sale in sales)}"
            for order_id, sales in self._sales.items()
            if len(sales) > 1
        ]
        return _none("doubled sales orders", words)

    def _invented(self) -> Check:
        words = []
        for order_id, sales in self._sales.items():
            order = self._truth.orders.get(order_id)
            if order is None:
                words.append(f"sales order {sales[0].number}: Amazon has no order {order_id}")
            elif order.fulfilled_by == "AMAZON":
                words.append(f"sales order {sales[0].number}: {order_id} is fulfilled by Amazon")
            elif order.status in NOT_PAYABLE:
                words.append(f"sales order {sales[0].number}: {order_id} is {order.status}")
        return _none("sales orders without a payable order", words)

    def _wrong(self) -> Check:
        words = []
        for order in self._payable:
            for sale in self._sales.get(order.order_id, ())[:1]:
                if sale.status == "Cancelled" or self._is_cased(order.order_id, sale):
                    continue
                found = expected.sale_differences(order, sale, self._goods)
                if found:
                    words.append(f"{order.order_id}: {'; '.join(map(str, found[:3]))}")
        return _none("sales orders with a wrong field", words)

    def _cancelled(self) -> Check:
        words, looked_at = [], 0
        for order_id, sales in self._sales.items():
            order = self._truth.orders.get(order_id)
            if order is None:
                continue
            at_amazon, in_tims = order.status == "CANCELLED", sales[0].status == "Cancelled"
            looked_at += at_amazon or in_tims
            if at_amazon != in_tims and not self._is_cased(order_id, sales[0]):
                words.append(f"{order_id}: {order.status} at Amazon, {sales[0].status} in TIMS")
        return _row(
            "cancellations on both sides or in a case", looked_at, looked_at - len(words), words
        )

    # --- shipments ------------------------------------------------------------------------------

    def _unconfirmed(self) -> Check:
        words, wanted_all = [], 0
        for order, wanted, pairing in self._pairings():
            wanted_all += len(wanted)
            words += [
                f"{one.shipment} of {order.order_id}: package {one.tracking} is not confirmed"
                for one in pairing[1]
                if not self._ship_cased(order.order_id, one.shipment)
            ]
        name = "shipped packages confirmed or in a case"
        return _row(name, wanted_all, wanted_all - len(words), words)

    def _wrong_packages(self) -> Check:
        words = []
        for order, _, pairing in self._pairings():
            for wanted, found in pairing[0]:
                differences = expected.package_differences(wanted, found)
                if differences and not self._ship_cased(order.order_id, wanted.shipment):
                    first = "; ".join(map(str, differences[:3]))
                    words.append(f"{wanted.shipment} of {order.order_id}: {first}")
        return _none("confirmed packages with a wrong field", words)

    def _never_shipped(self) -> Check:
        """What Amazon was told without a posted or voided shipment behind it, or told twice."""
        words = []
        for order, _, pairing in self._pairings():
            voided = {
                parcel.tracking
                for shipment in self._shipments_of(order.order_id)
                if shipment.status == "voided"
                for parcel in shipment.parcels
            }
            words += [
                f"{order.order_id}: package {package.reference} ({package.tracking}) "
                "was confirmed twice or never shipped"
                for package in pairing[2]
                if package.tracking not in voided
            ]
        return _none("packages confirmed twice or never shipped", words)

    def _voided(self) -> Check:
        words = []
        for shipment in self._truth.shipments:
            sale = self._by_number.get(shipment.order_number)
            order = self._truth.orders.get(sale.external_ref) if sale else None
            if shipment.status != "voided" or order is None:
                continue
            told = {package.tracking for package in order.packages}
            known = any(parcel.tracking in told for parcel in shipment.parcels)
            if known and not self._ship_cased(order.order_id, shipment.number):
                words.append(f"{shipment.number} of {order.order_id}: voided, but confirmed")
        return _none("voided shipments that Amazon knows, without a case", words)

    def _pairings(self) -> Iterator[tuple[AmazonOrder, list[expected.Package], Any]]:
        for order in self._truth.orders.values():
            wanted = [
                package
                for shipment in self._shipments_of(order.order_id)
                if shipment.status == "posted"
                for package in expected.packages(
                    shipment, self._by_number[shipment.order_number], order, self._goods
                )
            ]
            if wanted or order.packages:
                yield order, wanted, expected.pair(wanted, order.packages)

    def _shipments_of(self, order_id: str) -> list[Shipment]:
        sales = self._sales.get(order_id, ())
        return [x for sale in sales for x in self._shipments.get(sale.number, ())]

    # --- the rest -------------------------------------------------------------------------------

    def _reservations(self) -> Check:
        words = []
        for row in self._truth.reservations:
            order_id = row.external_ref.rpartition(":")[2]
            order = self._truth.orders.get(order_id)
            if order is None:
                words.append(f"{row.number}: held for {row.external_ref}, which Amazon has not")
            elif order.status not in NOT_PAYABLE and order_id not in self._keys:
                words.append(f"{row.number}: held for {order_id}, which is {order.status}")
        return _none("stock still held for orders that need it no more", words)

    def _our_own(self) -> Check:
        words = [
            f"{case.get('kind')} for {case['key']}"
            for case in self._cases
            if case.get("kind") in causes.OUR_OWN
        ]
        return _none("cases that are our own defects or exhausted retries", words)

    def _causeless(self) -> Check:
        words = [
            f"{case.get('kind')} for {case['key']}: nothing in the world explains it"
            for case in self._cases
            if case.get("kind") not in causes.OUR_OWN
            and not causes.explains(
                str(case.get("kind")), self._facts(str(case["key"])), self._truth
            )
        ]
        return _none("cases without a cause", words)

    def _facts(self, key: str) -> causes.Facts | None:
        """What a case of that key is about: an order, a sales order or a shipment."""
        order = self._truth.orders.get(key)
        shipment = next((x for x in self._truth.shipments if x.number == key), None)
        if order is None:
            sale = self._by_number.get(shipment.order_number if shipment else key)
            order = self._truth.orders.get(sale.external_ref) if sale else None
        if order is None:
            return None
        shipments = [shipment] if shipment else self._shipments_of(order.order_id)
        sales = self._sales.get(order.order_id, ())
        return causes.Facts(self._truth, self._goods, order, sales, shipments)

    def _is_cased(self, order_id: str, sale: SalesOrder) -> bool:
        return order_id in self._keys or sale.number in self._keys

    def _ship_cased(self, order_id: str, shipment: str) -> bool:
        sales = self._sales.get(order_id, ())
        return not self._keys.isdisjoint({order_id, shipment, *(sale.number for sale in sales)})


def _is_payable(order: AmazonOrder) -> bool:
    return order.fulfilled_by == "MERCHANT" and order.status not in NOT_PAYABLE | {"CANCELLED"}


def _row(name: str, wanted: int, found: int, words: Sequence[str]) -> Check:
    return Check(name, wanted, found, not words, tuple(words[:SHOWN]))


def _none(name: str, words: Sequence[str]) -> Check:
    return Check(name, 0, len(words), not words, tuple(words[:SHOWN]))


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if not values:
        return None
    place = min(len(values) - 1, round(percent / 100 * (len(values) - 1)))
    return round(values[place], 3)
