"""`crossdock order` and `crossdock run` on a store in which things have happened."""

from datetime import UTC, datetime

import pytest

from crossdock.engine.model import Result as Ended
from crossdock.engine.store import bulk, inbox
from crossdock.wiring.feeds import AMAZON_SWEEP
from tests.cli.conftest import LINKED, PARKED, Run, Workplace, data


def test_the_list_shows_tims_number_state_and_open_case(day: Workplace, run: Run) -> None:
    found = {o["order"]: o for o in data(run("order", "list", "--json"))["orders"]}
    assert found[LINKED]["tims"] == "SO-100042"
    assert found[LINKED]["case"] is None
    assert found[PARKED]["state"] == "not in TIMS"
    assert found[PARKED]["case_kind"] == "unknown-sku"
    shown = run("order", "list").stdout
    assert "SO-100042" in shown
    assert "unknown-sku" in shown


def test_the_list_can_be_narrowed(day: Workplace, run: Run) -> None:
    waiting = data(run("order", "list", "--with-case", "--json"))["orders"]
    assert [o["order"] for o in waiting] == [PARKED]
    linked = data(run("order", "list", "--state", "linked", "--json"))["orders"]
    assert [o["order"] for o in linked] == [LINKED]


@pytest.mark.parametrize("name", [LINKED, "SO-100042"])
def test_an_order_is_shown_with_its_calls_and_its_shipment(
    day: Workplace, run: Run, name: str
) -> None:
    story = data(run("order", "show", name, "--json"))
    assert (story["order"], story["tims"]) == (LINKED, "SO-100042")
    assert story["shipments"] == ["SH-9"]
    kinds = [m["kind"] for m in story["moments"]]
    assert kinds.count("call") == 3
    assert kinds[0] == "event"
    shown = run("order", "show", name).stdout
    for words in ("amz-req-1", "tims-req-1", "amz-req-2", "confirmShipment", "look at"):
        assert words in shown


def test_personal_data_is_never_in_a_timeline(day: Workplace, run: Run) -> None:
    shown = run("order", "show", LINKED).stdout
    assert '"ExternalRef"' in shown
    assert "Jo" not in shown


def test_a_waiting_order_says_what_to_do(day: Workplace, run: Run) -> None:
    shown = run("order", "show", PARKED).stdout
    assert "Add a row to lookups/skus.csv." in shown
    assert "crossdock case retry case_" in shown


def test_an_unknown_order_is_misuse_and_names_the_next_command(day: Workplace, run: Run) -> None:
    result = run("order", "show", "999-0000000-0000000")
    assert result.exit_code == 2
    assert "crossdock order sync 999-0000000-0000000" in result.stderr
    assert result.stdout == ""


def test_sync_puts_orders_in_the_inbox_and_says_who_will_do_it(place: Workplace, run: Run) -> None:
    result = run("order", "sync", LINKED, PARKED, LINKED)
    assert result.exit_code == 0
    assert "crossdock serve" in result.stderr
    assert bulk.due(place.db, "orders", datetime.now(UTC), 10) == 2


def test_sync_without_ids_wakes_the_sweep(place: Workplace, run: Run) -> None:
    place.beat(datetime.now(UTC))
    said = data(run("order", "sync", "--json"))
    assert said == {"asked": [AMAZON_SWEEP], "worker_alive": True}
    assert inbox.waiting_flows(place.db, datetime.now(UTC)) == {"feed"}


def test_runs_are_listed_with_their_results(day: Workplace, run: Run) -> None:
    runs = data(run("run", "list", "--json"))["runs"]
    assert sorted(r["flow"] for r in runs) == ["fulfilment", "orders", "orders"]
    assert {"case": 1} in [r["results"] for r in runs]
    assert "1 case" in run("run", "list", "--flow", "orders").stdout


def test_a_run_is_shown_with_its_records(day: Workplace, run: Run) -> None:
    runs = data(run("run", "list", "--flow", "fulfilment", "--json"))["runs"]
    shown = run("run", "show", runs[0]["id"]).stdout
    assert "SH-9" in shown
    assert "done" in shown
    assert run("run", "show", "run_nothing").exit_code == 2


def test_retrying_a_run_moves_what_waits_behind_a_case(day: Workplace, run: Run) -> None:
    runs = data(run("run", "list", "--json"))["runs"]
    [stuck] = [r["id"] for r in runs if r["results"] == {"case": 1}]
    assert data(run("run", "retry", stuck, "--json"))["asked"] == [PARKED]
    assert inbox.waiting_flows(day.db, datetime.now(UTC)) == {"orders"}


def test_retrying_a_finished_run_asks_for_all(day: Workplace, run: Run) -> None:
    [done] = data(run("run", "list", "--flow", "fulfilment", "--json"))["runs"]
    assert "--all" in run("run", "retry", done["id"]).stdout
    assert data(run("run", "retry", done["id"], "--all", "--json"))["asked"] == ["SH-9"]


def test_turns_of_feeds_are_listed_only_when_asked_for(day: Workplace, run: Run) -> None:
    day.happened("feed", "amazon.orders", Ended.DONE, "1 of 1 changes are new")
    flows = {r["flow"] for r in data(run("run", "list", "--json"))["runs"]}
    assert flows
    assert "feed" not in flows
    assert "feed" in {r["flow"] for r in data(run("run", "list", "--feeds", "--json"))["runs"]}
    assert {r["flow"] for r in data(run("run", "list", "--flow", "feed", "--json"))["runs"]} == {
        "feed"
    }
