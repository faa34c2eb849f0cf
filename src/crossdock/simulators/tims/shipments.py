"""What left the building, in which packages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import moment_text, quantity_text
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.paging import Filter, Pages, select
from crossdock.simulators.tims.records import Record, Table

POSTED, VOIDED = "posted", "voided"


@dataclass
class Package:
    """One parcel; `lines` maps an order's line number to the quantity in it."""

    carrier_code: str
    carrier_name: str
    service_code: str
    tracking: str
    lines: Mapping[int, Decimal | int] = field(default_factory=dict)
    weight: Decimal | None = None
    number: str = ""  # TIMS gives 1, 2, ...


@dataclass(kw_only=True, eq=False)
class SimShipment(Record):
    """A shipment. `order_lines` holds per line number what a package line tells of it."""

    shipment_number: str
    order_number: str
    location_id: str | None
    shipped_at: datetime
    packages: list[Package]
    order_lines: dict[int, dict[str, Any]]
    status: str = POSTED

    @property
    def key(self) -> str:
        return self.shipment_number

    def fields(self) -> dict[str, Any]:
        first = self.packages[0]
        return {
            "ShipmentNumber": self.shipment_number,
            "OrderNumber": self.order_number,
            "LocationId": self.location_id,
            "ShippedAt": moment_text(self.shipped_at),
            "CarrierCode": first.carrier_code,
            "CarrierName": first.carrier_name,
            "ServiceCode": first.service_code,
            "Packages": [self._package(package) for package in self.packages],
            "HazmatPaperwork": [],
            "Status": self.status,
        }

    def _package(self, package: Package) -> dict[str, Any]:
        lines = [
            {**self.order_lines[line], "Qty": quantity_text(Decimal(qty))}
            for line, qty in package.lines.items()
        ]
        return {
            "PackageNumber": package.number,
            "TrackingNumber": package.tracking,
            "CarrierCode": package.carrier_code,
            "CarrierName": package.carrier_name,
            "ServiceCode": package.service_code,
            "Weight": None if package.weight is None else quantity_text(package.weight),
            "Lines": lines,
        }


class Shipments:
    """The desk for shipments. Staff makes them; callers read."""

    def __init__(self, journal: Journal, pages: Pages, salt: str) -> None:
        self.table: Table[SimShipment] = Table("shipment", journal, salt)
        self._pages = pages
        self._of_order: dict[str, list[SimShipment]] = {}

    def post(self, shipment: SimShipment) -> None:
        """Keep a new shipment and tell of it."""
        self.table.add(shipment, "shipment.posted")
        self._of_order.setdefault(shipment.order_number, []).append(shipment)

    def list(self, call: Call) -> Answer:
        order_number = call.query.get("order_number")
        among = None if order_number is None else self._of_order.get(order_number, [])
        return self._pages.answer(call, lambda: select(call, self.table, _FILTERS, among))

    def get(self, call: Call) -> Answer:
        return shown(found(self.table.get(call.key), "Shipment", call.key))


_FILTERS: dict[str, Filter[SimShipment]] = {
    "order_number": lambda row, wanted: row.order_number == wanted,
    "status": lambda row, wanted: row.status == wanted,
    "location_id": lambda row, wanted: row.location_id == wanted,
}
