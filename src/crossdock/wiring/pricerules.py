"""prices.yaml and prices.csv of a workspace: which TIMS prices become which of Amazon's. A faulty
rule holds its own SKUs alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.business.pricing.model import (
    PUBLIC,
    AudienceRule,
    Floor,
    Kind,
    Rule,
    Source,
)
from crossdock.business.pricing.rounding import Rounding
from crossdock.business.pricing.rules import Rules
from crossdock.connectors.amazon.marketplaces import MARKETPLACES
from crossdock.kernel.errors import Problem
from crossdock.lang.document import Cell
from crossdock.wiring.rulefile import (
    Cells,
    Publish,
    RuleReader,
    read_rule_file,
    read_rule_table,
    spread,
)

FILE, TABLE = "prices.yaml", "prices.csv"
BUSINESS = "B2B"
_KEYS = ("version", "publish", "lists", "limits", "rules")
_LIST_KEYS = ("list", "time_zone")
_LIMIT_KEYS = ("changes",)
_AUDIENCE_KEYS = ("price", "add", "tiers")
_RULE_KEYS = (
    "skus", "classes", "brands", *_AUDIENCE_KEYS, "round", "sales", "map", "floor", "below_floor",
    "allow", "move", "business", "audiences",
)  # fmt: skip
_FLOOR_KEYS = ("margin", "fees", "fee", "freight", "cost")
_AUDIENCE = re.compile(r"B2B(_[A-Z]+)*")
_ADDED = re.compile(r"([+-]?\s*\d+(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True, slots=True)
class ListOf:
    """The price list that a marketplace's prices come from, and whose days its sales count in."""

    code: str
    zone: ZoneInfo | None = None  # the marketplace's own, when it is not said
    where: str = FILE  # "prices.yaml line 4"


@dataclass(frozen=True, slots=True)
class PriceRules:
    """The rules, each marketplace's list, whether they count, what is wrong with the file."""

    rules: Rules
    lists: Mapping[str, ListOf] = field(default_factory=dict)
    publish: Publish = "off"
    changes: int | None = None  # so many prices are written within an hour; more ask a person
    customers: frozenset[str] = frozenset()  # whose contracts the rules name
    needs_costs: bool = False  # a floor is reckoned from what TIMS says an item costs
    problems: tuple[Problem, ...] = ()


def read_price_rules(workspace: Path) -> PriceRules:
    """The files as they are now; no rules when there are none. Rows of the table go before the
    rules of the file. A ConfigError when the file is no document.
    """
    found = read_rule_file(workspace / FILE, FILE)
    if found is None:
        return PriceRules(Rules([]))
    cells, problems = found
    reader = _Reader(FILE, problems)
    reader.known(cells, _KEYS)
    lists = reader.lists(cells)
    limits = cells.get("limits")
    limit = reader.inside(limits, _LIMIT_KEYS, "limits") if limits is not None else {}
    changes = reader.number(limit, "changes")
    rows, faults = read_rule_table(workspace / TABLE, TABLE, ("skus", "classes", "brands"))
    table = _Reader(TABLE, faults)
    rules = [table.rule(spread(row)) for row in rows]
    rules += [reader.rule(cell) for cell in reader.rows(cells, "rules")]
    sources = {a.source for rule in rules for a in rule.audiences.values()}
    publish = reader.publish(cells)
    return PriceRules(
        Rules(rules), lists, publish, None if changes is None else int(changes),
        frozenset(s.name for s in sources if s.kind is Kind.CONTRACT),
        any(rule.floor is not None and rule.floor.uses_cost for rule in rules),
        (*reader.problems, *table.problems),
    )  # fmt: skip


class _Reader(RuleReader):
    def lists(self, cells: Cells) -> dict[str, ListOf]:
        """By marketplace; a faulty one is left out."""
        top, found = cells.get("lists"), {}
        if top is None:
            return {}
        if not isinstance(top.value, dict):
            self.problem(top, "lists is not a map.", "Such as ATVPDKIKX0DER: STANDARD.")
            return {}
        for marketplace_id, cell in top.value.items():
            before = len(self.problems)
            if marketplace_id not in MARKETPLACES:
                self.problem(cell, f"Amazon has no marketplace {marketplace_id}.")
            row: Cells = {"list": cell}
            if isinstance(cell.value, dict):
                row = self.inside(cell, _LIST_KEYS, "a list")
            code, zone = self.any_texts(row, "list"), self._zone(row)
            if len(code) != 1:
                self.problem(cell, "names no price list.", "Such as STANDARD.")
            if not self.fault_since(before):
                found[marketplace_id] = ListOf(code[0], zone, f"{FILE} line {cell.line}")
        return found

    def _zone(self, row: Cells) -> ZoneInfo | None:
        cell = row.get("time_zone")
        if cell is None or cell.value is None:
            return None
        try:
            return ZoneInfo(str(cell.value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.problem(cell, f"time zone {cell.shown} is unknown.", "Such as America/Denver.")
            return None

    def rule(self, cell: Cell) -> Rule:
        """The rule; what is wrong with it stands in `fault`, so that its SKUs wait."""
        before, where = len(self.problems), f"{self.file} line {cell.line}"
        row: Cells = self.inside(cell, _RULE_KEYS, "a rule")
        patterns = self.texts(cell, row, "skus")
        audiences = self._audiences(cell, row)
        floor = self._floor(row)
        allow = row.get("allow")
        bounds = self.inside(allow, ("below", "above"), "allow") if allow is not None else {}
        below, above = self.share(bounds, "below"), self.share(bounds, "above")
        return Rule(
            patterns or ("*",),  # nobody knows whom it was for: everything below it waits
            audiences or {PUBLIC: AudienceRule(Source(Kind.LIST))},
            self.any_texts(row, "classes"), self.any_texts(row, "brands"),
            self._rounding(row), floor,
            self.choice(row, "below_floor", ("ask", "raise")) == "raise",
            self.choice(row, "map", ("keep", "ignore")) != "ignore",
            self.yes(row, "sales", usual=True), below, above, self.share(row, "move"), where,
            self.fault_since(before),
        )  # fmt: skip

    def _audiences(self, cell: Cell, row: Cells) -> dict[str, AudienceRule]:
        found = {PUBLIC: self._audience(cell, row)}
        others: dict[str, Cell] = {}
        if (business := row.get("business")) is not None:
            others[BUSINESS] = business
        if (more := row.get("audiences")) is not None:
            if isinstance(more.value, dict):
                others |= more.value
            else:
                self.problem(more, "audiences is not a map.", "Such as B2B_INDUSTRIAL: {...}.")
        for name, one in others.items():
            if not _AUDIENCE.fullmatch(name):
                self.problem(one, f"audience {name!r}.", "Such as B2B or B2B_INDUSTRIAL.")
            found[name] = self._audience(one, self.inside(one, _AUDIENCE_KEYS, name))
        return found

    def _audience(self, cell: Cell, row: Cells) -> AudienceRule:
        share, fixed = self._added(row)
        source = self._source(cell, row)
        return AudienceRule(source, share, fixed, self.yes(row, "tiers", usual=False))

    def _source(self, cell: Cell, row: Cells) -> Source:
        """list, class RETAIL, contract BIGSKY."""
        found = row.get("price")
        plain = found is not None and isinstance(found.value, str)
        words = str(found.value).split() if found is not None and plain else []
        kinds = {kind.value: kind for kind in Kind}
        kind = kinds.get(words[0]) if words else None
        if kind is None or len(words) != (1 if kind is Kind.LIST else 2):
            self.problem(
                found or cell, "says no price." if found is None else f"price {found.shown}.",
                "Write list, class NAME or contract CUSTOMER.",
            )  # fmt: skip
            return Source(Kind.LIST)
        return Source(kind, words[1] if len(words) > 1 else "")

    def _added(self, row: Cells) -> tuple[Decimal, Decimal]:
        """ "3 % + 1.50": a share and an amount for each pack."""
        cell = row.get("add")
        share = fixed = Decimal(0)
        if cell is None or cell.value is None:
            return share, fixed
        text, at = str(cell.value).strip(), 0
        while at < len(text):
            match = _ADDED.match(text, at)
            if match is None:
                self.problem(cell, f"add {cell.shown}.", "Such as 3 %, or 3 % + 1.50.")
                return Decimal(0), Decimal(0)
            number = Decimal(match[1].replace(" ", ""))
            share, fixed = (share + number / 100, fixed) if match[2] else (share, fixed + number)
            at = match.end()
            while at < len(text) and text[at] == " ":
                at += 1
        if share <= -1:
            self.problem(cell, f"add {cell.shown} leaves nothing of the price.")
        return share, fixed

    def _rounding(self, row: Cells) -> Rounding:
        cell = row.get("round")
        if cell is None or cell.value is None:
            return Rounding()
        parts: Cells = {"step": cell}
        if isinstance(cell.value, dict):
            parts = self.inside(cell, ("step", "ending"), "round")
        step, ending = self.number(parts, "step"), self.number(parts, "ending")
        if step is not None and step == 0:
            self.problem(cell, "round to steps of 0.", "Such as 0.05.")
            return Rounding()
        if ending is not None and (step is None or ending >= step):
            self.problem(cell, "round: the ending is not below the step.", "Such as 0.99 of 1.")
            return Rounding()
        return Rounding(step, ending or Decimal(0))

    def _floor(self, row: Cells) -> Floor | None:
        cell = row.get("floor")
        if cell is None or cell.value is None:
            return None
        parts = self.inside(cell, _FLOOR_KEYS, "floor")
        margin, fees = self.share(parts, "margin"), self.share(parts, "fees")
        fee, freight = self.number(parts, "fee"), self.number(parts, "freight")
        zero = Decimal(0)
        if (margin or zero) + (fees or zero) >= 1:
            self.problem(cell, "margin and fees are the whole price.", "Together below 100 %.")
        return Floor(
            margin or zero, fees or zero, fee or zero, freight or zero,
            self.yes(parts, "cost", usual=True),
        )  # fmt: skip
