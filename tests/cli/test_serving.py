"""`crossdock serve` as a real process against a running world."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crossdock.cli.app import app
from crossdock.engine.store import open_database, workers
from crossdock.settings import read_settings
from tests.cli.conftest import SECRETS, SETTINGS

MAIN = "from crossdock.cli import main; main()"
WORLD = (
    "world", "start", "--port", "0", "--scenario", "calm", "--people", "--orders", "3", "--span", "300",
    "--speed", "60",
)  # fmt: skip


@contextmanager
def running(*words: str, at: Path) -> Iterator[dict[str, Any]]:
    """A process, with the line that it printed when it was ready; told to stop at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words, "--workspace", str(at), "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.strip() not in ("", "{"), process.stdout.read()
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
        process.stdout.close()
    assert code == 0


def in_tims(place: Path) -> list[dict[str, Any]]:
    """Orders that have a TIMS number."""
    result = CliRunner().invoke(app, ["order", "list", "--json", "--workspace", str(place)])
    return [o for o in json.loads(result.stdout)["orders"] if o["tims"]]


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_healthy(url: str) -> bool:
    """Within some seconds: the worker's first beat is on its way."""
    for _ in range(30):
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.5)
    return False


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_orders_of_a_world_become_sales_orders_and_serve_ends_in_order(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    with running(*WORLD, at=place):
        settings = place / "crossdock.yaml"
        settings.write_text(settings.read_text() + f"listen: {{port: {free_port()}}}\n")
        with running("serve", at=place) as ready:
            assert ready["state"] == "serving"
            assert is_healthy(ready["at"])
            second = CliRunner().invoke(app, ["worker", "--workspace", str(place)])
            assert second.exit_code == 2
            assert "another process works on" in second.stderr
            deadline = time.monotonic() + 200
            while len(in_tims(place)) < 3 and time.monotonic() < deadline:
                time.sleep(1)
            linked = in_tims(place)
            assert len(linked) == 3
            words = ["order", "show", linked[0]["tims"], "--workspace", str(place)]
            assert "sales_orders" in CliRunner().invoke(app, words).stdout


def configured(place: Path) -> Path:
    """A workspace whose companies nobody answers for."""
    place.mkdir()
    (place / "crossdock.yaml").write_text(f"{SETTINGS}listen: {{port: {free_port()}}}\n")
    secrets = place / "secrets.env"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    assert CliRunner().invoke(app, ["store", "migrate", "--workspace", str(place)]).exit_code == 0
    return place


def test_nothing_is_begun_while_another_program_has_the_address(tmp_path: Path) -> None:
    place = configured(tmp_path / "ws")
    settings = read_settings(place, {})
    with socket.create_server((settings.listen.host, settings.listen.port)):
        result = CliRunner().invoke(app, ["serve", "--workspace", str(place)])
    assert result.exit_code == 2
    assert "cannot listen on" in result.stderr
    db = open_database(settings.store)
    assert workers.listed(db) == []
    db.close()
