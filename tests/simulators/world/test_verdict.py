"""The verdict: green when everything was done right, and no planted lie escapes it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.simulators.clock import HandClock
from crossdock.simulators.world.catalogue import Catalogue
from crossdock.simulators.world.causes import OUR_OWN, REASONS
from crossdock.simulators.world.truth import Reservation, Truth
from crossdock.simulators.world.verdict import Verdict, judge
from crossdock.simulators.world.world import World
from tests.simulators.world.clerk import Clerk
from tests.simulators.world.conftest import Begin, pass_time

Done = tuple[World, Clerk]
Lie = Callable[[Truth], Truth]


def judged(world: World, lie: Lie, *cases: dict[str, str]) -> Verdict:
    return judge(lie(world.truth()), world.goods, cases)


def red(verdict: Verdict) -> list[str]:
    return [row.name for row in verdict.rows if not row.ok]


def test_a_calm_day_done_right_is_green_in_every_row(done: Done) -> None:
    world, clerk = done
    verdict = world.verdict(clerk.open_cases())
    assert verdict.ok, verdict.rows
    assert clerk.cases == {}
    assert verdict.row("orders in TIMS or in a case").found == 12
    assert verdict.row("shipped packages confirmed or in a case").expected >= 12
    assert verdict.figures["orders"] == 12


def test_a_world_where_nobody_works_is_red(begin: Begin) -> None:
    world = begin(name="calm", orders=3)
    pass_time(world)
    verdict = world.verdict()
    row = verdict.row("orders in TIMS or in a case")
    assert (row.expected, row.found, row.ok) == (3, 0, False)
    assert not verdict.ok


def drop_an_order(truth: Truth) -> Truth:
    gone = truth.sales_orders[0]
    kept = tuple(s for s in truth.shipments if s.order_number != gone.number)
    orders = dict(truth.orders)
    orders[gone.external_ref] = replace(orders[gone.external_ref], packages=())
    return replace(truth, orders=orders, sales_orders=truth.sales_orders[1:], shipments=kept)


def double_an_order(truth: Truth) -> Truth:
    again = replace(truth.sales_orders[0], number="SO-COPY")
    return replace(truth, sales_orders=(*truth.sales_orders, again))


def invent_an_order(truth: Truth) -> Truth:
    new = replace(truth.sales_orders[0], number="SO-NEW", external_ref="111-0000000-0000000")
    return replace(truth, sales_orders=(*truth.sales_orders, new))


def sale_says(**wrong: object) -> Lie:
    def lie(truth: Truth) -> Truth:
        first = replace(truth.sales_orders[0], **wrong)  # type: ignore[arg-type]
        return replace(truth, sales_orders=(first, *truth.sales_orders[1:]))

    return lie


def line_says(name: str, by: Decimal | str) -> Lie:
    def lie(truth: Truth) -> Truth:
        sale = truth.sales_orders[0]
        line = sale.lines[0]
        value = getattr(line, name) + by if isinstance(by, Decimal) else by
        lines = (replace(line, **{name: value}), *sale.lines[1:])  # type: ignore[arg-type]
        return sale_says(lines=lines)(truth)

    return lie


def another_street(truth: Truth) -> Truth:
    address = {**truth.sales_orders[0].address, "Line1": "1 Wrong Street"}
    return sale_says(address=address)(truth)


def package_says(**wrong: object) -> Lie:
    def lie(truth: Truth) -> Truth:
        order = next(o for o in truth.orders.values() if o.packages)
        first = replace(order.packages[0], **wrong)  # type: ignore[arg-type]
        told = replace(order, packages=(first, *order.packages[1:]))
        return replace(truth, orders={**truth.orders, order.order_id: told})

    return lie


def another_day(truth: Truth) -> Truth:
    order = next(o for o in truth.orders.values() if o.packages)
    return package_says(ship_date=order.packages[0].ship_date + timedelta(days=1))(truth)


def more_packs(truth: Truth) -> Truth:
    order = next(o for o in truth.orders.values() if o.packages)
    packs = {item: n + 1 for item, n in order.packages[0].packs.items()}
    return package_says(packs=packs)(truth)


def forget_a_confirmation(truth: Truth) -> Truth:
    order = next(o for o in truth.orders.values() if o.packages)
    told = replace(order, packages=order.packages[1:])
    return replace(truth, orders={**truth.orders, order.order_id: told})


def confirm_twice(truth: Truth) -> Truth:
    order = next(o for o in truth.orders.values() if o.packages)
    twice = (*order.packages, replace(order.packages[0], reference="999"))
    told = replace(order, packages=twice)
    return replace(truth, orders={**truth.orders, order.order_id: told})


def leave_a_reservation(truth: Truth) -> Truth:
    order_id = next(iter(truth.orders))
    row = Reservation("RSV-1", f"AMAZON:ATVPDKIKX0DER:{order_id}", "WLD-FLINT", Decimal(1))
    return replace(truth, reservations=(row,))


def cancel_at_amazon_only(truth: Truth) -> Truth:
    order = next(iter(truth.orders.values()))
    gone = replace(order, status="CANCELLED")
    return replace(truth, orders={**truth.orders, order.order_id: gone})


def void_a_shipment(truth: Truth) -> Truth:
    first = replace(truth.shipments[0], status="voided")
    return replace(truth, shipments=(first, *truth.shipments[1:]))


CENT = Decimal("0.01")
LOST = "orders in TIMS or in a case"
WRONG_SALE = "sales orders with a wrong field"
WRONG_PACKAGE = "confirmed packages with a wrong field"
LIES = {
    "an order is missing": (drop_an_order, "orders in TIMS or in a case"),
    "an order is there twice": (double_an_order, "doubled sales orders"),
    "an order was made up": (invent_an_order, "sales orders without a payable order"),
    "another customer": (sale_says(customer_code="AMZ-XX"), WRONG_SALE),
    "another currency": (sale_says(currency="EUR"), WRONG_SALE),
    "a purchase order number": (sale_says(po_number="PO-0"), WRONG_SALE),
    "another collector of the tax": (sale_says(tax_collected_by="tims"), WRONG_SALE),
    "another marketplace": (sale_says(external_system="AMAZON:NOWHERE"), WRONG_SALE),
    "another street": (another_street, WRONG_SALE),
    "one unit more": (line_says("units", Decimal(1)), WRONG_SALE),
    "a cent more": (line_says("goods", CENT), WRONG_SALE),
    "a cent of discount": (line_says("discount", CENT), WRONG_SALE),
    "a cent of freight": (line_says("freight", CENT), WRONG_SALE),
    "a cent of tax": (line_says("tax", CENT), WRONG_SALE),
    "another item": (line_says("item", "WLD-OTHER"), WRONG_SALE),
    "another unit": (line_says("uom", "CS"), WRONG_SALE),
    "the total a cent off": (sale_says(total=CENT), WRONG_SALE),
    "no confirmation": (forget_a_confirmation, "shipped packages confirmed or in a case"),
    "another tracking number": (package_says(tracking="1ZWRONG"), WRONG_PACKAGE),
    "another carrier": (package_says(carrier_code="Snail"), WRONG_PACKAGE),
    "another ship date": (another_day, WRONG_PACKAGE),
    "more packs": (more_packs, WRONG_PACKAGE),
    "confirmed twice": (confirm_twice, "packages confirmed twice or never shipped"),
    "stock still held": (
        leave_a_reservation,
        "stock still held for orders that need it no more",
    ),
    "cancelled on one side": (
        cancel_at_amazon_only,
        "cancellations on both sides or in a case",
    ),
    "voided after it was confirmed": (
        void_a_shipment,
        "voided shipments that Amazon knows, without a case",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_no_planted_lie_escapes(done: Done, name: str) -> None:
    lie, row = LIES[name]
    verdict = judged(done[0], lie)
    assert row in red(verdict)
    assert verdict.row(row).detail, "the row names the offender"


def case_for(order_id: str, kind: str = "unknown-sku") -> dict[str, str]:
    return {"key": order_id, "kind": kind, "flow": "orders"}


def unlist(world: World, truth: Truth, order_id: str) -> Catalogue:
    """The goods as they were if nobody had told TIMS's item for what this order bought."""
    bought = {line.sku for line in truth.orders[order_id].lines}
    skus = (replace(sku, in_lookup=sku.sku not in bought) for sku in world.goods.skus)
    return replace(world.goods, skus=tuple(skus))


def test_an_open_case_with_a_cause_stands_for_a_missing_order(done: Done) -> None:
    world, _ = done
    truth = world.truth()
    order_id = truth.sales_orders[0].external_ref
    goods = unlist(world, truth, order_id)
    assert judge(drop_an_order(truth), goods, [case_for(order_id)]).row(LOST).ok
    assert "cases without a cause" not in red(
        judge(drop_an_order(truth), goods, [case_for(order_id)])
    )


def enter_nothing(truth: Truth) -> Truth:
    orders = {key: replace(order, packages=()) for key, order in truth.orders.items()}
    return replace(truth, orders=orders, sales_orders=(), shipments=())


@pytest.mark.parametrize(
    "kind", [*REASONS, *OUR_OWN, "reconnect-amazon", "mapping-stopped", "total-does-not-tie", ""]
)
def test_a_program_that_enters_nothing_and_asks_about_everything_is_red(
    done: Done, kind: str
) -> None:
    truth = enter_nothing(done[0].truth())
    cases = [case_for(order_id, kind) for order_id in truth.orders]
    verdict = judge(truth, done[0].goods, cases)
    own = "cases that are our own defects or exhausted retries"
    row = own if kind in OUR_OWN else "cases without a cause"
    assert red(verdict) == [row]
    assert verdict.row(row).found == len(truth.orders)


def test_what_stood_in_the_way_explains_a_case_until_two_hours_after_its_end(begin: Begin) -> None:
    world = begin(name="calm", orders=1, span=1)
    pass_time(world)
    [order] = world.truth().orders.values()
    shop, item = world.goods.shop(order.marketplace_id), world.goods.sku(order.lines[0].sku).product
    world.tims.put_on_credit_hold(shop.customer_code)
    world.tims.deactivate_item(item.item)
    cases = [case_for(order.order_id, kind) for kind in ("credit-hold", "item-inactive")]

    def causeless() -> int:
        return world.verdict(cases).row("cases without a cause").found

    pass_time_only(world, hours=5)
    assert causeless() == 0, "they last"
    world.tims.lift_credit_hold(shop.customer_code)
    world.tims.reactivate_item(item.item)
    pass_time_only(world, hours=2)
    assert causeless() == 0, "the program looks every hour"
    pass_time_only(world, hours=1)
    assert causeless() == 2


def pass_time_only(world: World, *, hours: int) -> None:
    assert isinstance(world.clock, HandClock)
    world.clock.at += timedelta(hours=hours)


def test_no_case_excuses_a_double(done: Done) -> None:
    world, _ = done
    order_id = world.truth().sales_orders[0].external_ref
    case = {"key": order_id, "kind": "unknown-sku", "flow": "orders"}
    assert "doubled sales orders" in red(judged(world, double_an_order, case))


def test_a_case_that_nothing_explains_is_red(done: Done) -> None:
    world, _ = done
    order_id = world.truth().sales_orders[0].external_ref
    case = {"key": order_id, "kind": "unknown-sku", "flow": "orders"}
    assert red(judged(world, lambda truth: truth, case)) == ["cases without a cause"]


def test_where_a_buyer_lives_is_not_in_the_verdict(done: Done) -> None:
    verdict = judged(done[0], another_street)
    assert "Wrong Street" not in str(verdict.as_dict())
