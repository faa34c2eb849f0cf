"""Each fault does what its name says, and nothing when it is off."""

from collections.abc import Callable

import pytest

from crossdock.simulators.amazon import FAULTS, AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.simulators.wire import Cut
from tests.simulators.amazon.conftest import Caller

Place = Callable[..., str]


def test_a_fault_can_strike_so_often_and_no_more(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    sim.faults.load(
        [{"fault": "server_error_burst", "length": 1, "operations": ["getOrder"], "most": 2}]
    )
    caller.published = None

    assert [caller.get_order(order_id).status >= 500 for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]


def test_every_fault_is_described(sim: AmazonSim) -> None:
    assert all(words.endswith(".") for words in FAULTS.values())
    with pytest.raises(ValueError, match="no fault is called 'gremlins'"):
        sim.faults.load([{"fault": "gremlins"}])


@pytest.mark.parametrize(
    ("how", "cut"), [(None, Cut.RESET), ("reset", Cut.RESET), ("silence", Cut.SILENCE)]
)
def test_a_write_is_stored_though_its_reply_is_lost(
    sim: AmazonSim, caller: Caller, unshipped: Place, how: str | None, cut: Cut
) -> None:
    sim.faults.load([{"fault": "reply_lost_after_write", **({"how": how} if how else {})}])
    order_id = unshipped()

    assert caller.confirm(order_id).reply.cut is cut
    assert sim.orders[order_id].status == "SHIPPED"
    assert caller.get_order(order_id).status == 200
    assert sim.counts["confirmShipment", 0] == 1


@pytest.mark.parametrize("fault", ["reset_before", "silence"])
def test_nothing_is_stored_when_the_line_breaks_before(
    sim: AmazonSim, caller: Caller, unshipped: Place, fault: str
) -> None:
    caller.token()
    sim.faults.load([{"fault": fault, "operations": ["confirmShipment"]}])
    order_id = unshipped()

    assert caller.confirm(order_id).reply.cut in (Cut.RESET, Cut.SILENCE)
    assert sim.orders[order_id].status == "UNSHIPPED"


def test_server_errors_come_in_bursts(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()
    caller.token()
    fault = {"fault": "server_error_burst", "operations": ["getOrder"], "length": 3}
    sim.faults.load([{**fault, "status": 500}])

    first = caller.get_order(order_id)
    sim.faults.quiet()

    assert (first.status, first.code) == (500, "InternalFailure")
    assert [caller.get_order(order_id).status for _ in range(3)] == [500, 500, 200]


def test_server_errors_take_turns_unless_told(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    caller.token()
    sim.faults.load([{"fault": "server_error_burst"}])

    assert [caller.get_order(order_id).status for _ in range(4)] == [503, 500, 503, 500]


def test_half_a_document_is_not_json(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    sim.faults.load([{"fault": "malformed_json"}])

    answer = caller.get_order(unshipped())

    assert (answer.status, answer.body) == (200, None)
    assert answer.reply.body.startswith(b'{"order":')


def test_the_gateway_may_answer_in_html(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    sim.faults.load([{"fault": "html_error"}])

    answer = caller.get_order(unshipped())

    assert (answer.status, answer.headers["content-type"]) == (503, "text/html")


def test_one_dataset_may_be_out_of_order(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    sim.faults.load([{"fault": "included_data_outage", "value": "FULFILLMENT"}])
    order_id = unshipped()

    assert caller.get_order(order_id, included="BUYER,FULFILLMENT").status == 400
    assert caller.get_order(order_id, included="BUYER").status == 200


def test_a_confirmed_package_may_show_late(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    sim.faults.load([{"fault": "package_invisible", "seconds": 60}])
    order_id = unshipped()
    caller.confirm(order_id)

    assert caller.get_order(order_id).body["order"]["packages"] == []
    clock.advance(60)
    assert len(caller.get_order(order_id).body["order"]["packages"]) == 1


def test_a_repeat_may_be_refused_though_the_first_one_stands(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    sim.faults.load([{"fault": "repeat_refused"}])
    order_id = unshipped()

    assert caller.confirm(order_id).status == 204
    assert caller.confirm(order_id).status == 400
    assert sim.orders[order_id].packages["1"].edits == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_may_die_early(
    sim: AmazonSim, caller: Caller, unshipped: Place, status: int
) -> None:
    order_id = unshipped()
    sim.faults.load([{"fault": "token_expired_early", "status": status}])
    caller.published = None  # Amazon's model of orders knows no 401, its practice does

    assert caller.get_order(order_id).status == status
    sim.faults.quiet()
    assert caller.get_order(order_id).status == 403
    caller.forget_tokens()
    assert caller.get_order(order_id).status == 200


def test_a_revoked_grant_is_a_fault_too(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()
    caller.token()
    sim.faults.load([{"fault": "grant_revoked"}])

    assert caller.get_order(order_id).status == 403
    refused = caller.login(grant_type="refresh_token", refresh_token=sim.refresh_token)
    assert refused.body["error"] == "invalid_grant"


def test_faults_keep_to_their_window(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    order_id = unshipped()
    caller.token()
    sim.faults.load([{"fault": "html_error", "after": 10, "lasts": 10}])
    statuses = []
    for _ in range(3):
        statuses.append(caller.get_order(order_id).status)
        clock.advance(10)

    assert statuses == [200, 503, 200]
