"""From Entered to Completed: who may move an order when, and what stock it is promised."""

import pytest


def status(sim, number):
    return sim.orders[number].status


def test_release_promises_stock(tims, sim, entered, kit):
    number = entered(kit.line(qty="3"), kit.line("TIPS", "1", Uom="BX"))
    answer = tims.do(f"/sales_orders/{number}/release")
    assert (answer["Status"], answer["LocationId"]) == ("Allocated", "MAIN")
    assert [x["QtyAllocated"] for x in answer["Lines"]] == ["3", "1"]
    assert (sim.available("WIRE", "MAIN"), sim.available("TIPS", "MAIN")) == (97, 90)


def test_what_is_short_is_back_ordered_and_served_in_turn_when_stock_comes(
    tims, sim, released, kit
):
    first = released(kit.line(qty="70"))
    second = released(kit.line(qty="50"))
    third = released(kit.line(qty="20"))
    assert [status(sim, x) for x in (first, second, third)] == [
        "Allocated",
        "Backordered",
        "Backordered",
    ]
    line = sim.orders[second].lines[0]
    assert (line.qty_allocated, line.qty_backordered) == (30, 20)
    sim.set_stock("WIRE", "MAIN", 130)
    assert (status(sim, second), status(sim, third)) == ("Allocated", "Backordered")
    tims.do(f"/sales_orders/{first}/cancel")
    assert status(sim, third) == "Allocated"


def test_a_line_with_the_override_is_taken_whole_or_not_at_all(sim, released, kit):
    number = released(kit.line(qty="120", OverrideBackorderQuantity=True))
    line = sim.orders[number].lines[0]
    assert (line.qty_allocated, line.qty_backordered) == (0, 120)


def test_tims_chooses_the_location_that_has_everything(sim, released, kit):
    sim.add_location("ANNEX", "Annex")
    sim.set_stock("WIRE", "ANNEX", 10)
    assert sim.orders[released(kit.line(qty="5"))].location_id == "ANNEX"
    both = released(kit.line(qty="1"), kit.line("TIPS", "1"))
    assert sim.orders[both].location_id == "MAIN"
    assert sim.orders[released(LocationId="MAIN")].location_id == "MAIN"


def test_a_kit_takes_its_components(sim, released, kit):
    sim.add_item("STARTER", kit={"WIRE": 1, "TIPS": 5})
    number = released(kit.line("STARTER", "30"))
    line = sim.orders[number].lines[0]
    assert (line.qty_allocated, line.qty_backordered) == (20, 10)
    assert (sim.available("WIRE", "MAIN"), sim.available("TIPS", "MAIN")) == (80, 0)


def test_services_and_drop_shipments_need_no_stock(sim, released, kit):
    sim.add_item("GRIND", item_class="service")
    assert status(sim, released(kit.line("GRIND", "1"))) == "Allocated"
    assert status(sim, released(kit.line(qty="500"), OrderType="drop_ship")) == "Allocated"
    assert sim.available("WIRE", "MAIN") == 100


def test_a_repeated_release_or_cancel_names_the_status(tims, released):
    number = released()
    again = tims.do(f"/sales_orders/{number}/release")
    assert (again.status, again.code) == (409, "invalid_status_transition")
    assert again["current_status"] == "Allocated"
    assert tims.do(f"/sales_orders/{number}/cancel", {"Reason": "buyer"}).status == 200
    again = tims.do(f"/sales_orders/{number}/cancel")
    assert (again.status, again["current_status"]) == (409, "Cancelled")


def test_a_cancelled_order_gives_its_stock_back(tims, sim, released):
    number = released()
    assert sim.available("WIRE", "MAIN") == 98
    answer = tims.do(f"/sales_orders/{number}/cancel")
    assert (answer["Status"], answer["Lines"][0]["QtyCancelled"]) == ("Cancelled", "2")
    assert sim.available("WIRE", "MAIN") == 100


def test_hold_keeps_the_stock_and_release_goes_on(tims, sim, released):
    number = released()
    assert tims.do(f"/sales_orders/{number}/hold", {"Reason": "fraud?"})["Status"] == "Held"
    assert tims.do(f"/sales_orders/{number}/hold").status == 409
    assert sim.available("WIRE", "MAIN") == 98
    assert tims.do(f"/sales_orders/{number}/release")["Status"] == "Allocated"
    assert sim.available("WIRE", "MAIN") == 98
    sim.pick(number)
    sim.hold(number)
    assert tims.do(f"/sales_orders/{number}/cancel").status == 409
    assert tims.do(f"/sales_orders/{number}/release")["Status"] == "Picking"


def test_the_whole_way_to_completed(tims, sim, released, kit):
    number = released()
    sim.pick(number)
    assert tims.do(f"/sales_orders/{number}/cancel")["current_status"] == "Picking"
    sim.ship(number, [kit.package(_1=1)])
    assert status(sim, number) == "PartiallyShipped"
    sim.ship(number, [kit.package(_1=1)])
    assert status(sim, number) == "Shipped"
    sim.invoice(number)
    sim.complete(number)
    assert status(sim, number) == "Completed"
    assert [word for _, word, _ in sim.orders[number].history] == [
        "Entered",
        "Allocated",
        "Picking",
        "PartiallyShipped",
        "Shipped",
        "Invoiced",
        "Completed",
    ]
    assert tims.get("/stock")["data"][0]["OnHand"] == "98"


@pytest.mark.parametrize("deed", ["pick", "invoice", "complete"])
def test_staff_cannot_skip_a_status(sim, entered, deed):
    with pytest.raises(ValueError, match="Entered"):
        getattr(sim, deed)(entered())


# --- changes ---------------------------------------------------------------------------------


def test_a_change_needs_the_current_version(tims, sim, entered):
    path = f"/sales_orders/{entered()}"
    body = {"CustomerPoNumber": "PO-9"}
    missing = tims.call("PATCH", path, body)
    assert (missing.status, missing.code) == (428, "if_match_missing")
    version = tims.get(path)["RowVersion"]
    changed = tims.change(path, body, version)
    assert (changed.status, changed["CustomerPoNumber"]) == (200, "PO-9")
    assert changed["RowVersion"] > version
    stale = tims.change(path, body, version)
    assert (stale.status, stale.code) == (412, "stale_version")
    assert stale["current_row_version"] == changed["RowVersion"]


def test_quantities_change_and_the_promises_follow(tims, sim, released, kit):
    number = released(kit.line(ExternalLineRef="L1"), kit.line("TIPS", "4", ExternalLineRef="L2"))
    path = f"/sales_orders/{number}"
    rows = [
        {"ExternalLineRef": "L1", "QtyOrdered": "120"},
        {"LineNumber": 2, "QtyCancelled": "4"},
    ]
    answer = tims.change(path, {"Lines": rows}, tims.get(path)["RowVersion"])
    assert answer["Status"] == "Backordered"
    assert (answer["Lines"][0]["QtyAllocated"], answer["Lines"][0]["QtyBackordered"]) == (
        "100",
        "20",
    )
    assert answer["Lines"][1]["QtyAllocated"] == "0"
    assert sim.available("TIPS", "MAIN") == 100
    assert answer["Totals"]["Lines"] == "7740.00"
    rows = [{"LineNumber": 1, "QtyOrdered": "100"}]
    assert tims.change(path, {"Lines": rows}, answer["RowVersion"])["Status"] == "Allocated"


def test_an_order_with_nothing_left_is_cancelled(tims, sim, released):
    number = released()
    path = f"/sales_orders/{number}"
    rows = [{"LineNumber": 1, "QtyCancelled": "2"}]
    answer = tims.change(path, {"Lines": rows}, tims.get(path)["RowVersion"])
    assert (answer["Status"], sim.available("WIRE", "MAIN")) == ("Cancelled", 100)


def test_a_refused_change_leaves_the_order_as_it_was(tims, sim, entered):
    path = f"/sales_orders/{entered()}"
    before = tims.get(path)
    rows = [
        {"LineNumber": 1, "QtyCancelled": "3"},
        {"LineNumber": 9, "QtyOrdered": "1"},
        {"QtyOrdered": "1"},
        {"LineNumber": 1, "UnitPrice": "1.00"},
    ]
    body = {"CustomerPoNumber": "PO-9", "Lines": rows, "CustomerCode": "X", "Colour": "blue"}
    refused = tims.change(path, body, before["RowVersion"])
    assert refused.faults == {
        "/CustomerCode": "read_only",
        "/Colour": "unknown_field",
        "/Lines/0/QtyCancelled": "out_of_range",
        "/Lines/1": "line_not_found",
        "/Lines/2": "required",
        "/Lines/3/UnitPrice": "read_only",
    }
    assert tims.get(path).body == before.body


def test_from_picking_on_an_order_is_locked(tims, sim, released):
    number = released()
    sim.pick(number)
    path = f"/sales_orders/{number}"
    locked = tims.change(path, {"Notes": ["late"]}, tims.get(path)["RowVersion"])
    assert (locked.status, locked.code, locked["current_status"]) == (
        409,
        "order_locked",
        "Picking",
    )


def test_null_empties_a_field_and_an_address_replaces_a_code(tims, sim, entered, kit):
    number = entered(CustomerPoNumber="PO-1", Notes=["one"])
    path = f"/sales_orders/{number}"
    body = {
        "CustomerPoNumber": None,
        "Notes": None,
        "ShipToAddress": {**kit.address, "City": "Helena"},
    }
    answer = tims.change(path, body, tims.get(path)["RowVersion"])
    assert (answer["CustomerPoNumber"], answer["Notes"]) == (None, [])
    assert answer["ShipToAddress"]["City"] == "Helena"
