"""`crossdock world`, and the command line against companies that answer."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crossdock.cli.app import app
from crossdock.settings import read_settings
from tests.cli.conftest import Run, data

MAIN = "from crossdock.cli import main; main()"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A running world and the workspace that it made."""
    place = tmp_path_factory.mktemp("rehearsal") / "ws"
    words = ["world", "start", "--port", "0", "--scenario", "calm", "--people", "--orders", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words, "--workspace", str(place), "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield place, json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()


def crossdock(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="crossdock")


@pytest.mark.slow
def test_a_world_makes_a_workspace_that_is_connected_to_it(
    world: tuple[Path, dict[str, Any]],
) -> None:
    place, ready = world
    settings = read_settings(place, {})
    assert settings.amazon.endpoint == ready["amazon"]["endpoint"]
    assert str(settings.clock_text) == ready["clock"]
    for system in ("amazon", "tims"):
        result = crossdock("connection", "test", system, "--json", "--workspace", str(place))
        wrong = [f for f in data(result)["findings"] if not f["ok"]]
        # What the first `crossdock serve` sets up is not there yet.
        assert [f for f in wrong if "crossdock serve" not in f["fix"]] == []


@pytest.mark.slow
def test_faults_are_shown_switched_on_and_off(world: tuple[Path, dict[str, Any]]) -> None:
    at = ("--world", world[1]["control"])
    assert "reply_lost_after_write" in crossdock("world", "faults", *at).stdout
    words = ("silence:chance=0.1,operations=getOrder+searchOrders", "maintenance")
    told = data(crossdock("world", "faults", *words, *at, "--json"))
    assert {"fault": "maintenance", "on": True, "chance": 1.0, "struck": 0} in told["tims"]["set"]
    assert [f["chance"] for f in told["amazon"]["set"] if f["fault"] == "silence"] == [0.1]
    off = data(crossdock("world", "faults", "--off", "maintenance", *at, "--json"))
    assert [f["on"] for f in off["tims"]["set"] if f["fault"] == "maintenance"] == [False]
    quiet = data(crossdock("world", "faults", "--off", *at, "--json"))
    assert not any(f["on"] for c in ("amazon", "tims") for f in quiet[c]["set"])


@pytest.mark.slow
def test_an_unknown_fault_names_the_nearest(world: tuple[Path, dict[str, Any]]) -> None:
    result = crossdock("world", "faults", "silense", "--world", world[1]["control"])
    assert result.exit_code == 2
    assert "'silence'" in result.stderr


@pytest.mark.slow
def test_a_flow_runs_here_when_no_worker_does(world: tuple[Path, dict[str, Any]]) -> None:
    place = ("--workspace", str(world[0]))
    result = crossdock("flow", "run", "orders", "999-9999999-9999999", "--json", *place)
    told = data(result)
    assert told["outcome"] is not None
    shown = crossdock("order", "show", "999-9999999-9999999", *place)
    assert "amazon getOrder" in shown.stdout


def test_a_world_never_writes_over_a_real_workspace(folder: Path, run: Run) -> None:
    before = (folder / "crossdock.yaml").read_text()
    result = run("world", "start", "--port", "0", "--no-limits")
    assert result.exit_code == 2
    assert "name another folder" in result.stderr
    assert (folder / "crossdock.yaml").read_text() == before


def test_without_a_world_the_next_command_is_named() -> None:
    result = crossdock("world", "faults", "--world", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "crossdock world start" in result.stderr


@pytest.mark.parametrize("wrong", [("--scenario", "windy"), ("--scenario", "{}}")])
def test_a_world_that_cannot_be_is_misuse(wrong: tuple[str, ...]) -> None:
    result = crossdock("world", "start", "--port", "0", *wrong)
    assert result.exit_code == 2
    assert "the world cannot begin" in result.stderr


def test_a_fault_is_written_with_key_and_value() -> None:
    result = crossdock("world", "faults", "silence:chance", "--world", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "KEY=VALUE" in result.stderr
