"""The chance to sell what is gone, beside a simulation and beside itself."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.stock.risk import oversell, smallest_buffer


@pytest.mark.parametrize(
    ("a_second", "delay", "buffer"), [(0.01, 60, 0), (0.02, 120, 3), (1, 5, 4)]
)
def test_the_formula_agrees_with_dice(a_second, delay, buffer):
    dice = random.Random(7)
    rounds, times, beyond = 40_000, 0, 0
    for _ in range(rounds):
        clock, sold = dice.expovariate(a_second), 0
        while clock < delay:
            sold, clock = sold + 1, clock + dice.expovariate(a_second)
        times += sold > buffer
        beyond += max(sold - buffer, 0)
    found = oversell(a_second, delay, buffer)
    assert found.probability == pytest.approx(times / rounds, abs=0.01)
    assert found.expected == pytest.approx(beyond / rounds, rel=0.05, abs=0.01)


def test_what_is_never_sold_is_never_oversold():
    assert oversell(0, 600, 0).probability == 0
    assert smallest_buffer(0, 600, 0.01) == 0


@given(
    st.floats(1e-6, 0.5), st.floats(1, 600), st.sampled_from([0.2, 0.05, 0.01, 0.001]),
)  # fmt: skip
def test_the_smallest_buffer_suffices_and_one_less_does_not(a_second, delay, target):
    buffer = smallest_buffer(a_second, delay, target)
    slack = 1e-9
    assert oversell(a_second, delay, buffer).probability <= target + slack
    if buffer:
        assert oversell(a_second, delay, buffer - 1).probability > target - slack
