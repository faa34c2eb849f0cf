"""What is not kept for ever: personal data whose time is over, and history that nobody asks for."""

from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.engine.feeds import Feed, Reading
from crossdock.engine.store.pruning import prune

if TYPE_CHECKING:
    from crossdock.wiring.house import House

PURGE = "privacy.purge"
_EVERY = timedelta(days=1)


def purge_feed(house: "House") -> Feed:
    """Destroys every day what may not be held any longer, and what is too old to be asked for."""

    def read(mark: str | None) -> Reading:
        del mark
        db, keep = house.db, house.settings.keep_history
        if db.vault is not None:
            db.vault.purge("crossdock")
        now, wall = house.clock.now(), house.wall()
        more = prune(
            db, feeds=now - keep.feed_runs, records=now - keep.records,
            feeds_wall=wall - keep.feed_runs, records_wall=wall - keep.records,
        )  # fmt: skip
        more |= house.durable.prune(wall - keep.feed_runs)
        return Reading([], None, more=more)

    return Feed(PURGE, _EVERY, read, "Personal data and history whose time is over go.")
