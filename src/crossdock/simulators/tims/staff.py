"""TIMS's own people: they keep items and customers, count stock, pick, ship, bill."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.customers import Customer
from crossdock.simulators.tims.items import Item
from crossdock.simulators.tims.ledger import Ledger
from crossdock.simulators.tims.locations import Location
from crossdock.simulators.tims.office import Office
from crossdock.simulators.tims.order_moves import UPDATED
from crossdock.simulators.tims.orders import SimSalesOrder
from crossdock.simulators.tims.price_staff import Number, PriceStaff
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.tims.receivables import Receivables
from crossdock.simulators.tims.records import known
from crossdock.simulators.tims.reservations import Reservation
from crossdock.simulators.tims.shipments import Package, SimShipment
from crossdock.simulators.tims.stock import Level
from crossdock.simulators.tims.warehouse import Warehouse


class Staff(PriceStaff):
    """What people do in one environment. What is impossible is a ValueError."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._warehouse = Warehouse(office)

    # --- the truth ------------------------------------------------------------------------------

    @property
    def orders(self) -> dict[str, SimSalesOrder]:
        """Every order, by number."""
        return self._office.orders.rows

    @property
    def shipments(self) -> dict[str, SimShipment]:
        """Every shipment, by number."""
        return self._office.shipments.table.rows

    @property
    def reservations(self) -> dict[str, Reservation]:
        """Every reservation, by id."""
        return self._office.reservations.table.rows

    @property
    def customers(self) -> dict[str, Customer]:
        """Every customer, by code."""
        return self._office.customers.table.rows

    @property
    def items(self) -> dict[str, Item]:
        """Every item, by number."""
        return self._office.items.table.rows

    @property
    def ledger(self) -> Ledger:
        """The general ledger: its batches, periods and trial balance."""
        return self._office.ledger

    @property
    def receivables(self) -> Receivables:
        """What customers owe: invoices, credit memos and receipts."""
        return self._office.receivables

    # --- master data ----------------------------------------------------------------------------

    def add_location(self, location_id: str, name: str = "", **more: Any) -> Location:
        """A further place that holds stock."""
        location = Location(location_id=location_id, name=name, **more)
        return self._office.locations.table.add(location)

    def close_location(self, location_id: str, days: Iterable[date] = ()) -> None:
        """For these days, or for good when none is named."""
        table = self._office.locations.table
        location = known(table, location_id)
        named = list(days)
        location.closed_dates.extend(named)
        location.is_active = location.is_active and bool(named)
        table.touch(location)

    def add_item(
        self,
        item_number: str,
        description: str = "",
        *,
        uoms: Mapping[str, Number] | None = None,
        kit: Mapping[str, Number] | None = None,
        list_price: Number | None = None,
        floor_price: Number | None = None,
        **more: Any,
    ) -> Item:
        """An item; `uoms` maps a unit to base units, the first is the base unit. A price that is
        named stands in the standard list.
        """
        if item_number in self.items:
            raise ValueError(f"item {item_number} is already on file")
        if list_price is None and floor_price is not None:
            raise ValueError("a floor price stands beside a list price")
        item = Item(
            item_number=item_number,
            description=description,
            uoms={uom: Decimal(per) for uom, per in (uoms or {"EA": 1}).items()},
            kit={part: Decimal(quantity) for part, quantity in (kit or {}).items()},
            **more,
        )
        self._office.items.table.add(item, "item.updated")
        if list_price is not None:
            self.set_price(item_number, list_price, floor_price)
        return item

    def set_uoms(self, item_number: str, uoms: Mapping[str, Number]) -> None:
        """The item is sold in other units now; orders on file keep theirs."""
        item = known(self._office.items.table, item_number)
        item.uoms = {uom: Decimal(per) for uom, per in uoms.items()}
        self._office.items.table.touch(item, "item.updated")

    def describe_item(self, item_number: str, **details: Any) -> None:
        """Further fields as TIMS spells them, such as Gtin="..." or Hazmat={...}."""
        item = known(self._office.items.table, item_number)
        item.details = {**item.details, **details}
        self._office.items.table.touch(item, "item.updated")

    def deactivate_item(self, item_number: str, status: str = "blocked") -> None:
        """No new orders for it."""
        item = known(self._office.items.table, item_number)
        item.status, item.is_active = status, False
        self._office.items.table.touch(item, "item.updated")

    def reactivate_item(self, item_number: str) -> None:
        """Sold again."""
        item = known(self._office.items.table, item_number)
        item.status, item.is_active = "active", True
        self._office.items.table.touch(item, "item.updated")
        item.unblocked_at = item.updated_at

    def renumber_item(self, item_number: str, new_number: str) -> None:
        """The old number is gone; stock goes along. Open orders must be finished first."""
        table = self._office.items.table
        item = known(table, item_number)
        levels = self._office.stock.of_item(item_number)
        if new_number in self.items or any(x.allocated or x.back_ordered for x in levels):
            raise ValueError(f"{item_number} is promised to somebody, or {new_number} exists")
        table.drop(item_number, "item.updated")
        item.item_number = new_number
        table.add(item, "item.updated")
        self._office.stock.renamed(item_number, new_number)
        self._renumber_prices(item_number, new_number)

    def add_customer(self, customer_code: str, company_name: str = "", **said: Any) -> Customer:
        """An account; further fields as TIMS spells them, such as TermsCode="NET30"."""
        if customer_code in self.customers:
            raise ValueError(f"customer {customer_code} is already on file")
        fields = {"CompanyName": company_name or customer_code, "CustomerType": "marketplace"}
        customer = Customer(customer_code=customer_code, said={**fields, **said})
        return self._office.customers.table.add(customer, "customer.updated")

    def remove_customer(self, customer_code: str) -> None:
        """Taken off the file, so long after it was opened that nobody remembers the request; the
        orders it has placed stay as they are.
        """
        known(self._office.customers.table, customer_code)
        self._office.idempotency.lapse("POST /customers")
        self._office.customers.table.drop(customer_code, "customer.updated")

    def put_on_credit_hold(self, customer_code: str) -> None:
        """No new orders from it."""
        self._credit(customer_code, held=True)

    def lift_credit_hold(self, customer_code: str) -> None:
        """Orders are taken again."""
        self._credit(customer_code, held=False)

    def _credit(self, customer_code: str, *, held: bool) -> None:
        customer = known(self._office.customers.table, customer_code)
        customer.on_credit_hold = held
        self._office.customers.table.touch(customer, "customer.updated")
        customer.hold_lifted_at = None if held else customer.updated_at

    # --- stock ----------------------------------------------------------------------------------

    def set_stock(self, item_number: str, location_id: str, on_hand: Number) -> None:
        """A count. What it finds more goes to back-orders, what it finds less is taken back."""
        self._warehouse.count(item_number, location_id, Decimal(on_hand))

    def misbook(self, item_number: str, location_id: str, on_hand: Number) -> None:
        """A mistake of the office: more was booked out than was ever booked in."""
        level = self._office.stock.level(item_number, location_id)
        level.on_hand = Decimal(on_hand)
        self._office.stock.table.touch(level, "stock.changed")

    def sell(self, item_number: str, location_id: str, units: Number) -> None:
        """Over the counter: paid and taken away at once."""
        self._warehouse.sell(item_number, location_id, Decimal(units))

    def take_order(
        self, customer_code: str, item_number: str, location_id: str, units: Number
    ) -> str:
        """By telephone: entered and released; the order's number."""
        return self._office.take_order(customer_code, item_number, location_id, Decimal(units))

    def on_hand(self, item_number: str, location_id: str) -> Decimal:
        """What lies there."""
        return self._office.stock.level(item_number, location_id).on_hand

    def stock_of(self, item_number: str) -> list[Level]:
        """What lies of it, in every location."""
        return self._office.stock.of_item(item_number)

    def available(self, item_number: str, location_id: str) -> Decimal:
        """What can still be promised."""
        return self._office.stock.available(item_number, location_id)

    # --- orders ---------------------------------------------------------------------------------

    def release(self, order_number: str) -> None:
        """Let TIMS allocate it."""
        self._deed("release", order_number)

    def hold(self, order_number: str, why: str = "held by staff") -> None:
        """Nobody touches it until it is released."""
        self._deed("hold", order_number, why)

    def cancel_order(self, order_number: str, reason: str = "cancelled by staff") -> None:
        """Cancel, unless it is being picked."""
        self._deed("cancel", order_number, reason)

    def note(self, order_number: str, text: str) -> None:
        """Somebody writes a note on it: a new version, nothing else."""
        order = known(self._office.orders, order_number)
        order.header["Notes"] = [*order.header["Notes"], text]
        self._office.orders.touch(order, UPDATED)

    def pick(self, order_number: str) -> None:
        """The warehouse begins."""
        self._deed("pick", order_number)

    def ship(
        self,
        order_number: str,
        packages: Sequence[Package],
        shipped_at: datetime | None = None,
    ) -> str:
        """These packages leave; the shipment's number."""
        return self._warehouse.ship(order_number, packages, shipped_at)

    def void_shipment(self, shipment_number: str) -> None:
        """It did not leave after all: the goods are back, still promised to the order."""
        self._warehouse.void(shipment_number)

    def correct_tracking(
        self,
        shipment_number: str,
        package_number: str,
        tracking: str,
        carrier_code: str | None = None,
        carrier_name: str | None = None,
    ) -> None:
        """A package has another tracking number than was said."""
        self._warehouse.correct(
            shipment_number, package_number, tracking, carrier_code, carrier_name
        )

    def cancel_rest(self, order_number: str, line_number: int) -> None:
        """What has not left of a line will not come any more."""
        self._warehouse.cancel_rest(order_number, line_number)

    def invoice(self, order_number: str) -> None:
        """Bill it: an invoice that the customer owes from now on."""
        self._deed("invoice", order_number)
        self._office.receivables.bill(self.orders[order_number])

    def complete(self, order_number: str) -> None:
        """Close it for good."""
        self._deed("complete", order_number)

    def _deed(self, deed: str, order_number: str, *words: str) -> None:
        order = known(self._office.orders, order_number)
        try:
            getattr(self._office.moves, deed)(order, *words)
        except Refusal as refusal:
            raise ValueError(str(refusal)) from refusal
