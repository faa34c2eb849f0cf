"""TIMS's items as a stock keeper sees them: units, kits, whether they are for sale."""

from decimal import Decimal

from crossdock.connectors.tims.fields import Exact, Record, Rows
from crossdock.connectors.tims.models import ItemUom


class StockLocation(Record):
    """A branch, a warehouse, a truck: what can hold stock."""

    LocationId: str
    Name: str | None = None


class KitComponent(Record):
    """So much of an item is in one of the kit."""

    ItemNumber: str
    Qty: Exact


class StockItem(Record):
    """An item with what its stock is counted in and made of."""

    ItemNumber: str
    ItemClass: str | None = None
    Brand: str | None = None
    Uoms: Rows[ItemUom] = ()
    KitComponents: Rows[KitComponent] = ()
    Status: str | None = None  # active | discontinued | blocked
    IsActive: bool = True
    RowVersion: int = 0

    def base_units(self, uom: str) -> Decimal | None:
        """How many base units one of that unit is; None when TIMS does not say."""
        return next((u.ConversionToBase for u in self.Uoms if u.Uom == uom), None)
