"""Stock held for orders that are not payable yet."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.reservations import Holds
from crossdock.kernel.errors import NeedsPerson, TryAgain

REF = "112-1234567-1234567"
LIST = "GET /api/v1/stock_reservations"
HOLD = "POST /api/v1/stock_reservations"


@pytest.fixture
def holds(client):
    return Holds(client)


def wanted(kit, *lines):
    named = tuple(m.NewReservation(ItemNumber=i, LocationId="B1", Qty=Decimal(q)) for i, q in lines)
    return m.NewReservations(ExternalRef=REF, ExpiresAt=kit.now + timedelta(hours=1), Lines=named)


def row(number, item, qty, status="active"):
    return {
        "Id": number,
        "ItemNumber": item,
        "LocationId": "B1",
        "Qty": qty,
        "ExternalRef": REF,
        "Status": status,
        "RowVersion": 1,
    }


def test_stock_is_held_line_by_line(site, holds, kit):
    site.on(LIST, kit.listed())
    site.on(HOLD, kit.ok(row("r1", "WLD-1", "2"), 201), kit.ok(row("r2", "WLD-2", "1"), 201))
    held = holds.reserve(wanted(kit, ("WLD-1", 2), ("WLD-2", 1)))
    assert [x.Id for x in held.held] == ["r1", "r2"]
    first = json.loads(site.requests(HOLD)[0].body)
    assert first == {
        "ItemNumber": "WLD-1",
        "LocationId": "B1",
        "Qty": "2",
        "ExternalRef": REF,
        "ExpiresAt": "2026-11-23T11:00:00Z",
    }


def test_holding_again_changes_nothing(site, holds, kit):
    site.on(LIST, kit.listed(row("r1", "WLD-1", "2.0")))
    held = holds.reserve(wanted(kit, ("WLD-1", 2)))
    assert [x.Id for x in held.held] == ["r1"]
    assert site.count(HOLD) == 0


def test_two_equal_lines_are_two_holds(site, holds, kit):
    site.on(LIST, kit.listed(row("r1", "WLD-1", "2")))
    site.on(HOLD, kit.ok(row("r2", "WLD-1", "2"), 201))
    held = holds.reserve(wanted(kit, ("WLD-1", 2), ("WLD-1", 2)))
    assert [x.Id for x in held.held] == ["r1", "r2"]


def test_a_changed_quantity_frees_the_old_hold_and_makes_a_new_one(site, holds, kit):
    site.on(LIST, kit.listed(row("r1", "WLD-1", "2")))
    site.on("DELETE /api/v1/stock_reservations/r1", kit.ok({}))
    site.on(HOLD, kit.ok(row("r2", "WLD-1", "3"), 201))
    assert [x.Id for x in holds.reserve(wanted(kit, ("WLD-1", 3))).held] == ["r2"]
    assert site.count("DELETE /api/v1/stock_reservations/r1") == 1


def test_a_hold_after_an_earlier_one_was_freed_uses_a_key_of_its_own(site, holds, kit):
    site.on(LIST, kit.listed(), kit.listed(row("r1", "WLD-1", "2", "released")))
    site.on(HOLD, kit.ok(row("r1", "WLD-1", "2"), 201))
    holds.reserve(wanted(kit, ("WLD-1", 2)))
    holds.reserve(wanted(kit, ("WLD-1", 2)))
    keys = [x.headers["idempotency-key"] for x in site.requests(HOLD)]
    assert len(set(keys)) == 2


def test_the_same_attempt_after_a_lost_reply_uses_the_same_key(site, holds, kit):
    site.on(LIST, kit.listed())
    site.on(HOLD, kit.lost(), kit.ok(row("r1", "WLD-1", "2"), 201))
    with pytest.raises(TryAgain):
        holds.reserve(wanted(kit, ("WLD-1", 2)))
    holds.reserve(wanted(kit, ("WLD-1", 2)))
    first, second = site.requests(HOLD)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("status", [409, 422])
def test_stock_that_is_short_is_told_and_is_nobodys_failure(site, holds, kit, status):
    site.on(LIST, kit.listed())
    site.on(HOLD, kit.problem(status, "insufficient_stock"), kit.ok(row("r2", "WLD-2", "1"), 201))
    held = holds.reserve(wanted(kit, ("WLD-1", 2), ("WLD-2", 1)))
    assert [x.Id for x in held.held] == ["r2"]
    assert [x.ItemNumber for x in held.short] == ["WLD-1"]


def test_an_unknown_item_needs_a_person(site, holds, kit):
    site.on(LIST, kit.listed())
    site.on(HOLD, kit.problem(422, "item_not_found"))
    with pytest.raises(NeedsPerson) as caught:
        holds.reserve(wanted(kit, ("WLD-1", 2)))
    assert caught.value.kind == "unknown-sku"


def test_what_is_held_is_handed_to_the_order_and_a_repeat_finds_it_done(site, holds, kit):
    site.on(LIST, kit.listed(row("r1", "WLD-1", "2"), row("r0", "WLD-1", "2", "consumed")))
    consume = "POST /api/v1/stock_reservations/r1/consume"
    site.on(consume, kit.lost(), kit.problem(409, "invalid_status_transition"))
    with pytest.raises(TryAgain):
        holds.consume(REF, "SO-1")
    holds.consume(REF, "SO-1")
    assert json.loads(site.requests(consume)[1].body) == {"OrderNumber": "SO-1"}
    assert site.count("POST /api/v1/stock_reservations/r0/consume") == 0


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (410, "gone")])
def test_a_hold_that_expired_meanwhile_needs_no_freeing(site, holds, kit, status, code):
    site.on(LIST, kit.listed(row("r1", "WLD-1", "2")))
    site.on("DELETE /api/v1/stock_reservations/r1", kit.problem(status, code))
    assert holds.release(REF).held == ()


def test_a_refusal_to_free_is_not_swallowed(site, holds, kit):
    site.on(LIST, kit.listed(row("r1", "WLD-1", "2")))
    site.on("DELETE /api/v1/stock_reservations/r1", kit.problem(403, "scope_missing"))
    with pytest.raises(NeedsPerson):
        holds.release(REF)
