"""Why a pack was sold that was not there: stories of goods that left while the news was on its way."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.business.stock.falls import COUNT, LEFT, MIXED, Promise, State, falls
from crossdock.business.stock.model import Shelf
from crossdock.business.stock.oversell import (
    Arrival,
    Facts,
    Fall,
    Sale,
    Tale,
    Verdict,
    explain,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SHELF = Shelf("ROD", "BIL")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_sale(bought: float, *, short: float | None = None) -> Sale:
    """Two of ROD were missing."""
    later = bought + 10 if short is None else short
    return Sale("111-1", "SO-1", "ROD-SKU", Decimal(2), Decimal(1), at(bought), at(later))


def a_tale(quantity: int, sent: float | None, seen: float | None) -> Tale:
    return Tale(
        quantity, "sub", None if sent is None else at(sent), None if seen is None else at(seen)
    )


def a_fall(when: float, counted: float | None = None, since: float | None = None) -> Fall:
    first = when if since is None else since
    seen = when + 1 if counted is None else counted
    return Fall("ROD", Decimal(3), at(first), at(when), at(seen), LEFT)


TOLD = [a_tale(5, 0, 20), a_tale(2, 101, 130)]


@pytest.mark.parametrize(
    ("bought", "verdict", "words"),
    [
        (95, Verdict.BEFORE, "5 s after the sale"),
        (100.5, Verdict.OURS, "had not been heard of yet"),
        (115, Verdict.AMAZON, "had been told"),
    ],
)
def test_the_verdict_is_where_the_news_was_when_the_buyer_bought(bought, verdict, words):
    facts = Facts(TOLD, [at(100.8)], [a_fall(100)])
    found = explain(a_sale(bought), facts)
    assert (found.verdict, found.buffer, found.unavoidable) == (verdict, 2, True)
    assert words in found.words


def test_what_was_heard_and_waits_for_its_turn_is_told_apart_from_what_was_not():
    facts = Facts([a_tale(5, 0, 20), a_tale(2, 140, 160)], [at(101)], [a_fall(100, counted=140)])
    assert "not been written yet" in explain(a_sale(120), facts).words


def test_a_sale_after_the_new_quantity_showed_is_a_fault_of_the_rule():
    found = explain(a_sale(150), Facts(TOLD, [], [a_fall(100)]))
    assert (found.verdict, found.unavoidable) == (Verdict.RULE, False)


def test_before_anything_was_told_it_was_not_our_quantity():
    found = explain(a_sale(-5), Facts(TOLD, [], [a_fall(-8)]))
    assert (found.verdict, found.buffer, found.others) == (Verdict.UNTOLD, 0, ())
    soon = explain(a_sale(10), Facts(TOLD, [], [a_fall(5)]))  # 5 was told, and had shown or not
    assert (soon.verdict, soon.others) == (Verdict.OURS, (Verdict.UNTOLD,))


def test_when_nobody_can_tell_which_was_first_it_says_so():
    found = explain(a_sale(95), Facts(TOLD, [], [a_fall(100, since=90)]))
    assert found.verdict is Verdict.MEANWHILE
    hidden = Fall("ROD", Decimal(0), at(90), at(100), at(101), MIXED)
    found = explain(a_sale(95), Facts(TOLD, [], [hidden]))
    assert found.verdict is Verdict.MEANWHILE
    assert "cannot be told" in found.words


def test_where_only_bounds_are_known_it_says_what_cannot_be_excluded():
    other = Arrival("111-2", "ROD-SKU", Decimal(2), at(-2), at(8))
    facts = Facts(TOLD, [], [a_fall(130, since=90, counted=131)], [other])
    found = explain(a_sale(115), facts)
    assert found.verdict is Verdict.MEANWHILE
    assert found.others == (Verdict.AMAZON, Verdict.ON_ITS_WAY)  # 2 was told at 101
    assert "cannot be excluded: within Amazon's delay, another order" in found.words
    certain = Facts(TOLD, [], [a_fall(100)])
    assert explain(a_sale(95), certain).others == ()
    assert explain(a_sale(100.5), certain).others == ()


def test_what_was_told_and_not_looked_for_yet_may_have_shown():
    facts = Facts([a_tale(5, 0, 20), a_tale(2, 101, 170)], [], [a_fall(100), a_fall(150)])
    found = explain(a_sale(155), facts)
    assert found.verdict is Verdict.OURS  # of what left at 150 s Amazon knew nothing either way
    facts = Facts([a_tale(5, 0, 20), a_tale(2, 101, 170)], [], [a_fall(100)])
    assert explain(a_sale(155), facts).verdict is Verdict.AMAZON


def test_what_surely_left_before_the_sale_goes_before_what_may_have():
    facts = Facts(TOLD, [], [a_fall(90), a_fall(105, since=94)])
    assert explain(a_sale(95), facts).verdict is Verdict.OURS


def test_what_left_long_ago_and_changed_no_offer_is_no_reason():
    """More was free than is shown at most: the fall at 100 s made no difference."""
    facts = Facts([a_tale(5, 0, 20), a_tale(0, 401, 420)], [], [a_fall(100), a_fall(400)])
    assert explain(a_sale(395), facts).verdict is Verdict.BEFORE


def test_an_order_on_its_way_while_we_counted_was_put_back_by_what_we_wrote():
    other = Arrival("111-2", "ROD-SKU", Decimal(2), at(98), at(108))
    found = explain(a_sale(150), Facts(TOLD, [], [a_fall(100)], [other]))
    assert found.verdict is Verdict.ON_ITS_WAY
    assert "111-2" in found.words
    known = Arrival("111-2", "ROD-SKU", Decimal(2), at(98), at(101))  # when we counted
    assert explain(a_sale(150), Facts(TOLD, [], [a_fall(100)], [known])).verdict is Verdict.RULE


def test_a_number_that_was_overtaken_before_we_looked_counts_after_the_usual_time():
    told = [a_tale(5, 0, 20), a_tale(4, 50, None), a_tale(2, 101, 130)]
    facts = Facts(told, [], [a_fall(48), a_fall(100)])
    assert explain(a_sale(60), facts).verdict is Verdict.AMAZON
    assert explain(a_sale(95), facts).verdict is Verdict.BEFORE


def test_the_timeline_is_in_order_and_names_every_step():
    found = explain(a_sale(115), Facts(TOLD, [at(100.8)], [a_fall(100)]))
    whats = [m.what for m in found.timeline]
    assert [m.at for m in found.timeline] == sorted(m.at for m in found.timeline)
    assert whats == [
        "we wrote 5 (submission sub)", "Amazon showed 5", "3 of ROD left the shelf",
        "we heard that TIMS's stock had changed", "we wrote 2 (submission sub)", "we counted",
        "bought at Amazon: 111-1", "TIMS has 2 too few for SO-1", "Amazon showed 2",
    ]  # fmt: skip


# --- falls


def a_state(
    changed: float, on_hand: int, allocated: int = 0, counted: float | None = None
) -> State:
    return State(
        SHELF, Decimal(on_hand), Decimal(allocated), Decimal(0), at(changed),
        None if counted is None else at(counted), at(changed + 1),
    )  # fmt: skip


def test_what_ships_was_promised_before_and_is_no_fall():
    assert falls([a_state(0, 10, 4), a_state(10, 6, 0)], [], {}) == []
    ours = Promise("ROD", Decimal(3), at(5), "SO-1", by_amazon=True)
    assert falls([a_state(0, 10, 4), a_state(10, 6, 3)], [ours], {}) == []  # 4 left, 3 came


def test_what_leaves_beside_shipments_fell():
    (found,) = falls([a_state(0, 10, 4), a_state(10, 5, 0)], [], {})
    assert (found.units, found.why, found.since, found.at) == (1, LEFT, at(1), at(10))


def test_a_notice_of_tims_tells_when():
    states = [a_state(0, 10), a_state(10, 8)]
    (found,) = falls(states, [], {SHELF: [at(4), at(10), at(20)]})
    assert (found.since, found.at) == (at(4), at(10))
    (found,) = falls(states, [], {SHELF: [at(10)]})
    assert (found.since, found.at) == (at(10), at(10))


def test_a_count_takes_what_it_does_not_find_whatever_was_promised():
    (found,) = falls([a_state(0, 10, 4), a_state(10, 6, 0, counted=10)], [], {})
    assert (found.units, found.why) == (4, COUNT)
    (mixed,) = falls([a_state(0, 10), a_state(10, 30, 0, counted=10)], [], {})
    assert (mixed.units, mixed.why) == (0, MIXED)


def test_an_order_of_another_channel_is_a_fall_of_its_own():
    theirs = Promise("ROD", Decimal(2), at(5), "SO-7", by_amazon=False)
    (found,) = falls([a_state(0, 10), a_state(5, 10, 2)], [theirs], {})
    assert (found.units, found.at, found.counted_at) == (2, at(5), at(6))
    assert "SO-7" in found.why
