"""`crossdock serve` as a real process against a running world."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crossdock.cli.app import app

MAIN = "from crossdock.cli import main; main()"
WORLD = (
    "world", "start", "--port", "0", "--scenario", "calm", "--people", "--orders", "3",
    "--speed", "60",
)  # fmt: skip


def started(*words: str, at: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A process, and the line that it printed when it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words, "--workspace", str(at), "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline() or "{}")


def ended(process: subprocess.Popen[str]) -> int:
    """Told to stop; its exit code."""
    process.send_signal(signal.SIGINT)
    code = process.wait(60)
    assert process.stdout is not None
    process.stdout.close()
    return code


def orders(place: Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["order", "list", "--json", "--workspace", str(place)])
    found: list[dict[str, Any]] = json.loads(result.stdout).get("orders", [])
    return found


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
    world, _ = started(*WORLD, at=place)
    settings = place / "crossdock.yaml"
    settings.write_text(settings.read_text() + "listen: {port: 18790}\n")
    server, ready = started("serve", at=place)
    try:
        assert ready["state"] == "serving"
        assert is_healthy(ready["at"])
        deadline = time.monotonic() + 200
        while len([o for o in orders(place) if o["tims"]]) < 3 and time.monotonic() < deadline:
            time.sleep(1)
        linked = [o for o in orders(place) if o["tims"]]
        assert len(linked) == 3
        shown = CliRunner().invoke(
            app, ["order", "show", linked[0]["tims"], "--workspace", str(place)]
        )
        assert "sales_orders" in shown.stdout
    finally:
        assert ended(server) == 0
        assert ended(world) == 0
