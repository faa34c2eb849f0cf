"""Which entry on the bank account is which settlement. What could be two things is a person's.

A bank may pay two settlements in one entry, or one settlement in two; it may write the trace id of
the transfer, or only an amount. Amounts are minor units.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

EARLY, LATE = timedelta(days=2), timedelta(days=10)
MOST = 3  # settlements in one entry, entries of one settlement
TRACE, AMOUNT, TOGETHER, PARTS, PERSON = (
    "trace id",
    "amount",
    "several in one",
    "in parts",
    "person",
)


@dataclass(frozen=True, slots=True)
class Paid:
    """A settlement that moves money: what Amazon sends, or, below zero, charges to a card."""

    settlement_id: str
    amount: int
    currency: str
    deposit: date
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An entry on the bank account."""

    entry_id: str
    amount: int
    currency: str
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """These settlements are these entries."""

    settlements: tuple[str, ...]
    entries: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A settlement that several things on the account could be."""

    settlement_id: str
    candidates: tuple[tuple[str, ...], ...]  # entries


def matched(paid: Iterable[Paid], arrived: Iterable[Arrived]) -> tuple[list[Match], list[Doubt]]:
    """What is certain, and what could be two things."""
    left_paid = {p.settlement_id: p for p in paid}
    left_arrived = {a.entry_id: a for a in arrived}
    found: list[Match] = []

    def take(match: Match) -> None:
        found.append(match)
        for one in match.settlements:
            left_paid.pop(one)
        for one in match.entries:
            left_arrived.pop(one)

    for match in _by_trace(left_paid.values(), left_arrived.values()):
        take(match)
    for size in (_one_to_one, _several_in_one, _in_parts):
        for match in _only(size(list(left_paid.values()), list(left_arrived.values()))):
            take(match)
    doubts = [
        Doubt(p.settlement_id, tuple(sorted(candidates)))
        for p in sorted(left_paid.values(), key=lambda p: p.settlement_id)
        if (candidates := _candidates(p, list(left_paid.values()), list(left_arrived.values())))
    ]
    return found, doubts


def _by_trace(paid: Iterable[Paid], arrived: Iterable[Arrived]) -> list[Match]:
    """The bank's text names the transfer: the amount must still be right in that currency."""
    found = []
    for p in paid:
        named = [a for a in arrived if p.trace_id and p.trace_id in a.text]
        if len(named) == 1 and (named[0].currency, named[0].amount) == (p.currency, p.amount):
            found.append(Match((p.settlement_id,), (named[0].entry_id,), TRACE))
    return found


def _fits(p: Paid, a: Arrived) -> bool:
    return p.currency == a.currency and p.deposit - EARLY <= a.day <= p.deposit + LATE


def _one_to_one(paid: Sequence[Paid], arrived: Sequence[Arrived]) -> list[Match]:
    return [
        Match((p.settlement_id,), (a.entry_id,), AMOUNT)
        for p in paid
        for a in arrived
        if p.amount == a.amount and _fits(p, a)
    ]


def _several_in_one(paid: Sequence[Paid], arrived: Sequence[Arrived]) -> list[Match]:
    return [
        Match(tuple(p.settlement_id for p in some), (a.entry_id,), TOGETHER)
        for a in arrived
        for size in range(2, MOST + 1)
        for some in combinations([p for p in paid if _fits(p, a)], size)
        if sum(p.amount for p in some) == a.amount
    ]


def _in_parts(paid: Sequence[Paid], arrived: Sequence[Arrived]) -> list[Match]:
    return [
        Match((p.settlement_id,), tuple(a.entry_id for a in some), PARTS)
        for p in paid
        for size in range(2, MOST + 1)
        for some in combinations([a for a in arrived if _fits(p, a) and "amazon" in
                                  a.text.casefold()], size)
        if sum(a.amount for a in some) == p.amount
    ]  # fmt: skip


def _only(possible: Sequence[Match]) -> list[Match]:
    """Those whose settlements and entries stand in no other."""
    uses: dict[str, int] = {}
    for match in possible:
        for one in (*match.settlements, *match.entries):
            uses[one] = uses.get(one, 0) + 1
    return [m for m in possible if all(uses[one] == 1 for one in (*m.settlements, *m.entries))]


def _candidates(p: Paid, paid: Sequence[Paid], arrived: Sequence[Arrived]) -> set[tuple[str, ...]]:
    possible = [*_one_to_one(paid, arrived), *_several_in_one(paid, arrived),
                *_in_parts(paid, arrived)]  # fmt: skip
    return {match.entries for match in possible if p.settlement_id in match.settlements}
