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


def orders(ours: Mapping[str, int], theirs: Iterable[tuple[str, int]]) -> Opinion:
    """Each order's sum beside Amazon's transactions; the ten largest differences are named."""
    found: dict[str, int] = {}
    for order, amount in theirs:
        if order:
            found[order] = found.get(order, 0) + amount
    if not found:
        return Opinion(ORDERS, UNKNOWN, f"{len(ours)} orders", "")
    apart = {
        order: (ours.get(order, 0), found.get(order, 0))
        for order in ours.keys() | found.keys()
        if ours.get(order, 0) != found.get(order, 0)
    }
    largest = sorted(apart.items(), key=lambda x: (-abs(x[1][0] - x[1][1]), x[0]))[:10]
    return Opinion(
        ORDERS, DIFFERS if apart else AGREES, f"{len(ours)} orders", f"{len(found)} orders",
        tuple(f"{order}: {a} in the file, {b} in Finances" for order, (a, b) in largest),
    )  # fmt: skip
