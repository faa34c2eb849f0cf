"""costs.csv of a workspace. A row that cannot be read holds its own SKU alone."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

from crossdock.business.settlements.costs import Cost, Costs
from crossdock.kernel.errors import ConfigError, Problem
from crossdock.kernel.money import Money

FILE = "costs.csv"
_COLUMNS = ("sku", "cost", "currency", "from")
_HEADER = "The first line is: " + ",".join(_COLUMNS)


def read_costs(workspace: Path) -> Costs:
    """The file as it is now; no costs when there is none. A SKU with a row that cannot be read has
    no cost at all, so that no older one is taken for it. A ConfigError when it is no such table.
    """
    return _read(workspace)[0]


def cost_problems(workspace: Path) -> list[Problem]:
    """Everything that is wrong with the file, with its lines."""
    try:
        return _read(workspace)[1]
    except ConfigError as error:
        return list(error.problems)


def _read(workspace: Path) -> tuple[Costs, list[Problem]]:
    path = workspace / FILE
    if not path.exists():
        return Costs({}), []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _rows(csv.DictReader(file, strict=True))
    except UnicodeDecodeError:
        fix = "Save it as CSV UTF-8."
        raise ConfigError([Problem(FILE, "line 1", "is not UTF-8.", fix)]) from None
    except csv.Error as error:
        fix = "Check the quotes."
        raise ConfigError([Problem(FILE, "line 1", f"is not valid CSV: {error}.", fix)]) from error


def _rows(reader: "csv.DictReader[str]") -> tuple[Costs, list[Problem]]:
    absent = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
    if absent:
        raise ConfigError([Problem(FILE, "line 1", f"names no column {absent[0]}.", _HEADER)])
    known: dict[str, list[Cost]] = defaultdict(list)
    faults: dict[str, str] = {}
    problems: list[Problem] = []
    for row in reader:
        sku = row["sku"] or ""
        try:
            cost = _cost(row)
            if any(other.since == cost.since for other in known[sku]):
                raise ValueError(f"{sku} has two costs from {cost.since} on")
        except (ValueError, TypeError) as error:
            problems.append(Problem(FILE, f"line {reader.line_num}", f"{error}."))
            faults.setdefault(sku, f"{FILE} line {reader.line_num}: {error}")
        else:
            known[sku].append(cost)
    return Costs(known, faults), problems


def _cost(row: dict[str, str]) -> Cost:
    if not row["sku"]:
        raise ValueError("a cost without a SKU")
    each = Money.parse(row["cost"], row["currency"])
    if each.amount < 0 or not each.amount.is_finite():
        raise ValueError(f"{row['cost']!r} is no cost")
    return Cost(date.fromisoformat(row["from"]), each)
