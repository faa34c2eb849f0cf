"""What is remembered while orders and stock go their ways, so that an oversell can be explained."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crossdock.business.orders.model import Line, Order, Status
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.models import (
    NewReservation,
    Reservations,
    SalesOrder,
    SalesOrderLine,
)
from crossdock.engine.store import oversells
from crossdock.engine.store.schema import event
from crossdock.settings.model import SweepSettings
from crossdock.wiring.feeds import TIMS_ORDERS, feeds_of
from crossdock.wiring.shortages import KEPT, history_feed, remember_shelves, shortage_operations
from tests.connectors.tims.simulated import InProcess, account_of
from tests.wiring.stock_shop import Shop


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    yield found
    found.db.close()


def an_order(shop, *skus):
    now = shop.clock.now()
    lines = tuple(Line(f"item-{sku}", 2, sku=sku) for sku in skus)
    return Order("111-1", Status.UNSHIPPED, now - timedelta(seconds=30), now, lines)


def a_sale(shop, *short):
    lines = tuple(
        SalesOrderLine(
            LineNumber=n,
            ItemNumber="WLD-2",
            Uom="EA",
            ExternalLineRef=ref,
            QtyOrdered=Decimal(2),
            QtyBackordered=Decimal(missing),
            UnitPrice=Decimal(1),
        )
        for n, (ref, missing) in enumerate(short, 1)
    )
    return SalesOrder(
        OrderNumber="SO-1", Status="Backordered", RowVersion=1, Lines=lines,
        CreatedAt=shop.clock.now(),
    )  # fmt: skip


def told(shop):
    with shop.db.reading() as connection:
        return list(connection.scalars(sa.select(event.c.key).where(event.c.flow == "stock")))


def test_lines_that_tims_has_too_little_for_are_noted_with_amazons_names(shop):
    named = {op.name: op for op in shortage_operations(lambda: shop.db, shop.clock.now)}
    note, order = named["stock.note_shortage"], an_order(shop, "TIP", "ROD")
    sale = a_sale(shop, ("item-TIP", 0), ("item-TIP#2", 2), ("item-ROD", 1))
    assert note.run(order, sale) == 2
    assert note.run_many([(order, sale), (order, a_sale(shop, ("item-TIP", 0)))]) == [2, 0]
    found = oversells.shortages(shop.db, order.placed_at)
    assert [(s.sku, s.order_item, s.short) for s in found] == [
        ("TIP", "item-TIP", 2), ("ROD", "item-ROD", 1)
    ]  # fmt: skip
    came = oversells.arrivals(shop.db, ["TIP", "ROD"], order.placed_at)
    assert [(a.sku, a.packs, a.known_at) for a in came] == [
        ("ROD", 2, shop.clock.now()), ("TIP", 2, shop.clock.now())
    ]  # fmt: skip


def test_held_stock_is_known_to_tims_from_then_on(shop):
    named = {op.name: op for op in shortage_operations(lambda: shop.db, shop.clock.now)}
    order, held_at = an_order(shop, "TIP"), shop.clock.now()
    named["stock.note_arrival"].run(order, Reservations("hold"))
    shop.advance(timedelta(hours=1))
    named["stock.note_shortage"].run(order, a_sale(shop, ("item-TIP", 1)))
    (came,) = oversells.arrivals(shop.db, ["TIP"], order.placed_at)
    assert came.known_at == held_at


def test_what_could_not_be_held_is_known_only_when_its_sales_order_stands(shop):
    named = {op.name: op for op in shortage_operations(lambda: shop.db, shop.clock.now)}
    note, scarce, there = named["stock.note_arrival"], an_order(shop, "TIP"), an_order(shop, "ROD")
    nothing_left = Reservations("hold", short=(NewReservation(ItemNumber="WLD-2", Qty=Decimal(2)),))
    assert note.run_many([(scarce, nothing_left), (there, Reservations("hold"))]) == [0, 1]
    shop.advance(timedelta(hours=1))
    named["stock.note_shortage"].run(scarce, a_sale(shop, ("item-TIP", 1)))
    (came,) = oversells.arrivals(shop.db, ["TIP"], scarce.placed_at)
    assert came.known_at == shop.clock.now()


def test_of_what_amazon_cancelled_the_published_skus_are_looked_at(shop):
    named = {op.name: op for op in shortage_operations(
        lambda: shop.db, shop.clock.now, is_published={"TIP", "ROD"}.__contains__)}  # fmt: skip
    look, whole = named["stock.look_again"], an_order(shop, "TIP", "ROD", "BY-HAND")
    tip, rod, _ = whole.lines
    in_part = replace(whole, lines=(tip, replace(rod, cancelled=True)))
    gone = replace(whole, status=Status.CANCELLED)
    assert [look.run(o) for o in (whole, in_part)] == [0, 1]
    assert told(shop) == ["ROD"]
    assert look.run_many([(whole,), (gone,), (in_part,)]) == [0, 2, 1]
    assert sorted(set(told(shop))) == ["ROD", "TIP"]


def test_every_state_of_a_shelf_is_remembered_when_it_was_seen_first(shop):
    shop.desk.saw = remember_shelves(lambda: shop.db, shop.clock.now)
    shop.offered("TIP")
    first = shop.clock.now()
    shop.advance(timedelta(seconds=30))
    shop.offered("TIP")
    shop.tims.sell("WLD-2", "MAIN", 2)
    shop.advance(timedelta(seconds=30))
    shop.offered("TIP")
    states = [s for s in oversells.shelves(shop.db, ["WLD-2"]) if s.location == "MAIN"]
    assert [(s.on_hand, s.seen_at) for s in states] == [(5, first), (3, shop.clock.now())]
    assert states[1].changed_at == first + timedelta(seconds=30)


def test_an_order_that_begins_to_wait_for_stock_is_looked_at_again(shop):
    client = TimsClient(account_of(shop.tims), InProcess(shop.tims.api), shop.clock)
    body = {
        "CustomerCode": next(iter(shop.tims.customers)), "OrderType": "will_call", "ExternalSystem": "AMAZON:US",
        "ExternalRef": "111-1", "Lines": [{"ItemNumber": "WLD-2", "Uom": "EA", "QtyOrdered": "4", "UnitPrice": "1"}],
    }  # fmt: skip
    office = shop.tims._office
    office.moves.release(office.order_desk.enter(body, shop.clock.now().date()))
    feed = feeds_of(None, client, SweepSettings(), timedelta(minutes=1))[TIMS_ORDERS]
    assert feed.read(None).changes == []
    shop.tims.set_stock("WLD-2", "MAIN", 1)
    (change,) = feed.read(None).changes
    assert (change.flow, change.key, change.hint) == ("orders", "111-1", {"tims": "back-ordered"})


def test_what_is_old_is_forgotten_every_day(shop):
    named = {op.name: op for op in shortage_operations(lambda: shop.db, shop.clock.now)}
    order = an_order(shop, "TIP")
    named["stock.note_arrival"].run(order, Reservations("hold"))
    feed = history_feed(lambda: shop.db, shop.clock.now)
    feed.read(None)
    assert oversells.arrivals(shop.db, ["TIP"], order.placed_at)
    shop.advance(KEPT + timedelta(days=1))
    feed.read(None)
    assert oversells.arrivals(shop.db, ["TIP"], order.placed_at) == []
