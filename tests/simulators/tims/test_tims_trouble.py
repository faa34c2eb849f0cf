"""Limits, maintenance, and everything else that goes wrong between us and TIMS."""

from dataclasses import replace

import pytest

from crossdock.simulators.tims import FAULTS, TimsSim
from crossdock.simulators.wire import Cut


@pytest.fixture
def limited(clock, new_site, caller_of):
    return caller_of(new_site(clock, limits=True))


def test_ten_requests_a_second_with_a_burst_of_thirty(limited, clock):
    answers = [limited.get("/meta") for _ in range(31)]
    assert [x.status for x in answers].count(200) == 30
    refused = answers[-1]
    assert (refused.code, refused["retryable"]) == ("rate_limited", True)
    assert refused.headers["retry-after"] == "1"
    assert answers[0].headers["x-ratelimit-limit"] == "10"
    assert answers[0].headers["x-ratelimit-remaining"] == "29"
    assert answers[29].headers["x-ratelimit-reset"] == "3"
    clock.advance(1)
    assert [limited.get("/meta").status for _ in range(11)] == [200] * 10 + [429]


def test_each_key_has_its_own_bucket(limited, sim):
    for _ in range(31):
        limited.get("/meta")
    limited.headers = {
        "authorization": f"ApiKey {limited.sim.test_credential.api_key}",
        "x-tims-company": f"{limited.sim.company}/test",
    }
    assert limited.get("/meta").status == 200


def test_at_most_four_writes_at_the_same_time(limited, kit, clock):
    limited.sim.faults.load([{"fault": "slow", "seconds": 5}])
    answers = [limited.create("/sales_orders", kit.order()) for _ in range(5)]
    assert [x.status for x in answers] == [201, 201, 201, 201, 429]
    assert answers[0].reply.delay == 5
    assert limited.get("/sales_orders").status == 200
    clock.advance(5)
    assert limited.create("/sales_orders", kit.order()).status == 201


def test_maintenance_answers_503_for_its_window(tims, sim, clock):
    sim.faults.load([{"fault": "maintenance", "after": 60, "lasts": 120, "retry_after": 30}])
    assert tims.get("/meta").status == 200
    clock.advance(60)
    down = tims.get("/meta")
    assert (down.status, down.code, down.headers["retry-after"]) == (503, "maintenance", "30")
    assert tims.token().status == 503
    clock.advance(120)
    assert tims.get("/meta").status == 200


def test_nightly_maintenance(tims, sim, clock):
    sim.faults.load([{"fault": "maintenance", "from": "23:50", "minutes": 20}])
    assert tims.get("/meta").status == 200
    clock.advance(13 * 3600 + 50 * 60)
    assert tims.get("/meta").status == 503
    clock.advance(15 * 60)
    assert tims.get("/meta").status == 503
    clock.advance(5 * 60)
    assert tims.get("/meta").status == 200


def test_a_lost_reply_leaves_the_order_and_the_key_brings_it_back(tims, sim, kit):
    sim.faults.load([{"fault": "reply_lost_after_write", "operations": ["POST /sales_orders"]}])
    lost = tims.create("/sales_orders", kit.order("112-1"), key="k1")
    assert lost.reply.cut is Cut.RESET
    assert len(sim.orders) == 1
    assert sim.counts["POST /sales_orders", 0] == 1
    sim.faults.quiet()
    again = tims.create("/sales_orders", kit.order("112-1"), key="k1")
    assert (again.status, again.headers["idempotent-replay"]) == (201, "true")
    assert len(sim.orders) == 1
    assert sim.counts["POST /sales_orders", 201] == 1


@pytest.mark.parametrize(("fault", "cut"), [("reset_before", Cut.RESET), ("silence", Cut.SILENCE)])
def test_a_cut_before_leaves_nothing(tims, sim, kit, fault, cut):
    sim.faults.load([{"fault": fault}])
    assert tims.create("/sales_orders", kit.order("112-1")).reply.cut is cut
    assert sim.orders == {}


def test_server_errors_come_in_bursts(tims, sim):
    sim.faults.load([{"fault": "server_error_burst", "status": 503, "length": 2}])
    first = tims.get("/meta")
    assert (first.status, first.code, first["retryable"]) == (503, "internal", True)
    sim.faults.quiet()
    assert tims.get("/meta").status == 200


def test_half_an_answer_and_a_busy_site(tims, sim, kit):
    sim.faults.load([{"fault": "malformed_json"}])
    half = tims.create("/sales_orders", kit.order("112-1"))
    assert (half.status, half.body, len(sim.orders)) == (201, None, 1)
    sim.faults.quiet()
    sim.faults.load([{"fault": "rate_limited", "seconds": 7}])
    assert tims.get("/meta").headers["retry-after"] == "7"


def test_somebody_is_faster_than_our_change(tims, sim, entered):
    path = f"/sales_orders/{entered()}"
    version = tims.get(path)["RowVersion"]
    sim.faults.load([{"fault": "stale_version"}])
    raced = tims.change(path, {"Notes": ["x"]}, version)
    assert (raced.status, raced.code) == (412, "stale_version")
    sim.faults.quiet()
    now = raced["current_row_version"]
    assert tims.change(path, {"Notes": ["x"]}, now).status == 200


def test_a_token_can_end_before_its_hour(tims, sim):
    tims.headers = {"authorization": f"Bearer {tims.token()['access_token']}"}
    sim.faults.load([{"fault": "token_expired_early", "chance": 1}])
    assert tims.get("/meta").code == "token_expired"
    sim.faults.quiet()
    assert tims.get("/meta").code == "token_invalid"


def test_every_fault_has_a_sentence_and_an_unknown_one_is_refused(clock):
    assert all(text.endswith(".") for text in FAULTS.values())
    with pytest.raises(ValueError, match="no fault is called"):
        TimsSim(clock, faults=[{"fault": "earthquake"}])


def test_the_same_seed_and_calls_give_the_same_answers(clock, new_site, caller_of, kit):
    def a_day(at):
        tims = caller_of(new_site(at, seed=3, limits=True))
        tims.sim.faults.load([
            {"fault": "server_error_burst", "chance": 0.2},
            {"fault": "reply_lost_after_write", "chance": 0.2},
            {"fault": "webhook_reordered", "chance": 0.5},
        ])  # fmt: skip
        body = {"Url": "http://127.0.0.1:9/", "Events": ["sales_order.created"]}
        said = [tims.create("/webhooks", {**body, "Secret": "x" * 16}).reply]
        said.append(tims.token().reply)
        for i in range(20):
            said.append(tims.create("/sales_orders", kit.order(f"112-{i}")).reply)
            at.advance(1)
        return said, [(x.headers, x.body) for x in tims.sim.due_webhooks()]

    assert a_day(replace(clock)) == a_day(replace(clock))
