"""How much of an item a location has, and how much of that is promised."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found
from crossdock.simulators.tims.fields import (
    many,
    moment_text,
    quantity_text,
    read,
    text,
)
from crossdock.simulators.tims.items import Items
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.paging import Pages, select
from crossdock.simulators.tims.problems import Findings
from crossdock.simulators.tims.records import Record, Table

ZERO = Decimal(0)
MOST_QUERIED = 500


@dataclass(kw_only=True, eq=False)
class Level(Record):
    """The stock of one item at one location, in base units."""

    item_number: str
    location_id: str
    uom: str
    on_hand: Decimal = ZERO
    allocated: Decimal = ZERO  # to orders and reservations
    back_ordered: Decimal = ZERO
    in_transit: Decimal = ZERO
    on_purchase_order: Decimal = ZERO
    next_receipt_date: date | None = None
    quarantined: Decimal = ZERO
    counted_at: datetime | None = None

    @property
    def key(self) -> str:
        return level_key(self.item_number, self.location_id)

    @property
    def available(self) -> Decimal:
        return self.on_hand - self.allocated - self.quarantined

    def fields(self) -> dict[str, Any]:
        receipt = self.next_receipt_date
        return {
            "ItemNumber": self.item_number,
            "LocationId": self.location_id,
            "Uom": self.uom,
            "OnHand": quantity_text(self.on_hand),
            "Allocated": quantity_text(self.allocated),
            "BackOrdered": quantity_text(self.back_ordered),
            "InTransit": quantity_text(self.in_transit),
            "OnPurchaseOrder": quantity_text(self.on_purchase_order),
            "NextReceiptDate": None if receipt is None else receipt.isoformat(),
            "Quarantined": quantity_text(self.quarantined),
            "Available": quantity_text(self.available),
            "CountedAt": moment_text(self.counted_at),
        }


def level_key(item_number: str, location_id: str) -> str:
    """The natural key of a level, as the change feed says it."""
    return f"{item_number}@{location_id}"


class Stock:
    """The desk for stock."""

    def __init__(self, journal: Journal, pages: Pages, items: Items, salt: str) -> None:
        self.table: Table[Level] = Table("stock", journal, salt)
        self._pages, self._items = pages, items
        self._of_item: dict[str, list[Level]] = {}

    def level(self, item_number: str, location_id: str) -> Level:
        """The level, opened at zero when the location has never had the item."""
        level = self.table.get(level_key(item_number, location_id))
        if level is not None:
            return level
        item = self._items.table.get(item_number)
        uom = item.base_uom if item else "EA"
        level = Level(item_number=item_number, location_id=location_id, uom=uom)
        self._of_item.setdefault(item_number, []).append(level)
        return self.table.add(level, "stock.changed")

    def available(self, item_number: str, location_id: str) -> Decimal:
        """What can still be promised."""
        level = self.table.get(level_key(item_number, location_id))
        return ZERO if level is None else level.available

    def changed(self, level: Level) -> None:
        """Give the level its next version."""
        if level.available < 0 or level.allocated < 0 or level.on_hand < 0:
            raise RuntimeError(f"{level.key}: stock promised beyond what is on hand")
        self.table.touch(level, "stock.changed")

    def of_item(self, item_number: str) -> list[Level]:
        """The item's levels in all locations."""
        return self._of_item.get(item_number, [])

    def renamed(self, old: str, new: str) -> None:
        """The item has a new number: its levels get new keys."""
        for level in self._of_item.pop(old, []):
            self.table.drop(level.key, "stock.changed")
            level.item_number = new
            self._of_item.setdefault(new, []).append(level)
            self.table.add(level, "stock.changed")

    def list(self, call: Call) -> Answer:
        filters = {"location_id": lambda level, wanted: level.location_id == wanted}
        return self._pages.answer(call, lambda: select(call, self.table, filters))

    def list_of_item(self, call: Call) -> Answer:
        found(self._items.table.get(call.key), "Item", call.key, "item_not_found")
        filters = {"location_id": lambda level, wanted: level.location_id == wanted}
        return self._pages.answer(
            call, lambda: select(call, self.table, filters, self.of_item(call.key))
        )

    def query(self, call: Call) -> Answer:
        """Levels of many items at once; numbers that are not on file are listed, not refused."""
        findings = Findings()
        spec = {"ItemNumbers": many(text(), most=MOST_QUERIED), "LocationId": text()}
        asked = read(call.body, spec, findings, required=("ItemNumbers",))
        findings.refuse()
        numbers, location = dict.fromkeys(asked["ItemNumbers"]), asked.get("LocationId")
        levels = [x for number in numbers for x in self.of_item(number)]
        rows = [x.json for x in levels if location in (None, x.location_id)]
        missing = [number for number in numbers if self._items.table.get(number) is None]
        tail = {"next_cursor": None, "as_of": moment_text(call.now), "not_found": missing}
        body = b'{"data":[' + b",".join(rows) + b"]," + json.dumps(tail).encode()[1:]
        return Answer(200, body)
