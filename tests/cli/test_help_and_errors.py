"""Every command explains itself, is documented, and fails in sentences."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crossdock.cli.app import app
from crossdock.cli.failures import tell
from crossdock.kernel.errors import ConfigError, Defect, NeedsPerson, Problem, TryAgain
from tests.cli.conftest import Run, Workplace, data

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "cli.md"


def commands() -> Iterator[tuple[str, ...]]:
    """Every command of the program."""
    root = typer.main.get_command(app)
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from [(name, verb) for verb in sorted(inner)] if inner else [(name,)]


@pytest.mark.parametrize("words", tuple(commands()), ids=" ".join)
def test_every_command_explains_itself_and_speaks_json(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    about = " ".join(result.stdout.partition("\n\n")[2].partition("\n\n")[0].split())
    assert about.endswith((".", "?"))
    assert "--json" in result.stdout
    assert words == ("init",) or "--workspace" in result.stdout


def test_every_command_is_documented_and_nothing_else() -> None:
    documented = re.findall(r"^### crossdock (.+)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(" ".join(words) for words in commands())


def test_documented_options_exist() -> None:
    sections = re.split(r"^### crossdock (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    for name, text in zip(sections[1::2], sections[2::2], strict=True):
        known = CliRunner().invoke(app, [*name.split(), "--help"]).stdout
        for option in re.findall(r"--[a-z][a-z-]+", text.partition("\n## ")[0]):
            assert option in known, f"{name} has no {option}"


def test_wrong_words_are_misuse() -> None:
    assert CliRunner().invoke(app, ["frobnicate"]).exit_code == 2
    assert CliRunner().invoke(app, ["case", "retry", "--frob"]).exit_code == 2
    assert CliRunner().invoke(app, ["order", "list", "--limit", "0"]).exit_code == 2


def test_outside_a_workspace_the_next_command_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    (tmp_path / "crossdock.yaml").unlink()
    result = run("case", "list", at=None)
    assert result.exit_code == 2
    assert "crossdock init" in result.stderr


def test_the_nearest_workspace_upwards_is_used(
    place: Workplace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = place.folder / "flows"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert run("case", "list", at=None).exit_code == 0


def test_without_tables_the_next_command_is_named(run: Run, folder: Path) -> None:
    result = run("order", "list")
    assert result.exit_code == 2
    assert "run `crossdock store migrate`" in result.stderr
    assert not (folder / "crossdock.db").exists()


def test_errors_are_json_too(day: Workplace, run: Run) -> None:
    result = run("case", "show", "case_nothing", "--json")
    assert result.exit_code == 2
    assert data(result)["error"]["kind"] == "Misuse"


def test_a_store_that_does_not_answer_is_a_sentence(folder: Path, run: Run) -> None:
    there = "store: postgresql://me:hunter2@127.0.0.1:9/x?connect_timeout=2\n"
    (folder / "crossdock.yaml").write_text(there + (folder / "crossdock.yaml").read_text())
    result = run("case", "list")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert "hunter2" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words",
    ["serve", "worker", "flow run orders 111-1111111-1111111", "stock list", "quota plan",
     "bank list", "settlement list"],
)  # fmt: skip
@pytest.mark.parametrize("store", ["postgresql://me:hunter2@127.0.0.1:9/x", "sqlite:////proc/x.db"])
def test_every_command_says_so_when_the_store_is_away(
    folder: Path, run: Run, words: str, store: str
) -> None:
    shared = f"store: {store}\nprivacy:\n  key: {'A' * 43}=\n"
    (folder / "crossdock.yaml").write_text(shared + (folder / "crossdock.yaml").read_text())
    error = data(run(*words.split(), "--json"))["error"]
    assert error["kind"] != "Defect", error
    assert "does not answer" in error["message"] or "/proc/x.db" in error["message"]
    assert "hunter2" not in error["message"]


def test_wrong_words_are_json_too(run: Run, folder: Path) -> None:
    for words in (["order", "list", "--limit", "0"], ["case", "show"], ["case", "retry", "--frob"],
                  ["frobnicate"], ["--frob"]):  # fmt: skip
        result = run(*words, "--json", at=None)
        assert result.exit_code == 2, words
        assert data(result)["error"]["kind"] == "Misuse"
        assert result.stderr == ""


def test_a_path_that_cannot_be_used_is_named(run: Run) -> None:
    result = run("init", "/proc/x", at=None)
    assert result.exit_code == 2
    assert "/proc/x" in result.stderr
    assert "fault in Crossdock" not in result.stderr


def test_a_broken_store_is_a_sentence(folder: Path, run: Run) -> None:
    (folder / "crossdock.db").write_bytes(b"this is not a database, not at all" * 100)
    result = run("case", "list")
    assert result.exit_code == 1
    assert "file is not a database" in result.stderr


def test_a_fault_of_ours_is_a_report_and_not_a_traceback(
    day: Workplace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with day.db.writing() as connection:
        connection.exec_driver_sql("DROP TABLE link")
    result = run("order", "list")
    assert result.exit_code == 1
    assert "This is a fault in Crossdock" in result.stderr
    assert "Traceback" not in result.stderr


def test_each_kind_of_error_ends_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem("crossdock.yaml", "line 3, amazon.region", "is wrong.", "Use na.")
    errors = (
        (ConfigError([problem]), "crossdock doctor"),
        (NeedsPerson("no such SKU", kind="unknown-sku", remedy="Add a row."), "Add a row."),
        (TryAgain("TIMS is in maintenance"), "crossdock doctor"),
        (Defect("KeyError in step create", reproduce={"step": "create"}), "step: create"),
    )
    for error, advice in errors:
        assert tell(error) == 1
        assert advice in capsys.readouterr().err
        assert tell(error, as_json=True) == 1
        assert "error" in json.loads(capsys.readouterr().out)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv=['crossdock','--help']\n"
        "from crossdock.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy','dbos','pydantic','boto3','fastapi','uvicorn','urllib3','yaml',"
        "'rich.console','alembic'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stderr
    assert "doctor" in done.stdout


@pytest.mark.slow
def test_help_starts_in_a_moment() -> None:
    """Compared with the bare interpreter importing typer on the same machine at the same time."""

    def seconds(*words: str) -> float:
        best = 60.0
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], capture_output=True, check=True)
            best = min(best, time.perf_counter() - began)
        return best

    ours = seconds("-c", "from crossdock.cli import main; import sys; sys.argv=['x','-h']; main()")
    assert ours < 2.5 * seconds("-c", "import typer") + 0.1
