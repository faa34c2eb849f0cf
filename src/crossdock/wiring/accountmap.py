"""accounts.yaml and the vocabulary of a workspace, read with every fault at once."""

import csv
import hashlib
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.business.settlements.accounts import Accounts, Mode, Rule, Target, lint
from crossdock.business.settlements.categories import Vocabulary
from crossdock.kernel.errors import ConfigError, Problem, nearest
from crossdock.lang.document import Cell, read_document

FILE = "accounts.yaml"
_KEYS = (
    "version",
    "zone",
    "presentation",
    "closed_period",
    "receipts",
    "refunds",
    "cross_check",
    "line_limit",
    "roles",
    "modes",
    "sku_classes",
    "rules",
)
_OPTIONAL = ("clearing", "deposit", "exchange", "deferred", "cost_of_sales", "inventory")
_ROLES = ("bank", "payable", "carry_forward", *_OPTIONAL)
_RULE_KEYS = (
    "category",
    "account",
    "branch",
    "dimensions",
    "marketplace",
    "fulfilment",
    "sku_class",
)
_CHOICES = {"presentation": ("summary", "order"), "closed_period": ("stop", "next"),
            "receipts": ("apply", "none"), "refunds": ("create", "wait"),
    "cross_check": ("report", "block", "off")}  # fmt: skip
NO_TARGET = Target("")


def read_vocabulary(workspace: Path) -> Vocabulary:
    """The shipped labels, with the workspace's vocabulary.csv laid over them."""
    shipped = resources.files("crossdock.business.settlements") / "vocabulary.csv"
    rows = list(csv.DictReader(shipped.read_text("utf-8").splitlines()))
    own = workspace / "vocabulary.csv"
    if own.exists():
        rows += csv.DictReader(own.read_text("utf-8").splitlines())
    return Vocabulary(rows)


def read_accounts(workspace: Path, vocabulary: Vocabulary) -> tuple[Accounts, list[Problem]]:
    """The account map and what is wrong with it. A ConfigError when it cannot be read at all."""
    path = workspace / FILE
    if not path.exists():
        raise ConfigError(
            [
                Problem(
                    FILE,
                    "workspace",
                    "is not there.",
                    "Make it: crossdock settlement accounts --init",
                )
            ]
        )
    text = path.read_text("utf-8")
    root, problems = read_document(text, FILE)
    if root is None or not isinstance(root.value, dict):
        raise ConfigError(problems or [Problem(FILE, "line 1", "is not a map of settings.")])
    reader = _Reader(root.value, problems)
    accounts = reader.accounts(hashlib.sha256(text.encode()).hexdigest())
    return accounts, [*problems, *lint(accounts, sorted(vocabulary.categories))]


class _Reader:
    """Takes the file apart; keeps going at every fault."""

    def __init__(self, root: dict[str, Cell], problems: list[Problem]) -> None:
        self.root, self.problems = root, problems

    def accounts(self, digest: str) -> Accounts:
        self._only(self.root, _KEYS)
        zone = self._text(self.root, "zone")
        try:
            ZoneInfo(zone or "?")
        except (ZoneInfoNotFoundError, ValueError):
            line = self.root["zone"].line if "zone" in self.root else 1
            self._problem(
                line, f"{zone!r} is no time zone.", "Say where a month ends: America/Denver."
            )
            zone = "UTC"
        roles = self._map(self.root.get("roles"))
        self._only(roles, _ROLES)
        places = {role: self._target(self._map(roles.get(role))) for role in _ROLES}
        limit = self.root["line_limit"].value if "line_limit" in self.root else 5000
        if not isinstance(limit, int) or limit < 10:
            self._problem(self.root["line_limit"].line, "line_limit must be at least 10.")
            limit = 5000
        return Accounts(
            zone=zone, bank=places["bank"], payable=places["payable"],
            carry_forward=places["carry_forward"],
            **{role: places[role] if places[role].account else None for role in _OPTIONAL},
            receipts=self._choice("receipts"), refunds=self._choice("refunds"),
            cross_check=self._choice("cross_check"),
            rules=tuple(self._rule(cell) for cell in self._list("rules")),
            modes=tuple(self._mode(cell) for cell in self._list("modes")),
            sku_classes=tuple(self._class(*one) for one in self._map(
                self.root.get("sku_classes")).items()),
            presentation=self._choice("presentation"),
            closed_period=self._choice("closed_period"),
            line_limit=limit, digest=digest, file=FILE,
        )  # fmt: skip

    def _rule(self, cell: Cell) -> Rule:
        row = self._map(cell)
        self._only(row, _RULE_KEYS)
        said = row.get("category")
        if said is not None and isinstance(said.value, list):
            categories = tuple(str(one.value) for one in said.value)
        else:
            categories = (str(said.value),) if said is not None and said.value else ()
        if not categories:
            self._problem(cell.line, "a rule without a category.")
        return Rule(
            categories, self._target(row), self._text(row, "marketplace"),
            self._text(row, "fulfilment"), f"line {cell.line}", self._text(row, "sku_class"),
        )  # fmt: skip

    def _class(self, name: str, cell: Cell) -> tuple[str, tuple[str, ...]]:
        patterns = cell.value if isinstance(cell.value, list) else [cell]
        found = tuple(str(p.value) for p in patterns if p.value)
        if not found:
            self._problem(cell.line, f"the class {name} has no pattern.", "Such as [GAS-*].")
        return name, found

    def _mode(self, cell: Cell) -> Mode:
        row = self._map(cell)
        self._only(row, ("mode", "marketplace", "fulfilment"))
        return Mode(
            self._text(row, "mode"), self._text(row, "marketplace"), self._text(row, "fulfilment")
        )

    def _target(self, row: dict[str, Cell]) -> Target:
        dimensions = self._map(row.get("dimensions"))
        pairs = sorted((name, str(cell.value)) for name, cell in dimensions.items())
        return Target(self._text(row, "account"), self._text(row, "branch"), tuple(pairs))

    def _choice(self, name: str) -> str:
        choices = _CHOICES[name]
        said = self._text(self.root, name) or choices[0]
        if said not in choices:
            self._problem(self.root[name].line, f"{name} {said!r}.", nearest(said, choices))
            return choices[0]
        return said

    def _text(self, row: dict[str, Cell], name: str) -> str:
        cell = row.get(name)
        return "" if cell is None or cell.value is None else str(cell.value)

    def _list(self, name: str) -> list[Cell]:
        cell = self.root.get(name)
        if cell is None or cell.value is None:
            return []
        if isinstance(cell.value, list):
            return cell.value
        self._problem(cell.line, f"{name} must be a list.")
        return []

    def _map(self, cell: Cell | None) -> dict[str, Cell]:
        if cell is None or cell.value is None:
            return {}
        if isinstance(cell.value, dict):
            return cell.value
        self._problem(cell.line, "must be a map such as {account: 6010}.")
        return {}

    def _only(self, row: dict[str, Cell], valid: tuple[str, ...]) -> None:
        for name, cell in row.items():
            if name not in valid:
                self._problem(cell.line, f"{name!r} is unknown.", nearest(name, valid))

    def _problem(self, line: int, what: str, fix: str = "") -> None:
        self.problems.append(Problem(FILE, f"line {line}", what, fix))
