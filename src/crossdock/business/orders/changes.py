"""What an existing sales order has to say differently, if TIMS can say it at all.

TIMS lets quantities and the header change until picking; prices, discounts and charges it does not
(CONTRACT 2.8). So a change is possible only where the old prices come to the new total.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import TypeVar

from crossdock.business.orders.model import (
    Address,
    Change,
    Draft,
    DraftLine,
    LineChange,
    Order,
    Terms,
    TimsLine,
    TimsOrder,
)
from crossdock.business.orders.rules import SPLIT, draft
from crossdock.kernel.errors import NeedsPerson

_NOTHING = Decimal(0)
_T = TypeVar("_T")


def revise(order: Order, terms: Terms, tims: TimsOrder) -> Change:
    """What to write into the sales order; NeedsPerson when TIMS cannot say it."""
    wanted = draft(order, terms)
    problems: list[str] = []
    lines: list[LineChange] = []
    for item, held in _by_item(tims.lines).items():
        try:
            lines += _quantities(item, held, _lines_of(wanted, item))
        except _Unsayable as why:
            problems.append(str(why))
    held_items = _by_item(tims.lines).keys()
    problems += [f"item {item} is new" for item in _items(wanted) if item not in held_items]
    if problems:
        raise NeedsPerson(
            f"changed at Amazon, but TIMS cannot take it over: {'; '.join(problems)}",
            kind="order-locked",
            remedy=f"Change sales order {tims.number} in TIMS by hand, then retry.",
            about=f"Amazon order {order.order_id}",
        )
    return Change(
        number=tims.number,
        row_version=tims.row_version,
        ship_to=None if _same_address(wanted.ship_to, tims.ship_to) else wanted.ship_to,
        must_ship_by=_if_new(wanted.must_ship_by, tims.must_ship_by),
        po_number=_if_new(wanted.po_number, tims.po_number),
        lines=tuple(lines) or None,
    )


def agrees(wanted: Draft, tims: TimsOrder) -> bool:
    """True when TIMS already says what it shall say."""
    if not _same_address(wanted.ship_to, tims.ship_to):
        return False
    if wanted.must_ship_by not in (None, tims.must_ship_by):
        return False
    if wanted.po_number not in (None, tims.po_number):
        return False
    held = {item: _worth_held(lines) for item, lines in _by_item(tims.lines).items()}
    want = {item: _worth_wanted(_lines_of(wanted, item)) for item in _items(wanted)}
    return {item: worth for item, worth in held.items() if worth[0]} == want


# --- quantities -----------------------------------------------------------------------------------


class _Unsayable(Exception):
    """A change that needs other prices than the sales order has."""


def _quantities(
    item: str, held: Sequence[TimsLine], wanted: Sequence[DraftLine]
) -> Iterator[LineChange]:
    if not wanted:
        live = [_NOTHING for _ in held]
    elif _worth_held(held) == _worth_wanted(wanted):
        return
    else:
        live = _solve(item, held, wanted)
    for line, quantity in zip(held, live, strict=True):
        if quantity < line.shipped:
            raise _Unsayable(f"item {item}: {line.shipped} of line {line.number} are shipped")
        if quantity == line.ordered - line.cancelled:
            continue
        ordered = max(line.ordered, quantity)
        yield LineChange(line.number, ordered, ordered - quantity)


def _solve(item: str, held: Sequence[TimsLine], wanted: Sequence[DraftLine]) -> list[Decimal]:
    """Quantities of the old lines that come to the new number of units and the new amount."""
    units, amount, discount = _worth_wanted(wanted)
    if discount != sum((line.discount for line in held), _NOTHING):
        raise _Unsayable(f"item {item} has another discount")
    if len(held) == 1 and held[0].unit_price * units == amount:
        return [units]
    if len(held) == 2 and held[0].unit_price != held[1].unit_price:
        low, high = held[0].unit_price, held[1].unit_price
        dearer = (amount - low * units) / (high - low)
        if dearer == dearer.to_integral_value() and 0 <= dearer <= units:
            return [units - dearer, dearer]
    raise _Unsayable(f"item {item}: {units} units for {amount} is another price")


def _worth_held(lines: Sequence[TimsLine]) -> tuple[Decimal, Decimal, Decimal]:
    live = [(line.ordered - line.cancelled, line) for line in lines]
    return (
        sum((units for units, _ in live), _NOTHING),
        sum((units * line.unit_price for units, line in live), _NOTHING),
        sum((line.discount for units, line in live if units), _NOTHING),
    )


def _worth_wanted(lines: Sequence[DraftLine]) -> tuple[Decimal, Decimal, Decimal]:
    return (
        sum((line.quantity for line in lines), _NOTHING),
        sum((line.quantity * line.unit_price for line in lines), _NOTHING),
        sum((line.discount for line in lines), _NOTHING),
    )


# --- lines by Amazon item -------------------------------------------------------------------------


def item_of(ref: str) -> str:
    """Amazon's item id of a TIMS line's reference, whether or not the line was split."""
    return ref.partition(SPLIT)[0]


def _by_item(lines: Sequence[TimsLine]) -> Mapping[str, list[TimsLine]]:
    """TIMS lines that came from Amazon; what staff has added is theirs."""
    found: dict[str, list[TimsLine]] = defaultdict(list)
    for line in lines:
        if line.ref:
            found[item_of(line.ref)].append(line)
    return found


def _items(wanted: Draft) -> list[str]:
    return list(dict.fromkeys(item_of(line.ref) for line in wanted.lines))


def _lines_of(wanted: Draft, item: str) -> list[DraftLine]:
    return [line for line in wanted.lines if item_of(line.ref) == item]


# --- header ---------------------------------------------------------------------------------------


def _if_new(wanted: _T, held: _T) -> _T | None:
    return None if wanted == held else wanted


def _same_address(wanted: Address, held: Address | None) -> bool:
    if held is None:
        return False
    names = [field.name for field in fields(Address) if field.name not in ("district", "state")]
    if any((getattr(wanted, name) or None) != (getattr(held, name) or None) for name in names):
        return False
    return (wanted.state or wanted.district or None) == (held.state or None)
