"""Settings that promise more than the quotas can keep: doctor says so, and a worker opens a case."""

from pathlib import Path

import pytest

from crossdock.engine.feeds import Reading
from crossdock.kernel.errors import NeedsPerson
from crossdock.settings import read_settings
from crossdock.wiring import load
from crossdock.wiring.freshness_watch import freshness_feed
from tests.cli.conftest import Run, Workplace, data


def write(folder: Path, name: str, words: str) -> None:
    file = folder / name
    known = file.read_text("utf-8") if name == "crossdock.yaml" else ""
    file.write_text(known.partition("freshness:")[0] + words, "utf-8")


def look(place: Workplace) -> Reading:
    """A worker's look at the promises, every quarter of an hour."""
    house = load(read_settings(place.folder), database=place.db)
    return freshness_feed(house).read(None)


def doctor(run: Run) -> dict[str, dict[str, object]]:
    return {f["what"]: f for f in data(run("doctor", "--offline", "--json"))["findings"]}


def test_a_promise_that_cannot_be_kept_is_a_case_until_it_can(place: Workplace) -> None:
    write(place.folder, "crossdock.yaml", "freshness: {orders: 390s}\n")
    with pytest.raises(NeedsPerson) as told:
        look(place)
    assert told.value.kind == "not-fresh-enough"
    assert "Set amazon.sweep.every to" in told.value.remedy
    assert told.value.evidence["orders"]["target_seconds"] == 390
    write(place.folder, "crossdock.yaml", "freshness: {orders: 30m}\n")
    assert look(place) == Reading([], None)


def test_stock_promises_nothing_before_it_is_published(place: Workplace) -> None:
    write(place.folder, "crossdock.yaml", "freshness: {stock: 5s}\n")
    write(place.folder, "stock.yaml", "version: 1\npublish: off\nrules: []\n")
    assert look(place) == Reading([], None)
    write(place.folder, "stock.yaml", "version: 1\npublish: on\nrules: []\n")
    with pytest.raises(NeedsPerson) as told:
        look(place)
    assert "freshness.stock" in told.value.remedy


def test_doctor_names_the_number_to_change(place: Workplace, run: Run) -> None:
    assert doctor(run)["freshness"]["ok"]
    write(place.folder, "crossdock.yaml", "freshness: {orders: 390s}\n")
    found = doctor(run)["freshness, orders"]
    assert not found["ok"]
    assert "amazon.sweep.every" in str(found["fix"])
    assert run("doctor", "--offline").exit_code == 1
