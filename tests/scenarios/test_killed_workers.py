"""Real processes: the rehearsal world on sockets with a real SQS endpoint, real workers, kill -9."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.store import cases, open_database
from demo.workspace import write_workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SPEED = 30.0
SCENARIO = {"name": "everyday", "orders": 120, "span": 900, "restock_after": 600}


class Outside:
    """A rehearsal world in a process of its own."""

    def __init__(self, seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crossdock.simulators.world.process", "--seed", str(seed),
             "--speed", str(SPEED), "--scenario", "everyday", "--parent", str(os.getpid())],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.config = {**self.ready, **self.ask("config")}

    def ask(self, name: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.ready['control']}/_world/{name}", data=data)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    world = Outside(seed=11)
    yield world
    world.stop()


def start_worker(folder: Path) -> subprocess.Popen[bytes]:
    log = (folder / "worker.log").open("ab")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "crossdock.cli", "worker", "--workspace", str(folder)],
            stdout=log, stderr=log,
        )  # fmt: skip


def wait_until_ready(folder: Path, times: int) -> None:
    """Until the workers of this folder have said so often that they are at work."""
    deadline = time.monotonic() + 240
    while (folder / "worker.log").read_text().count("worker.ready") < times:
        assert time.monotonic() < deadline, (folder / "worker.log").read_text()[-2000:]
        time.sleep(0.2)


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(30)


def open_cases(store: str) -> list[dict[str, str]]:
    db = open_database(store)
    try:
        return [
            {"key": c.key, "kind": c.kind, "flow": c.flow} for c in cases.listed(db, limit=10_000)
        ]
    finally:
        db.close()


def settle(outside: Outside, store: str, seconds: float) -> dict[str, Any]:
    """The verdict once people are done and everything has come to rest."""
    deadline, quiet = time.monotonic() + seconds, False
    verdict: dict[str, Any] = {"ok": False, "rows": []}
    while time.monotonic() < deadline and not verdict["ok"]:
        time.sleep(1)
        if not quiet and outside.ask("status")["people_done"]:
            outside.ask("quiet", {})
            quiet = True
        if quiet:
            verdict = outside.ask("verdict", {"cases": open_cases(store)})
    return verdict


def wrong(verdict: dict[str, Any]) -> list[str]:
    return [f"{r['name']}: {line}" for r in verdict["rows"] if not r["ok"] for line in r["detail"]]


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
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        write_workspace(
            folder, outside.config, store=postgres_url, worker=folder.name,
            more={"policy": {"lease_wall": "6s"}},
        )  # fmt: skip
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
    db = open_database(postgres_url)
    with db.reading() as connection:
        import sqlalchemy as sa

        shares = connection.execute(sa.text("SELECT worker, count(*) FROM run GROUP BY worker"))
        assert {name for name, _ in shares} == {"one", "two"}
    db.close()
