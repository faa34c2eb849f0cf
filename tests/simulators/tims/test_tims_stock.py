"""Stock, what is promised of it, and reservations for those who have not ordered yet."""

import pytest


def a_reservation(item="WIRE", qty="5", **more):
    return {"ItemNumber": item, "Qty": qty, "ExternalRef": "112-1", **more}


def test_a_level_tells_what_is_there_and_what_is_promised(tims, released, kit):
    released(kit.line(qty="3"))
    rows = {x["ItemNumber"]: x for x in tims.get("/stock", location_id="MAIN")["data"]}
    wire = rows["WIRE"]
    assert (wire["OnHand"], wire["Allocated"], wire["Available"], wire["Uom"]) == (
        "100",
        "3",
        "97",
        "EA",
    )
    assert tims.get("/stock", location_id="MOON")["data"] == []
    assert tims.get("/items/WIRE/stock")["data"] == [wire]
    assert tims.get("/items/MOON/stock").code == "item_not_found"


def test_many_items_are_asked_for_at_once(tims):
    answer = tims.do("/stock/query", {"ItemNumbers": ["TIPS", "MOON", "WIRE"]})
    assert [x["ItemNumber"] for x in answer["data"]] == ["TIPS", "WIRE"]
    assert answer["not_found"] == ["MOON"]
    too_many = tims.do("/stock/query", {"ItemNumbers": ["WIRE"] * 501})
    assert too_many.faults == {"/ItemNumbers": "too_many"}


def test_a_count_that_finds_less_takes_back_the_latest_promises(tims, sim, released, kit):
    first, second = released(kit.line(qty="60")), released(kit.line(qty="30"))
    sim.set_stock("WIRE", "MAIN", 70)
    assert [sim.orders[x].status for x in (first, second)] == ["Allocated", "Backordered"]
    line = sim.orders[second].lines[0]
    assert (line.qty_allocated, line.qty_backordered) == (10, 20)
    sim.pick(first)
    with pytest.raises(ValueError, match="being picked"):
        sim.set_stock("WIRE", "MAIN", 50)
    sim.set_stock("WIRE", "MAIN", 60)
    assert sim.orders[second].lines[0].qty_allocated == 0


def test_an_item_moves_to_a_new_number_with_its_stock(tims, sim, kit):
    sim.renumber_item("WIRE", "WIRE-NEW")
    assert tims.get("/items/WIRE").status == 404
    assert tims.get("/items/WIRE-NEW/stock")["data"][0]["OnHand"] == "100"
    refused = tims.create("/sales_orders", kit.order())
    assert refused.faults == {"/Lines/0/ItemNumber": "item_not_found"}
    ops = [(x["key"], x["op"]) for x in tims.get("/changes", entity="stock")["data"]]
    assert ops[-2:] == [("WIRE@MAIN", "delete"), ("WIRE-NEW@MAIN", "create")]


def test_a_unit_that_is_no_longer_sold_is_refused(tims, sim, kit):
    sim.set_uoms("WIRE", {"RL": 1})
    refused = tims.create("/sales_orders", kit.order())
    assert refused.faults == {"/Lines/0/Uom": "uom_mismatch"}


# --- reservations ----------------------------------------------------------------------------


def test_a_reservation_holds_stock_until_it_expires(tims, sim, clock):
    body = a_reservation(ExpiresAt="2026-11-23T11:00:00Z")
    held = tims.create("/stock_reservations", body)
    assert (held.status, held["Status"], held["LocationId"]) == (201, "active", "MAIN")
    assert sim.available("WIRE", "MAIN") == 95
    clock.advance(3600)
    assert tims.get(f"/stock_reservations/{held['Id']}")["Status"] == "expired"
    assert sim.available("WIRE", "MAIN") == 100


def test_a_reservation_is_found_by_its_reference(tims):
    tims.create("/stock_reservations", a_reservation())
    tims.create("/stock_reservations", a_reservation("TIPS", ExternalRef="112-2"))
    found = tims.get("/stock_reservations", external_ref="112-1")["data"]
    assert [(x["ItemNumber"], x["Qty"]) for x in found] == [("WIRE", "5")]
    assert tims.get("/stock_reservations", external_ref="112-9")["data"] == []


def test_a_reservation_beyond_what_is_there_is_refused(tims):
    refused = tims.create("/stock_reservations", a_reservation(qty="101"))
    assert (refused.status, refused.code) == (422, "insufficient_stock")
    bad = a_reservation("MOON", "0", LocationId="MOON", ExpiresAt="2026-11-23T09:00:00Z")
    assert tims.create("/stock_reservations", bad).faults == {
        "/ItemNumber": "item_not_found",
        "/Qty": "out_of_range",
        "/LocationId": "location_not_found",
        "/ExpiresAt": "out_of_range",
    }


def test_a_freed_reservation_goes_to_those_who_wait(tims, sim, released, kit):
    held = tims.create("/stock_reservations", a_reservation(qty="50"))
    number = released(kit.line(qty="60"))
    assert sim.orders[number].status == "Backordered"
    path = f"/stock_reservations/{held['Id']}"
    assert tims.call("DELETE", path).status == 204
    assert sim.orders[number].status == "Allocated"
    assert tims.call("DELETE", path).status == 204
    assert tims.call("DELETE", "/stock_reservations/RSV-9").status == 404


def test_a_consumed_reservation_becomes_the_orders_promise(tims, sim, entered, kit):
    held = tims.create("/stock_reservations", a_reservation(qty="80"))
    tims.create("/stock_reservations", a_reservation("WIRE", "15", ExternalRef="112-2"))
    number = entered(kit.line(qty="80"))
    path = f"/stock_reservations/{held['Id']}/consume"
    used = tims.do(path, {"OrderNumber": number})
    assert (used["Status"], used["OrderNumber"]) == ("consumed", number)
    assert sim.orders[number].lines[0].qty_allocated == 80
    assert tims.do(path, {"OrderNumber": number}).body == used.body
    assert tims.do(f"/sales_orders/{number}/release")["Status"] == "Allocated"
    assert sim.available("WIRE", "MAIN") == 5
    refused = tims.do(path, {"OrderNumber": entered()})
    assert (refused.status, refused["current_status"]) == (409, "consumed")
    assert tims.call("DELETE", f"/stock_reservations/{held['Id']}").status == 409


def test_a_reservation_consumed_by_a_smaller_order_frees_the_rest(tims, sim, entered, kit):
    held = tims.create("/stock_reservations", a_reservation(qty="10"))
    number = entered(kit.line(qty="4"))
    tims.do(f"/stock_reservations/{held['Id']}/consume", {"OrderNumber": number})
    assert (sim.orders[number].lines[0].qty_allocated, sim.available("WIRE", "MAIN")) == (4, 96)


def test_a_reservation_of_another_item_does_not_fit(tims, entered):
    held = tims.create("/stock_reservations", a_reservation("TIPS"))
    path = f"/stock_reservations/{held['Id']}/consume"
    assert tims.do(path, {"OrderNumber": entered()}).code == "reservation_mismatch"
    assert tims.do(path, {"OrderNumber": "SO-9"}).status == 404
    assert tims.do(path, {"Number": "SO-9"}).faults == {
        "/Number": "unknown_field",
        "/OrderNumber": "required",
    }


def test_a_count_that_finds_less_ends_the_newest_reservations(tims, sim):
    old = tims.create("/stock_reservations", a_reservation(qty="60"))
    new = tims.create("/stock_reservations", a_reservation(qty="30"))
    sim.set_stock("WIRE", "MAIN", 65)
    status = [tims.get(f"/stock_reservations/{x['Id']}")["Status"] for x in (old, new)]
    assert (status, sim.available("WIRE", "MAIN")) == (["active", "released"], 5)
