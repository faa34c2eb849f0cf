"""`crossdock case`: what waits for a person, and how a person moves it."""

from datetime import UTC, datetime

import pytest

from crossdock.engine.model import Trouble
from crossdock.engine.store import cases, inbox
from demo import run as demo
from tests.cli.conftest import PARKED, Run, Workplace, case_id_of, data


def now() -> datetime:
    return datetime.now(UTC)


def test_cases_are_grouped_by_kind_with_counts(day: Workplace, run: Run) -> None:
    assert data(run("case", "list", "--json"))["open"] == {"unknown-sku": 1}
    shown = run("case", "list").stdout
    assert "unknown-sku: 1 open" in shown
    assert "docs/operate/unknown-sku.md" in shown
    assert PARKED in shown


def test_the_demo_ends_with_every_case_and_its_remedy(
    day: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "FOLDER", day.folder)
    verdict, status = {"ok": True, "rows": [], "figures": {}}, {"faults": {}}
    with demo.console.capture() as shown:
        assert demo.conclude(verdict, status, 1.0)
    assert "unknown-sku" in shown.get()
    assert "Add a row to lookups/skus.csv." in shown.get()


def test_no_cases_is_good_news(place: Workplace, run: Run) -> None:
    result = run("case", "list")
    assert (result.exit_code, result.stdout.strip()) == (0, "No open cases.")


def test_a_case_shows_message_remedy_evidence_timeline_and_page(day: Workplace, run: Run) -> None:
    shown = run("case", "show", case_id_of(run)).stdout
    for words in (
        "no item for SKU 'WLD-NEW'", "Add a row to lookups/skus.csv.", '"sku": "WLD-NEW"',
        "amz-req-3", "docs/operate/unknown-sku.md", "Timeline", "crossdock case retry",
    ):  # fmt: skip
        assert words in shown, words
    assert "Private" not in shown


def test_an_unreadable_message_is_kept_and_only_printed_when_asked(
    place: Workplace, run: Run
) -> None:
    trouble = Trouble("amazon-refused", "the message is not JSON", "Look at it.")
    case_id = cases.open_outside_runs(
        place.db, "intake", "m-77", trouble, now(), kept="Jo Private, 1 Long Lane"
    )
    assert "Private" not in run("case", "show", case_id).stdout
    assert "Jo Private" in run("case", "show", case_id, "--show-personal").stdout
    assert data(run("case", "show", case_id, "--json"))["kept_message"] is True


def test_a_retried_case_runs_again_now(day: Workplace, run: Run) -> None:
    assert inbox.waiting_flows(day.db, now()) == set()
    assert run("case", "retry", case_id_of(run)).exit_code == 0
    assert inbox.waiting_flows(day.db, now()) == {"orders"}


@pytest.mark.parametrize("choice", [("--kind", "unknown-sku"), ("--all",)])
def test_many_cases_are_retried_by_kind_or_all(
    day: Workplace, run: Run, choice: tuple[str, ...]
) -> None:
    assert len(data(run("case", "retry", *choice, "--json"))["retried"]) == 1
    assert inbox.waiting_flows(day.db, now()) == {"orders"}


@pytest.mark.parametrize("choice", [(), ("case_x", "--all"), ("--all", "--kind", "unknown-sku")])
def test_a_retry_is_chosen_in_exactly_one_way(
    day: Workplace, run: Run, choice: tuple[str, ...]
) -> None:
    result = run("case", "retry", *choice)
    assert result.exit_code == 2
    assert "crossdock case list" in result.stderr


def test_an_unknown_kind_names_the_open_ones(day: Workplace, run: Run) -> None:
    result = run("case", "retry", "--kind", "unknown-skew")
    assert result.exit_code == 2
    assert "unknown-sku" in result.stderr


def test_an_edit_stays_with_the_record_until_it_went_through(day: Workplace, run: Run) -> None:
    words = ("--set", "draft.customer=AMZ-CA", "--set", "order.lines.0.sku=a=b")
    assert run("case", "edit", case_id_of(run), *words).exit_code == 0
    claim = inbox.claim(
        day.db, "orders", 1, limit=1, run_id="r", worker="w", now=now(), wall=now(),
        lease_until=now(),
    )  # fmt: skip
    assert claim is not None
    assert claim.records[0].edits == {"draft.customer": "AMZ-CA", "order.lines.0.sku": "a=b"}


def edits_of(day: Workplace) -> dict[str, str]:
    """What a worker finds set for the parked record."""
    claim = inbox.claim(
        day.db, "orders", 1, limit=1, run_id="r", worker="w", now=now(), wall=now(),
        lease_until=now(),
    )  # fmt: skip
    assert claim is not None
    return dict(claim.records[0].edits)


def test_an_edit_can_be_dropped_again(day: Workplace, run: Run) -> None:
    case_id = case_id_of(run)
    run("case", "edit", case_id, "--set", "draft.customr=X", "--set", "order.channel=Y")
    words = ("--unset", "draft.customr", "--set", "draft.customer=AMZ-CA")
    done = data(run("case", "edit", case_id, *words, "--json"))
    assert (done["edits"], done["dropped"]) == ({"draft.customer": "AMZ-CA"}, ["draft.customr"])
    assert edits_of(day) == {"order.channel": "Y", "draft.customer": "AMZ-CA"}


def test_the_last_edit_can_be_dropped(day: Workplace, run: Run) -> None:
    case_id = case_id_of(run)
    run("case", "edit", case_id, "--set", "draft.customer=X")
    assert run("case", "edit", case_id, "--unset", "draft.customer").exit_code == 0
    assert edits_of(day) == {}


def test_only_what_was_set_can_be_dropped(day: Workplace, run: Run) -> None:
    case_id = case_id_of(run)
    run("case", "edit", case_id, "--set", "draft.customer=X")
    result = run("case", "edit", case_id, "--unset", "draft.customr")
    assert result.exit_code == 2
    assert "set are: draft.customer" in result.stderr


def test_an_edit_that_no_step_gives_is_refused_at_once(day: Workplace, run: Run) -> None:
    result = run("case", "edit", case_id_of(run), "--set", "sales_order.LocationId=W2")
    assert result.exit_code == 2
    assert "no step of orders gives 'sales_order'" in result.stderr
    assert "new_sales_order" in result.stderr.partition("Can be set:")[2]
    assert inbox.waiting_flows(day.db, now()) == set()


def test_an_edit_without_a_change_is_misuse(day: Workplace, run: Run) -> None:
    result = run("case", "edit", case_id_of(run))
    assert result.exit_code == 2
    assert "--unset" in result.stderr


@pytest.mark.parametrize("wrong", ["LocationId=W2", "order.LocationId", "a..b=1", "=x"])
def test_an_edit_that_names_no_field_is_misuse(day: Workplace, run: Run, wrong: str) -> None:
    result = run("case", "edit", case_id_of(run), "--set", wrong)
    assert result.exit_code == 2
    assert "PATH=VALUE" in result.stderr


def test_a_case_is_resolved_with_a_reason_and_only_once(day: Workplace, run: Run) -> None:
    case_id = case_id_of(run)
    assert run("case", "resolve", case_id).exit_code == 2
    assert run("case", "resolve", case_id, "--reason", "  ").exit_code == 2
    done = data(run("case", "resolve", case_id, "--reason", "shipped by hand", "--json"))
    assert done["state"] == "resolved"
    assert done["resolution"].endswith("shipped by hand")
    assert run("case", "resolve", case_id, "--reason", "again").exit_code == 2
    assert data(run("case", "list", "--state", "resolved", "--json"))["open"] == {}
    assert run("case", "retry", case_id).exit_code == 2


def test_a_case_without_a_record_is_passed_by_when_many_are_retried(
    day: Workplace, run: Run
) -> None:
    trouble = Trouble("reconnect-tims", "not let in", "Look.")
    case_id = cases.open_outside_runs(day.db, "intake", "tims.webhook", trouble, now())
    assert case_id not in data(run("case", "retry", "--all", "--json"))["retried"]
    assert inbox.waiting_flows(day.db, now()) == {"orders"}
    result = run("case", "retry", case_id)
    assert result.exit_code == 2
    assert "closes by itself" in result.stderr
    assert "case retry" not in run("case", "show", case_id).stdout


def test_other_companies_words_cannot_steer_the_terminal(place: Workplace, run: Run) -> None:
    trouble = Trouble("tims-refused", "bad \x1b[31m[bold]words[/bold]\x07", "Look.")
    cases.open_outside_runs(place.db, "orders", "k", trouble, now())
    shown = run("case", "list").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[bold]words[/bold]" in shown
