"""Words of commands: what is asked wrongly is refused with the valid words, what is said is true."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.engine.model import LinkChange, Trouble
from crossdock.engine.model import Result as Ended
from crossdock.engine.store import cases
from crossdock.settings import read_settings
from crossdock.simulators.clock import HandClock
from crossdock.simulators.faults import Faults
from crossdock.simulators.world.scenario import from_dict
from crossdock.wiring.privacy import master_key
from tests.cli.conftest import LINKED, NOON, PARKED, Run, Workplace, data
from tests.cli.test_flows_and_mappings import ORDER

HELD = "333-3333333-3333333"


@pytest.mark.parametrize(
    ("words", "valid"),
    [
        ("order list --state nope", "not in TIMS"),
        ("run list --flow nope", "fulfilment"),
        ("order sync abc", "111-1234567-1234567"),
    ],
)
def test_a_wrong_word_is_misuse_and_names_the_valid_ones(
    day: Workplace, run: Run, words: str, valid: str
) -> None:
    result = run(*words.split())
    assert result.exit_code == 2
    assert valid in result.stderr


def test_a_flow_without_runs_is_no_wrong_word(place: Workplace, run: Run) -> None:
    assert run("run", "list", "--flow", "feed").exit_code == 0
    assert run("run", "list", "--flow", "orders").exit_code == 0


def test_an_order_without_a_number_of_tims_is_not_in_tims_and_can_be_asked_for(
    day: Workplace, run: Run
) -> None:
    links = [LinkChange("order", HELD, state="linked")]
    day.happened("orders", HELD, Ended.NOTHING, "nothing to do", step="remember", links=links)
    listed = data(run("order", "list", "--state", "not in TIMS", "--json"))["orders"]
    assert {o["order"] for o in listed} == {HELD, PARKED}
    linked = data(run("order", "list", "--state", "linked", "--json"))["orders"]
    assert [o["order"] for o in linked] == [LINKED]
    assert data(run("order", "show", HELD, "--json"))["state"] == "not in TIMS"


def locked(message: str, kind: str = "order-locked") -> Trouble:
    return Trouble(kind, message, "Settle it by hand, then close the case.", "", "", "", {})


def test_a_case_that_is_to_be_closed_says_how_to_close_it(day: Workplace, run: Run) -> None:
    day.happened("orders", HELD, Ended.CASE, "x", step="ask", trouble=locked("x"))
    for shown in (run("order", "show", HELD).stdout,
                  run("case", "show", data(run("case", "list", "--kind", "order-locked", "--json"))
                      ["cases"][0]["id"]).stdout):  # fmt: skip
        assert "crossdock case resolve case_" in shown
        assert "--reason TEXT" in shown
        assert "crossdock case retry" not in shown


def test_a_timeline_shows_a_case_as_it_was_opened_and_what_it_became(
    day: Workplace, run: Run
) -> None:
    for n, (kind, said) in enumerate(
        [("unknown-sku", "no item"), ("unknown-sku", "no item"), ("order-locked", "it is picked")]
    ):
        at = NOON + timedelta(hours=n)
        cases.open_outside_runs(day.db, "orders", HELD, locked(said, kind), at)
    moments = data(run("order", "show", HELD, "--json"))["moments"]
    told = [(m["what"], m["words"].partition(" ->")[0]) for m in moments if m["kind"] == "case"]
    assert told == [("unknown-sku opened", "no item"), ("order-locked changed", "it is picked")]


def test_a_mapping_is_told_by_the_document(run: Run, folder: Path) -> None:
    file = folder / "order.json"
    file.write_text(json.dumps({"order": ORDER}))
    assert data(run("mapping", "preview", str(file), "--json"))["mapping"] == "orders.from_amazon"
    file.write_text("{}")
    refused = run("mapping", "preview", str(file))
    assert refused.exit_code == 2
    assert "--mapping" in refused.stderr


@pytest.mark.parametrize(
    ("marketplaces", "words"),
    [
        ("[ATVPDKIKX0DEX]", "is no marketplace of Amazon"),
        ("[A1PA6795UKMFR9]", "(DE) is not in North America"),
    ],
)
def test_doctor_knows_amazons_marketplaces(
    place: Workplace, run: Run, marketplaces: str, words: str
) -> None:
    file = place.folder / "crossdock.yaml"
    file.write_text(file.read_text().replace("[ATVPDKIKX0DER]", marketplaces))
    found = data(run("doctor", "--offline", "--json"))["findings"]
    assert any(words in f["words"] and not f["ok"] for f in found)


def test_what_a_world_cannot_do_is_said_in_words() -> None:
    with pytest.raises(ValueError, match="chance 2 of silence is not between 0 and 1"):
        Faults({"silence": "x"}, HandClock(NOON)).load([{"fault": "silence", "chance": 2}])
    with pytest.raises(ValueError, match="orders is 'x', which is no whole number"):
        from_dict({"orders": "x"})
    with pytest.raises(ValueError, match="fba is True, which is no number"):
        from_dict({"fba": True})


def test_what_the_remedy_for_a_missing_key_says_to_write_is_yaml(folder: Path) -> None:
    file = folder / "crossdock.yaml"
    shared = "store: postgresql://a@127.0.0.1:9/x\n" + file.read_text()
    file.write_text(shared)
    with pytest.raises(Exception, match="write privacy: ") as told:
        master_key(read_settings(folder, {}))
    line = "privacy: " + str(told.value).partition("write privacy: ")[2].rstrip(".")
    file.write_text(f"{shared}{line}\n")
    assert len(master_key(read_settings(folder, {"PRIVACY_KEY": "A" * 43 + "="}))) == 32
