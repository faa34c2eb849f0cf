"""A workspace's settings: what they become, and what a person is told when they are wrong."""

import copy
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.kernel.clock import FastClock, SystemClock
from crossdock.kernel.errors import ConfigError, Misuse
from crossdock.settings import Secret, Settings, find_workspace, read_settings

WRITTEN = """\
store: sqlite:///crossdock.db
amazon:
  seller_id: A1SELLERTEST
  region: na
  marketplaces: [ATVPDKIKX0DER]
  client_id: amzn1.application-oa2-client.rehearsal
  client_secret: ${AMAZON_CLIENT_SECRET}
  refresh_token: ${AMAZON_REFRESH_TOKEN}
tims:
  url: https://tims.example.com
  company: ACME/test
  client_id: crossdock
  client_secret: ${TIMS_CLIENT_SECRET}
"""
SECRETS = """\
# what only the owner reads
AMAZON_CLIENT_SECRET='first secret'
export AMAZON_REFRESH_TOKEN=Atzr|second=
TIMS_CLIENT_SECRET=third
"""

Workspace = Callable[..., Path]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    def make(written: str = WRITTEN, secrets: str | None = SECRETS, mode: int = 0o600) -> Path:
        (tmp_path / "crossdock.yaml").write_text(written)
        if secrets is not None:
            file = tmp_path / "secrets.env"
            file.write_text(secrets)
            file.chmod(mode)
        return tmp_path

    return make


def problems_of(folder: Path, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_settings(folder, environment or {})
    return [str(problem) for problem in caught.value.problems]


def test_a_full_workspace_is_read_with_its_secrets(workspace: Workspace) -> None:
    settings = read_settings(workspace(), {})
    assert settings.amazon.client_secret.reveal() == "first secret"
    assert settings.amazon.refresh_token.reveal() == "Atzr|second="
    assert settings.tims.client_secret.reveal() == "third"
    assert settings.amazon.marketplaces == ("ATVPDKIKX0DER",)
    assert (settings.tims.company_code, settings.tims.environment) == ("ACME", "test")
    assert settings.problems == ()


def test_the_environment_wins_over_the_secrets_file(workspace: Workspace) -> None:
    settings = read_settings(workspace(), {"TIMS_CLIENT_SECRET": "from outside"})
    assert settings.tims.client_secret.reveal() == "from outside"


def test_the_store_stands_in_the_workspace_wherever_the_command_runs(workspace: Workspace) -> None:
    folder = workspace()
    assert read_settings(folder, {}).store == f"sqlite:///{folder}/crossdock.db"
    assert read_settings(folder, {}).worker == "main"


def test_workers_of_a_shared_store_have_names_of_their_own(workspace: Workspace) -> None:
    shared = WRITTEN.replace("sqlite:///crossdock.db", "postgresql://me:hidden@db/crossdock")
    settings = read_settings(workspace(shared), {})
    assert settings.shared_store
    assert settings.worker not in ("", "main")
    assert settings.shown_store == "postgresql://me@db/crossdock"
    assert "hidden" not in repr(settings)


def test_lengths_of_time_carry_their_unit(workspace: Workspace) -> None:
    policy = "policy: {first_back_off: 500ms, longest_back_off: 1h30m, lease_wall: 45s, wave: 9}\n"
    read = read_settings(workspace(WRITTEN + policy), {}).policy
    assert read.first_back_off == timedelta(milliseconds=500)
    assert read.longest_back_off == timedelta(minutes=90)
    assert (read.lease_wall, read.wave) == (timedelta(seconds=45), 9)


def test_a_rehearsal_brings_its_own_clock(workspace: Workspace) -> None:
    text = "clock: 2026-11-23T10:00:00+00:00@1764000000.0x30\n"
    assert isinstance(read_settings(workspace(WRITTEN + text), {}).clock(), FastClock)
    assert isinstance(read_settings(workspace(), {}).clock(), SystemClock)


def test_all_problems_come_at_once_with_line_field_and_advice(workspace: Workspace) -> None:
    wrong = """\
store: mysql://db/x
amazon:
  seler_id: A1SELLERTEST
  region: us
  marketplaces: [ATVPDKIKX0DER]
  client_id: x
  client_secret: ${AMAZON_SECRET_NOBODY_SET}
  refresh_token: ${AMAZON_REFRESH_TOKEN}
  limits: maybe
tims:
  url: http://tims.example.com
  company: ACME
policy:
  wave: 0
  recheck: 30
listen: 8790
"""
    said = problems_of(workspace(wrong))
    expected = [
        "crossdock.yaml: line 1, store: the store 'mysql' is not supported.",
        "line 3, amazon.seler_id: 'seler_id' is not a setting. Did you mean 'seller_id'?",
        "amazon.seller_id: is missing.",
        "line 4, amazon.region: 'us' is not one of na, eu, fe.",
        "line 7, amazon.client_secret: ${AMAZON_SECRET_NOBODY_SET} is not set. Add",
        "line 9, amazon.limits: 'maybe' is neither true nor false.",
        "line 11, tims.url: 'http://tims.example.com' would send credentials",
        "line 12, tims.company: 'ACME' is not COMPANY/live or COMPANY/test.",
        "line 10, tims: names no credential.",
        "line 14, policy.wave: 0 is too small.",
        "line 15, policy.recheck: 30 is not a length of time. Write it with its unit",
        "line 16, listen: is not a section with fields.",
    ]
    for start in expected:
        assert any(start in line for line in said), (start, said)
    assert len(said) == len(expected), said


def test_an_empty_settings_file_names_everything_that_is_needed(workspace: Workspace) -> None:
    said = "\n".join(problems_of(workspace("", None)))
    for name in ("amazon.seller_id", "amazon.refresh_token", "tims.url", "tims.company"):
        assert f"{name}: is missing." in said


def test_broken_yaml_names_the_line(workspace: Workspace) -> None:
    [said] = problems_of(workspace("amazon:\n  region: [na\ntims: {}\n"))
    assert said.startswith("crossdock.yaml: line 3")
    assert "is not YAML" in said


def test_what_a_lookup_table_decides_is_no_setting(workspace: Workspace) -> None:
    (problem,) = problems_of(workspace(WRITTEN + "orders:\n  buyer_cancel: accept\n"))
    assert "orders" in problem


def test_a_section_that_stands_there_twice_is_told_once(workspace: Workspace) -> None:
    said = problems_of(workspace(WRITTEN + "amazon:\n  region: na\n"))
    assert [line for line in said if "amazon" in line and "stands there already" not in line] == []
    assert any("amazon: stands there already" in line for line in said)


def test_a_field_that_stands_there_twice_is_refused(workspace: Workspace) -> None:
    said = problems_of(workspace(WRITTEN + "store: sqlite:///other.db\n"))
    assert any("line 14, store: stands there already in line 1" in line for line in said)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_secrets_that_others_may_read_are_refused_unread(workspace: Workspace, mode: int) -> None:
    [said] = problems_of(workspace(mode=mode))
    assert said.startswith(f"secrets.env: mode {mode:o}: can be read by other people")
    assert "chmod 600" in said
    assert "first secret" not in said


def test_a_bad_line_among_the_secrets_is_named_but_never_shown(workspace: Workspace) -> None:
    said = problems_of(workspace(secrets=SECRETS + "hunter2 without a name\n"))
    assert any("secrets.env: line 5: is not NAME=value." in line for line in said)
    assert "hunter2" not in "".join(said)


def test_an_empty_secret_says_where_to_fill_it_in(workspace: Workspace) -> None:
    said = problems_of(workspace(secrets=SECRETS.replace("third", "")))
    assert said == [
        "crossdock.yaml: line 9, tims: names no credential. "
        "Fill in client_id and client_secret, or api_key for an older site."
    ]
    said = problems_of(workspace(secrets=SECRETS.replace("Atzr|second=", "")))
    assert said == [
        "crossdock.yaml: line 8, amazon.refresh_token: is empty. "
        "Fill in AMAZON_REFRESH_TOKEN in secrets.env."
    ]


@pytest.mark.parametrize("url", ["http://localhost:9", "http://127.0.0.1:9", "http://[::1]:9"])
def test_plain_http_is_for_this_machine_only(workspace: Workspace, url: str) -> None:
    here = WRITTEN.replace("https://tims.example.com", f'"{url}"')
    assert read_settings(workspace(here), {}).tims.url == url
    there = WRITTEN.replace("https://tims.example.com", "http://127.0.0.1.example.com")
    assert "plain http is for this machine only" in problems_of(workspace(there))[0]


def test_a_password_in_an_address_is_refused_and_not_repeated(workspace: Workspace) -> None:
    there = WRITTEN.replace("https://tims.example.com", "https://me:hunter2@tims.example.com")
    [said] = problems_of(workspace(there))
    assert "hunter2" not in said


def test_work_that_calls_nobody_tolerates_missing_connections(workspace: Workspace) -> None:
    folder = workspace("store: sqlite:///x.db\n", None)
    settings = read_settings(folder, {}, tolerate=True)
    assert settings.problems_of("amazon")
    assert settings.problems_of("tims")
    with pytest.raises(ConfigError, match=r"tims\.url"):
        settings.require("tims")


def test_what_is_not_a_connection_is_never_tolerated(workspace: Workspace) -> None:
    folder = workspace("store: mysql://x\n", None)
    with pytest.raises(ConfigError, match="mysql"):
        read_settings(folder, {}, tolerate=True)


def test_a_fallback_stands_behind_a_name(workspace: Workspace) -> None:
    text = WRITTEN.replace("region: na", "region: ${REGION:-eu}")
    assert read_settings(workspace(text), {}).amazon.region == "eu"
    assert read_settings(workspace(text), {"REGION": "fe"}).amazon.region == "fe"


def test_a_secret_in_the_settings_file_itself_is_noticed(workspace: Workspace) -> None:
    text = WRITTEN.replace("${TIMS_CLIENT_SECRET}", "in the open")
    assert read_settings(workspace(text), {}).open_secrets == ("tims.client_secret",)


def test_a_secret_never_shows_itself(workspace: Workspace) -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {[secret]} {copy.deepcopy(secret)}"
    assert "hunter2" not in shown
    assert "hunter2" not in repr(read_settings(workspace(), {"TIMS_CLIENT_SECRET": "hunter2"}))
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert bool(secret)
    assert not Secret("")


def test_the_workspace_is_found_from_a_folder_inside_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workspace()
    inside = folder / "flows" / "mine"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert find_workspace(None, {}) == folder.resolve()
    assert find_workspace(None, {"CROSSDOCK_WORKSPACE": str(folder)}) == folder.resolve()


def test_without_a_workspace_the_next_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misuse, match="crossdock init"):
        find_workspace(None, {})
    with pytest.raises(Misuse, match="crossdock init"):
        find_workspace(tmp_path / "nowhere", {})


def test_settings_are_frozen(workspace: Workspace) -> None:
    settings: Settings = read_settings(workspace(), {})
    with pytest.raises(AttributeError):
        settings.worker = "other"  # type: ignore[misc]
