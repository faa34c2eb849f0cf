"""A case as long as the quotas cannot keep news as fresh as the settings promise."""

from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.engine.feeds import Feed, Reading
from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.freshness import Line, buckets_of, load_of, plan, prices_of
from crossdock.wiring.stock_runs import publishes
from crossdock.wiring.watched import or_wait

if TYPE_CHECKING:
    from crossdock.wiring.house import House

FRESHNESS = "freshness"
EVERY = timedelta(minutes=15)
"""Tables grow and Amazon's rates change while a worker runs."""


def too_old(house: "House") -> list[Line]:
    """News that can become older than its target, each with the number to change. Stock counts
    only where it is published.
    """
    skus = len(house.stock.skus().rows)
    load = load_of(house.settings, skus, prices=prices_of(house))
    idle = set() if publishes(house.stock) else {"stock"}
    lines = plan(house.settings, load, buckets_of(house))
    return [line for line in lines if not line.ok and line.found.what not in idle]


def freshness_feed(house: "House") -> Feed:
    """Looks at the plan again and again; its case closes by itself when every target is met."""

    def look(mark: str | None) -> Reading:
        del mark
        if missed := or_wait(lambda: too_old(house)):  # the tables' own case says what is wrong
            raise _case(missed)
        return Reading([], None)

    return Feed(FRESHNESS, EVERY, look, "Whether the quotas can keep news as fresh as promised.")


def _case(missed: list[Line]) -> NeedsPerson:
    names = ", ".join(line.found.what for line in missed)
    return NeedsPerson(
        f"{names} can become older than freshness in crossdock.yaml promises",
        kind="not-fresh-enough",
        remedy=" ".join(f"{line.found.what}: {line.advice}" for line in missed)
        + " All terms: crossdock quota plan",
        about="crossdock.yaml, freshness",
        evidence={
            line.found.what: {
                "worst_seconds": str(round(line.found.seconds, 1)), "target_seconds": line.target,
            }
            for line in missed
        },
    )  # fmt: skip
