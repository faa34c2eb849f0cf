"""The operations of all rooms in one table."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.operations import operations as amazon_operations
from crossdock.connectors.http import Request, Response, Unreachable
from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.operations import operations as tims_operations
from crossdock.engine.store import Database
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import Misuse
from crossdock.kernel.operation import Operation, table
from crossdock.kernel.quota import MemoryBuckets
from crossdock.wiring.catalogue_runs import catalogue_operations
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.customer_runs import customer_operations
from crossdock.wiring.language import PURE
from crossdock.wiring.price_runs import price_operations
from crossdock.wiring.pricing import PriceDesk
from crossdock.wiring.settlement_runs import settlement_operations
from crossdock.wiring.shortages import shortage_operations
from crossdock.wiring.stock_runs import stock_operations
from crossdock.wiring.stocking import StockDesk


def every_operation(
    amazon: AmazonClient, tims: TimsClient, *, one_thread: bool = False
) -> Mapping[str, Operation]:
    """Everything a flow can name. `one_thread` keeps batches in the caller's thread."""
    ours = amazon_operations(amazon, 1) if one_thread else amazon_operations(amazon)
    theirs = tims_operations(tims, 1) if one_thread else tims_operations(tims)
    return table(*PURE.values(), *ours.values(), *theirs.values())


class _NoLine:
    """A transport for checks that must not call anybody."""

    def send(self, request: Request) -> Response:
        raise Unreachable(f"no connection is made for a check ({request.method})")


def without_connections() -> Mapping[str, Operation]:
    """The same table for checking flows where no account is set up."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    amazon = AmazonClient(AmazonAccount("", "", "", ""), _NoLine(), clock, MemoryBuckets(clock))
    tims = TimsClient(TimsAccount("https://localhost", "", "test"), _NoLine(), clock)
    named = every_operation(amazon, tims)

    def no_store() -> Database:
        raise Misuse("no store is opened for a check")

    settle = settlement_operations(Path(), amazon, tims, no_store, clock.now)
    desk = StockDesk(Path(), tims, clock.now)
    stock = stock_operations(desk, amazon, no_store)
    prices = price_operations(PriceDesk(Path(), tims, desk, clock.now), amazon, no_store)
    known, short = customer_operations(tims, no_store), shortage_operations(no_store, clock.now)
    goods = CatalogueDesk(Path(), tims, clock.now, ())
    products = catalogue_operations(goods, amazon, no_store)
    return table(*named.values(), *settle, *known, *stock, *prices, *short, *products)
