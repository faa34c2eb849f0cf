"""A power cut around every write of every flow leaves one effect and nothing missing."""

from dataclasses import replace
from pathlib import Path

import pytest

from crossdock.lang.flow import DoStep
from crossdock.simulators.world.scenario import Scenario, preset
from crossdock.wiring.language import read_language
from crossdock.wiring.operations import without_connections
from tests.scenarios.rehearsal import Rehearsal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EVENTFUL: Scenario = replace(
    preset("calm"), orders=14, span=300, pending_first=0.4, buyer_cancel_request=0.1,
    cancel_while_pending=0.15, cancel_after_tims=0.15, change_address=0.2, change_quantity=0.2,
    tims_cancel=0.1, partial_shipment=0.3, multi_package=0.3, corrected_tracking=0.3,
)  # fmt: skip


def writes() -> list[tuple[str, str]]:
    """Every write of every shipped flow, as (flow, step); a new one is in the matrix by itself."""
    flows = read_language(None, without_connections()).flows.values()
    return sorted(
        (flow.name, step.name)
        for flow in flows
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


@pytest.mark.parametrize("flow", ["orders", "fulfilment"])
def test_a_power_cut_after_the_record(flow: str, tmp_path: Path) -> None:
    cuts = {"left": 3}

    def watch(at: str, in_flow: str, _step: str) -> None:
        if cuts["left"] and (at, in_flow) == ("recorded", flow):
            cuts["left"] -= 1
            raise PowerCut

    run_with_power_cuts(tmp_path, watch)
    assert cuts["left"] == 0


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
