"""Whether a worker that says it is alive does anything."""

from datetime import datetime, timedelta

from crossdock.engine.store import Database, inbox
from crossdock.kernel.clock import Clock

STALLED = timedelta(minutes=5)


def stalled_for(db: Database, clock: Clock, wall: datetime) -> timedelta | None:
    """How long, on the wall, a due key has waited while no run began; None while work goes on. A
    long backlog is no stall: runs begin all the time then, as fast as the quotas let them.
    """
    now = clock.now()
    due = inbox.oldest_due(db, now)
    if due is None:
        return None
    late = timedelta(seconds=clock.wall_seconds(now - due))
    began = inbox.last_start(db)
    still = late if began is None else min(late, wall - began)
    return still if still >= STALLED else None
