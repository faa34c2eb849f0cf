"""The world's own door, without sockets."""

import json
from typing import Any

import pytest

from crossdock.simulators.wire import Request
from crossdock.simulators.world.control import Control
from crossdock.simulators.world.world import World
from tests.simulators.world.clerk import Clerk
from tests.simulators.world.conftest import Begin, pass_time


def ask(world: World, method: str, name: str, body: Any = None) -> tuple[int, Any]:
    control = Control(world, lambda: {"clock": "by hand"})
    raw = b"" if body is None else json.dumps(body).encode()
    reply = control.handle(Request(method, f"/_world/{name}", body=raw))
    return reply.status, json.loads(reply.body)


def test_status_and_truth_tell_how_things_stand(begin: Begin) -> None:
    world = begin(name="calm", orders=3, span=30)
    pass_time(world, Clerk(world))
    _, status = ask(world, "GET", "status")
    assert (status["placed"], status["people_done"]) == (3, True)
    _, truth = ask(world, "GET", "truth")
    assert len(truth["orders"]) == len(truth["sales_orders"]) == 3


def test_the_verdict_takes_open_cases(begin: Begin) -> None:
    world = begin(name="calm", orders=1, span=1)
    pass_time(world)
    (order_id,) = world.amazon.orders
    shop = world.goods.shop(world.amazon.orders[order_id].marketplace.id)
    world.tims.put_on_credit_hold(shop.customer_code)
    assert ask(world, "POST", "verdict", {"cases": []})[1]["ok"] is False
    case = {"key": order_id, "kind": "credit-hold", "flow": "orders"}
    status, verdict = ask(world, "POST", "verdict", {"cases": [case]})
    assert (status, verdict["ok"]) == (200, True)
    assert {"name", "expected", "found", "ok", "detail"} == verdict["rows"][0].keys()


def test_faults_are_switched(begin: Begin) -> None:
    world = begin()
    rows = [{"fault": "notification_lost", "chance": 0.5, "after": 10}]
    assert ask(world, "POST", "faults", {"amazon": rows})[0] == 200
    _, faults = ask(world, "GET", "faults")
    assert faults["amazon"]["set"][0]["fault"] == "notification_lost"
    assert "webhook_lost" in faults["tims"]["known"]


def test_people_come_when_called(begin: Begin) -> None:
    world = begin(orders=0)
    assert ask(world, "POST", "people", {"name": "calm", "orders": 4}) == (200, {"coming": 4})


def test_quiet_switches_the_faults_off(begin: Begin) -> None:
    world = begin()
    ask(world, "POST", "faults", {"tims": [{"fault": "maintenance"}]})
    ask(world, "POST", "quiet")
    assert not world.tims.faults.active("maintenance")


def test_the_configuration_carries_the_lookup_tables(begin: Begin) -> None:
    _, config = ask(begin(), "GET", "config")
    assert config["lookups"]["skus.csv"].startswith("sku,item,uom,units_per_pack\n")
    assert config["clock"] == "by hand"


@pytest.mark.parametrize(
    ("method", "name", "body", "status", "words"),
    [
        ("GET", "weather", None, 404, "GET /_world/status"),
        ("POST", "faults", {"amazon": [{"fault": "snow"}]}, 400, "no fault is called 'snow'"),
        ("POST", "people", {"orders": "many"}, 400, "orders is 'many'"),
        ("POST", "verdict", {"cases": [{"kind": "x"}]}, 400, "KeyError"),
    ],
)
def test_a_wrong_question_is_answered_in_words(
    begin: Begin, method: str, name: str, body: Any, status: int, words: str
) -> None:
    found, answer = ask(begin(), method, name, body)
    assert found == status
    assert words in answer["error"]
