"""Invariant 12: what one settlement leaves, the next one takes up, to the cent."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.settlements.model import Summary
from crossdock.business.settlements.proof import Neighbour, with_neighbour

cents = st.integers(-10_000_00, 10_000_00)
kept = st.integers(-5_000_00, 0)
chains = st.lists(st.tuples(cents, kept), min_size=2, max_size=8)


def chain(steps):
    """(summary, sums, neighbour before) of settlements that follow each other."""
    start, before = datetime(2026, 1, 1, tzinfo=UTC), None
    for number, (total, reserve) in enumerate(steps):
        end = start + timedelta(days=14)
        sums = {"reserve_current": reserve} if reserve else {}
        if before is not None and before.reserve:
            sums["reserve_previous"] = -before.reserve
        if before is not None and before.total < 0:
            sums["carry_forward_negative_balance"] = before.total
        summary = Summary(f"{number}", start, end, end, total, "USD")
        yield summary, sums, before
        before, start = Neighbour(f"{number}", end, total, reserve), end


def broken(summary, sums, before):
    return [i.name for i in with_neighbour(summary, sums, before) if not i.holds]


@given(chains)
def test_a_sound_chain_holds_at_every_link(steps):
    for summary, sums, before in chain(steps):
        if before is not None:
            assert broken(summary, sums, before) == []


@given(chains, st.integers(1, 7), st.integers(-500, 500).filter(bool), st.sampled_from(range(3)))
def test_any_change_of_a_link_is_told(steps, at, by, where):
    links = list(chain(steps))
    summary, sums, before = links[min(at, len(links) - 1)]
    if where == 0:
        sums["reserve_previous"] = sums.get("reserve_previous", 0) + by
    elif where == 1:
        name = "carry_forward_negative_balance"
        sums[name] = sums.get(name, 0) + by
    else:
        late = summary.start + timedelta(seconds=by)
        summary = Summary(summary.settlement_id, late, summary.end, summary.deposit, summary.total,
                          "USD")  # fmt: skip
    assert broken(summary, sums, before)
