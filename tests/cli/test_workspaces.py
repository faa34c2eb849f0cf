"""From an empty folder to a workspace that doctor is content with."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossdock.engine.store import breakers
from crossdock.settings import read_settings
from tests.cli.conftest import Run, Workplace, data


def findings(run: Run, *words: str) -> dict[str, dict[str, object]]:
    found = data(run("doctor", "--offline", "--json", *words))["findings"]
    return {f["what"]: f for f in found}


def test_a_new_workspace_explains_itself(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "new"
    result = run("init", str(place), at=None)
    assert result.exit_code == 0
    assert "crossdock doctor" in result.stdout
    assert stat.S_IMODE((place / "secrets.env").stat().st_mode) == 0o600
    assert (place / "lookups" / "carriers.csv").is_file()
    assert "secrets.env" in (place / ".gitignore").read_text()
    settings = read_settings(place, {}, tolerate=True)
    advice = " ".join(p.fix for p in settings.problems)
    for name in ("AMAZON_SELLER_ID", "AMAZON_REFRESH_TOKEN", "TIMS_URL", "TIMS_COMPANY"):
        assert f"Fill in {name} in secrets.env." in advice


def test_a_filled_in_workspace_is_ready(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "new"
    run("init", str(place), at=None)
    file = place / "secrets.env"
    values = {"TIMS_URL": "https://tims.example.com", "TIMS_COMPANY": "ACME/test"}
    lines = [x.split("=")[0] for x in file.read_text().splitlines() if x.endswith("=")]
    file.write_text("".join(f"{name}={values.get(name, 'x')}\n" for name in lines))
    assert read_settings(place, {}).problems == ()


def test_every_commented_setting_exists(run: Run, tmp_path: Path) -> None:
    """The template without its comment marks is a valid settings file."""
    place = tmp_path / "new"
    run("init", str(place), at=None)
    bare = []
    for line in (place / "crossdock.yaml").read_text().splitlines():
        body = line.lstrip()
        indent = line[: len(line) - len(body)]
        uncommented = body.removeprefix("# ")
        key = uncommented.lstrip().partition(":")[0]
        is_setting = key.replace("_", "").isalpha() and key.islower() and ": " in f"{body} "
        if not body.startswith("#"):
            bare.append(line)
        elif is_setting and "postgresql" not in body and not key.startswith(("na", "sqlite")):
            bare.append(indent + uncommented)
    (place / "crossdock.yaml").write_text("\n".join(bare) + "\n")
    names = (
        "AMAZON_SELLER_ID", "AMAZON_CLIENT_ID", "AMAZON_CLIENT_SECRET", "AMAZON_REFRESH_TOKEN",
        "TIMS_CLIENT_ID", "TIMS_CLIENT_SECRET", "TIMS_WEBHOOK_SECRET", "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "PRIVACY_KEY",
    )  # fmt: skip
    known = {**dict.fromkeys(names, "x"), "TIMS_URL": "https://t.example", "TIMS_COMPANY": "A/live"}
    (place / "secrets.env").write_text("")
    settings = read_settings(place, known)
    assert settings.amazon.queue is not None
    assert settings.tims.webhook is not None
    assert settings.policy.max_attempts == 12


def test_what_is_there_is_not_written_over(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "new"
    run("init", str(place), at=None)
    (place / "crossdock.yaml").write_text("mine")
    (place / "secrets.env").write_text("mine")
    result = run("init", str(place), at=None)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (place / "crossdock.yaml").read_text() == "mine"
    assert run("init", str(place), "--force", at=None).exit_code == 0
    assert (place / "crossdock.yaml").read_text() != "mine"
    assert (place / "secrets.env").read_text() == "mine"


def test_the_store_is_made_once(folder: Path, run: Run) -> None:
    first = data(run("store", "migrate", "--json"))
    assert (first["before"], first["version"] > "0000") == ("", True)
    again = run("store", "migrate")
    assert "already" in again.stdout
    assert run("order", "list").exit_code == 0


def test_doctor_names_the_next_command_for_each_finding(day: Workplace, run: Run) -> None:
    result = run("doctor", "--offline")
    assert result.exit_code == 1
    assert "crossdock case list" in result.stdout
    found = findings(run)
    assert found["cases"]["words"] == "1 unknown-sku"
    assert found["inbox"]["ok"] is True
    assert found["flows"]["ok"] is True


def test_doctor_is_content_when_all_is_well(place: Workplace, run: Run) -> None:
    place.beat(datetime.now(UTC))
    result = run("doctor", "--offline")
    assert result.exit_code == 0, result.stdout
    assert "Everything is in order." in result.stdout


def test_doctor_tells_of_paused_operations(place: Workplace, run: Run) -> None:
    policy = read_settings(place.folder, {}).policy
    breakers.open_one(
        place.db, "tims.create_sales_order", "maintenance", "TIMS is in maintenance",
        datetime.now(UTC), policy.breaker_span,
    )  # fmt: skip
    found = findings(run)["operation tims.create_sales_order"]
    assert "TIMS is in maintenance" in str(found["words"])
    assert "crossdock connection test tims" in str(found["fix"])


def test_doctor_is_content_with_a_workspace_that_was_never_started(folder: Path, run: Run) -> None:
    result = run("doctor", "--offline")
    assert result.exit_code == 0, result.stdout
    assert "not started yet" in str(findings(run)["store"]["words"])


def test_doctor_is_content_with_tables_and_no_worker_yet(place: Workplace, run: Run) -> None:
    assert "not started yet" in str(findings(run)["workers"]["words"])
    assert run("doctor", "--offline").exit_code == 0


def test_a_worker_that_was_there_and_is_gone_is_a_finding(place: Workplace, run: Run) -> None:
    place.beat(datetime(2026, 1, 1, tzinfo=UTC))
    assert findings(run)["workers"]["fix"] == "Run: crossdock serve"


def test_doctor_tells_of_tables_of_another_version(place: Workplace, run: Run) -> None:
    with place.db.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert "crossdock store migrate" in str(findings(run)["store"]["fix"])


def test_doctor_shows_broken_settings_as_findings(folder: Path, run: Run) -> None:
    (folder / "secrets.env").chmod(0o644)
    result = run("doctor", "--offline")
    assert result.exit_code == 1
    assert "chmod 600" in result.stdout


def test_doctor_notices_a_secret_in_the_open(place: Workplace, run: Run) -> None:
    file = place.folder / "crossdock.yaml"
    file.write_text(file.read_text().replace("${TIMS_API_KEY}", "in-the-open"))
    result = run("doctor", "--offline")
    assert "tims.api_key" in result.stdout
    assert "in-the-open" not in result.stdout


def test_connections_are_listed_without_calling_anybody(folder: Path, run: Run) -> None:
    rows = data(run("connection", "list", "--json"))["connections"]
    assert [r["system"] for r in rows] == ["amazon", "tims"]
    assert rows[0]["account"] == "A1SELLERTEST in na: ATVPDKIKX0DER"
    shown = run("connection", "list").stdout
    assert "hidden" not in shown
    assert "a sweep every 5 min" in shown


def test_a_connection_that_is_not_configured_is_told_in_words(folder: Path, run: Run) -> None:
    file = folder / "crossdock.yaml"
    file.write_text(file.read_text().replace("company: ACME/test", "company: ACME"))
    result = run("connection", "test", "tims")
    assert result.exit_code == 1
    assert "COMPANY/live" in result.stdout


def test_a_site_that_is_not_there_is_a_finding(place: Workplace, run: Run) -> None:
    result = run("connection", "test", "tims", "--json")
    assert result.exit_code == 1
    told = data(result)
    assert told["ok"] is False
    assert any(f["fix"] or f["words"] for f in told["findings"] if not f["ok"])


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_nothing_is_served_while_settings_are_wrong(folder: Path, run: Run, command: str) -> None:
    (folder / "crossdock.yaml").write_text("store: sqlite:///crossdock.db\n")
    result = run(command)
    assert result.exit_code == 1
    assert "amazon.seller_id: is missing" in result.stderr
    assert not (folder / "crossdock.db").exists()
