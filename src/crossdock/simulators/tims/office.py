"""All records of one company in one environment, and the desks that answer for them."""

import json
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.tims.allocation import Allocation
from crossdock.simulators.tims.call import Answer, Call
from crossdock.simulators.tims.changes import Changes
from crossdock.simulators.tims.customers import Customers
from crossdock.simulators.tims.idempotency import Idempotency
from crossdock.simulators.tims.items import Items
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.ledger import Ledger
from crossdock.simulators.tims.locations import Locations
from crossdock.simulators.tims.order_desk import OrderDesk
from crossdock.simulators.tims.order_entry import Books
from crossdock.simulators.tims.order_moves import Moves
from crossdock.simulators.tims.orders import SimSalesOrder
from crossdock.simulators.tims.outbox import Outbox
from crossdock.simulators.tims.paging import Pages
from crossdock.simulators.tims.prices import Prices
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.tims.quoting import Quoting
from crossdock.simulators.tims.receivables import Receivables
from crossdock.simulators.tims.records import Table, known
from crossdock.simulators.tims.reservations import Reservations, Shelf
from crossdock.simulators.tims.shipments import Shipments
from crossdock.simulators.tims.stock import Stock
from crossdock.simulators.tims.webhooks import Webhooks

API_VERSION = "8.19"


@dataclass
class Site:
    """What a TIMS installation is set to."""

    company: str = "rehearsal"
    time_zone: str = "America/Denver"
    base_currency: str = "USD"
    hazmat_fee: Decimal = Decimal("7.50")
    blanket_purchase_orders: bool = False


class Office:
    """One environment, live or test. They share nothing."""

    def __init__(
        self, environment: str, site: Site, clock: Clock, seed: int, faults: Faults
    ) -> None:
        self.environment, self.site, self.faults = environment, site, faults
        salt = f"{seed}/{environment}"
        self.outbox = Outbox(clock, faults, salt)
        self.journal = journal = Journal(clock, self.outbox.announce)
        self.pages = pages = Pages()
        self.idempotency = Idempotency()
        self.locations = Locations(journal, pages, salt)
        self.items = Items(journal, pages, salt)
        self.customers = Customers(journal, pages, salt)
        self.prices = Prices(journal, pages, salt)
        self.stock = Stock(journal, pages, self.items, salt)
        self.shipments = Shipments(journal, pages, salt)
        self.orders: Table[SimSalesOrder] = Table("sales_order", journal, salt)
        find = self.orders.rows.__getitem__
        self.moves = Moves(self.orders, Allocation(self.stock, self.locations, find))
        self.order_desk = OrderDesk(self.orders, self.moves, self._books(), pages)
        shelf = Shelf(self.items, self.stock, self.locations, self.moves)
        self.reservations = Reservations(journal, pages, shelf, salt)
        self.ledger = Ledger(journal, pages, salt)
        self.receivables = Receivables(
            journal, pages, self.ledger, self.customers.table, site.time_zone, salt
        )
        self.quoting = self._quoting()
        self.changes = Changes(journal)
        self.webhooks = Webhooks(journal, pages, self.outbox, salt)

    def meta(self, call: Call) -> Answer:
        """What the site says about itself."""
        site = self.site
        body = {
            "ProductName": "TIMS",
            "ProductVersion": "8.19.2",
            "ApiVersion": API_VERSION,
            "Company": f"{site.company}/{self.environment}",
            "Environment": self.environment,
            "TimeZone": site.time_zone,
            "BaseCurrency": site.base_currency,
            "Settings": {"IsBlanketPurchaseOrderSystemEnabled": site.blanket_purchase_orders},
            "FiscalCalendar": {"FirstMonth": 1, "Periods": 12},
            "Scopes": sorted(call.scopes),
        }
        return Answer(200, json.dumps(body).encode())

    def take_order(self, customer_code: str, item: str, place: str, units: Decimal) -> str:
        """Enter and release an order for one item; its number."""
        known_item = known(self.items.table, item)
        today = self.orders.clock.now().date()
        listed = self.prices.entry(item, self.site.base_currency, place, today)
        price = listed.list_price if listed is not None else Decimal(1)
        line = {"ItemNumber": item, "Uom": known_item.base_uom, "QtyOrdered": f"{units:f}",
                "UnitPrice": f"{price:f}"}  # fmt: skip
        body = {"CustomerCode": customer_code, "OrderType": "will_call", "LocationId": place,
                "Lines": [line], "SalesChannel": "telephone"}  # fmt: skip
        try:
            order = self.order_desk.enter(body, today)
            self.moves.release(order)
        except Refusal as refusal:
            raise ValueError(str(refusal)) from refusal
        return order.order_number

    def _books(self) -> Books:
        return Books(
            customer=self.customers.table.get,
            item=self.items.table.get,
            location=self.locations.table.get,
            price=self.prices.entry,
            base_currency=self.site.base_currency,
            hazmat_fee=self.site.hazmat_fee,
        )

    def _quoting(self) -> Quoting:
        return Quoting(
            prices=self.prices,
            customer=self.customers.table.get,
            item=self.items.table.get,
            location=self.locations.table.get,
            base_currency=self.site.base_currency,
            zone=ZoneInfo(self.site.time_zone),
        )
