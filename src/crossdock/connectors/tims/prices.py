"""TIMS's prices: lists, entries, contracts, discount codes, quotes. Nothing here writes.

    prices = Prices(client)
    found = prices.entries("STANDARD")
    found.rows    # what can be used
    found.faults  # what cannot, row by row, with the reason

One row that is no price (zero, below zero, unreadable) is named and left out; the rest is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from crossdock.connectors.tims import price_models as m
from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.fields import Record
from crossdock.connectors.tims.longreading import LongReading
from crossdock.kernel.errors import Defect, NeedsPerson

M = TypeVar("M", bound=BaseModel)

ONE_BY_ONE: Final = 50
"""Items that are asked for singly; of more, reading the whole list takes fewer calls."""


@dataclass(frozen=True, slots=True)
class PriceFault:
    """A row that was left out, and why. `item_number` is empty where the row has none."""

    about: str  # "TIMS price list STANDARD: WLD-118"
    item_number: str
    what: str  # "ListPrice: 0.00 is not above zero"

    def error(self) -> NeedsPerson:
        """A case for the person who keeps prices in TIMS."""
        return NeedsPerson(
            f"this cannot be used as a price: {self.what}",
            kind="price-unusable",
            remedy="Correct the price in TIMS, then retry.",
            about=self.about,
            code="price_unusable",
            evidence={"item": self.item_number, "fault": self.what},
        )


@dataclass(frozen=True, slots=True)
class Priced(Generic[M]):
    """What was read: usable rows, and the faults of the others."""

    rows: tuple[M, ...]
    faults: tuple[PriceFault, ...] = ()


class Prices:
    """The prices of one site."""

    def __init__(self, client: TimsClient) -> None:
        self._client = client

    def lists(self) -> Priced[m.PriceList]:
        """Every price list, those that do not hold today included."""
        ask = self._client.wire.price_lists()
        return _together(self._pages(m.PriceList, ask, "Code", "TIMS price lists"))

    def pages(self, list_code: str) -> Iterator[Priced[m.PriceEntry]]:
        """The entries of a list, page by page as TIMS gives them."""
        return self._entry_pages(list_code, "")

    def entries(self, list_code: str) -> Priced[m.PriceEntry]:
        """Every entry of a list, each once."""
        return _together(self.pages(list_code), _entry_key)

    def reading(self, list_code: str) -> LongReading[m.PriceEntry | PriceFault]:
        """Every entry of a long list, or what is wrong with its row; goes on where it stopped."""
        about, client = f"TIMS price list {list_code}", self._client
        ask = client.wire.price_entries(list_code, "")

        def page(cursor: str | None) -> tuple[Sequence[m.PriceEntry | PriceFault], str | None]:
            asked = client.wire.next_page(ask, cursor) if cursor else ask
            found = client.wire.page(_Raw, client.call(asked, about), ask.name)
            rows = [_read(m.PriceEntry, raw.root, "ItemNumber", about) for raw in found.data]
            return rows, found.next_cursor

        return LongReading(page, about)

    def entries_of(self, list_code: str, items: Iterable[str]) -> Priced[m.PriceEntry]:
        """The entries of these items; an item that the list does not price has none."""
        wanted = dict.fromkeys(items)
        if len(wanted) > ONE_BY_ONE:
            pages = self.pages(list_code)
        else:
            pages = (page for item in wanted for page in self._entry_pages(list_code, item))
        found = _together(pages, _entry_key)
        return Priced(
            tuple(row for row in found.rows if row.ItemNumber in wanted),
            tuple(x for x in found.faults if not x.item_number or x.item_number in wanted),
        )

    def contracts(self, customer_code: str) -> Priced[m.ContractPrice]:
        """What a customer was promised, past and future included."""
        ask = self._client.wire.contract_prices(customer_code)
        about = f"TIMS contract prices of {customer_code}"
        found = _together(self._pages(m.ContractPrice, ask, "ItemNumber", about))
        rows = tuple(row for row in found.rows if row.CustomerCode == customer_code)
        return Priced(rows, found.faults)

    def discount_codes(self) -> Priced[m.DiscountCode]:
        """Every discount code, those that do not hold today included."""
        ask = self._client.wire.discount_codes()
        about = "TIMS discount codes"
        return _together(self._pages(m.DiscountCode, ask, "DiscountCode", about))

    def quote(self, wanted: m.PriceQuery) -> m.PriceQuote:
        """What TIMS would charge, for every line; a line that cannot be used is a person's case."""
        client, about = self._client, f"TIMS price quote for {wanted.CustomerCode}"
        ask = client.wire.price_quote(wanted)
        answer = client.call(ask, about)
        rows = client.read(_RawQuote, answer, ask, about).Lines
        read = [_read(m.QuotedLine, row, "ItemNumber", about) for row in rows]
        faults = [x for x in read if isinstance(x, PriceFault)]
        if faults:
            what = "; ".join(f"{x.item_number or '?'}: {x.what}" for x in faults)
            raise PriceFault(about, faults[0].item_number, what).error()
        quote = client.read(m.PriceQuote, answer, ask, about)
        asked = [line.ItemNumber for line in wanted.Lines]
        same = [line.ItemNumber for line in quote.Lines] == asked
        if not same or wanted.CurrencyCode not in (None, quote.CurrencyCode):
            raise Defect(
                "TIMS quoted other lines, or another currency, than it was asked for",
                about=about,
                code="unexpected_shape",
                reproduce={"operation": ask.name, "items": asked},
            )
        return quote

    def _entry_pages(self, list_code: str, item: str) -> Iterator[Priced[m.PriceEntry]]:
        ask = self._client.wire.price_entries(list_code, item)
        for page in self._pages(m.PriceEntry, ask, "ItemNumber", f"TIMS price list {list_code}"):
            rows = (x if x.PriceListCode else _listed(x, list_code) for x in page.rows)
            yield Priced(tuple(rows), page.faults)

    def _pages(self, model: type[M], ask: Ask, name: str, about: str) -> Iterator[Priced[M]]:
        for page in self._client.pages(_Raw, ask, about):
            read = [_read(model, raw.root, name, about) for raw in page.data]
            yield Priced(
                tuple(x for x in read if not isinstance(x, PriceFault)),
                tuple(x for x in read if isinstance(x, PriceFault)),
            )


class _Raw(RootModel[Any]):
    """A row as it came, so that one bad row does not cost the page."""


class _RawQuote(Record):
    Lines: tuple[Any, ...]


def _read(model: type[M], raw: Any, name: str, about: str) -> M | PriceFault:
    """The row, or what is wrong with it; `name` is the field that names it."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        said = raw.get(name) if isinstance(raw, dict) else None
        named = said if isinstance(said, str) else ""
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        what = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults[:5])
        item = named if name == "ItemNumber" else ""
        return PriceFault(f"{about}: {named or 'a row without a name'}", item, what)


def _fault(where: Iterable[object], message: str) -> str:
    path = ".".join(str(x) for x in where)
    said = message.removeprefix("Value error, ")
    return f"{path}: {said}" if path else said


def _together(pages: Iterable[Priced[M]], key: Callable[[M], object] | None = None) -> Priced[M]:
    """All pages in one; of rows with the same key, which pages may repeat, the newest."""
    rows: dict[object, M] = {}
    faults: dict[PriceFault, None] = {}
    for page in pages:
        faults.update(dict.fromkeys(page.faults))
        for row in page.rows:
            name = key(row) if key is not None else len(rows)
            before = rows.get(name)
            if before is None or _version(before) <= _version(row):
                rows[name] = row
    return Priced(tuple(rows.values()), tuple(faults))


def _entry_key(entry: m.PriceEntry) -> object:
    return entry.PriceListCode, entry.ItemNumber, entry.Uom


def _version(row: BaseModel) -> int:
    return getattr(row, "RowVersion", None) or 0


def _listed(entry: m.PriceEntry, list_code: str) -> m.PriceEntry:
    return entry.model_copy(update={"PriceListCode": list_code})
