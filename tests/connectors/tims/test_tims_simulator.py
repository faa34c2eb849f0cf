"""Every operation against the simulated TIMS, which was written from the contract alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.events import EVENTS, WebhookRefused, ensure_webhook, read_notice
from crossdock.connectors.tims.feed import Watermark
from crossdock.connectors.tims.operations import operations
from crossdock.connectors.tims.site import check_site
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.simulators.tims import Package
from tests.connectors.tims.simulated import InProcess, a_tims, account_of

SECRET = "a-secret-of-sixteen-or-more"
HOOK = "https://us.example/hook"


@pytest.fixture
def sim(clock):
    return a_tims(clock, limits=False)


@pytest.fixture
def near(sim, clock):
    return TimsClient(account_of(sim), InProcess(sim.api), clock)


@pytest.fixture
def run(near):
    """Runs an operation by its name."""
    table = operations(near)
    return lambda name, *given: table[f"tims.{name}"].run(*given)


def test_an_order_lives_from_entry_to_shipment(run, sim, kit):
    order = kit.an_order(CustomerPoNumber="PO-1", Notes=("handle with care",))
    assert run("validate_sales_order", order).ok
    entered = run("create_sales_order", order)
    assert (entered.Status, entered.Totals.Total) == ("Entered", Decimal("138.99"))
    assert run("release_order", entered.OrderNumber, entered.RowVersion).Status == "Allocated"
    ref = m.OrderRef(ExternalSystem=order.ExternalSystem, ExternalRef=order.ExternalRef)
    found = run("find_sales_order", ref)
    assert found == run("get_sales_order", entered.OrderNumber)
    assert found.ShipToAddress == order.ShipToAddress
    assert found.MustShipBy == order.MustShipBy
    assert found.Lines[0].Charges == order.Lines[0].Charges

    sim.pick(entered.OrderNumber)
    number = sim.ship(
        entered.OrderNumber,
        [
            Package("UPS", "UPS", "GROUND", "1Z1", {1: Decimal(1)}),
            Package("UPS", "UPS", "GROUND", "1Z2", {1: Decimal(1)}),
        ],
    )
    shipment = run("get_shipment", number)
    assert [(p.TrackingNumber, p.Lines[0].Qty) for p in shipment.Packages] == [
        ("1Z1", Decimal(1)),
        ("1Z2", Decimal(1)),
    ]
    assert shipment.Packages[0].Lines[0].ExternalLineRef == "L1"
    sim.void_shipment(number)
    assert [x.Status for x in run("list_shipments", entered.OrderNumber)] == ["voided"]


def test_a_reference_that_is_not_there_is_none(run):
    assert run("find_sales_order", m.OrderRef(ExternalSystem="A", ExternalRef="B")) is None
    assert run("get_customer", "NOBODY") is None
    assert run("get_item", "NOTHING") is None


def test_a_repeat_gives_the_order_as_it_is_now(run, sim, kit):
    first = run("create_sales_order", kit.an_order())
    run("release_order", first.OrderNumber, first.RowVersion)
    again = run("create_sales_order", kit.an_order())
    assert (again.OrderNumber, again.Status, again.Adopted) == (
        first.OrderNumber,
        "Allocated",
        False,
    )
    changed = run("create_sales_order", kit.an_order(CustomerPoNumber="PO-2"))
    assert (changed.OrderNumber, changed.Adopted) == (first.OrderNumber, True)
    other_key = run("create_sales_order", kit.an_order(IdempotencyKey="another-v1"))
    assert (other_key.OrderNumber, other_key.Adopted) == (first.OrderNumber, True)
    assert len(sim.orders) == 1


def test_an_order_that_staff_put_on_hold_before_its_release_stays_on_hold(run, sim, kit):
    entered = run("create_sales_order", kit.an_order())
    sim.hold(entered.OrderNumber, "the customer called")
    left = run("release_order", entered.OrderNumber, entered.RowVersion)
    assert left.Status == sim.orders[entered.OrderNumber].status == "Held"
    assert sim.available("WLD-1", "MAIN") == 100


def test_an_order_that_moved_on_without_a_hold_is_released_all_the_same(run, sim, kit):
    entered = run("create_sales_order", kit.an_order())
    change = m.SalesOrderChange(OrderNumber=entered.OrderNumber, CustomerPoNumber="PO-3")
    assert run("update_sales_order", change).RowVersion > entered.RowVersion
    assert run("release_order", entered.OrderNumber, entered.RowVersion).Status == "Allocated"


@pytest.mark.parametrize("how", ["reset", "silence"])
def test_a_lost_reply_leaves_one_order_whatever_was_asked(run, sim, kit, how):
    sim.faults.load([{"fault": "reply_lost_after_write", "how": how}])
    with pytest.raises(TryAgain):
        run("create_sales_order", kit.an_order())
    sim.faults.quiet()
    number = run("create_sales_order", kit.an_order()).OrderNumber
    assert list(sim.orders) == [number]
    for operation, given, status in (
        ("release_order", (number, sim.orders[number].row_version), "Allocated"),
        ("cancel_sales_order", (number, "buyer"), "Cancelled"),
    ):
        sim.faults.load([{"fault": "reply_lost_after_write", "how": how}])
        with pytest.raises(TryAgain):
            run(operation, *given)
        sim.faults.quiet()
        assert run(operation, *given).Status == status


def test_a_write_that_is_answered_with_half_a_json_is_found_done(run, sim, kit):
    sim.faults.load([{"fault": "malformed_json", "operations": ["POST /sales_orders"]}])
    with pytest.raises(TryAgain):
        run("create_sales_order", kit.an_order())
    sim.faults.quiet()
    run("create_sales_order", kit.an_order())
    assert len(sim.orders) == 1


@pytest.mark.parametrize(
    "fault", ["rate_limited", "maintenance", "server_error_burst", "reset_before", "silence"]
)
def test_trouble_that_passes_is_tried_again(run, sim, kit, fault):
    sim.faults.load([{"fault": fault}])
    with pytest.raises(TryAgain):
        run("create_sales_order", kit.an_order())
    sim.faults.quiet()
    assert not sim.orders


def test_a_token_that_ends_early_is_renewed_unnoticed(run, sim, near, kit):
    near.sign_in.headers()
    sim.keyring.forget()
    run("create_sales_order", kit.an_order())
    assert sim.counts["POST /oauth/token", 200] == 2


def test_everything_wrong_with_an_order_is_named_at_once(run, sim, kit):
    sim.deactivate_item("WLD-2")
    good = kit.an_order().Lines[0]
    lines = (
        good,
        good.model_copy(update={"ExternalLineRef": "L2", "ItemNumber": "GONE"}),
        good.model_copy(update={"ExternalLineRef": "L3", "ItemNumber": "WLD-2"}),
    )
    with pytest.raises(NeedsPerson) as caught:
        run("create_sales_order", kit.an_order(Lines=lines))
    error = caught.value
    assert error.kind == "unknown-sku"
    assert "/Lines/1/ItemNumber: Item GONE" in error.message
    assert "/Lines/2/ItemNumber: Item WLD-2 is blocked" in error.message
    check = run("validate_sales_order", kit.an_order(Lines=lines))
    assert {x.code for x in check.problems} == {"item_not_found", "item_inactive"}
    assert not sim.orders


@pytest.mark.parametrize(
    ("spoil", "order", "kind"),
    [
        (lambda sim: sim.put_on_credit_hold("AMZ-US"), {}, "credit-hold"),
        (lambda sim: sim.deactivate_item("WLD-1"), {}, "item-inactive"),
        (lambda sim: None, {"CustomerCode": "AMZ-XX"}, "customer-missing"),
        (lambda sim: sim.close_location("MAIN"), {"LocationId": "MAIN"}, "tims-refused"),
        (lambda sim: sim.set_price("WLD-1", 90, 80), {}, "tims-refused"),
        (lambda sim: sim.set_uoms("WLD-1", {"FT": 1}), {}, "tims-refused"),
        (lambda sim: sim.scopes.discard("orders:write"), {}, "reconnect-tims"),
    ],
    ids=["credit hold", "inactive", "customer", "closed", "floor", "unit", "scope"],
)
def test_what_a_person_must_settle_becomes_a_case_of_its_kind(
    run, sim, kit, near, spoil, order, kind
):
    near.sign_in.headers()
    spoil(sim)
    with pytest.raises(NeedsPerson) as caught:
        run("create_sales_order", kit.an_order(**order))
    assert caught.value.kind == kind
    assert caught.value.request_id
    assert not sim.orders


@pytest.mark.parametrize("scope", ["stock:read", "stock:write"])
def test_holding_stock_names_the_scope_it_lacks(run, sim, near, kit, scope):
    near.sign_in.headers()
    sim.scopes.discard(scope)
    line = m.NewReservation(ItemNumber="WLD-1", LocationId="MAIN", Qty=Decimal(1))
    hold = m.NewReservations(ExternalRef="R-1", ExpiresAt=kit.now, Lines=(line,))
    with pytest.raises(NeedsPerson) as caught:
        run("reserve_stock", hold)
    assert f"the scope {scope} " in caught.value.remedy


def test_a_cancellation_that_comes_too_late_is_a_case(run, sim, kit):
    number = run("create_sales_order", kit.an_order()).OrderNumber
    run("release_order", number, sim.orders[number].row_version)
    sim.pick(number)
    for operation, given in (
        ("cancel_sales_order", (number, "buyer")),
        ("update_sales_order", (m.SalesOrderChange(OrderNumber=number, CustomerPoNumber="P"),)),
    ):
        with pytest.raises(NeedsPerson) as caught:
            run(operation, *given)
        assert caught.value.kind == "order-locked"
    sim.hold(number)
    with pytest.raises(NeedsPerson, match="Held"):
        run("cancel_sales_order", number, "buyer")


def test_an_order_cancelled_by_staff_is_not_released_again(run, sim, kit):
    number = run("create_sales_order", kit.an_order()).OrderNumber
    sim.cancel_order(number)
    with pytest.raises(NeedsPerson) as caught:
        run("release_order", number, sim.orders[number].row_version)
    assert caught.value.kind == "cancelled-in-tims"
    assert run("cancel_sales_order", number, "buyer").Status == "Cancelled"


def test_a_change_that_loses_the_race_is_made_all_the_same(run, sim, kit):
    order = run("create_sales_order", kit.an_order())
    sim.note(order.OrderNumber, "somebody was faster")
    line = m.LineChange(ExternalLineRef="L1", QtyOrdered=Decimal(1))
    change = m.SalesOrderChange(
        OrderNumber=order.OrderNumber, RowVersion=order.RowVersion, Lines=(line,)
    )
    assert run("update_sales_order", change).Lines[0].QtyOrdered == 1
    requests = sum(sim.counts.values())
    version = sim.orders[order.OrderNumber].row_version
    absolute = m.SalesOrderChange(OrderNumber=order.OrderNumber, Lines=(line,))
    assert run("update_sales_order", absolute).RowVersion == version
    assert sum(sim.counts.values()) == requests + 1


def test_a_change_that_always_loses_the_race_is_left_for_later(run, sim, kit):
    order = run("create_sales_order", kit.an_order())
    sim.faults.load([{"fault": "stale_version"}])
    change = m.SalesOrderChange(OrderNumber=order.OrderNumber, CustomerPoNumber="P-2")
    with pytest.raises(TryAgain):
        run("update_sales_order", change)


def test_a_customer_is_opened_once(run, sim):
    wanted = m.NewCustomer(CustomerCode="B2B-7", CompanyName="Acme Welding")
    for _ in range(2):
        assert run("ensure_customer", wanted).CompanyName == "Acme Welding"
    assert run("get_customer", "B2B-7").CustomerType == "marketplace"


def reservations(kit, *lines):
    return m.NewReservations(
        ExternalRef="112-1234567-1234567",
        ExpiresAt=kit.now + timedelta(hours=2),
        Lines=tuple(m.NewReservation(ItemNumber=i, Uom=u, Qty=Decimal(q)) for i, u, q in lines),
    )


def test_stock_is_held_once_changed_and_freed(run, sim, kit):
    for _ in range(2):
        held = run("reserve_stock", reservations(kit, ("WLD-1", "BX", 2), ("WLD-2", None, 9)))
        assert [x.ItemNumber for x in held.short] == ["WLD-2"]
        assert sim.available("WLD-1", "MAIN") == 80
    run("reserve_stock", reservations(kit, ("WLD-1", "BX", 3)))
    assert sim.available("WLD-1", "MAIN") == 70
    for _ in range(2):
        run("release_reservations", "112-1234567-1234567")
        assert sim.available("WLD-1", "MAIN") == 100
    run("reserve_stock", reservations(kit, ("WLD-1", "BX", 3)))
    assert sim.available("WLD-1", "MAIN") == 70


def test_held_stock_becomes_the_orders_whatever_is_repeated(run, sim, kit):
    run("reserve_stock", reservations(kit, ("WLD-1", None, 2)))
    number = run("create_sales_order", kit.an_order()).OrderNumber
    for _ in range(2):
        run("consume_reservations", "112-1234567-1234567", number)
        assert sim.available("WLD-1", "MAIN") == 98
    assert run("release_order", number, sim.orders[number].row_version).Status == "Allocated"
    assert sim.available("WLD-1", "MAIN") == 98


def test_held_stock_that_the_order_does_not_need_is_freed(run, sim, kit):
    run("reserve_stock", reservations(kit, ("WLD-2", None, 2)))
    number = run("create_sales_order", kit.an_order()).OrderNumber
    run("consume_reservations", "112-1234567-1234567", number)
    assert sim.available("WLD-2", "MAIN") == 5


def test_stock_is_read_for_many_items(run):
    rows = run("get_stock", m.StockQuery(ItemNumbers=("WLD-1", "WLD-2", "GONE")))
    assert {(x.ItemNumber, x.Available) for x in rows} == {
        ("WLD-1", Decimal(100)),
        ("WLD-2", Decimal(5)),
    }


def test_the_feed_and_the_webhooks_tell_of_the_same_orders(run, sim, near, kit, clock):
    for _ in range(2):
        hook = ensure_webhook(near, HOOK, EVENTS, SECRET)
    assert hook.Url == HOOK
    for n in range(5):
        run("create_sales_order", kit.an_order(ExternalRef=f"1-{n}", IdempotencyKey=f"k-{n}"))
    number = next(iter(sim.orders))
    run("cancel_sales_order", number, "buyer")
    notices = [
        read_notice(x.headers, x.body, secrets=[SECRET], now=clock.now())
        for x in sim.due_webhooks()
    ]
    changes = run("changed_keys", Watermark("sales_order"))
    assert set(changes.keys) == {x.key for x in notices if x.entity == "sales_order"}
    assert changes.until == max(x.row_version for x in notices)
    assert {x.event for x in notices} == {"sales_order.created", "sales_order.cancelled"}
    assert run("changed_keys", Watermark("sales_order", changes.until)).keys == ()


def test_a_delivery_that_was_signed_with_another_secret_is_refused_by_name(
    sim, near, run, kit, clock
):
    ensure_webhook(near, HOOK, EVENTS, SECRET)
    sim.faults.load([{"fault": "webhook_bad_signature"}])
    run("create_sales_order", kit.an_order())
    [delivery] = sim.due_webhooks()
    with pytest.raises(WebhookRefused, match=delivery.notice.number):
        read_notice(delivery.headers, delivery.body, secrets=[SECRET], now=clock.now())


def test_a_site_in_order_passes_its_check(near, sim):
    assert [x for x in check_site(near, customers=["AMZ-US"]) if not x.ok] == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"environment": "test"}, "company"),
        ({"company": "other"}, "company"),
        ({"client_secret": "wrong"}, "sign in"),
        ({"api_key": "wrong"}, "company"),
        ({"scopes": ("orders:read", "gl:close")}, "sign in"),
    ],
    ids=["live key for test", "company", "secret", "api key", "scope not granted"],
)
def test_a_site_that_is_set_up_wrong_says_what(sim, clock, change, name):
    wrong = replace(account_of(sim), **change)
    findings = check_site(TimsClient(wrong, InProcess(sim.api), clock))
    failed = [x for x in findings if not x.ok]
    assert [x.name for x in failed] == [name]
    assert failed[0].fix


def test_an_api_key_in_either_header_opens_the_site(sim, clock):
    for header in ("Authorization", "X-Api-Key"):
        keyed = replace(account_of(sim), api_key=sim.api_key, api_key_header=header)
        client = TimsClient(keyed, InProcess(sim.api), clock)
        assert [x for x in check_site(client) if not x.ok] == []
