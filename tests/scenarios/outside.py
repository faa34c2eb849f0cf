"""What stands around real workers: a rehearsal world in a process of its own, and its verdict."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossdock.engine.store import cases, inbox, open_database
from crossdock.kernel.clock import FastClock
from crossdock.simulators.world.scenario import Scenario, preset

SPEED = 30.0


class Outside:
    """A rehearsal world in a process of its own. Nobody buys before `people` is asked for."""

    def __init__(
        self,
        seed: int,
        scenario: Scenario | None = None,
        speed: float = SPEED,
        *,
        limits: bool = True,
    ) -> None:
        told = json.dumps((scenario or preset("everyday")).as_dict())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crossdock.simulators.world.process", "--seed", str(seed),
             "--speed", str(speed), "--scenario", told, "--parent", str(os.getpid()),
             *([] if limits else ["--no-limits"])],
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


def start_worker(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """A worker of this workspace, or another command in its place; its log is worker.log."""
    run = command or ("-m", "crossdock.cli", "worker", "--workspace", str(folder))
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, *run], stdout=log, stderr=log)


def wait_until_ready(folder: Path, times: int) -> None:
    """Until the workers of this folder have said so often that they are at work."""
    deadline = time.monotonic() + 240
    while (folder / "worker.log").read_text().count("worker.ready") < times:
        assert time.monotonic() < deadline, (folder / "worker.log").read_text()[-2000:]
        time.sleep(0.2)


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(30)


def settle(outside: Outside, store: str, seconds: float) -> dict[str, Any]:
    """The verdict once people are done and everything has come to rest."""
    deadline, quiet = time.monotonic() + seconds, False
    waited = {"name": "people", "ok": False, "detail": [f"not done after {seconds} s"]}
    verdict: dict[str, Any] = {"ok": False, "rows": [waited], "cases": []}
    while time.monotonic() < deadline:
        time.sleep(1)
        if not quiet and outside.ask("status")["people_done"]:
            outside.ask("quiet", {})
            quiet = True
        if quiet:
            resting, standing = at_rest(outside, store), open_cases(store)
            verdict = {**outside.ask("verdict", {"cases": standing}), "cases": standing}
            if resting and verdict["ok"]:
                break
    return verdict


def at_rest(outside: Outside, store: str) -> bool:
    """No key is due and none is being worked on; feeds, which always come again, are left out."""
    db = open_database(store)
    try:
        depth = inbox.depth(db, FastClock.parse(outside.config["clock"]).now())
    finally:
        db.close()
    return not depth.keys() & {"waiting", "running"}


def open_cases(store: str) -> list[dict[str, str]]:
    db = open_database(store)
    try:
        return [
            {"key": c.key, "kind": c.kind, "flow": c.flow} for c in cases.listed(db, limit=10_000)
        ]
    finally:
        db.close()


def wrong(verdict: Mapping[str, Any]) -> list[str]:
    return [f"{r['name']}: {line}" for r in verdict["rows"] if not r["ok"] for line in r["detail"]]
