"""When units left a shelf without an order of Amazon's, read from the states that were seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from crossdock.business.stock.model import Shelf
from crossdock.business.stock.oversell import Fall

_NOTHING = Decimal(0)
MIXED = "changed, and goods came in, between two looks"
COUNT, LEFT, ORDER = "were not found by a count", "left the shelf", "were promised to"


@dataclass(frozen=True, slots=True)
class State:
    """A shelf as TIMS had it, and when we looked at it first."""

    shelf: Shelf
    on_hand: Decimal
    allocated: Decimal
    quarantined: Decimal
    changed_at: datetime
    counted_at: datetime | None  # by TIMS's own staff
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """Units of an item that TIMS promised to an order."""

    item: str
    units: Decimal
    at: datetime
    order_number: str
    by_amazon: bool


def falls(
    states: Sequence[State],
    promises: Sequence[Promise],
    notices: Mapping[Shelf, Sequence[datetime]],
) -> list[Fall]:
    """Every fall between two states of the same shelf, and every order of another channel. Notices
    are the times at which TIMS says that a shelf changed: without them only bounds are known.
    """
    found = []
    by_shelf: dict[Shelf, list[State]] = defaultdict(list)
    for state in states:
        by_shelf[state.shelf].append(state)
    for shelf, seen in by_shelf.items():
        for before, after in pairwise(seen):
            gone = _gone(before, after, promises)
            counted = after.counted_at != before.counted_at
            if gone > 0 or counted:
                since = _since(before, after, notices.get(shelf, ()))
                why = MIXED if gone <= 0 else COUNT if counted else LEFT
                units, seen_at = max(gone, _NOTHING), after.seen_at
                found.append(Fall(shelf.item, units, since, after.changed_at, seen_at, why))
    found += [_promised(one, states) for one in promises if not one.by_amazon]
    return sorted(found, key=lambda f: f.at)


def _gone(before: State, after: State, promises: Iterable[Promise]) -> Decimal:
    """What left beside shipments of what was allocated."""
    left = before.on_hand - before.quarantined - after.on_hand + after.quarantined
    if after.counted_at != before.counted_at:
        return left
    new = sum(
        (p.units for p in promises
         if p.item == after.shelf.item and before.changed_at < p.at <= after.changed_at),
        Decimal(0),
    )  # fmt: skip
    shipped = max(before.allocated + new - after.allocated, Decimal(0))
    return left - shipped


def _since(before: State, after: State, notices: Iterable[datetime]) -> datetime:
    told = [at for at in notices if before.changed_at < at <= after.changed_at]
    return min(told) if told else min(max(before.changed_at, before.seen_at), after.changed_at)


def _promised(one: Promise, states: Iterable[State]) -> Fall:
    counted = next(
        (s.seen_at for s in states if s.shelf.item == one.item and s.changed_at >= one.at), None
    )
    return Fall(one.item, one.units, one.at, one.at, counted, f"{ORDER} {one.order_number}")
