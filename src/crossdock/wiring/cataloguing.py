"""From TIMS's items to listings: the gate, the rule, the page, the restrictions, what is said.

Every step of a decision is told with its source; what a person has to settle is collected, so that
one look shows all of it. Nothing is written here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from crossdock.business.catalogue.decisiontable import Table, laid_over, read_table
from crossdock.business.catalogue.eligibility import Paper, decide
from crossdock.business.catalogue.model import Decision, Item, Plan, Verdict
from crossdock.connectors.amazon.marketplaces import named
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.kernel.errors import ConfigError, NeedsPerson, Problem, RunError
from crossdock.kernel.terms import Term
from crossdock.lang.lookups import LookupRow, LookupTable
from crossdock.wiring.cataloguerules import (
    DELETE,
    FILE,
    CatalogueRules,
    ListingRule,
    read_catalogue_rules,
)
from crossdock.wiring.itembook import Heard, ItemBook, News
from crossdock.wiring.language import SHIPPED, table_path
from crossdock.wiring.language import read_table as read_lookup
from crossdock.wiring.places import Place, Places
from crossdock.wiring.rulechanges import content_of
from crossdock.wiring.stockbook import inside
from crossdock.wiring.unknownskus import unknown_sku
from crossdock.wiring.watched import Watched

TABLE = "lookups/eligibility.csv"
ITEMS_FRESH = timedelta(seconds=30)
"""How old what another worker knows of an item may be; changes are told twice, further apart."""
_DEEPEST = 6


@dataclass
class Judged:
    """What the files and TIMS say of a SKU in a marketplace, before Amazon is asked."""

    place: Place
    number: str = ""
    row: LookupRow | None = None
    item: CatalogueItem | None = None
    decision: Decision | None = None
    rule: ListingRule | None = None
    said: list[Term] = field(default_factory=list)
    problems: list[RunError] = field(default_factory=list)
    unwanted: str = ""  # why it is listed in other marketplaces only
    fault: str = ""  # of the marketplace; of the SKU itself there is `problems`

    @property
    def sku(self) -> str:
        """As Amazon spells it."""
        return self.place.sku

    @property
    def asked_elsewhere(self) -> bool:
        """Something is wrong with the SKU itself, which is told once, in the first marketplace."""
        return bool(self.problems) and not self.place.first

    def planned(self, decision: Decision) -> Plan:
        """A plan of what was judged, as far as it goes."""
        return Plan(
            self.sku, self.number, decision, said=tuple(self.said), key=self.place.key,
            marketplace_id=self.place.marketplace_id, first=self.place.first,
            unwanted=self.unwanted,
        )  # fmt: skip

    def ended(self, *, delete: bool) -> Plan | None:
        """The plan, where nothing is to be listed: it may not be sold, is left alone, or belongs in
        other marketplaces.
        """
        decision, rule = self.decision, self.rule
        if decision is None:
            return None
        if decision.verdict is Verdict.REFUSE:
            return replace(self.planned(decision), delete=delete and decision.for_good)
        if rule is not None and rule.leave and not self.problems:
            return replace(self.planned(decision), left_alone=f"left alone by {rule.where}")
        if self.unwanted and not self.problems:
            return replace(self.planned(decision), delete=delete)
        return None


class CatalogueDesk:
    """Judges SKUs by the files of the workspace and TIMS's items. Shared by all threads."""

    def __init__(
        self, workspace: Path, tims: TimsClient, now: Callable[[], datetime],
        marketplaces: Sequence[str], news: News = Heard,
    ) -> None:  # fmt: skip
        """`marketplaces` are the account's, the first one first. `news`: how far the workers have
        read what changed of TIMS's items.
        """
        self.tims, self.now, self.places = tims, now, Places(marketplaces)
        self._rules = Watched(lambda: (workspace / FILE,), lambda: read_catalogue_rules(workspace))
        self._table = Watched(lambda: (workspace / TABLE,), lambda: read_gate(workspace))
        self._skus = Watched(
            lambda: (table_path(workspace, "orders", "skus.csv"),), lambda: _read_skus(workspace)
        )
        self._content = Watched(lambda: _files(workspace), lambda: content_of(_files(workspace)))
        self._items = ItemBook(tims, CatalogueItem, now, ITEMS_FRESH, news)

    @property
    def rules(self) -> CatalogueRules:
        """catalogue.yaml as it is now."""
        return self._rules.get()[1]

    @property
    def table(self) -> Table:
        """The decision table as it is now: the workspace's rows, then the shipped ones."""
        return self._table.get()[1]

    def skus(self) -> LookupTable:
        """lookups/skus.csv as it is now."""
        return self._skus.get()[1]

    @property
    def stamp(self) -> str:
        """Another text when one of the files says something else."""
        for file in (self._rules, self._table, self._skus):
            file.get()  # one that cannot be read says nothing
        return self._content.get()[1]

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with the files, all at once."""
        found: list[Problem] = []
        for name in ("rules", "table"):
            try:
                found += getattr(self, name).problems
            except ConfigError as error:
                found += error.problems
        return [*found, *self._not_ours()]

    def _not_ours(self) -> Iterator[Problem]:
        """Marketplaces that the account does not sell in."""
        try:
            shops = self.rules.shops
        except ConfigError:
            return
        for name, shop in shops.items():
            if name not in self.places.marketplace_ids:
                what = f"{named(name)} is no marketplace of the account."
                fix = "Its marketplaces stand in crossdock.yaml, under amazon."
                yield Problem(FILE, f"line {shop.line}", what, fix)

    @property
    def delete(self) -> bool:
        """What is refused for good is taken off the list."""
        return self.rules.discontinued == DELETE

    # --- where

    def keys(
        self, skus: Iterable[str] | None = None, told: Iterable[tuple[str, str]] = ()
    ) -> list[str]:
        """Keys of these SKUs, or all, in every marketplace that the file lists in, and where Amazon
        was told of them before (`told`: marketplace, SKU). The first one is always among them:
        there a person is told of the SKU itself.
        """
        wanted = sorted(self.skus().rows if skus is None else skus)
        try:
            named = tuple(self.rules.shops)
        except ConfigError:
            named = ()  # each SKU says what is wrong with the file, once
        return self.places.keys(wanted, named, told)

    def limited(self, skus: Iterable[str]) -> set[tuple[str, str]]:
        """Marketplaces of the file that a rule keeps some of these SKUs out of, with each SKU.
        Nothing while the catalogue does not publish.
        """
        try:
            rules = self.rules
        except ConfigError:
            return set()
        if not rules.publish or not any(rule.marketplaces for rule in rules.rules):
            return set()
        rows, items, found = self.skus().rows, self.every_item(), set()
        for sku in skus:
            item = items.get(rows[sku].cells.get("item", "")) if sku in rows else None
            rule = rules.find(sku, item) if item is not None else None
            if rule is not None and rule.marketplaces and not rule.fault:
                found |= {(shop, sku) for shop in rules.shops if shop not in rule.marketplaces}
        return found

    # --- judging

    def judge(self, key: str, items: Mapping[str, CatalogueItem] | None = None) -> Judged:
        """What the files and TIMS say of a SKU in a marketplace. Without `items` they are read anew
        from TIMS.
        """
        judged = Judged(self.places.of(key))
        sku = judged.sku
        row = judged.row = self.skus().find(sku)
        if row is None:
            judged.problems.append(unknown_sku(sku))
            return judged
        judged.number = row.cells.get("item", "")
        where = f"lookups/skus.csv line {row.line}"
        judged.said.append(Term("item", judged.number, where))
        known = self.fresh(judged.number) if items is None else items
        item = judged.item = known.get(judged.number)
        if item is None:
            judged.problems.append(_no_item(sku, judged.number, where))
            return judged
        self._gate(judged, known)
        self._rule(judged, item)
        return judged

    def _gate(self, judged: Judged, items: Mapping[str, CatalogueItem]) -> None:
        rules = self.rules
        paper = Paper(self.now().date(), rules.sds_years, rules.channels)
        contents = set(inside(judged.number, items, _DEEPEST))
        gate = {number: gate_item(items[number]) for number in contents if number in items}
        found = judged.decision = decide(judged.number, gate, self.table.rows, paper)
        judged.said.append(
            Term(f"gate: {found.verdict.value}", found.words.partition(" (")[0], _source(found))
        )
        if found.verdict is Verdict.ASK:
            judged.problems.append(_undecided(judged.sku, found))

    def _rule(self, judged: Judged, item: CatalogueItem) -> None:
        if judged.decision is not None and judged.decision.verdict is Verdict.REFUSE:
            return
        rule = judged.rule = self.rules.find(judged.sku, item)
        if rule is None:
            judged.problems.append(_no_rule(judged.sku))
        elif rule.fault:
            judged.problems.append(_faulty(judged.sku, rule))
        elif rule.leave:
            judged.said.append(Term("rule", "left alone", rule.where))
        else:
            judged.said.append(
                Term("rule", f"{rule.product_type}, {rule.requirements}", rule.where)
            )
            self._where(judged, rule)

    def _where(self, judged: Judged, rule: ListingRule) -> None:
        """Whether it is listed here, or in other marketplaces only."""
        rules, shop = self.rules, judged.place.marketplace_id
        wanted, named_by = rules.listed_in(rule, self.places.first), rules.shops.get(shop)
        if rules.shops_fault and not rules.shops:
            judged.problems.append(_misplaced(judged.sku, rules.shops_fault))
        elif shop not in wanted:
            others = ", ".join(named(one) for one in wanted)
            judged.unwanted = f"listed in {others}, by {rule.where if rule.marketplaces else FILE}"
            judged.said.append(Term("marketplace", "not here", judged.unwanted))
        elif named_by is not None:
            judged.fault = named_by.fault
            judged.said.append(Term("marketplace", named(shop), named_by.where))

    # --- TIMS's items

    def fresh(self, number: str) -> dict[str, CatalogueItem]:
        """An item and everything that is in it, as TIMS has them at this moment."""
        found: dict[str, CatalogueItem] = {}
        waiting = [(number, _DEEPEST)] if number else []
        while waiting:
            name, deeper = waiting.pop()
            if name in found or not deeper:
                continue
            item = self.tims.find(CatalogueItem, self.tims.wire.item(name), f"TIMS item {name}")
            if item is not None:
                found[name] = item
                waiting += [(part.ItemNumber, deeper - 1) for part in item.KitComponents]
        return found

    def every_item(self) -> Mapping[str, CatalogueItem]:
        """All items, half a minute old at most and no older than the change that is worked on."""
        return self._items.known()

    def items_changed(self, gone: Collection[str] = ()) -> None:
        """What is different is read when they are needed next; these TIMS has no more."""
        self._items.changed(gone)

    def affected(self, items: Collection[str]) -> list[str]:
        """SKUs that sell one of these items, alone or in a kit."""
        wanted, known = set(items), self.every_item()
        return sorted(
            sku
            for sku, row in self.skus().rows.items()
            if not wanted.isdisjoint(inside(row.cells.get("item", ""), known, _DEEPEST))
        )


def gate_item(item: CatalogueItem) -> Item:
    """What the gate looks at."""
    papers = item.Hazmat
    return Item(
        item.ItemNumber, item.ItemClass, item.RequiresContainer,
        papers.IsHazmat if papers else None, papers.UnNumber if papers else None,
        papers.SdsUrl if papers else None, papers.SdsRevisionDate if papers else None,
        item.RestrictedChannels, item.Status, item.IsActive,
        tuple(part.ItemNumber for part in item.KitComponents),
    )  # fmt: skip


def _files(workspace: Path) -> tuple[Path, ...]:
    return workspace / FILE, workspace / TABLE, table_path(workspace, "orders", "skus.csv")


def read_gate(workspace: Path) -> Table:
    """The decision table as it is now; a ConfigError when the workspace's is no text."""
    shipped = SHIPPED / "catalogue" / TABLE
    base = read_table(shipped.read_text("utf-8"), "the shipped eligibility.csv")
    own = workspace / TABLE
    try:
        text = own.read_text("utf-8-sig") if own.exists() else ""
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(TABLE, f"byte {error.start}", "is not UTF-8.")]) from error
    return laid_over(read_table(text, TABLE), base) if text else base


def _read_skus(workspace: Path) -> LookupTable:
    return read_lookup(workspace, "orders", "skus")


# --- what a person has to settle ------------------------------------------------------------------


def undecided(message: str, remedy: str, sku: str) -> NeedsPerson:
    """Nobody has said whether, or as what, it is to be listed."""
    return NeedsPerson(message, kind="catalogue-undecided", remedy=remedy, about=f"SKU {sku}")


def _undecided(sku: str, decision: Decision) -> RunError:
    return undecided(
        decision.words,
        f"Complete the item in TIMS, or add a row to {TABLE}; then retry.", sku,
    )  # fmt: skip


def _no_rule(sku: str) -> RunError:
    return undecided(
        f"no rule of {FILE} says how {sku} is listed",
        f"Add a rule with its product type to {FILE}, or one with leave: yes; then retry.", sku,
    )  # fmt: skip


def _faulty(sku: str, rule: ListingRule) -> RunError:
    return undecided(
        f"the rule for {sku} has a fault: {rule.fault}", f"Correct {rule.where}, then retry.", sku
    )


def _misplaced(sku: str, fault: str) -> RunError:
    return undecided(
        f"nobody knows in which marketplaces {sku} is listed: {fault}",
        f"Correct marketplaces in {FILE}, then retry.", sku,
    )  # fmt: skip


def faulty_shop(place: Place, fault: str) -> RunError:
    """What the file says of a marketplace cannot be used."""
    return undecided(
        f"the marketplace has a fault: {fault}", f"Correct {FILE}, then retry.", place.sku
    )


def broken(error: ConfigError, sku: str) -> RunError:
    """A file of the workspace cannot be read at all."""
    return undecided(str(error.problems[0]), "Correct the file, then retry.", sku)


def _no_item(sku: str, number: str, where: str) -> RunError:
    return NeedsPerson(
        f"{sku} is {number or 'no item'} in {where}, and TIMS has no such item",
        kind="unknown-sku",
        remedy="Correct the row, or the item in TIMS; then retry.",
        about=f"SKU {sku}",
    )


def _source(decision: Decision) -> str:
    return f"{decision.where}, {decision.row}" if decision.row else "no row of the table"
