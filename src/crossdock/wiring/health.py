"""How a house at work is: for load balancers, dashboards and alarms."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crossdock.engine.stalling import stalled_for
from crossdock.engine.store import breakers, cases, inbox, workers

if TYPE_CHECKING:
    from crossdock.wiring.house import House

_COUNTED = ("messages", "unread", "ignored", "failures")


def health(house: "House") -> tuple[bool, dict[str, Any]]:
    """Whether all is well with this worker, and the facts. A queue that cannot be reached is told
    and is no reason to be restarted: the sweep finds everything meanwhile.
    """
    now, wall = house.clock.now(), house.wall()
    longest = house.settings.policy.lease_wall * 2
    mine = {w["name"]: w["beat_at"] for w in workers.listed(house.db)}.get(house.settings.worker)
    fresh = mine is not None and wall - mine < longest
    stalled = stalled_for(house.db, house.clock, wall)
    found = {
        "worker_beats": fresh,
        "stalled_seconds": None if stalled is None else round(stalled.total_seconds()),
        "inbox": inbox.depth(house.db, now),
        "intakes": {intake.name: asdict(intake.tally) for intake in house.intakes},
        "time": now.isoformat(),
    }
    return fresh and stalled is None, found


def metrics(house: "House") -> str:
    """Prometheus text."""
    return "\n".join(_lines(house)) + "\n"


def _lines(house: "House") -> Iterator[str]:
    yield "# TYPE crossdock_inbox_keys gauge"
    for state, n in sorted(inbox.depth(house.db, house.clock.now()).items()):
        yield f'crossdock_inbox_keys{{state="{state}"}} {n}'
    stalled = stalled_for(house.db, house.clock, house.wall())
    yield "# TYPE crossdock_stalled_seconds gauge"
    yield f"crossdock_stalled_seconds {0 if stalled is None else round(stalled.total_seconds())}"
    yield "# TYPE crossdock_open_cases gauge"
    for kind, n in sorted(cases.counts(house.db).items()):
        yield f'crossdock_open_cases{{kind="{kind}"}} {n}'
    yield "# TYPE crossdock_open_breakers gauge"
    yield f"crossdock_open_breakers {len(breakers.all_of(house.db))}"
    for name in _COUNTED:
        yield f"# TYPE crossdock_intake_{name}_total counter"
        for intake in house.intakes:
            n = getattr(intake.tally, name)
            yield f'crossdock_intake_{name}_total{{source="{intake.name}"}} {n}'
    yield "# TYPE crossdock_intake_failing gauge"
    for intake in house.intakes:
        yield f'crossdock_intake_failing{{source="{intake.name}"}} {int(intake.tally.failing)}'
