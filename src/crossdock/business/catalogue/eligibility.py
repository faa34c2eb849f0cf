"""The trade's gate: which item may be for sale at Amazon at all.

A decision table, top to bottom: the first row that fits decides. There is no default: an item that
no row fits is a question. A kit is judged with all its parts and inherits the strictest decision.
Five kinds of item, and whatever comes in a returnable container, are refused before any table.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from crossdock.business.catalogue.model import Decision, Item, Verdict

NEVER = ("container", "gas", "rental", "service", "fee")
CLASSES = ("hardgood", *NEVER, "unknown")
_KITS_IN_KITS = 5


class Facts(NamedTuple):
    """An item in the words of the table's columns."""

    item_class: str
    requires_container: str
    hazmat: str
    un_number: str
    sds: str
    channel: str
    status: str


DOMAIN: Mapping[str, tuple[str, ...]] = {
    "item_class": CLASSES,
    "requires_container": ("yes", "no"),
    "hazmat": ("yes", "no", "unknown"),
    "un_number": ("yes", "no", "unknown"),
    "sds": ("current", "old", "missing", "unknown"),
    "channel": ("open", "closed"),
    "status": ("active", "discontinued", "blocked", "unknown"),
}
"""Every word that a column can hold: all items there can be."""


@dataclass(frozen=True, slots=True)
class Paper:
    """When a safety data sheet is current, and which names of TIMS's mean our channel."""

    today: date
    sds_years: int = 3
    channels: tuple[str, ...] = ("AMAZON", "MARKETPLACE", "ONLINE")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. A column that is not in `cells` fits everything."""

    name: str
    verdict: Verdict
    why: str
    where: str
    patterns: tuple[str, ...] = ("*",)
    cells: tuple[tuple[str, frozenset[str]], ...] = ()
    fault: str = ""  # what is wrong with it: whom it fits waits, no later row takes them

    def fits(self, number: str, facts: Facts) -> bool:
        """Whether it is meant for this item."""
        if not all(getattr(facts, column) in words for column, words in self.cells):
            return False
        exact, wild = _patterns(self.patterns)
        folded = number.casefold()
        return folded in exact or any(p == "*" or fnmatchcase(folded, p) for p in wild)

    @property
    def for_everybody(self) -> bool:
        """It names no item numbers."""
        return "*" in self.patterns

    def admits_never(self) -> bool:
        """It could fit something that must never be sold."""
        cells = dict(self.cells)
        classes = cells.get("item_class", frozenset(CLASSES))
        contained = cells.get("requires_container", frozenset(("yes", "no")))
        return bool(classes & set(NEVER)) or "yes" in contained


@cache
def _patterns(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole numbers, which most rows of a big table name, and patterns."""
    folded = [pattern.casefold() for pattern in patterns]
    wild = tuple(p for p in folded if any(c in p for c in "*?["))
    return frozenset(folded) - frozenset(wild), wild


def facts_of(item: Item, paper: Paper) -> Facts:
    """What the table sees of an item. What TIMS leaves open is unknown, never a guess."""
    channels = {name.casefold() for name in paper.channels}
    closed = any(name.casefold() in channels for name in item.restricted_channels)
    hazmat = "unknown" if item.is_hazmat is None else "yes" if item.is_hazmat else "no"
    return Facts(
        _known("item_class", item.item_class),
        "yes" if (item.requires_container or "").strip() else "no",
        hazmat,
        _un_number(item.un_number),
        _sds(item, paper),
        "closed" if closed else "open",
        _status(item),
    )


def decide(number: str, items: Mapping[str, Item], rows: Sequence[Row], paper: Paper) -> Decision:
    """The strictest decision of an item and everything that is in it."""
    found = list(_decisions(number, items, rows, paper, _KITS_IN_KITS))
    return min(found, key=lambda d: d.verdict.strictness)


def decide_one(item: Item, rows: Sequence[Row], paper: Paper) -> Decision:
    """The item alone, without what is in it."""
    facts = facts_of(item, paper)
    if reason := _never(facts):
        return Decision(Verdict.REFUSE, item.number, "never", reason, "fixed", for_good=True)
    row = next((row for row in rows if row.fits(item.number, facts)), None)
    if row is None:
        told = ", ".join(f"{name} {value}" for name, value in facts._asdict().items())
        return Decision(Verdict.ASK, item.number, "", f"no row of the table decides it: {told}")
    if row.fault:
        why = f"the row that would decide it has a fault: {row.fault}"
        return Decision(Verdict.ASK, item.number, row.name, why, row.where)
    for_good = facts.status == "discontinued" and row.verdict is Verdict.REFUSE
    return Decision(row.verdict, item.number, row.name, row.why, row.where, for_good)


def _decisions(
    number: str, items: Mapping[str, Item], rows: Sequence[Row], paper: Paper, deeper: int
) -> Iterable[Decision]:
    item = items.get(number)
    if item is None:
        yield Decision(Verdict.ASK, number, "", "TIMS has no such item")
        return
    yield decide_one(item, rows, paper)
    if item.parts and not deeper:
        yield Decision(Verdict.ASK, number, "", "its kits are nested too deeply")
        return
    for part in item.parts:
        yield from _decisions(part, items, rows, paper, deeper - 1)


def _never(facts: Facts) -> str:
    if facts.item_class in NEVER:
        return f"a {facts.item_class} is never sold at Amazon"
    if facts.requires_container == "yes":
        return "it comes in a returnable container, which is never sold at Amazon"
    return ""


# --- what a table leaves open ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a table makes of every item there can be."""

    unreachable: tuple[Row, ...]  # rows that earlier ones leave nothing to
    undecided: int  # combinations that no row decides: questions
    combinations: int


def coverage(rows: Sequence[Row]) -> Coverage:
    """Rows that can never decide, and how many combinations stay open. Rows for certain item
    numbers take part as what they leave to others: nothing is counted as taken by them.
    """
    masks, everything = _masks()
    left = everything
    for facts_mask in _never_masks(masks):
        left &= ~facts_mask
    unreachable = []
    for row in rows:
        fitting = left
        for column, words in row.cells:
            fitting &= _union(masks[column][word] for word in words)
        if not fitting:
            unreachable.append(row)
        elif row.for_everybody:
            left &= ~fitting
    return Coverage(tuple(unreachable), left.bit_count(), everything.bit_count())


def _masks() -> tuple[dict[str, dict[str, int]], int]:
    """Every combination is a bit; for each column and word, the combinations that have it."""
    total = 1
    for words in DOMAIN.values():
        total *= len(words)
    everything = (1 << total) - 1
    masks: dict[str, dict[str, int]] = {}
    run = 1
    for column, words in DOMAIN.items():
        block = (1 << run) - 1
        period = run * len(words)
        masks[column] = {}
        for place, word in enumerate(words):
            one = block << (run * place)
            mask = 0
            for start in range(0, total, period):
                mask |= one << start
            masks[column][word] = mask
        run = period
    return masks, everything


def _never_masks(masks: Mapping[str, Mapping[str, int]]) -> Iterable[int]:
    yield from (masks["item_class"][name] for name in NEVER)
    yield masks["requires_container"]["yes"]


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


# --- words ----------------------------------------------------------------------------------------


def _known(column: str, text: str | None) -> str:
    word = (text or "").strip().casefold()
    return word if word in DOMAIN[column] else "unknown"


def _status(item: Item) -> str:
    found = _known("status", item.status)
    return "blocked" if found == "active" and not item.is_active else found


def _un_number(text: str | None) -> str:
    if not (text or "").strip():
        return "no"
    return "yes" if un_number(text) else "unknown"


def un_number(text: str | None) -> str:
    """ "UN1950", however it is spelt; empty when it is none."""
    found = re.fullmatch(r"(?:UN)?[\s-]*([0-9]{4})", (text or "").strip().upper())
    return f"UN{found[1]}" if found else ""


def _sds(item: Item, paper: Paper) -> str:
    if not (item.sds_url or "").strip():
        return "missing"
    try:
        revised = date.fromisoformat((item.sds_date or "").strip()[:10])
    except ValueError:
        return "unknown"
    if revised > paper.today:
        return "unknown"
    years = paper.today.year - revised.year
    before = (paper.today.month, paper.today.day) < (revised.month, revised.day)
    return "current" if years - before < paper.sds_years else "old"
