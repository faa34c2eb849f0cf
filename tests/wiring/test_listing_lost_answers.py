"""What was written and not heard of, or shows late, is taken away all the same."""

import pytest

from crossdock.kernel.errors import TryAgain
from crossdock.wiring.listing_publisher import (
    MOST_WRITES,
    PATIENCE,
    WATCH,
)
from tests.wiring.pictured import MAIN, SECOND, THIRD, A, B, C, a_trade, held_back, images, pictured


@pytest.fixture
def trade(tmp_path):
    found = a_trade(tmp_path)
    yield found
    found.db.close()


class PowerCut(BaseException):
    """The machine is gone."""


def lose_the_next_answer(trade, what):
    """Amazon keeps the write, and nobody here hears of it."""
    send = trade.wire.send

    def lost(request):
        answer = send(request)
        if request.method in ("PUT", "PATCH") and "mode=" not in request.url:
            trade.wire.send = send
            raise what
        return answer

    trade.wire.send = lost


@pytest.mark.parametrize("what", [PowerCut(), TryAgain("the answer is lost", code="timeout")])
@pytest.mark.parametrize("listed", [False, True])
def test_what_was_written_unheard_is_taken_away_all_the_same(trade, listed, what):
    """TIMS takes back what went with a write between which and its receipt everything ended."""
    if listed:
        pictured(trade, A)
        trade.publish("SPRAY")
        pictured(trade, A, B, C)
    lose_the_next_answer(trade, what)
    with pytest.raises(type(what)):
        trade.publisher.publish(trade.plan("SPRAY"))
    assert SECOND in trade.live("SPRAY").submitted
    pictured(trade, A)
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A}


def test_a_deletion_whose_answer_was_lost_is_done_once(trade):
    trade.publish("SPRAY")
    pictured(trade, A)
    lose_the_next_answer(trade, PowerCut())
    trade.wire.asked.clear()
    with pytest.raises(PowerCut):
        trade.publisher.publish(trade.plan("SPRAY"))
    assert trade.publish("SPRAY").state == "live already"
    trade.advance(WATCH)
    assert (trade.writes(), images(trade)) == (1, {MAIN: A})


def test_a_first_write_that_was_only_begun_is_told_so(trade):
    lose_the_next_answer(trade, PowerCut())
    with pytest.raises(PowerCut):
        trade.publisher.publish(trade.plan("SPRAY"))
    receipt = trade.receipt("SPRAY")
    assert (receipt.state, receipt.ours, SECOND in receipt.names) == ("meant", False, True)


def test_what_amazon_shows_late_is_taken_away_when_it_comes(trade):
    pictured(trade, A)
    trade.publish("SPRAY")
    pictured(trade, A, B)
    assert held_back(trade) == "not-visible"
    late = trade.live("SPRAY").submitted.pop(SECOND)
    pictured(trade, A)
    assert trade.publish("SPRAY").state in ("live already", "seen")
    trade.live("SPRAY").submitted[SECOND] = late
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A}


def test_what_was_written_unheard_and_shows_late_is_taken_away_when_it_comes(trade):
    pictured(trade, A)
    trade.publish("SPRAY")
    pictured(trade, A, B)
    lose_the_next_answer(trade, PowerCut())
    with pytest.raises(PowerCut):
        trade.publisher.publish(trade.plan("SPRAY"))
    late = trade.live("SPRAY").submitted.pop(SECOND)
    pictured(trade, A)
    assert held_back(trade) == "watching"
    trade.live("SPRAY").submitted[SECOND] = late
    trade.publish("SPRAY")
    assert images(trade) == {MAIN: A}


def test_what_amazon_keeps_is_written_again_and_then_a_persons(trade):
    trade.publish("SPRAY")
    pictured(trade, A, B)
    stays = trade.live("SPRAY").submitted[THIRD]

    def keep():
        items = trade.amazon.listings.items
        items[trade.amazon.sellers[0].seller_id, "SPRAY"].submitted.setdefault(THIRD, stays)

    trade.amazon.listings.before.append(keep)
    trade.wire.asked.clear()
    began = trade.clock.now()
    error = trade.refused("SPRAY")
    assert (error.kind, trade.writes()) == ("listing-not-shown", MOST_WRITES)
    assert error.message.endswith(f"it still has {THIRD}")
    assert trade.clock.now() - began >= PATIENCE * MOST_WRITES
    trade.amazon.listings.before.clear()
    assert trade.publish("SPRAY").state == "seen"
    assert images(trade) == {MAIN: A, SECOND: B}


def test_names_stay_in_the_receipt_until_nothing_can_come_any_more(trade):
    trade.publish("SPRAY")
    pictured(trade, A)
    assert held_back(trade) == "not-visible"
    trade.advance(PATIENCE / 2)
    assert held_back(trade) == "watching"
    assert {SECOND, THIRD} < trade.receipt("SPRAY").names
    trade.advance(WATCH)
    trade.publish("SPRAY")
    assert trade.receipt("SPRAY").names == trade.plan("SPRAY").attributes.keys()
