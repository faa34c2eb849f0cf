"""What staff ships, takes back and corrects, and how callers see it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.simulators.tims import Package


@pytest.fixture
def picked(sim, released, kit):
    def pick(*lines):
        number = released(*(lines or (kit.line(ExternalLineRef="L1"),)))
        sim.pick(number)
        return number

    return pick


def test_a_shipment_tells_packages_carrier_and_lines(tims, sim, picked, kit):
    number = picked(kit.line(ExternalLineRef="L1"), kit.line("TIPS", "3"))
    packages = [
        Package("UPS", "UPS", "GROUND", "1Z1", {1: Decimal(2)}, weight=Decimal("12.5")),
        Package("FDX", "FedEx", "2DAY", "77", {2: Decimal(1)}),
    ]
    shipment = sim.ship(number, packages)
    answer = tims.get(f"/shipments/{shipment}")
    assert (answer["OrderNumber"], answer["Status"], answer["CarrierCode"]) == (
        number,
        "posted",
        "UPS",
    )
    assert answer["ShippedAt"] == "2026-11-23T10:00:00.000Z"
    one, two = answer["Packages"]
    assert (one["PackageNumber"], one["TrackingNumber"], one["Weight"]) == ("1", "1Z1", "12.5")
    assert one["Lines"] == [
        {
            "LineNumber": 1,
            "ExternalLineRef": "L1",
            "ItemNumber": "WIRE",
            "Uom": "EA",
            "Qty": "2",
        }
    ]
    assert (two["CarrierName"], two["Lines"][0]["Qty"]) == ("FedEx", "1")
    assert sim.orders[number].status == "PartiallyShipped"
    assert (sim.on_hand("WIRE", "MAIN"), sim.on_hand("TIPS", "MAIN")) == (98, 99)
    assert tims.get("/shipments", order_number=number)["data"] == [answer.body]
    assert tims.get("/shipments", order_number="SO-9")["data"] == []


def test_a_voided_shipment_brings_the_goods_back(tims, sim, picked, kit):
    number = picked()
    shipment = sim.ship(number, [kit.package(_1=2)])
    sim.void_shipment(shipment)
    assert tims.get(f"/shipments/{shipment}")["Status"] == "voided"
    order = sim.orders[number]
    assert (order.status, order.lines[0].qty_shipped, order.lines[0].qty_allocated) == (
        "Picking",
        0,
        2,
    )
    assert (sim.on_hand("WIRE", "MAIN"), sim.available("WIRE", "MAIN")) == (100, 98)
    with pytest.raises(ValueError, match="voided"):
        sim.void_shipment(shipment)
    assert sim.ship(number, [kit.package(_1=2)]) != shipment
    assert order.status == "Shipped"


def test_corrected_tracking_is_a_new_version(tims, sim, picked, kit):
    shipment = sim.ship(picked(), [kit.package(_1=2)])
    before = tims.get(f"/shipments/{shipment}")
    sim.correct_tracking(shipment, "1", "1ZNEW")
    after = tims.get(f"/shipments/{shipment}")
    assert after["Packages"][0]["TrackingNumber"] == "1ZNEW"
    assert after["RowVersion"] > before["RowVersion"]
    with pytest.raises(ValueError, match="no package 2"):
        sim.correct_tracking(shipment, "2", "1ZNEW")


def test_impossible_shipments_change_nothing(tims, sim, released, picked, kit):
    number = picked()
    before = tims.get(f"/sales_orders/{number}").body
    for packages in ([kit.package(_1=3)], [kit.package(_9=1)], [kit.package()], []):
        with pytest.raises(ValueError, match=r".+"):
            sim.ship(number, packages)
    assert tims.get(f"/sales_orders/{number}").body == before
    with pytest.raises(ValueError, match="Allocated"):
        sim.ship(released(), [kit.package(_1=1)])
    with pytest.raises(ValueError, match="no sales_order"):
        sim.pick("SO-9")


def test_a_back_order_ships_when_stock_has_come(sim, picked, kit):
    number = picked(kit.line(qty="120"))
    sim.ship(number, [kit.package(_1=100)])
    assert sim.orders[number].status == "PartiallyShipped"
    sim.set_stock("WIRE", "MAIN", 30)
    sim.ship(number, [kit.package(_1=20)])
    assert sim.orders[number].status == "Shipped"
    assert sim.on_hand("WIRE", "MAIN") == 10


def test_the_rest_of_a_line_can_be_cancelled(sim, picked, kit):
    number = picked(kit.line(qty="120"))
    with pytest.raises(ValueError, match="would be empty"):
        sim.cancel_rest(number, 1)
    sim.ship(number, [kit.package(_1=90)])
    sim.cancel_rest(number, 1)
    assert (sim.orders[number].status, sim.available("WIRE", "MAIN")) == ("Shipped", 10)


def test_a_shipment_may_say_when_it_left_and_a_fault_says_1995(tims, sim, picked, kit):
    left = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    told = sim.ship(picked(), [kit.package(_1=2)], shipped_at=left)
    assert tims.get(f"/shipments/{told}")["ShippedAt"] == "2026-11-22T18:00:00.000Z"
    sim.faults.load([{"fault": "ancient_ship_date"}])
    ancient = sim.ship(picked(), [kit.package(_1=2)])
    assert tims.get(f"/shipments/{ancient}")["ShippedAt"].startswith("1995-")


def test_staff_sell_over_the_counter_and_take_orders_by_telephone(sim):
    customer, item = next(iter(sim.customers)), next(iter(sim.items))
    sim.set_stock(item, "MAIN", 10)
    sim.sell(item, "MAIN", 1)
    number = sim.take_order(customer, item, "MAIN", 2)
    assert sim.orders[number].status == "Allocated"
    assert sim.available(item, "MAIN") == 7
    with pytest.raises(ValueError, match="can be sold"):
        sim.sell(item, "MAIN", 10)
    with pytest.raises(ValueError, match="not on file"):
        sim.take_order("NOBODY", item, "MAIN", 1)
