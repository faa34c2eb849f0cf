"""Sales orders: the body that goes out, and writes that may be repeated without harm."""

import json
from datetime import date
from decimal import Decimal

import pytest

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.operations import operations
from crossdock.connectors.tims.orders import Orders
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.evidence import collecting

CREATE = "POST /api/v1/sales_orders"
FIND = "GET /api/v1/sales_orders"
READ = "GET /api/v1/sales_orders/SO-1"
RELEASE = "POST /api/v1/sales_orders/SO-1/release"
CANCEL = "POST /api/v1/sales_orders/SO-1/cancel"
PATCH = "PATCH /api/v1/sales_orders/SO-1"


@pytest.fixture
def orders(client):
    return Orders(client)


def test_the_order_goes_out_as_the_contract_says(site, orders, kit):
    site.on(CREATE, kit.ok(kit.order_json(), status=201))
    entered = orders.create(kit.an_order(CustomerPoNumber="PO-7781"))
    [request] = site.requests(CREATE)
    assert request.headers["idempotency-key"] == "amz-ATVPDKIKX0DER-112-1234567-1234567-v1"
    assert json.loads(request.body) == {
        "ExternalSystem": "AMAZON:ATVPDKIKX0DER",
        "ExternalRef": "112-1234567-1234567",
        "OrderType": "standard",
        "CustomerCode": "AMZ-US",
        "OrderDate": "2026-11-02",
        "MustShipBy": "2026-11-04T07:59:59Z",
        "ShipToAddress": {
            "Name": "Pat Welder",
            "Line1": "1 Main St",
            "City": "Billings",
            "State": "MT",
            "Country": "US",
        },
        "CustomerPoNumber": "PO-7781",
        "CurrencyCode": "USD",
        "TaxCollectedBy": "marketplace",
        "ChargesFixedByCaller": True,
        "Notes": [],
        "Lines": [
            {
                "ExternalLineRef": "L1",
                "ItemNumber": "WLD-1",
                "Uom": "EA",
                "QtyOrdered": "2",
                "UnitPrice": "64.50",
                "Discount": "0",
                "Tax": "0.00",
                "OverrideBackorderQuantity": False,
                "Charges": [{"Type": "freight", "Amount": "9.99"}],
            }
        ],
    }
    assert (entered.OrderNumber, entered.Adopted) == ("SO-1", False)
    assert entered.Totals is not None
    assert entered.Totals.Total == Decimal("138.99")


def test_evidence_of_a_create_names_the_order_and_hides_the_buyer(site, orders, kit):
    site.on(CREATE, kit.ok(kit.order_json(), status=201, x_tims_trace_id="t-9"))
    with collecting() as calls:
        orders.create(kit.an_order())
    call = calls[-1]
    assert (call.operation, call.status) == ("POST /sales_orders", 201)
    assert "112-1234567-1234567" in call.note
    assert call.wrote["ExternalRef"] == "112-1234567-1234567"
    assert "Welder" not in str(calls)
    assert "hush" not in str(calls)
    assert "Welder" not in repr(kit.an_order())


@pytest.mark.parametrize("code", ["duplicate_external_ref", "idempotency_mismatch"])
def test_an_order_that_is_already_there_is_adopted(site, orders, kit, code):
    site.on(CREATE, kit.problem(409, code))
    site.on(FIND, kit.listed(kit.order_json("SO-1", "Allocated")))
    adopted = orders.create(kit.an_order())
    assert (adopted.OrderNumber, adopted.Status, adopted.Adopted) == ("SO-1", "Allocated", True)
    assert site.query(FIND) == [
        {"external_system": "AMAZON:ATVPDKIKX0DER", "external_ref": "112-1234567-1234567"}
    ]


def test_a_key_used_for_something_else_needs_a_person(site, orders, kit):
    site.on(CREATE, kit.problem(409, "idempotency_mismatch"))
    site.on(FIND, kit.listed())
    with pytest.raises(NeedsPerson) as caught:
        orders.create(kit.an_order())
    assert caught.value.kind == "tims-refused"


def test_a_replay_is_read_anew_because_the_order_may_have_moved(site, orders, kit):
    site.on(CREATE, kit.ok(kit.order_json(), idempotent_replay="true"))
    site.on(READ, kit.ok(kit.order_json(status="Picking")))
    assert orders.create(kit.an_order()).Status == "Picking"


def test_a_lost_reply_is_tried_again_with_the_same_key(site, orders, kit):
    site.on(CREATE, kit.lost(), kit.ok(kit.order_json()))
    with pytest.raises(TryAgain) as caught:
        orders.create(kit.an_order())
    assert caught.value.about == "AMAZON:ATVPDKIKX0DER 112-1234567-1234567"
    orders.create(kit.an_order())
    first, second = site.requests(CREATE)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_another_sites_order_with_the_same_reference_is_not_ours(site, client, kit):
    site.on(FIND, kit.listed(kit.order_json(ExternalSystem="AMAZON:A2EUQ1WTGCTBG2")))
    ref = m.OrderRef(ExternalSystem="AMAZON:ATVPDKIKX0DER", ExternalRef="112-1234567-1234567")
    assert client.find_sales_order(ref) is None


def test_two_orders_with_one_reference_are_a_persons_business(site, client, kit):
    site.on(FIND, kit.listed(kit.order_json("SO-1"), kit.order_json("SO-2")))
    ref = m.OrderRef(ExternalSystem="AMAZON:ATVPDKIKX0DER", ExternalRef="112-1234567-1234567")
    with pytest.raises(NeedsPerson, match="SO-1, SO-2"):
        client.find_sales_order(ref)


@pytest.mark.parametrize("status", ["Allocated", "Backordered", "Picking", "Shipped", "Completed"])
def test_a_release_that_was_done_before_is_done(site, orders, kit, status):
    site.on(RELEASE, kit.problem(409, "invalid_status_transition", current_status=status))
    site.on(READ, kit.ok(kit.order_json(status=status)))
    assert orders.release("SO-1", 7).Status == status


def test_a_release_of_a_cancelled_order_needs_a_person(site, orders, kit):
    site.on(RELEASE, kit.problem(409, "invalid_status_transition"))
    site.on(READ, kit.ok(kit.order_json(status="Cancelled")))
    with pytest.raises(NeedsPerson) as caught:
        orders.release("SO-1", 7)
    assert caught.value.kind == "cancelled-in-tims"


def test_a_release_refused_for_a_state_that_is_gone_by_now_looks_again(site, orders, kit):
    site.on(RELEASE, kit.problem(409, "invalid_status_transition", current_status="Held"))
    site.on(READ, kit.ok(kit.order_json(status="Entered")))
    with pytest.raises(TryAgain):
        orders.release("SO-1", 7)


def test_a_move_that_tims_never_allows_needs_a_person(site, orders, kit):
    site.on(CANCEL, kit.problem(409, "invalid_status_transition", current_status="Held"))
    site.on(READ, kit.ok(kit.order_json(status="Held")))
    with pytest.raises(NeedsPerson) as caught:
        orders.cancel("SO-1", "buyer cancelled")
    assert caught.value.kind == "order-locked"


def test_a_release_of_an_order_that_never_stands_still_is_tried_later(site, orders, kit):
    site.on(RELEASE, kit.problem(412, "stale_version"))
    site.on(READ, kit.ok(kit.order_json(status="Entered")))
    with pytest.raises(TryAgain):
        orders.release("SO-1", 6)
    assert [x.headers["if-match"] for x in site.requests(RELEASE)] == ['"6"', '"7"']


def test_a_release_in_the_good_case_is_one_request(site, orders, kit):
    site.on(RELEASE, kit.ok(kit.order_json(status="Backordered")))
    assert orders.release("SO-1", 7).Status == "Backordered"
    assert site.count(READ) == 0


def test_a_cancel_that_was_done_before_is_done(site, orders, kit):
    site.on(CANCEL, kit.problem(409, "invalid_status_transition"))
    site.on(READ, kit.ok(kit.order_json(status="Cancelled")))
    assert orders.cancel("SO-1", "buyer cancelled").Status == "Cancelled"


def test_a_cancel_carries_its_reason(site, orders, kit):
    site.on(CANCEL, kit.ok(kit.order_json(status="Cancelled")))
    orders.cancel("SO-1", "buyer cancelled")
    [request] = site.requests(CANCEL)
    assert json.loads(request.body) == {"Reason": "buyer cancelled"}


@pytest.mark.parametrize("status", ["Picking", "PartiallyShipped", "Shipped", "Completed"])
@pytest.mark.parametrize("code", ["invalid_status_transition", "order_locked"])
def test_a_cancel_that_comes_too_late_needs_a_person(site, orders, kit, status, code):
    site.on(CANCEL, kit.problem(409, code))
    site.on(READ, kit.ok(kit.order_json(status=status)))
    with pytest.raises(NeedsPerson, match=status) as caught:
        orders.cancel("SO-1", "buyer cancelled")
    assert caught.value.kind == "order-locked"


def a_change(**more):
    line = m.LineChange(ExternalLineRef="L1", QtyOrdered=Decimal(1))
    return m.SalesOrderChange(**{"OrderNumber": "SO-1", "Lines": (line,), **more})


def test_an_update_names_the_version_it_was_made_for(site, orders, kit):
    site.on(PATCH, kit.ok(kit.order_json(RowVersion=8)))
    assert orders.update(a_change(RowVersion=7)).RowVersion == 8
    [request] = site.requests(PATCH)
    assert request.headers["if-match"] == '"7"'
    assert json.loads(request.body) == {"Lines": [{"ExternalLineRef": "L1", "QtyOrdered": "1"}]}


def test_a_stale_update_is_read_again_and_tried_once_more(site, orders, kit):
    site.on(PATCH, kit.problem(412, "stale_version"), kit.ok(kit.order_json(RowVersion=10)))
    site.on(READ, kit.ok(kit.order_json(RowVersion=9)))
    assert orders.update(a_change(RowVersion=7)).RowVersion == 10
    assert [x.headers["if-match"] for x in site.requests(PATCH)] == ['"7"', '"9"']


def test_an_update_that_is_always_stale_is_left_for_later(site, orders, kit):
    site.on(PATCH, kit.problem(412, "stale_version"))
    site.on(READ, kit.ok(kit.order_json(RowVersion=9)))
    with pytest.raises(TryAgain):
        orders.update(a_change(RowVersion=7))
    assert site.count(PATCH) == 2


def test_an_update_that_was_stored_before_its_reply_was_lost_is_not_sent_again(site, orders, kit):
    changed = kit.order_json(RowVersion=8, RequestedShipDate="2026-11-25")
    changed["Lines"][0]["QtyOrdered"] = "1.0"
    site.on(PATCH, kit.problem(412, "stale_version"))
    site.on(READ, kit.ok(changed))
    change = a_change(RowVersion=7, RequestedShipDate=date(2026, 11, 25))
    assert orders.update(change).RowVersion == 8
    assert site.count(PATCH) == 1


def test_an_update_without_a_version_reads_first_and_may_have_nothing_to_do(site, orders, kit):
    site.on(READ, kit.ok(kit.order_json()))
    line = m.LineChange(LineNumber=1, QtyOrdered=Decimal("2.00"))
    assert orders.update(a_change(Lines=(line,))).RowVersion == 7
    assert site.count(PATCH) == 0


def test_an_update_of_an_order_in_the_warehouse_needs_a_person(site, orders, kit):
    site.on(PATCH, kit.problem(409, "order_locked"))
    with pytest.raises(NeedsPerson) as caught:
        orders.update(a_change(RowVersion=7))
    assert caught.value.kind == "order-locked"


def test_a_dry_run_tells_everything_that_would_be_refused(site, orders, kit):
    path = "POST /api/v1/sales_orders/validate"
    wrong = {"pointer": "/Lines/0/ItemNumber", "code": "item_inactive", "message": "gone"}
    site.on(path, kit.problem(422, "validation_failed", wrong), kit.ok({"Totals": None}))
    check = orders.validate(kit.an_order())
    assert not check.ok
    assert [(p.pointer, p.code) for p in check.problems] == [
        ("/Lines/0/ItemNumber", "item_inactive")
    ]
    assert orders.validate(kit.an_order()).ok


def test_a_customer_is_opened_once(site, orders, kit):
    code = "GET /api/v1/customers/AMZ-B2B%2F7".replace("%2F", "/")
    found = kit.ok({"CustomerCode": "AMZ-B2B/7", "CompanyName": "Acme", "RowVersion": 1})
    site.on(code, kit.problem(404, "customer_not_found"), found)
    site.on("POST /api/v1/customers", kit.problem(409, "duplicate_external_ref"))
    wanted = m.NewCustomer(CustomerCode="AMZ-B2B/7", CompanyName="Acme")
    assert orders.ensure_customer(wanted).CompanyName == "Acme"
    assert orders.ensure_customer(wanted).CompanyName == "Acme"
    assert site.count("POST /api/v1/customers") == 1
    assert "AMZ-B2B%2F7" in site.requests(code)[0].url


def test_a_batch_gives_one_outcome_per_record_and_notes_every_call(site, client, kit):
    site.on("GET /api/v1/sales_orders/SO-2", kit.problem(500, "internal"))
    for number in ("SO-1", "SO-3", "SO-4", "SO-5"):
        site.on(f"GET /api/v1/sales_orders/{number}", kit.ok(kit.order_json(number)))
    read = operations(client)["tims.get_sales_order"]
    assert read.run_many is not None
    notes = read.run_many([("SO-1",), ("SO-2",), ("SO-3",), ("SO-4",), ("SO-5",)])
    assert [getattr(x.result, "OrderNumber", type(x.result)) for x in notes] == [
        "SO-1",
        TryAgain,
        "SO-3",
        "SO-4",
        "SO-5",
    ]
    assert [[c.note for c in x.calls if c.operation.startswith("GET")] for x in notes] == [
        [f"TIMS order SO-{n}"] for n in range(1, 6)
    ]


def test_a_surprise_in_one_record_does_not_lose_the_others(site, client, kit):
    def broken(request):
        raise RuntimeError("Pat Welder lives at 1 Main St")

    site.on(READ, broken)
    site.on("GET /api/v1/sales_orders/SO-2", kit.ok(kit.order_json("SO-2")))
    read = operations(client)["tims.get_sales_order"]
    assert read.run_many is not None
    broken_one, good = read.run_many([("SO-1",), ("SO-2",)])
    assert good.result.OrderNumber == "SO-2"
    assert isinstance(broken_one.result, RuntimeError)  # the engine makes a case without its words
