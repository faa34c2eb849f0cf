"""Real processes: the rehearsal world on sockets with a real SQS endpoint, real workers, kill -9."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from crossdock.engine.store import open_database
from demo.workspace import write_workspace
from tests.scenarios.outside import Outside, kill, settle, start_worker, wait_until_ready, wrong

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCENARIO = {"name": "everyday", "orders": 120, "span": 900, "restock_after": 600}


@pytest.fixture
def outside() -> Iterator[Outside]:
    world = Outside(seed=11)
    yield world
    world.stop()


def test_a_worker_killed_again_and_again_loses_and_doubles_nothing(
    outside: Outside, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'crossdock.db'}"
    write_workspace(tmp_path, outside.config, store=store)
    outside.ask("people", SCENARIO)
    for life in range(1, 6):
        worker = start_worker(tmp_path)
        wait_until_ready(tmp_path, life)
        time.sleep(life)
        kill(worker)
    worker = start_worker(tmp_path)
    wait_until_ready(tmp_path, 6)
    try:
        verdict = settle(outside, store, 500)
    finally:
        kill(worker)
    assert verdict["ok"], wrong(verdict)


@pytest.mark.postgres
def test_two_workers_share_the_work_and_one_takes_over_from_the_dead(
    outside: Outside, tmp_path: Path, postgres_url: str
) -> None:
    folders = two_workspaces(outside, tmp_path, postgres_url)
    outside.ask("people", SCENARIO)
    workers = [start_worker(folder) for folder in folders]
    try:
        for turn in range(4):
            folder = folders[turn % 2]
            wait_until_ready(folder, turn // 2 + 1)
            time.sleep(3)
            kill(workers[turn % 2])
            workers[turn % 2] = start_worker(folder)
        for folder in folders:
            wait_until_ready(folder, 3)
        kill(workers[0])  # one stays dead: the other takes over without it
        verdict = settle(outside, postgres_url, 500)
    finally:
        for worker in workers:
            kill(worker)
    assert verdict["ok"], wrong(verdict)
    assert who_worked(postgres_url) == {"one", "two"}


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(1500)
def test_a_thousand_orders_while_one_of_two_workers_is_killed_every_few_seconds(
    outside: Outside, tmp_path: Path, postgres_url: str
) -> None:
    folders = two_workspaces(outside, tmp_path, postgres_url)
    outside.ask("people", {**SCENARIO, "orders": 1000, "span": 5400})
    workers = [start_worker(folder) for folder in folders]
    kills = 0
    try:
        while (status := outside.ask("status"))["placed"] < status["planned"]:
            time.sleep(5)
            turn = kills % 2
            kill(workers[turn])
            workers[turn] = start_worker(folders[turn])
            kills += 1
        verdict = settle(outside, postgres_url, 1000)
    finally:
        for worker in workers:
            kill(worker)
    assert verdict["ok"], wrong(verdict)
    assert kills >= 20
    assert who_worked(postgres_url) == {"one", "two"}


def two_workspaces(outside: Outside, folder: Path, store: str) -> list[Path]:
    folders = [folder / name for name in ("one", "two")]
    for each in folders:
        write_workspace(
            each, outside.config, store=store, worker=each.name,
            more={"policy": {"lease_wall": "6s"}},
        )  # fmt: skip
    return folders


def who_worked(store: str) -> set[str]:
    db = open_database(store)
    try:
        with db.reading() as connection:
            return set(connection.execute(sa.text("SELECT DISTINCT worker FROM run")).scalars())
    finally:
        db.close()
