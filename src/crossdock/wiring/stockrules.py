"""stock.yaml of a workspace: how SKUs are offered. A faulty rule holds its own SKUs alone."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from crossdock.business.stock.model import Rule
from crossdock.business.stock.rules import Rules
from crossdock.kernel.errors import Problem
from crossdock.lang.document import Cell
from crossdock.wiring.rulefile import RuleReader, read_rule_file

FILE = "stock.yaml"
_KEYS = ("version", "publish", "rules")
_RULE_KEYS = ("skus", "locations", "buffer", "minimum", "maximum")


@dataclass(frozen=True, slots=True)
class StockRules:
    """The rules, whether they are to be published, and what is wrong with the file."""

    rules: Rules
    publish: bool = False
    problems: tuple[Problem, ...] = ()


def read_stock_rules(workspace: Path) -> StockRules:
    """The file as it is now; no rules when there is none. A ConfigError when it is no document."""
    found = read_rule_file(workspace / FILE, FILE)
    if found is None:
        return StockRules(Rules([]))
    cells, problems = found
    reader = _Reader(FILE, problems)
    reader.known(cells, _KEYS)
    rules = Rules([reader.rule(cell) for cell in reader.rows(cells, "rules")])
    return StockRules(rules, reader.publish(cells) == "on", tuple(reader.problems))


class _Reader(RuleReader):
    def rule(self, cell: Cell) -> Rule:
        """The rule; what is wrong with it stands in `fault`, so that its SKUs wait."""
        before, where = len(self.problems), f"{FILE} line {cell.line}"
        row = self.inside(cell, _RULE_KEYS, "a rule")
        patterns = self.texts(cell, row, "skus")
        locations = self.texts(cell, row, "locations")
        buffer = self.number(row, "buffer") or Decimal(0)
        minimum, maximum = self.number(row, "minimum"), self.number(row, "maximum")
        for name, number in (("minimum", minimum), ("maximum", maximum)):
            if number is not None and number != int(number):
                self.problem(row[name], f"{name} {number} is no whole number of packs.")
        # Without its patterns nobody knows whom the rule was for: everything below it waits.
        return Rule(
            patterns or ("*",), locations, buffer, int(minimum or 0),
            None if maximum is None else int(maximum), where, self.fault_since(before),
        )  # fmt: skip
