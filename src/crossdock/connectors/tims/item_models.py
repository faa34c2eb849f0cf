"""TIMS's items as a catalogue sees them: what they are, what is in them, what is dangerous."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from crossdock.connectors.tims.fields import Record, Rows
from crossdock.connectors.tims.stock_models import StockItem


def _images(told: Any) -> tuple[Mapping[str, Any], ...]:
    """In TIMS's order. A text is a picture's address; what is neither text nor object says
    nothing, and the next picture takes its place.
    """
    one_or_many = told if isinstance(told, list | tuple) else (told,)
    rows = ({"Url": one.strip()} if isinstance(one, str) else one for one in one_or_many)
    return tuple(row for row in rows if isinstance(row, Mapping) and not _blank(row))


def _blank(row: Mapping[str, Any]) -> bool:
    return all(value is None or not str(value).strip() for value in row.values())


_Images = Annotated[tuple[Mapping[str, Any], ...], BeforeValidator(_images)]
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
    Images: _Images = ()
    Attributes: _Texts = {}
