"""What a flow can do in TIMS. Every write says how it may be repeated."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from crossdock.connectors.sidebyside import SideBySide
from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.feed import Changes, Watermark, changed_keys
from crossdock.connectors.tims.ledger import ledger_operations
from crossdock.connectors.tims.limits import CONCURRENT_WRITES, waiting
from crossdock.connectors.tims.orders import Orders
from crossdock.connectors.tims.receivables import receivable_operations
from crossdock.connectors.tims.reservations import Holds
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.operation import Operation, Repeat, Result, table

Run = Callable[..., Any]
Many = Callable[[Sequence[tuple[Any, ...]]], Sequence[Result]]


def operations(client: TimsClient, at_once: int = CONCURRENT_WRITES) -> Mapping[str, Operation]:
    """The table of one site. `at_once` 1 keeps batches in one thread, for worlds that replay."""
    many = _Many(client, at_once)
    return table(
        *_order_reads(client, many),
        *_order_writes(client, many),
        *_stock(client, many),
        *_customers_and_items(client, many),
        *_shipments(client, many),
        *ledger_operations(client),
        *receivable_operations(client),
    )


def _order_reads(client: TimsClient, many: "_Many") -> tuple[Operation, ...]:
    orders = Orders(client)
    return (
        Operation(
            "tims.find_sales_order",
            takes=(m.OrderRef,),
            gives=m.SalesOrder | None,
            repeat=Repeat.READ,
            run=client.find_sales_order,
            run_many=many("GET /sales_orders", client.find_sales_order),
            about="The TIMS order that carries our reference, if there is one.",
        ),
        Operation(
            "tims.get_sales_order",
            takes=(str,),
            gives=m.SalesOrder,
            repeat=Repeat.READ,
            run=client.sales_order,
            run_many=many("GET /sales_orders/{OrderNumber}", client.sales_order),
            about="A TIMS order by its number.",
        ),
        Operation(
            "tims.validate_sales_order",
            takes=(m.NewSalesOrder,),
            gives=m.SalesOrderCheck,
            repeat=Repeat.READ,
            run=orders.validate,
            run_many=many("POST /sales_orders/validate", orders.validate),
            about="Asks TIMS what it would refuse; nothing is stored.",
        ),
    )


def _order_writes(client: TimsClient, many: "_Many") -> tuple[Operation, ...]:
    orders = Orders(client)
    return (
        Operation(
            "tims.create_sales_order",
            takes=(m.NewSalesOrder,),
            gives=m.SalesOrder,
            repeat=Repeat.IDEMPOTENCY_KEY,
            run=orders.create,
            run_many=many("POST /sales_orders", orders.create),
            about="Enters an order, or adopts the one that has the same reference.",
        ),
        Operation(
            "tims.release_order",
            takes=(str, int),
            gives=m.SalesOrder,
            repeat=Repeat.LOOK_FIRST,
            run=orders.release,
            run_many=many("POST /sales_orders/{OrderNumber}/release", orders.release),
            about="Lets TIMS allocate the order seen in that RowVersion; one on hold stays so.",
        ),
        Operation(
            "tims.cancel_sales_order",
            takes=(str, str),
            gives=m.SalesOrder,
            repeat=Repeat.LOOK_FIRST,
            run=orders.cancel,
            run_many=many("POST /sales_orders/{OrderNumber}/cancel", orders.cancel),
            about="Cancels an order that is not being picked yet.",
        ),
        Operation(
            "tims.update_sales_order",
            takes=(m.SalesOrderChange,),
            gives=m.SalesOrder,
            repeat=Repeat.ABSOLUTE,
            run=orders.update,
            run_many=many("PATCH /sales_orders/{OrderNumber}", orders.update),
            about="Sets address, dates or quantities to the values given.",
        ),
    )


def _stock(client: TimsClient, many: "_Many") -> tuple[Operation, ...]:
    holds = Holds(client)
    return (
        Operation(
            "tims.reserve_stock",
            takes=(m.NewReservations,),
            gives=m.Reservations,
            repeat=Repeat.LOOK_FIRST,
            run=holds.reserve,
            run_many=many("GET /stock_reservations", holds.reserve),
            about="Holds stock for an order that is not payable yet.",
        ),
        Operation(
            "tims.consume_reservations",
            takes=(str, str),
            gives=m.Reservations,
            repeat=Repeat.LOOK_FIRST,
            run=holds.consume,
            run_many=many("GET /stock_reservations", holds.consume),
            about="Hands what is held under a reference to a sales order.",
        ),
        Operation(
            "tims.release_reservations",
            takes=(str,),
            gives=m.Reservations,
            repeat=Repeat.LOOK_FIRST,
            run=holds.release,
            run_many=many("GET /stock_reservations", holds.release),
            about="Frees what is held under a reference.",
        ),
        Operation(
            "tims.get_stock",
            takes=(m.StockQuery,),
            gives=tuple[m.StockRow, ...],
            repeat=Repeat.READ,
            run=lambda query: stock(client, query),
            about="Stock of up to 500 items per request, by location.",
        ),
    )


def _customers_and_items(client: TimsClient, many: "_Many") -> tuple[Operation, ...]:
    orders = Orders(client)
    return (
        Operation(
            "tims.get_customer",
            takes=(str,),
            gives=m.Customer | None,
            repeat=Repeat.READ,
            run=client.customer,
            run_many=many("GET /customers/{CustomerCode}", client.customer),
            about="A customer by its code, if there is one.",
        ),
        Operation(
            "tims.ensure_customer",
            takes=(m.NewCustomer,),
            gives=m.Customer,
            repeat=Repeat.LOOK_FIRST,
            run=orders.ensure_customer,
            run_many=many("GET /customers/{CustomerCode}", orders.ensure_customer),
            about="The customer with that code; opened when it is missing.",
        ),
        Operation(
            "tims.get_item",
            takes=(str,),
            gives=m.Item | None,
            repeat=Repeat.READ,
            run=client.item,
            run_many=many("GET /items/{ItemNumber}", client.item),
            about="An item by its number, if there is one.",
        ),
    )


def _shipments(client: TimsClient, many: "_Many") -> tuple[Operation, ...]:
    return (
        Operation(
            "tims.get_shipment",
            takes=(str,),
            gives=m.Shipment,
            repeat=Repeat.READ,
            run=client.shipment,
            run_many=many("GET /shipments/{ShipmentNumber}", client.shipment),
            about="A shipment by its number.",
        ),
        Operation(
            "tims.list_shipments",
            takes=(str,),
            gives=tuple[m.Shipment, ...],
            repeat=Repeat.READ,
            run=client.shipments_of,
            run_many=many("GET /shipments", client.shipments_of),
            about="All shipments of a TIMS order, voided ones included.",
        ),
        Operation(
            "tims.changed_keys",
            takes=(Watermark,),
            gives=Changes,
            repeat=Repeat.READ,
            run=lambda mark: changed_keys(client, mark),
            about="Keys of an entity that changed since a watermark.",
        ),
    )


def stock(client: TimsClient, query: m.StockQuery) -> tuple[m.StockRow, ...]:
    """Stock of the items asked for, in the order of TIMS's answers."""
    rows: list[m.StockRow] = []
    for start in range(0, len(query.ItemNumbers), 500):
        ask = client.wire.stock_query(query.ItemNumbers[start : start + 500], query.LocationId)
        rows.extend(client.all(m.StockRow, ask, "TIMS stock"))
    return tuple(rows)


class _Many:
    """Runs a batch: tokens for all in one go, one Result per record."""

    def __init__(self, client: TimsClient, at_once: int) -> None:
        self._client, self._side_by_side = client, SideBySide(at_once, "tims")

    def __call__(self, request: str, run: Run) -> Many:
        """The batch form of `run`, whose first request has that name."""

        def run_many(batch: Sequence[tuple[Any, ...]]) -> Sequence[Result]:
            with self._client.limits.batch(request, len(batch)) as grant:
                done = self._side_by_side.run(partial(_outcome, run), batch[: grant.granted])
                held = [waiting(grant.wait) for _ in batch[grant.granted :]]
                return [*done, *held]

        return run_many


def _outcome(run: Run, record: tuple[Any, ...]) -> Noted:
    """The record's result and its own calls; one record's surprise must not lose the others."""
    try:
        return noted(run, *record)
    except Exception as error:  # noqa: BLE001  (our bug in one record; the engine makes a case)
        return Noted(error, ())
