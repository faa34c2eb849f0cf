"""Stock in Amazon's warehouses as its sellers may read it."""

from datetime import timedelta
from typing import Any

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import Answer, Caller

US = "ATVPDKIKX0DER"


def asked(caller: Caller, **query: str) -> Answer:
    usual = {"granularityType": "Marketplace", "granularityId": US, "marketplaceIds": US}
    return caller.call("GET", "/fba/inventory/v1/summaries", {**usual, **query})


def skus(answer: Answer) -> list[str]:
    return [row["sellerSku"] for row in answer.body["payload"]["inventorySummaries"]]


def test_details_say_where_the_units_are(caller: Caller, sim: AmazonSim) -> None:
    sim.fba.hold("ROD", fulfillable=4, inbound_shipped=10, reserved=2, unfulfillable=1)
    (row,) = asked(caller, details="true").body["payload"]["inventorySummaries"]
    details: dict[str, Any] = row["inventoryDetails"]
    assert (row["totalQuantity"], details["fulfillableQuantity"]) == (17, 4)
    assert details["reservedQuantity"]["totalReservedQuantity"] == 2
    (row,) = asked(caller).body["payload"]["inventorySummaries"]
    assert "inventoryDetails" not in row


def test_a_page_token_dies_after_thirty_seconds(
    caller: Caller, sim: AmazonSim, clock: HandClock
) -> None:
    for n in range(120):
        sim.fba.hold(f"SKU-{n:03}", fulfillable=n)
    first = asked(caller)
    token = first.body["pagination"]["nextToken"]
    assert len(skus(first)) == 50
    assert skus(asked(caller, nextToken=token))[0] == "SKU-050"
    clock.advance(31)
    late = asked(caller, nextToken=token)
    assert (late.status, late.code) == (400, "InvalidInput")
    assert asked(caller, nextToken="made up").status == 400


def test_a_token_belongs_to_its_query(caller: Caller, sim: AmazonSim, clock: HandClock) -> None:
    for n in range(60):
        sim.fba.hold(f"SKU-{n:03}")
    token = asked(caller).body["pagination"]["nextToken"]
    assert asked(caller, nextToken=token, details="true").status == 400
    clock.advance(1)
    assert asked(caller, nextToken=token).status == 200


def test_a_search_by_time_ignores_names_and_does_not_notice_what_is_on_its_way(
    caller: Caller, sim: AmazonSim, clock: HandClock
) -> None:
    sim.fba.hold("OLD", fulfillable=1)
    clock.advance(3600)
    since = clock.now().isoformat()
    sim.fba.hold("NEW", fulfillable=1)
    sim.fba.hold("OLD", fulfillable=1, inbound_shipped=5)
    assert skus(asked(caller, startDateTime=since, sellerSkus="OLD")) == ["NEW"]
    clock.advance(1)
    long_ago = (clock.now() - timedelta(days=600)).isoformat()
    assert asked(caller, startDateTime=long_ago).status == 400


def test_some_skus_by_name_at_most_fifty(caller: Caller, sim: AmazonSim) -> None:
    for sku in ("A", "B", "C"):
        sim.fba.hold(sku)
    assert skus(asked(caller, sellerSkus="A,C,NONE")) == ["A", "C"]
    assert asked(caller, sellerSkus=",".join("ABC" * 20)).status == 400


def test_two_calls_a_second(caller: Caller, sim: AmazonSim) -> None:
    assert [asked(caller).status for _ in range(3)] == [200, 200, 429]
