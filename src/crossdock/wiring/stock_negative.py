"""A case as long as TIMS counts less than nothing on a shelf that is offered from."""

from collections.abc import Callable
from datetime import timedelta

from crossdock.engine.feeds import Feed, Reading
from crossdock.engine.store import Database, oversells
from crossdock.kernel.errors import NeedsPerson

NEGATIVE = "stock.negative"
EVERY = timedelta(minutes=15)
_MOST_NAMED = 50


def negative_feed(store: Callable[[], Database]) -> Feed:
    """Looks at the shelves that were counted last; its case closes by itself."""

    def look(mark: str | None) -> Reading:
        del mark
        if shelves := oversells.negative(store()):
            raise _case(shelves)
        return Reading([], None)

    return Feed(NEGATIVE, EVERY, look, "Shelves on which TIMS counts less than nothing.")


def _case(shelves: list[oversells.SeenShelf]) -> NeedsPerson:
    first = shelves[0]
    more = f", and {len(shelves) - 1} more shelves" if len(shelves) > 1 else ""
    return NeedsPerson(
        f"TIMS counts {first.on_hand.normalize():f} of {first.item} at {first.location}{more}",
        kind="stock-negative",
        remedy="Count them in TIMS and correct the quantity on hand; nothing of such a shelf is "
        "offered meanwhile.",
        about=f"item {first.item} at {first.location}",
        evidence={
            "shelves": [
                f"{one.item} at {one.location}: {one.on_hand.normalize():f}, version {one.version}"
                for one in shelves[:_MOST_NAMED]
            ],
            "count": len(shelves),
        },
    )
