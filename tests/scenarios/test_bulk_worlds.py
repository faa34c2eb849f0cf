"""People buy, staff ship, and single calls are so scarce that most quantities go in feeds; whatever
goes wrong with those, what TIMS has is what Amazon sells at quiet.
"""

from pathlib import Path
from typing import Any

import pytest

from crossdock.connectors.amazon.limits import RATE_HEADER, RATES
from crossdock.engine.store import bulk, publications
from crossdock.simulators.amazon.feed_records import LISTINGS_FEED
from crossdock.simulators.world.shelves import count_stock
from crossdock.wiring.patch_queue import PATCH
from tests.scenarios.rehearsal import Rehearsal
from tests.scenarios.test_stock_worlds import a_world, must_agree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BOTH = {"operations": [PATCH, LISTINGS_FEED]}
FAULTS: dict[str, list[dict[str, Any]]] = {
    "calm": [],
    "slow": [
        {"fault": "feed_stuck", "chance": 0.3, "seconds": 400},
        {"fault": "feed_result_late", "chance": 0.3, "seconds": 120},
        {"fault": "throttle_below_rate", "chance": 0.2, "operations": [PATCH, "createFeed"]},
        {"fault": "late_effect", "chance": 0.2, "seconds": 240, **BOTH},
    ],
    "broken": [
        {"fault": "feed_fatal_half", "chance": 0.3},
        {"fault": "feed_message_refused", "chance": 0.1},
        {"fault": "accepted_unchanged", "chance": 0.1, **BOTH},
        {"fault": "siblings_wiped", "chance": 0.1, **BOTH},
        {"fault": "reply_lost_after_write", "chance": 0.2, "operations": [PATCH, "createFeed"]},
    ],
}


def a_scarce_world(folder: Path, seed: int, weather: str, store: str = "") -> Rehearsal:
    world = a_world(folder, seed, FAULTS[weather], store=store)
    world.world.amazon.api.buckets.rates[PATCH] = (0.02, 1)
    quota = world.house.amazon.quota
    quota.take(PATCH, RATES[PATCH].burst)
    quota.heard(PATCH, {RATE_HEADER: "0.02"})
    return world


@pytest.mark.parametrize("weather", FAULTS)
def test_at_quiet_amazon_sells_what_the_rule_makes_of_tims(weather: str, tmp_path: Path) -> None:
    world = a_scarce_world(tmp_path, 1, weather)
    world.run()
    must_be_one_writer(world)
    must_agree(world)


def test_what_another_marketplace_alone_lists_goes_by_single_calls_there(tmp_path: Path) -> None:
    world = a_scarce_world(tmp_path, 3, "calm")
    seller, away = world.world.amazon.sellers[0], world.world.goods.shops[1].marketplace_id
    chosen = [sku.sku for sku in world.world.goods.skus if sku.in_lookup][:4]
    for sku in chosen:
        listing = world.world.amazon.listings.items[seller.seller_id, sku]
        listing.shops, listing.showing = {away}, {away}
    world.run()
    must_be_one_writer(world)
    must_agree(world)
    receipts = publications.every(world.db)
    assert {receipts[sku].marketplace_id for sku in chosen} == {away}
    assert {receipts[sku].path for sku in chosen} <= {"single", ""}


def test_either_store_carries_feeds(store_url: str, tmp_path: Path) -> None:
    world = a_scarce_world(tmp_path / "workspace", 2, "broken", store=store_url)
    world.run()
    count_stock(world.world, 3, 100)
    world.run()
    must_be_one_writer(world)
    must_agree(world)
    world.db.close()


def must_be_one_writer(world: Rehearsal) -> None:
    """Feeds were sent, all have ended, and the basket is empty."""
    sent = world.world.amazon.feeds.sent
    assert any(len(feed.skus) > 1 for feed in sent.values())
    assert bulk.under_way(world.db) == []
    assert {i.sku for i in bulk.every(world.db).values() if i.refused is None} == set()
    known = {f.feed_id for f in bulk.recent(world.db, 10_000)}
    assert known - {""} == set(sent)  # none was submitted twice, none forgotten
