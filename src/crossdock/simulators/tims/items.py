"""Inventory items: what can be sold, in which units, made of what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import quantity_text
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.paging import Pages, select
from crossdock.simulators.tims.records import Record, Table

STOCKED = {"hardgood", "gas", "container"}
Need = tuple[str, Decimal]  # item number, base units per unit sold


@dataclass(kw_only=True, eq=False)
class Item(Record):
    """An item. `uoms` maps a unit to its base units; the first is the base unit.

    Prices are another resource.
    """

    item_number: str
    description: str = ""
    item_class: str = "hardgood"
    uoms: dict[str, Decimal] = field(default_factory=lambda: {"EA": Decimal(1)})
    kit: dict[str, Decimal] = field(default_factory=dict)  # component -> quantity per base unit
    status: str = "active"
    is_hazmat: bool = False
    restricted_channels: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)  # further fields, as TIMS spells them
    unblocked_at: datetime | None = None  # when it was last sold again

    @property
    def key(self) -> str:
        return self.item_number

    @property
    def base_uom(self) -> str:
        return next(iter(self.uoms))

    def needs(self, uom: str) -> tuple[Need, ...]:
        """What leaves the shelf when one such unit is sold; nothing for a service or a fee."""
        per_unit = self.uoms[uom]
        if self.kit:
            return tuple((part, quantity * per_unit) for part, quantity in self.kit.items())
        return ((self.item_number, per_unit),) if self.item_class in STOCKED else ()

    def fields(self) -> dict[str, Any]:
        uoms = [
            {"Uom": uom, "ConversionToBase": quantity_text(per), "Gtin": None}
            for uom, per in self.uoms.items()
        ]
        kit = [{"ItemNumber": x, "Qty": quantity_text(qty)} for x, qty in self.kit.items()]
        body: dict[str, Any] = {
            "ItemNumber": self.item_number,
            "Description": self.description or self.item_number,
            "LongDescription": None,
            "ItemClass": self.item_class,
            "Brand": None,
            "MfrPartNumber": None,
            "Gtin": None,
            "Uoms": uoms,
            "Weight": None,
            "Dimensions": None,
            "CountryOfOrigin": "US",
            "IsSerialized": False,
            "IsLotControlled": False,
            "KitComponents": kit,
            "Substitutes": [],
            "IsReturnable": self.item_class == "container",
            "TaxCategory": None,
            "Hazmat": {"IsHazmat": self.is_hazmat},
            "RequiresContainer": None,
            "RestrictedChannels": list(self.restricted_channels),
            "Images": [],
            "Attributes": {},
            "Status": self.status,
        }
        return body | dict(self.details)


class Items:
    """The desk for items. They are read only."""

    def __init__(self, journal: Journal, pages: Pages, salt: str) -> None:
        self.table: Table[Item] = Table("item", journal, salt)
        self._pages = pages

    def list(self, call: Call) -> Answer:
        filters = {"status": lambda item, wanted: item.status == wanted}
        return self._pages.answer(call, lambda: select(call, self.table, filters))

    def get(self, call: Call) -> Answer:
        return shown(found(self.table.get(call.key), "Item", call.key, "item_not_found"))
