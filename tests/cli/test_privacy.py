"""What a person sets in a case is personal: sealed while it is needed, provably gone afterwards."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.masking import without_people
from crossdock.engine.edits import edited
from crossdock.engine.model import Trouble
from crossdock.engine.store import cases
from crossdock.kernel.errors import ConfigError, NeedsPerson
from crossdock.settings import read_settings
from crossdock.wiring.privacy import master_key
from tests.cli.conftest import PARKED, Run, Workplace
from tests.cli.test_cases import case_id_of, edits_of, now

NAME = "Zerelda Quackenbush"


def data(result):
    return json.loads(result.stdout)


def set_a_name(run: Run) -> None:
    path = "new_sales_order.ShipToAddress.Name"
    assert run("case", "edit", case_id_of(run), "--set", f"{path}={NAME}").exit_code == 0


def test_a_name_that_a_person_sets_reaches_the_run_and_no_table_or_file(
    day: Workplace, run: Run
) -> None:
    set_a_name(run)
    found = data(run("privacy", "find", NAME, "--json"))
    (place,) = {(p["where"], p["how"].partition(" ")[0]) for p in found["places"]}
    assert place == (f"orders/{PARKED}", "sealed")  # not plain, not in a file of the workspace
    assert list(edits_of(day).values()) == [NAME]


def test_after_the_purge_it_is_found_nowhere_and_the_run_says_so(day: Workplace, run: Run) -> None:
    set_a_name(run)
    assert data(run("privacy", "purge", "--record", f"orders/{PARKED}", "--json")) == {
        "destroyed": 1
    }
    result = run("privacy", "find", NAME, "--json")
    assert (result.exit_code, data(result)["places"]) == (0, [])
    edits = edits_of(day)
    address = m.Address(Name="x")
    with pytest.raises(NeedsPerson, match="destroyed"):
        edited("address", address, {"address.Name": next(iter(edits.values()))})
    told = data(run("privacy", "report", "--json"))
    assert (told["held"][0]["held"], told["held"][0]["destroyed"]) == (0, 1)
    assert told["purges"][0]["keys"] == 1


def test_a_text_in_a_file_or_a_table_is_found(day: Workplace, run: Run) -> None:
    (day.folder / "notes.txt").write_text(f"call {NAME.upper()} back")
    trouble = Trouble("defect", f"{NAME} is angry", "Look.")
    cases.open_outside_runs(day.db, "intake", "x", trouble, now())
    result = run("privacy", "find", NAME, "--json")
    assert result.exit_code == 1
    where = {p["where"] for p in data(result)["places"]}
    assert {"notes.txt", "case_file.message"} <= where


@pytest.mark.parametrize("typed", ["Zoë Ünal-Święty", "zoë ünal-święty", "ZOË ÜNAL-ŚWIĘTY"])
def test_a_name_is_found_in_whatever_letters_it_was_written(
    day: Workplace, run: Run, typed: str
) -> None:
    name = "Zoë Ünal-Święty"
    (day.folder / "notes.txt").write_text(f"call {name.upper()} back", "utf-8")
    (day.folder / "kept.json").write_text(json.dumps({"name": name}))
    set_it = run("case", "edit", case_id_of(run), "--set",
                 f"new_sales_order.ShipToAddress.Name={name}")  # fmt: skip
    assert set_it.exit_code == 0
    trouble = Trouble("defect", "x", "Look.", evidence={"buyer": name})
    cases.open_outside_runs(day.db, "intake", "x", trouble, now())
    where = {p["where"] for p in data(run("privacy", "find", typed, "--json"))["places"]}
    assert {"notes.txt", "kept.json", "case_file.evidence", f"orders/{PARKED}"} <= where


@pytest.mark.slow
def test_a_large_file_is_read_to_its_end(day: Workplace, run: Run, monkeypatch) -> None:
    from crossdock.wiring import personal

    monkeypatch.setattr(personal, "_BLOCK", 64)
    text = "." * 50 + NAME + "." * 90 + NAME  # one lies across two blocks
    (day.folder / "notes.txt").write_text(text)
    found = data(run("privacy", "find", NAME, "--json"))["places"]
    assert [(p["where"], p["times"]) for p in found] == [("notes.txt", 2)]


def test_a_message_that_could_not_be_read_is_kept_sealed(day: Workplace, run: Run) -> None:
    trouble = Trouble("unreadable-message", "cannot be read", "Look.")
    case_id = cases.open_outside_runs(
        day.db, "intake", "m-7", trouble, now(), kept=f'{{"name": "{NAME}"'
    )
    assert NAME in run("case", "show", case_id, "--show-personal").stdout
    assert {p["where"] for p in data(run("privacy", "find", NAME, "--json"))["places"]} == {
        "message/m-7"
    }
    day.db.vault.purge("anna", now=now() + timedelta(days=31))
    assert NAME not in run("case", "show", case_id, "--show-personal").stdout
    assert data(run("privacy", "find", NAME, "--json"))["places"] == []


def test_evidence_of_a_case_is_masked_before_it_is_stored(day: Workplace, run: Run) -> None:
    assert data(run("privacy", "find", "Jo Private", "--json"))["places"] == []


def test_the_key_file_is_its_owners_alone(day: Workplace, run: Run) -> None:
    set_a_name(run)
    assert (day.folder / "privacy.key").stat().st_mode & 0o077 == 0


def test_a_key_can_be_changed_without_losing_anything(day: Workplace, run: Run) -> None:
    set_a_name(run)
    old = day.folder / "old.key"
    (day.folder / "privacy.key").rename(old)
    made = data(run("privacy", "key", "--new", "--json"))["PRIVACY_KEY"]
    (day.folder / "privacy.key").write_text(made)
    assert data(run("privacy", "key", "--rotate-from", str(old), "--json"))["rotated"] == 1
    assert data(run("privacy", "find", NAME, "--json"))["text_found"]


def test_more_than_30_days_is_refused(day: Workplace, run: Run) -> None:
    settings = day.folder / "crossdock.yaml"
    settings.write_text(settings.read_text() + "privacy: {keep: 31d}\n")
    result = run("privacy", "report")
    assert result.exit_code != 0
    assert "30 days" in result.stderr


def test_several_workers_must_be_given_one_key(day: Workplace) -> None:
    settings = read_settings(day.folder, {}, tolerate=True)
    shared = replace(settings, store="postgresql://localhost/x")
    with pytest.raises(ConfigError, match="several workers"):
        master_key(shared)


def test_a_test_company_hears_of_nobody_who_exists() -> None:
    address = m.Address(
        Name=NAME, Line1="12 Foundry Road", City="Billings", State="MT", PostalCode="59101",
        Country="US", Phone="+1 406 555 0100", Email="z@example.com",
    )  # fmt: skip
    change = m.SalesOrderChange(OrderNumber="SO-1", ShipToAddress=address)
    told = without_people(change).ShipToAddress
    assert told is not None
    assert told == without_people(change).ShipToAddress  # the same person, the same made-up one
    shown = told.model_dump_json()
    for private in (NAME, "Foundry", "59101", "555", "example.com"):
        assert private not in shown
    assert (told.City, told.State, told.PostalCode) == ("Billings", "MT", "59100")
