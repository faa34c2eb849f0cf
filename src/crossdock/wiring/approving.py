"""Writes that wait until a person has approved this very value: the same for every kind."""

from datetime import datetime, timedelta

from crossdock.engine.store import Database, approvals
from crossdock.engine.store.approvals import Held, Keys
from crossdock.kernel.errors import TryAgain

HELD_AGAIN = timedelta(minutes=10)


def hold_unless_approved(db: Database, one: Held, sku: str) -> None:
    """Go on when it was approved; else it waits, and is looked at again in a while."""
    if approvals.is_approved(db, one.kind, one.key, one.new, one.since):
        return
    approvals.hold(db, one)
    raise TryAgain(
        f"{sku} waits for a person: {one.why}",
        after=HELD_AGAIN, counts=False, about=f"SKU {sku}", code="held",
    )  # fmt: skip


def one_of(
    db: Database, kind: str, key: str, most: int, many: str, others: Keys, now: datetime
) -> bool:  # fmt: skip
    """Whether this key is one of the `most` that may change within an hour. Once one of them waits
    because there were too `many`, so do all that come after it, until a person has looked.
    """
    if approvals.has_pass(db, kind, key, now):
        return True
    waits = approvals.held_because(db, kind, many)
    return not waits and approvals.pass_within(db, kind, key, most, others, now)


def settled(db: Database, kind: str, key: str) -> None:
    """It has come into effect: nothing of it waits, and what was approved has been used."""
    approvals.release(db, kind, key)
    approvals.used(db, kind, key)
