"""A real worker is killed with SIGKILL at every moment of every write of every shipped flow, and a
new one goes on: one effect, nothing missing.

One world passes through all cells of the matrix: the worker (`doomed.py`) dies of one cell after
the other, and is started again until it stays alive.
"""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL

import pytest

from demo.workspace import write_workspace
from tests.scenarios.doomed import MOMENTS, REQUESTS, Cell, read_cells, write_cells
from tests.scenarios.outside import Outside, kill, settle, start_worker, wrong
from tests.scenarios.test_power_cuts import EVENTFUL, writes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SPEED = 20.0
SEED = 23
WAVE = replace(EVENTFUL, orders=30, span=300)
PATIENCE = 400.0  # wall seconds; on an idle machine about 100 are enough

AMISS = frozenset({"defect", "retries-exhausted"})


def matrix() -> list[Cell]:
    return [(when, flow, step) for flow, step in writes() for when in MOMENTS]


class Lives(threading.Thread):
    """Starts the doomed worker again whenever it was killed."""

    def __init__(self, folder: Path, cells: Path) -> None:
        super().__init__(name="lives", daemon=True)
        self.ends: list[int] = []
        self._folder, self._cells = folder, cells
        self._over = False
        self._worker = self._born()

    def run(self) -> None:
        while self._worker.wait() == -SIGKILL and not self._over:
            self.ends.append(-SIGKILL)
            self._worker = self._born()
        if not self._over:
            self.ends.append(self._worker.returncode)

    def stop(self) -> None:
        self._over = True
        kill(self._worker)
        self.join(30)

    def _born(self) -> subprocess.Popen[bytes]:
        where = ("--workspace", str(self._folder), "--cells", str(self._cells))
        return start_worker(self._folder, "-m", "tests.scenarios.doomed", *where)


@contextmanager
def lives(folder: Path, cells: Path) -> Iterator[Lives]:
    running = Lives(folder, cells)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def outside() -> Iterator[Outside]:
    world = Outside(SEED, WAVE, SPEED, limits=False)  # waiting for quota, orders skip steps
    yield world
    world.stop()


def let_people_come(outside: Outside, cells: Path) -> None:
    """Until every cell was reached. Each wave finds no customer on file: somebody has removed them,
    else there were as many occasions to open one as there are marketplaces.
    """
    deadline = time.monotonic() + PATIENCE
    while read_cells(cells) and time.monotonic() < deadline:
        outside.ask("remove_shops", {})
        outside.ask("people", WAVE.as_dict())
        while (status := outside.ask("status"))["placed"] < status["planned"]:
            time.sleep(0.5)


def test_the_matrix_knows_every_write_on_the_line() -> None:
    assert sorted(REQUESTS) == writes()


def test_killed_at_every_moment_of_every_write(
    outside: Outside, tmp_path: Path, store_url: str
) -> None:
    write_workspace(tmp_path, outside.config, store=store_url, worker="doomed", limits=False)
    cells = tmp_path / "cells"
    write_cells(cells, matrix())
    with lives(tmp_path, cells) as worker:
        let_people_come(outside, cells)
        verdict = settle(outside, store_url, 240)
    left = [f"never reached: {' / '.join(cell)}" for cell in read_cells(cells)]
    amiss = [f"case: {case}" for case in verdict["cases"] if case["kind"] in AMISS]
    assert verdict["ok"], "\n".join([*wrong(verdict), *amiss, *left])
    assert not amiss + left, "\n".join(amiss + left)
    assert worker.ends == [-SIGKILL] * len(matrix())
