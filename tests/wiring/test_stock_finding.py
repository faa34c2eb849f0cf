"""A SKU that the account's first marketplace does not list is sold through one that does."""

import pytest

from crossdock.business.stock.model import Offer
from crossdock.engine.store import publications
from crossdock.kernel.errors import NeedsPerson, TryAgain
from tests.connectors.amazon.conftest import US
from tests.wiring.stock_shop import Shop

CA, MX = "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    found.shops = (US, CA, MX)
    found.amazon.listings.offer("ROD", 3)
    found.amazon.listings.offer("TIP", 3, shops=[CA])
    yield found
    found.db.close()


def asked(shop, method="GET"):
    """Marketplaces in the order in which they were asked."""
    found = [r for r in shop.wire.asked if r.method == method]
    return [next(s for s in (US, CA, MX) if f"marketplaceIds={s}" in r.url) for r in found]


def test_it_is_found_written_and_looked_at_where_it_is_listed(shop):
    assert shop.publish("TIP", 7).state == "seen"
    assert shop.live("TIP")[0] == 7
    assert asked(shop, "PATCH") == [CA]
    assert asked(shop)[:2] == [US, CA]
    assert publications.of(shop.db, "TIP").marketplace_id == CA
    shop.wire.asked.clear()
    assert shop.publish("TIP", 5).state == "seen"
    assert set(asked(shop)) == {CA}  # where it was
    assert shop.live("TIP")[1].shops == {CA}


def test_others_are_asked_for_in_the_first_marketplace_alone(shop):
    shop.publish("ROD", 7)
    assert set(asked(shop)) == set(asked(shop, "PATCH")) == {US}
    assert publications.of(shop.db, "ROD").marketplace_id == US


def test_one_that_moves_is_found_again(shop):
    shop.publish("TIP", 7)
    shop.amazon.listings.offer("TIP", 7, shops=[US, MX])
    assert shop.publish("TIP", 4).state == "seen"
    assert publications.of(shop.db, "TIP").marketplace_id == US


def test_one_that_is_listed_nowhere_is_a_case_after_one_search_in_each_marketplace(shop):
    with pytest.raises(NeedsPerson, match="in any marketplace") as caught:
        shop.publish("GONE", 7)
    assert caught.value.kind == "listing-missing"
    assert asked(shop) == [US, CA, MX]


def test_an_outage_of_another_marketplace_is_waited_for(shop):
    shop.amazon.faults.load([
        {"fault": "server_error_burst", "most": 1, "operations": ["searchListingsItems"]},
    ])  # fmt: skip
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 7))
    assert shop.publish("TIP", 7).state == "seen"


def test_little_quota_is_enough_in_time_to_look_everywhere(shop):
    publisher, found = shop.publisher, None
    quota = publisher.amazon.quota
    quota.take("searchListingsItems", 5)
    for _ in range(8):
        quota.take("getListingsItem", 9)  # others look, too
        try:
            publisher.publish(Offer("GONE", 7))
        except TryAgain as error:
            shop.advance(error.after)
        except NeedsPerson as error:
            found = error
            break
    assert found is not None
    assert found.kind == "listing-missing"


def test_with_one_marketplace_nothing_is_searched(shop):
    shop.shops = (US,)
    with pytest.raises(NeedsPerson):
        shop.publish("TIP", 7)
    assert asked(shop) == [US]
