"""A power cut around every write of every flow leaves one effect and nothing missing."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.lang.flow import DoStep
from crossdock.simulators.world.scenario import Scenario, preset
from crossdock.wiring.language import read_language
from crossdock.wiring.operations import without_connections
from tests.scenarios.rehearsal import Rehearsal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EVENTFUL: Scenario = replace(
    preset("calm"), orders=20, span=300, pick_after=400, pending_first=0.4, buyer_cancel_request=0.05,
    cancel_while_pending=0.15, cancel_after_tims=0.3, change_address=0.15, change_quantity=0.15,
    tims_cancel=0.1, partial_shipment=0.3, multi_package=0.3, corrected_tracking=0.3,
    shops_on_file=False, business=0.4,
)  # fmt: skip

OWN_TESTS = {"settlements", "receivables", "customers", "stock", "prices", "catalogue"}


def writes() -> list[tuple[str, str]]:
    """Every write of every flow that buyers and staff set going, as (flow, step); a new one is in
    the matrix by itself. Settlements, receivables, customers, stock, prices and the catalogue have
    tests of their own.
    """
    flows = read_language(None, without_connections()).flows.values()
    return sorted(
        (flow.name, step.name)
        for flow in flows
        if flow.name not in OWN_TESTS
        for step in flow.steps
        if isinstance(step, DoStep) and step.operation.repeat.writes
    )


class PowerCut(BaseException):
    """The machine is gone."""


def test_every_shipped_flow_is_in_the_matrix() -> None:
    assert {flow for flow, _ in writes()} == {"orders", "fulfilment"}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("flow", "step"), writes())
def test_a_power_cut_around_a_write(flow: str, step: str, when: str, tmp_path: Path) -> None:
    cuts = {"left": 3}

    def watch(at: str, in_flow: str, at_step: str) -> None:
        if cuts["left"] and (at, in_flow, at_step) == (when, flow, step):
            cuts["left"] -= 1
            raise PowerCut

    run_with_power_cuts(tmp_path, watch)
    assert cuts["left"] < 3, "the scenario never comes there"


@pytest.mark.parametrize("flow", ["orders", "fulfilment"])
def test_a_power_cut_after_the_record(flow: str, tmp_path: Path) -> None:
    cuts = {"left": 3}

    def watch(at: str, in_flow: str, _step: str) -> None:
        if cuts["left"] and (at, in_flow) == ("recorded", flow):
            cuts["left"] -= 1
            raise PowerCut

    run_with_power_cuts(tmp_path, watch)
    assert cuts["left"] == 0


def test_changed_and_shipped_while_the_machine_was_off_goes_to_a_person(tmp_path: Path) -> None:
    """The link was never written, the warehouse shipped to the old address, and Amazon hears of the
    shipment before the order is looked at again.
    """
    cuts = {"left": 1}

    def watch(at: str, _flow: str, step: str) -> None:
        if cuts["left"] and (at, step) == ("after", "release"):
            cuts["left"] -= 1
            raise PowerCut

    rehearsal = Rehearsal(tmp_path, 5, replace(preset("calm"), orders=1, span=60), watch=watch)
    with pytest.raises(PowerCut):
        rehearsal.run()
    world = rehearsal.world
    (order,) = world.amazon.orders.values()
    elsewhere = replace(order.buyer.address, line1="1 Elsewhere")
    world.amazon.change_address(order.order_id, elsewhere)
    while not world.tims.shipments:
        rehearsal.pass_time(timedelta(seconds=30))
    rehearsal.restart()
    rehearsal.run()
    assert [(c["key"], c["kind"]) for c in rehearsal.open_cases()] == [
        (order.order_id, "order-locked")
    ]
    assert rehearsal.verdict().ok


def run_with_power_cuts(folder: Path, watch) -> None:  # type: ignore[no-untyped-def]
    rehearsal = Rehearsal(folder, 5, EVENTFUL, watch=watch)
    while True:
        try:
            rehearsal.run()
            break
        except PowerCut:
            rehearsal.restart()
    verdict = rehearsal.verdict()
    wrong = [f"{row.name}: {line}" for row in verdict.rows for line in row.detail if not row.ok]
    assert verdict.ok, "\n".join(wrong)
