"""stock.yaml of a workspace: how SKUs are offered. A faulty rule holds its own SKUs alone."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from crossdock.business.stock.model import Rule
from crossdock.business.stock.rules import Rules
from crossdock.kernel.errors import ConfigError, Problem, nearest
from crossdock.lang.document import Cell, read_document

FILE = "stock.yaml"
_KEYS = ("version", "publish", "fba", "rules")
_RULE_KEYS = ("skus", "locations", "buffer", "minimum", "maximum")


@dataclass(frozen=True, slots=True)
class StockRules:
    """The rules, whether they are to be published, and what is wrong with the file."""

    rules: Rules
    publish: bool = False
    fba: bool = False  # what Amazon's warehouses hold is shown
    problems: tuple[Problem, ...] = ()


def read_stock_rules(workspace: Path) -> StockRules:
    """The file as it is now; no rules when there is none. A ConfigError when it is no document."""
    path = workspace / FILE
    if not path.exists():
        return StockRules(Rules([]))
    root, problems = read_document(path.read_text("utf-8"), FILE)
    if root is None or not isinstance(root.value, dict):
        raise ConfigError(problems or [Problem(FILE, "line 1", "is not a map of settings.")])
    reader = _Reader(problems)
    for name, cell in root.value.items():
        if name not in _KEYS:
            reader.problem(cell, f"{name!r} is unknown.", nearest(name, _KEYS))
    rows = root.value.get("rules")
    cells = rows.value if rows is not None and isinstance(rows.value, list) else []
    rules = Rules([reader.rule(cell) for cell in cells])
    publish = root.value.get("publish")
    on = publish is not None and publish.value in (True, "on", "yes")
    if publish is not None and publish.value not in (True, False, "on", "off", "yes", "no"):
        reader.problem(publish, f"publish {publish.value!r}.", "Write on or off.")
    fba = root.value.get("fba")
    if fba is not None and fba.value not in ("show", False, "off", "no"):
        reader.problem(fba, f"fba {fba.value!r}.", "Write show or off.")
    shown = fba is not None and fba.value == "show"
    return StockRules(rules, on, shown, tuple(reader.problems))


class _Reader:
    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def rule(self, cell: Cell) -> Rule:
        """The rule; what is wrong with it stands in `fault`, so that its SKUs wait."""
        before, where = len(self.problems), f"{FILE} line {cell.line}"
        row = cell.value if isinstance(cell.value, dict) else {}
        for name, other in row.items():
            if name not in _RULE_KEYS:
                self.problem(other, f"{name!r} is unknown.", nearest(name, _RULE_KEYS))
        patterns = self._texts(cell, row, "skus")
        locations = self._texts(cell, row, "locations")
        buffer = self._number(row, "buffer") or Decimal(0)
        minimum, maximum = self._number(row, "minimum"), self._number(row, "maximum")
        for name, number in (("minimum", minimum), ("maximum", maximum)):
            if number is not None and number != int(number):
                self.problem(row[name], f"{name} {number} is no whole number of packs.")
        fault = str(self.problems[before]) if len(self.problems) > before else ""
        # Without its patterns nobody knows whom the rule was for: everything below it waits.
        return Rule(
            patterns or ("*",), locations, buffer, int(minimum or 0),
            None if maximum is None else int(maximum), where, fault,
        )  # fmt: skip

    def _texts(self, cell: Cell, row: dict[str, Cell], name: str) -> tuple[str, ...]:
        found = row.get(name)
        values = found.value if found is not None and isinstance(found.value, list) else [found]
        texts = tuple(str(v.value) for v in values if v is not None and v.value is not None)
        if not texts or not all(texts):
            self.problem(cell, f"a rule without {name}.", f"Such as {name}: [WLD-*].")
            return ()
        return texts

    def _number(self, row: dict[str, Cell], name: str) -> Decimal | None:
        cell = row.get(name)
        if cell is None or cell.value is None:
            return None
        try:
            number = Decimal(str(cell.value))
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or number < 0 or isinstance(cell.value, bool):
            self.problem(cell, f"{name} {cell.value!r} is no quantity.", "Zero or more.")
            return None
        return number

    def problem(self, cell: Cell, what: str, fix: str = "") -> None:
        """Remember a fault with its line."""
        self.problems.append(Problem(FILE, f"line {cell.line}", what, fix))
