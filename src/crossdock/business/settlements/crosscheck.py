"""A settlement beside what Amazon's Finances say of it. Amounts are minor units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "not known"
SUMMARY, GROUP, ORDERS = "net proceeds", "settlement group", "orders"


@dataclass(frozen=True, slots=True)
class Opinion:
    """One source, and whether it says the same."""

    source: str
    verdict: str
    ours: str
    theirs: str
    detail: tuple[str, ...] = ()


def totals(source: str, ours: int, theirs: Sequence[int]) -> Opinion:
    """The settlement's total beside what a source adds up to; nothing said is not known."""
    if not theirs:
        return Opinion(source, UNKNOWN, str(ours), "")
    found = sum(theirs)
    return Opinion(source, AGREES if found == ours else DIFFERS, str(ours), str(found))


@dataclass(frozen=True, slots=True)
class Apart:
    """An order, or everything without one, where two sources differ."""

    order_id: str
    ours: int
    theirs: int


def compare(ours: Mapping[str, int], theirs: Mapping[str, int]) -> list[Apart]:
    """Orders whose sums differ, the largest difference first."""
    apart = [
        Apart(order, ours.get(order, 0), theirs.get(order, 0))
        for order in ours.keys() | theirs.keys()
        if ours.get(order, 0) != theirs.get(order, 0)
    ]
    return sorted(apart, key=lambda a: (-abs(a.ours - a.theirs), a.order_id))


def orders(ours: Mapping[str, int], theirs: Iterable[tuple[str, int]]) -> Opinion:
    """Each order's sum beside Amazon's transactions; the ten largest differences are named."""
    found: dict[str, int] = {}
    for order, amount in theirs:
        if order:
            found[order] = found.get(order, 0) + amount
    if not found:
        return Opinion(ORDERS, UNKNOWN, f"{len(ours)} orders", "")
    apart = compare(ours, found)
    return Opinion(
        ORDERS, DIFFERS if apart else AGREES, f"{len(ours)} orders", f"{len(found)} orders",
        tuple(f"{a.order_id}: {a.ours} in the file, {a.theirs} in Finances" for a in apart[:10]),
    )  # fmt: skip
