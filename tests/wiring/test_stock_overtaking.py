"""Writes of a quantity that overtake one another: the last one told is what stays."""

import pytest

from crossdock.business.stock.model import Offer
from crossdock.engine.store import oversells
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.stock_publishing import PATIENCE
from tests.wiring.stock_shop import Shop


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    yield found
    found.db.close()


def test_an_older_write_that_comes_into_effect_last_is_noticed(shop):
    shop.amazon.listings.offer("TIP", 9)
    shop.amazon.faults.load([{"fault": "late_effect", "seconds": 300, "most": 1}])
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 8))  # shows in five minutes
    assert shop.publish("TIP", 2).state == "seen"  # a decrease does not wait for it
    assert shop.live("TIP")[0] == 2
    shop.advance(PATIENCE)
    assert shop.live("TIP")[0] == 2


def test_going_back_to_what_is_live_is_written_while_something_else_is_on_its_way(shop):
    shop.amazon.listings.offer("TIP", 9)
    shop.publish("TIP", 9)
    shop.amazon.faults.load([{"fault": "late_effect", "seconds": 300, "most": 1}])
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 8))  # shows in five minutes
    shop.publish("TIP", 9)  # Amazon still shows 9
    shop.advance(PATIENCE)
    assert (shop.live("TIP")[0], shop.writes()) == (9, 3)  # 8; 9; and 9 once more, after 8 showed


@pytest.mark.parametrize(
    "second", [{"fault": "html_error", "status": 429}, {"fault": "reset_before"}]
)
def test_a_write_that_amazon_refused_does_not_hide_what_is_still_on_its_way(second, shop):
    shop.amazon.listings.offer("TIP", 9)
    shop.publish("TIP", 9)
    shop.amazon.faults.load([{"fault": "late_effect", "seconds": 300, "most": 1}])
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 8))  # shows in five minutes
    shop.amazon.faults.load([second | {"operations": ["patchListingsItem"]}])
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 9))  # Amazon still shows 9, and does not take 9
    (*_, told) = oversells.told_of(shop.db, ["TIP"])["TIP"]
    assert (told.quantity, told.sent_at) == (9, None)  # nobody was told yet
    shop.amazon.faults.load([second | {"chance": 0}])
    shop.publish("TIP", 9)
    shop.advance(PATIENCE)
    assert shop.live("TIP")[0] == 9


def test_going_back_is_written_while_a_write_whose_answer_was_lost_may_show(shop):
    shop.amazon.listings.offer("TIP", 9)
    shop.publish("TIP", 9)
    shop.amazon.faults.load([
        {"fault": "late_effect", "seconds": 300, "most": 1},
        {"fault": "reply_lost_after_write", "operations": ["patchListingsItem"], "most": 1},
    ])  # fmt: skip
    with pytest.raises(TryAgain):
        shop.publisher.publish(Offer("TIP", 8))
    shop.publish("TIP", 9)
    shop.advance(PATIENCE)
    assert shop.live("TIP")[0] == 9
