"""Whatever TIMS counts and Amazon does wrong: no SKU is written twice at a time, and at quiet Amazon
sells what TIMS has.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.depot import Depot
from crossdock.simulators.amazon.feed_records import LISTINGS_FEED
from tests.stores import a_store
from tests.wiring.bulk_depot import FEW, a_depot, never_patched_in_a_feed, settled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FAULTS: list[dict[str, Any]] = [
    {"fault": "feed_stuck", "chance": 0.5, "seconds": 300},
    {"fault": "feed_stuck", "chance": 0.5, "seconds": 5000},
    {"fault": "feed_stuck", "chance": 0.5, "seconds": 400, "where": "progress"},
    {"fault": "feed_fatal_half", "chance": 0.5},
    {"fault": "feed_message_refused", "chance": 0.2},
    {"fault": "feed_result_late", "chance": 0.5, "seconds": 200},
    {"fault": "accepted_unchanged", "chance": 0.3},
    {"fault": "accepted_unchanged", "chance": 0.5, "operations": [LISTINGS_FEED]},
    {"fault": "late_effect", "chance": 0.3, "seconds": 200},
    {"fault": "siblings_wiped", "chance": 0.3},
    {"fault": "throttle_below_rate", "share": 0.5},
    {"fault": "reply_lost_after_write", "chance": 0.3},
    {"fault": "server_error_burst", "chance": 0.05},
]

count = st.tuples(
    st.dictionaries(st.sampled_from(FEW), st.integers(0, 9), min_size=1), st.integers(0, 240)
)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(
    counts=st.lists(count, min_size=1, max_size=6),
    faults=st.lists(st.sampled_from(FAULTS), max_size=3),
    workers=st.integers(1, 2), seed=st.integers(0, 99),
)  # fmt: skip
def test_one_writer_per_sku_and_the_right_quantity_at_quiet(
    counts: list[tuple[dict[str, int], int]], faults: list[dict[str, Any]], workers: int, seed: int
) -> None:
    db = a_store()
    depot: Depot = a_depot(db, workers=workers, seed=seed)
    depot.sim.faults.load(faults)
    for wanted, seconds in counts:
        depot.counts(wanted)
        end = depot.clock.now() + timedelta(seconds=seconds)
        while depot.clock.now() < end:
            depot.turn(end - depot.clock.now())
    depot.run()
    assert never_patched_in_a_feed(depot)
    depot.sim.faults.quiet()
    # A quantity that came into effect late, after it had been given up, is found by the next look.
    depot.advance(timedelta(hours=6))
    depot.counts(dict(depot.desk.wanted))
    settled(depot)
    db.close()
