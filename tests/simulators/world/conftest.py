"""A small world on a clock moved by hand, with or without a clerk who does everything right."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock.simulators.clock import HandClock
from crossdock.simulators.world.scenario import from_dict
from crossdock.simulators.world.world import World
from tests.simulators.world.clerk import Clerk

START = datetime(2026, 11, 23, 8, tzinfo=UTC)

Begin = Callable[..., World]


@pytest.fixture
def begin() -> Begin:
    """Begin a world without quotas: `begin(seed=3, name="calm", orders=10)`."""
    return _begin


def _begin(seed: int = 3, **scenario: Any) -> World:
    scenario = {"amazon_faults": [], "tims_faults": [], "span": 600, **scenario}
    return World(seed, HandClock(START), from_dict(scenario), limits=False)


def pass_time(world: World, clerk: Clerk | None = None, *, at_most: float = 3 * 3600) -> None:
    """Let everybody do everything, the clerk looking in at every change and twice a minute."""
    clock = world.clock
    assert isinstance(clock, HandClock)
    end = clock.now() + timedelta(seconds=at_most)
    while clock.now() < end:
        due = world.step()
        world.amazon.due_notifications()
        world.tims.due_webhooks()
        if clerk is not None:
            clerk.work()
        if world.people_done() and clock.now() > START + timedelta(seconds=60):
            return
        step = clock.now() + timedelta(seconds=30)
        clock.at = max(clock.now(), min(step, due) if due else step)
    raise AssertionError(f"people are still busy: {world.status()}")


@pytest.fixture(scope="module")
def done() -> tuple[World, Clerk]:
    """A world of a dozen orders, all shipped and confirmed; not to be changed."""
    world = _begin(name="calm", orders=12, span=120)
    clerk = Clerk(world)
    pass_time(world, clerk)
    return world, clerk
