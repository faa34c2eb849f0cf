"""What an existing sales order has to say differently, if TIMS can say it at all.

TIMS lets quantities and the header change until picking; prices it does not, and discounts, tax and
charges only at some sites. So a change is possible only where what TIMS can say
comes to Amazon's new total.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TypeVar

from crossdock.business.orders.model import (
    Address,
    Change,
    Charge,
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
    held = _by_item(tims.lines)
    problems = [f"item {item} is new" for item in _items(wanted) if item not in held]
    lines: list[LineChange] = []
    for item, item_lines in held.items():
        try:
            lines += _line_changes(item, item_lines, _lines_of(wanted, item), terms)
        except _Unsayable as why:
            problems.append(str(why))
    if problems:
        raise NeedsPerson(
            f"changed at Amazon, but TIMS cannot take it over: {'; '.join(problems)}",
            kind="order-locked",
            remedy=f"Change sales order {tims.number} in TIMS by hand, then retry.",
            about=f"Amazon order {order.order_id}",
            evidence={"differs": differences(wanted, tims)},
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
    return not differences(wanted, tims)


def differences(wanted: Draft, tims: TimsOrder) -> dict[str, str]:
    """What TIMS says otherwise, by field; of the address only which parts, as they are personal."""
    found = {}
    if not _same_address(wanted.ship_to, tims.ship_to):
        found["ship_to"] = ", ".join(_other_parts(wanted.ship_to, tims.ship_to)) or "all of it"
    if wanted.must_ship_by not in (None, tims.must_ship_by):
        found["must_ship_by"] = f"{tims.must_ship_by} in TIMS, {wanted.must_ship_by} at Amazon"
    if wanted.po_number not in (None, tims.po_number):
        found["po_number"] = "another at Amazon"
    held = {item: _worth_held(lines) for item, lines in _by_item(tims.lines).items()}
    want = {item: _worth_wanted(_lines_of(wanted, item)) for item in _items(wanted)}
    for item in sorted(held.keys() | want.keys()):
        then, now = held.get(item, _WORTHLESS), want.get(item, _WORTHLESS)
        for part in fields(_Worth):
            old, new = getattr(then, part.name), getattr(now, part.name)
            if old != new:
                found[f"item {item} {part.name}"] = f"{old} in TIMS, {new} at Amazon"
    return found


# --- quantities and amounts -----------------------------------------------------------------------


class _Unsayable(Exception):
    """A change that the sales order cannot take over."""


@dataclass(frozen=True, slots=True)
class _Worth:
    """What the lines of one item come to."""

    units: Decimal = _NOTHING
    goods: Decimal = _NOTHING
    discount: Decimal = _NOTHING
    tax: Decimal = _NOTHING
    charges: Decimal = _NOTHING

    @property
    def beside(self) -> tuple[Decimal, Decimal, Decimal]:
        """What stands beside quantity and price."""
        return self.discount, self.tax, self.charges


_WORTHLESS = _Worth()


def _line_changes(
    item: str, held: Sequence[TimsLine], wanted: Sequence[DraftLine], terms: Terms
) -> Iterator[LineChange]:
    now, then = _worth_held(held), _worth_wanted(wanted)
    if now == then:
        return
    live = _quantities(item, held, then)
    left = _worth_held(held, live)
    if left.beside == then.beside:
        amounts = [_Amounts() for _ in held]
    elif terms.change_amounts:
        amounts = _amounts(held, live, wanted)
    else:
        raise _Unsayable(f"item {item} has another discount, tax or charge")
    for line, units, amount in zip(held, live, amounts, strict=True):
        if units < line.shipped:
            raise _Unsayable(f"item {item}: {line.shipped} of line {line.number} are shipped")
        if units == line.ordered - line.cancelled and amount == _Amounts():
            continue
        ordered = max(line.ordered, units)
        yield LineChange(
            line.number, ordered, ordered - units, amount.discount, amount.tax, amount.charges
        )


def _quantities(item: str, held: Sequence[TimsLine], wanted: _Worth) -> list[Decimal]:
    """Quantities of the old lines that come to the new number of units and the new amount."""
    units, goods = wanted.units, wanted.goods
    if not units:
        return [_NOTHING for _ in held]
    if len(held) == 1 and held[0].unit_price * units == goods:
        return [units]
    if len(held) == 2 and held[0].unit_price != held[1].unit_price:
        low, high = held[0].unit_price, held[1].unit_price
        dearer = (goods - low * units) / (high - low)
        if dearer == dearer.to_integral_value() and 0 <= dearer <= units:
            return [units - dearer, dearer]
    raise _Unsayable(f"item {item}: {units} units for {goods} is another price")


@dataclass(frozen=True, slots=True)
class _Amounts:
    """New amounts of one line; None stays as it is."""

    discount: Decimal | None = None
    tax: Decimal | None = None
    charges: tuple[Charge, ...] | None = None


def _amounts(
    held: Sequence[TimsLine], live: Sequence[Decimal], wanted: Sequence[DraftLine]
) -> list[_Amounts]:
    """Charges and tax on the first line, the discount as far as each line's goods go."""
    discount = sum((line.discount for line in wanted), _NOTHING)
    tax = sum((line.tax for line in wanted), _NOTHING)
    charges = tuple(charge for line in wanted for charge in line.charges)
    found = []
    for place, (line, units) in enumerate(zip(held, live, strict=True)):
        share = min(discount, units * line.unit_price)
        discount -= share
        found.append(_Amounts(share, _NOTHING if place else tax, () if place else charges))
    return found


def _worth_held(lines: Sequence[TimsLine], live: Sequence[Decimal] | None = None) -> _Worth:
    """What TIMS's lines come to, with their own quantities or with others."""
    units = live or [line.ordered - line.cancelled for line in lines]
    pairs = list(zip(lines, units, strict=True))
    return _Worth(
        sum(units, _NOTHING),
        sum((count * line.unit_price for line, count in pairs), _NOTHING),
        sum((line.discount for line, count in pairs if count), _NOTHING),
        sum((line.tax for line in lines), _NOTHING),
        sum((charge for line in lines for charge in line.charges), _NOTHING),
    )


def _worth_wanted(lines: Sequence[DraftLine]) -> _Worth:
    return _Worth(
        sum((line.quantity for line in lines), _NOTHING),
        sum((line.quantity * line.unit_price for line in lines), _NOTHING),
        sum((line.discount for line in lines), _NOTHING),
        sum((line.tax for line in lines), _NOTHING),
        sum((charge.amount for line in lines for charge in line.charges), _NOTHING),
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
    if any(name not in ("state", "district") for name in _other_parts(wanted, held)):
        return False
    return (wanted.state or wanted.district or None) == (held.state or None)


def _other_parts(wanted: Address, held: Address | None) -> list[str]:
    """The parts of the address that are not the same; a phone only where Amazon gives one."""
    names = [f.name for f in fields(Address) if f.name != "phone" or wanted.phone is not None]
    return [
        name
        for name in names
        if (getattr(wanted, name) or None) != (getattr(held, name, None) or None)
    ]
