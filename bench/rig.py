"""What a measurement stands on: a world without limits, `crossdock serve` beside it, a database."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from crossdock.engine.model import FEED, Event
from crossdock.engine.store import inbox, open_database
from crossdock.settings import read_settings
from crossdock.wiring.feeds import AMAZON_AGAIN, AMAZON_SWEEP
from demo.workspace import write_workspace

POSTGRES = os.environ.get(
    "CROSSDOCK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres"
)
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class World:
    """Both companies in a process of their own, without limits, faults or staff."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def call(self, name: str, body: object = None) -> Any:
        """Ask the world's own door."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.ready['control']}/_world/{name}", data=data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def place(self, orders: int) -> list[str]:
        """That many orders at Amazon, at once; their ids."""
        before = self.call("truth")["orders"].keys()
        self.call("people", {"name": "calm", "orders": orders, "span": 0})
        while self.call("status")["placed"] < len(before) + orders:
            time.sleep(0.05)
        return [order_id for order_id in self.call("truth")["orders"] if order_id not in before]

    def entered(self) -> int:
        """Sales orders in TIMS that the warehouse can see."""
        return int(self.call("status")["sales_orders"].get("Allocated", 0))

    def until_entered(self, wanted: int, pause: float = 0.1) -> float:
        """Wait for that many; the moment they were there."""
        deadline = time.monotonic() + _PATIENCE
        while self.entered() < wanted:
            if time.monotonic() > deadline:
                raise SystemExit(f"only {self.entered()} of {wanted} orders came to TIMS")
            time.sleep(pause)
        return time.monotonic()


@contextmanager
def a_world() -> Iterator[World]:
    """Started, and ended with the block."""
    scenario = json.dumps({"name": "calm", "staff_round": 1e9})
    command = [
        sys.executable, "-m", "crossdock.simulators.world.process", "--scenario", scenario,
        "--no-limits", "--parent", str(os.getpid()),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SystemExit("the rehearsal world did not start; see the lines above")
        world = World(process, json.loads(line))
        world.ready.update(world.call("config"))
        yield world
    finally:
        _end(process)


@dataclass(frozen=True, slots=True)
class Worker:
    """One `crossdock serve` or `worker`, ready for work."""

    process: subprocess.Popen[str]
    ready_after: float  # seconds from the start of the process

    @property
    def cpu(self) -> float:
        """Seconds of CPU it has used, all threads."""
        return cpu_of(self.process.pid)

    @property
    def memory(self) -> dict[str, float]:
        """MiB now and at most."""
        return memory_of(self.process.pid)


@contextmanager
def workers(*folders: Path) -> Iterator[list[Worker]]:
    """`crossdock serve` in the first workspace, a worker beside it in each other one."""
    with ExitStack() as stack:
        started = [
            (folder, *stack.enter_context(_started(folder, "worker" if number else "serve")))
            for number, folder in enumerate(folders)
        ]
        yield [Worker(process, _ready(process, began, at)) for at, process, began in started]


@contextmanager
def _started(folder: Path, word: str) -> Iterator[tuple[subprocess.Popen[str], float]]:
    command = [sys.executable, "-m", "crossdock.cli", word, "--json", "--workspace", str(folder)]
    began = time.monotonic()
    with (folder / "worker.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield process, began
        finally:
            _end(process)


def _ready(process: subprocess.Popen[str], began: float, folder: Path) -> float:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"crossdock did not start; see the logs in {folder}")
    return time.monotonic() - began


def workspace(folder: Path, world: World, store: str, *, queue: bool) -> None:
    """A workspace for the world. First sweeps are put off: the bench says itself what is new."""
    ready = world.ready if queue else {k: v for k, v in world.ready.items() if k != "sqs"}
    port, name = _free_port(), folder.name
    write_workspace(folder, ready, store=store, port=port, worker=name, limits=False)
    settings = read_settings(folder)
    db = open_database(settings.store)
    try:
        db.migrate()
        later = settings.clock().now() + timedelta(hours=1)
        for feed in (AMAZON_SWEEP, AMAZON_AGAIN):
            inbox.schedule(db, FEED, feed, later)
    finally:
        db.close()


def fill_inbox(folder: Path, order_ids: Sequence[str]) -> None:
    """These orders wait to be looked at."""
    settings = read_settings(folder)
    db = open_database(settings.store)
    try:
        events = [Event("orders", key, "bench") for key in order_ids]
        with db.writing() as connection:
            inbox.append(db, connection, events, settings.clock().now())
    finally:
        db.close()


def postgres_answers() -> bool:
    """Whether there is a PostgreSQL to make databases in."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def postgres_database() -> Iterator[str]:
    """An empty database of its own."""
    name = f"crossdock_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        head, _, tail = POSTGRES.rpartition("/")
        _, question, options = tail.partition("?")
        yield f"{head}/{name}{question}{options}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def memory_of(process: int | str) -> dict[str, float]:
    """MiB of a process now and at most. Its resource usage would not do: that begins with what the
    process that started it had used.
    """
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return {
        name: int(found[field].split()[0]) / 1024
        for name, field in (("now", "VmRSS"), ("most", "VmHWM"))
    }


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
