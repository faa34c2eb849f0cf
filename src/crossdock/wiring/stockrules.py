"""stock.yaml and stock.csv of a workspace: how SKUs are offered. A faulty rule holds its own SKUs
alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from crossdock.business.stock.model import Rule
from crossdock.business.stock.rules import Rules
from crossdock.kernel.errors import Problem
from crossdock.lang.document import Cell
from crossdock.wiring.rulefile import Cells, RuleReader, read_rule_file, read_rule_table, spread

FILE, TABLE = "stock.yaml", "stock.csv"
_KEYS = ("version", "publish", "fba", "limits", "rules")
_LIMIT_KEYS = ("to_zero",)
_RULE_KEYS = ("skus", "locations", "buffer", "channels", "minimum", "maximum")


@dataclass(frozen=True, slots=True)
class StockRules:
    """The rules, whether they are to be published, and what is wrong with the file."""

    rules: Rules
    publish: bool = False
    fba: bool = False  # what Amazon's warehouses hold is shown
    problems: tuple[Problem, ...] = ()
    planned: bool = False  # every write waits until somebody has approved it
    to_zero: int | None = None  # so many SKUs go to zero within an hour; more ask a person
    locations: Mapping[str, str] = field(default_factory=dict)  # named, and where first


def read_stock_rules(workspace: Path) -> StockRules:
    """The files as they are now; no rules when there are none. Rows of the table go before the
    rules of the file. A ConfigError when the file is no document.
    """
    found = read_rule_file(workspace / FILE, FILE)
    if found is None:
        return StockRules(Rules([]))
    cells, problems = found
    reader = _Reader(FILE, problems)
    reader.known(cells, _KEYS)
    rows, faults = read_rule_table(workspace / TABLE, TABLE, ("skus", "locations"))
    table = _Reader(TABLE, faults)
    rules = [table.rule(spread(row)) for row in rows]
    rules += [reader.rule(cell) for cell in reader.rows(cells, "rules")]
    limits = cells.get("limits")
    limit = reader.inside(limits, _LIMIT_KEYS, "limits") if limits is not None else {}
    zero, publish = reader.number(limit, "to_zero"), reader.publish(cells)
    fba = cells.get("fba")
    if fba is not None and fba.value not in ("show", False, "off", "no"):
        reader.problem(fba, f"fba {fba.shown}.", "Write show or off.")
    found_faults = (*reader.problems, *table.problems)
    return StockRules(
        Rules(rules), publish != "off", fba is not None and fba.value == "show", found_faults,
        publish == "plan", None if zero is None else int(zero),
        {place: rule.places for rule in reversed(rules) for place in rule.locations},
    )  # fmt: skip


class _Reader(RuleReader):
    def rule(self, cell: Cell) -> Rule:
        """The rule; what is wrong with it stands in `fault`, so that its SKUs wait."""
        before, where = len(self.problems), f"{self.file} line {cell.line}"
        row = self.inside(cell, _RULE_KEYS, "a rule")
        patterns = self.texts(cell, row, "skus")
        locations = self.texts(cell, row, "locations")
        buffer = self.number(row, "buffer") or Decimal(0)
        minimum, maximum = self.number(row, "minimum"), self.number(row, "maximum")
        for name, number in (("minimum", minimum), ("maximum", maximum)):
            if number is not None and number != int(number):
                self.problem(row[name], f"{name} {number} is no whole number of packs.")
        channels = self._channels(row)
        # Without its patterns nobody knows whom the rule was for: everything below it waits.
        return Rule(
            patterns or ("*",), locations, buffer, int(minimum or 0),
            None if maximum is None else int(maximum), where, self.fault_since(before), channels,
            f"{self.file} line {row['locations'].line}" if locations else "",
        )  # fmt: skip

    def _channels(self, row: Cells) -> tuple[tuple[str, Decimal], ...]:
        """Units that are kept for each of our other channels, under names of their own."""
        cell = row.get("channels")
        if cell is None or cell.value is None:
            return ()
        if not isinstance(cell.value, dict):
            self.problem(cell, "channels is not a map.", "Such as channels: {counter: 4}.")
            return ()
        found = ((name, self.number(cell.value, name)) for name in cell.value)
        return tuple((name, units) for name, units in found if units)
