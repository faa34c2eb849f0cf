"""Who gets the stock: allocation, back-orders in turn, and what happens when a count finds less."""

from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Decimal

from crossdock.simulators.tims.locations import Locations
from crossdock.simulators.tims.orders import BACKORDERED, ENTERED, ZERO, SimLine, SimSalesOrder
from crossdock.simulators.tims.stock import Level, Stock, level_key

Find = Callable[[str], SimSalesOrder]


class Allocation:
    """Promises stock to orders, never more than there is."""

    def __init__(self, stock: Stock, locations: Locations, find: Find) -> None:
        self._stock, self._locations, self._find = stock, locations, find
        # level key -> order numbers, in turn: those that hold some of it, those that wait for it
        self._holding: dict[str, dict[str, None]] = {}
        self._waiting: dict[str, dict[str, None]] = {}

    def holders(self, key: str) -> list[str]:
        """Orders that were promised stock of a level, in turn."""
        return list(self._holding.get(key, ()))

    def choose_location(self, order: SimSalesOrder) -> str | None:
        """The first shipping location that has everything, else the first one."""
        places = self._locations.shipping()
        needs = _needs(order)
        for place in places:
            if all(self._stock.available(item, place) >= qty for item, qty in needs.items()):
                return place
        return places[0] if places else None

    def allocate(self, order: SimSalesOrder) -> bool:
        """Promise what there is to the order's open lines; True when nothing is short."""
        if order.location_id is None and order.needs_stock:
            order.location_id = self.choose_location(order)
        touched: dict[str, Level] = {}
        for line in order.lines:
            missing = line.open - line.qty_allocated
            if missing <= 0 and not line.qty_backordered:
                continue
            units = self._possible(order, line, missing)
            self._shift(order, line, units, missing - units - line.qty_backordered, touched)
        self._touch(touched.values())
        return not any(line.qty_backordered for line in order.lines)

    def give(self, order: SimSalesOrder, line: SimLine, units: Decimal) -> None:
        """Promise so many units that are known to be there (a reservation's)."""
        touched: dict[str, Level] = {}
        waited = min(units, line.qty_backordered)
        self._shift(order, line, units, -waited, touched)
        self._touch(touched.values())

    def free(self, order: SimSalesOrder) -> set[str]:
        """Take back every promise of the order; the levels where stock came free."""
        touched: dict[str, Level] = {}
        for line in order.lines:
            self._shift(order, line, -line.qty_allocated, -line.qty_backordered, touched)
        self._touch(touched.values())
        return set(touched)

    def trim(self, order: SimSalesOrder, line: SimLine) -> set[str]:
        """Take back what exceeds the line's open quantity, back-orders first."""
        touched: dict[str, Level] = {}
        excess = max(line.qty_allocated + line.qty_backordered - line.open, ZERO)
        waited = min(excess, line.qty_backordered)
        self._shift(order, line, waited - excess, -waited, touched)
        self._touch(touched.values())
        return set(touched)

    def took(self, order: SimSalesOrder, line: SimLine, units: Decimal) -> None:
        """So many allocated units left the building (or, negative, came back)."""
        for item, per_unit in self._needs_of(order, line):
            level = self._level(order, item)
            level.on_hand -= per_unit * units
            level.allocated -= per_unit * units
            self._stock.changed(level)
        line.qty_allocated -= units
        line.qty_shipped += units
        self._note(order, line)

    def fill(self, keys: Iterable[str]) -> list[SimSalesOrder]:
        """Stock came in: serve those who wait, in turn; the orders that got some."""
        served: dict[str, SimSalesOrder] = {}
        for key in sorted(keys):
            for number in list(self._waiting.get(key, ())):
                level = self._stock.table.get(key)
                if level is None or level.available <= 0:
                    break
                order = self._find(number)
                if order.status not in (BACKORDERED, "Picking", "PartiallyShipped"):
                    continue
                before = [line.qty_allocated for line in order.lines]
                self.allocate(order)
                if before != [line.qty_allocated for line in order.lines]:
                    served[number] = order
        return list(served.values())

    def take_back(self, level: Level, short: Decimal) -> list[SimSalesOrder]:
        """A count found less: the latest promises of orders not being picked are withdrawn."""
        lost: list[SimSalesOrder] = []
        for number in reversed(self.holders(level.key)):
            if short <= 0:
                break
            order = self._find(number)
            if not order.is_open:
                continue
            before = level.allocated
            for line in order.lines:
                self._withdraw(order, line, level, short - (before - level.allocated))
            short -= before - level.allocated
            lost.append(order)
        return lost

    def _withdraw(self, order: SimSalesOrder, line: SimLine, level: Level, short: Decimal) -> None:
        per_unit = dict(self._needs_of(order, line)).get(level.item_number)
        if per_unit is None or short <= 0:
            return
        units = min((short / per_unit).to_integral_value("ROUND_CEILING"), line.qty_allocated)
        touched: dict[str, Level] = {}
        self._shift(order, line, -units, units if order.status != ENTERED else ZERO, touched)
        touched.pop(level.key, None)  # the counter touches it
        self._touch(touched.values())

    def _possible(self, order: SimSalesOrder, line: SimLine, missing: Decimal) -> Decimal:
        needs = self._needs_of(order, line)
        if not needs or missing <= 0:
            return missing
        if order.location_id is None:
            return ZERO
        available = min(self._stock.available(item, order.location_id) / per for item, per in needs)
        if available >= missing:
            return missing
        # With the override the caller wants the line whole or not at all; else TIMS splits it.
        units = ZERO if line.override_backorder else available.to_integral_value(ROUND_FLOOR)
        return max(units, ZERO)

    def _shift(
        self,
        order: SimSalesOrder,
        line: SimLine,
        allocated: Decimal,
        backordered: Decimal,
        touched: dict[str, Level],
    ) -> None:
        if not allocated and not backordered:
            return
        for item, per_unit in self._needs_of(order, line):
            level = self._level(order, item)
            level.allocated += per_unit * allocated
            level.back_ordered += per_unit * backordered
            touched[level.key] = level
        line.qty_allocated += allocated
        line.qty_backordered += backordered
        self._note(order, line)

    def _note(self, order: SimSalesOrder, line: SimLine) -> None:
        """Keep the two registers true."""
        for item, _ in self._needs_of(order, line):
            key = level_key(item, order.location_id or "")
            lines = [x for x in order.lines if any(item == need for need, _ in x.needs)]
            _enlist(self._holding, key, order, any(x.qty_allocated for x in lines))
            _enlist(self._waiting, key, order, any(x.qty_backordered for x in lines))

    def _needs_of(self, order: SimSalesOrder, line: SimLine) -> tuple[tuple[str, Decimal], ...]:
        return line.needs if order.needs_stock else ()

    def _level(self, order: SimSalesOrder, item: str) -> Level:
        return self._stock.level(item, order.location_id or "")

    def _touch(self, levels: Iterable[Level]) -> None:
        for level in levels:
            self._stock.changed(level)


def _enlist(
    register: dict[str, dict[str, None]], key: str, order: SimSalesOrder, belongs: bool
) -> None:
    if belongs:
        register.setdefault(key, {}).setdefault(order.order_number)
    elif key in register:
        register[key].pop(order.order_number, None)


def _needs(order: SimSalesOrder) -> dict[str, Decimal]:
    needs: dict[str, Decimal] = {}
    for line in order.lines:
        for item, per_unit in line.needs:
            needs[item] = needs.get(item, ZERO) + per_unit * (line.open - line.qty_allocated)
    return needs
