"""What is wrong with a workspace's rule files: by themselves, and beside what TIMS has."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.kernel.errors import ConfigError, Problem, nearest
from crossdock.lang.lookups import LookupRow
from crossdock.wiring.cataloguerules import read_catalogue_rules
from crossdock.wiring.cataloguing import read_gate
from crossdock.wiring.pricerules import read_price_rules
from crossdock.wiring.stockbook import unknown_location
from crossdock.wiring.stockrules import read_stock_rules

if TYPE_CHECKING:
    from crossdock.connectors.tims.stock_models import StockItem
    from crossdock.wiring.house import House

SKUS = "lookups/skus.csv"
_READERS: tuple[Callable[[Path], Sequence[Problem]], ...] = (
    lambda folder: read_stock_rules(folder).problems,
    lambda folder: read_price_rules(folder).problems,
    lambda folder: read_catalogue_rules(folder).problems,
    lambda folder: read_gate(folder).problems,
)


def rule_problems(workspace: Path) -> list[Problem]:
    """Everything that is wrong with stock.yaml, prices.yaml, catalogue.yaml, their tables and the
    decision table, with its lines. Nobody is asked.
    """
    found: list[Problem] = []
    for read in _READERS:
        try:
            found += read(workspace)
        except ConfigError as error:
            found += error.problems
    return found


def problems_beside_tims(house: "House", most: int) -> list[Problem]:
    """Locations, price lists, items and units that the files name and TIMS does not have, so many
    at most. Files that cannot be read say so by `rule_problems`.
    """
    found: list[Problem] = []
    for look in (_locations, _price_lists, _rows):
        try:
            found += islice(look(house), most - len(found))
        except ConfigError:
            continue
    return found


def _locations(house: "House") -> Iterator[Problem]:
    named = house.stock.rules.locations
    known = house.stock.locations() if named else ()
    for place, where in named.items():
        if place not in known:
            yield _at(where, f"{unknown_location(place, known)}.", "Its SKUs are not written.")


def _price_lists(house: "House") -> Iterator[Problem]:
    lists = house.prices.rules.lists
    known = house.prices.book.codes() if lists else []
    for one in lists.values():
        if one.code not in known:
            yield _at(one.where, f"TIMS has no price list {one.code!r}.", nearest(one.code, known))


def _rows(house: "House") -> Iterator[Problem]:
    """Rows of the workspace's own table; the shipped one is an example."""
    if not (house.settings.folder / SKUS).exists():
        return
    items = house.stock.items()
    for row in house.stock.skus().rows.values():
        if row.fault("item", "uom") is None:
            yield from _row(row, items.get(row.cells.get("item", "")))


def _row(row: LookupRow, item: "StockItem | None") -> Iterator[Problem]:
    where = f"row {row.line}, column "
    if item is None:
        what = f"TIMS has no item {row.cells.get('item', '')!r}."
        yield Problem(SKUS, where + "item", what, "Correct it, or the item in TIMS.")
        return
    uom = row.cells.get("uom", "")
    if item.base_units(uom) is None:
        units = ", ".join(unit.Uom for unit in item.Uoms) or "none"
        what = f"TIMS has no unit {uom!r} of item {item.ItemNumber}."
        yield Problem(SKUS, where + "uom", what, f"It has {units}. Write one, or add it in TIMS.")


def _at(where: str, what: str, fix: str) -> Problem:
    file, _, line = where.partition(" ")
    return Problem(file, line, what, fix)
