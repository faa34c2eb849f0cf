"""TIMS's items as a catalogue sees them: what they are, what is in them, what is dangerous."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from crossdock.connectors.tims.fields import Record, Rows
from crossdock.connectors.tims.stock_models import StockItem

_Texts = Annotated[Mapping[str, Any], BeforeValidator(lambda value: {} if value is None else value)]


class HazmatPapers(Record):
    """What makes it dangerous, and the papers for it. The date of the safety data sheet is kept as
    it is written: one that cannot be read is a question, not a document to refuse.
    """

    IsHazmat: bool | None = None
    UnNumber: str | None = None
    ProperShippingName: str | None = None
    HazardClass: str | None = None
    PackingGroup: str | None = None
    LimitedQuantity: bool | None = None
    SdsUrl: str | None = None
    SdsRevisionDate: str | None = None
    LithiumBattery: bool | None = None


class CatalogueItem(StockItem):
    """An item with everything that may be said of it to buyers."""

    RowVersion: int = 0
    Description: str | None = None
    LongDescription: str | None = None
    Brand: str | None = None
    MfrPartNumber: str | None = None
    Gtin: str | None = None
    Weight: Any = None
    Dimensions: Any = None
    CountryOfOrigin: str | None = None
    TaxCategory: str | None = None
    Hazmat: HazmatPapers | None = None
    RequiresContainer: str | None = None
    RestrictedChannels: Rows[str] = ()
    Images: Rows[Any] = ()
    Attributes: _Texts = {}
