"""Writes that wait until a person has approved this very value: the same for every kind."""

from datetime import timedelta

from crossdock.engine.store import Database, approvals
from crossdock.engine.store.approvals import Held
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


def settled(db: Database, kind: str, key: str) -> None:
    """It has come into effect: nothing of it waits, and what was approved has been used."""
    approvals.release(db, kind, key)
    approvals.used(db, kind, key)
