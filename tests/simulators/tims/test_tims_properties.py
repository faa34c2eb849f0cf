"""Whatever people, staff and callers do in whatever order, these stay true."""

import json
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.simulators.clock import HandClock
from crossdock.simulators.tims import Package, TimsSim
from tests.simulators.tims.conftest import START, Caller, a_line, an_order

ITEMS = ("WIRE", "TIPS", "KIT", "GRIND")
PLACES = ("MAIN", "ANNEX")
DEEDS = [
    *("enter", "enter", "enter", "release", "release", "hold", "cancel", "change", "reserve"),
    *("consume", "free", "count", "pick", "ship", "ship", "void", "rest", "wait", "invoice"),
    "complete",
]

deeds = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 7), st.integers(0, 40)), max_size=50
)
quick = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


class Day:
    """A day at TIMS: every deed is tried; what is impossible is refused and changes nothing."""

    def __init__(self) -> None:
        self.clock = HandClock(START)
        self.sim = TimsSim(self.clock, 1, limits=False)
        self.tims = Caller(self.sim)
        self.sim.add_location("ANNEX")
        for item in ("WIRE", "TIPS"):
            self.sim.add_item(item, uoms={"EA": 1, "BX": 10})
            self.sim.set_stock(item, "MAIN", 20)
            self.sim.set_stock(item, "ANNEX", 10)
        self.sim.add_item("KIT", kit={"WIRE": 1, "TIPS": 3})
        self.sim.add_item("GRIND", item_class="service")
        self.sim.add_customer("AMZ-US")
        body = {"Url": "http://127.0.0.1:9/", "Secret": "x" * 16}
        events = ["created", "updated", "status_changed", "cancelled"]
        body["Events"] = [
            "shipment.posted",
            "shipment.voided",
            "stock.changed",
            *(f"sales_order.{event}" for event in events),
        ]
        self.tims.create("/webhooks", body)
        self.replays: list[tuple[str, str, object, bytes]] = []

    def live(self, deed: str, one: int, many: int) -> None:
        orders = list(self.sim.orders)
        number = orders[one % len(orders)] if orders else "SO-0"
        with suppress(ValueError):  # staff cannot do that now
            getattr(self, deed)(number, one, many)

    def create(self, path: str, body: object) -> None:
        key = f"k{len(self.replays)}"
        answer = self.tims.create(path, body, key=key)
        if answer.status == 201:
            self.replays.append((path, key, body, answer.reply.body))

    def enter(self, number, one, many):
        line = a_line(
            ITEMS[one % 4],
            str(many + 1),
            Uom="BX" if one == 5 else "EA",
            OverrideBackorderQuantity=one > 5,
            UnitPrice="1.00",
        )
        second = a_line("WIRE", str(one + 1), UnitPrice="2.00")
        place = PLACES[many % 2] if many % 3 == 0 else None
        self.create("/sales_orders", an_order("", line, second, LocationId=place))

    def release(self, number, one, many):
        self.tims.do(f"/sales_orders/{number}/release")

    def hold(self, number, one, many):
        self.tims.do(f"/sales_orders/{number}/hold")

    def cancel(self, number, one, many):
        self.tims.do(f"/sales_orders/{number}/cancel")

    def change(self, number, one, many):
        field = "QtyCancelled" if one % 2 else "QtyOrdered"
        rows = [{"LineNumber": one % 2 + 1, field: str(many)}]
        self.tims.call("PATCH", f"/sales_orders/{number}", {"Lines": rows}, if_match="*")

    def reserve(self, number, one, many):
        body = {"ItemNumber": ITEMS[one % 2], "Qty": str(many % 15 + 1), "ExternalRef": str(one)}
        self.create("/stock_reservations", body)

    def consume(self, number, one, many):
        for row in self.tims.get("/stock_reservations", external_ref=str(many % 8))["data"]:
            path = f"/stock_reservations/{row['Id']}/consume"
            self.tims.do(path, {"OrderNumber": number})

    def free(self, number, one, many):
        for row in self.tims.get("/stock_reservations", external_ref=str(many % 8))["data"]:
            self.tims.call("DELETE", f"/stock_reservations/{row['Id']}")

    def count(self, number, one, many):
        self.sim.set_stock(ITEMS[one % 2], PLACES[one % 3 % 2], many)

    def pick(self, number, one, many):
        self.sim.pick(number)

    def ship(self, number, one, many):
        order = self.sim.orders.get(number)
        lines = order.lines if order else []
        left = {x.line_number: x.qty_allocated for x in lines if x.qty_allocated}
        if many % 2:
            left = {line: min(qty, Decimal(many)) for line, qty in left.items()}
        self.sim.ship(number, [Package("UPS", "UPS", "GROUND", f"1Z{many}", left)])

    def void(self, number, one, many):
        shipments = list(self.sim.shipments)
        self.sim.void_shipment(shipments[many % len(shipments)] if shipments else "SH-0")

    def rest(self, number, one, many):
        self.sim.cancel_rest(number, one % 2 + 1)

    def wait(self, number, one, many):
        self.clock.advance(many * 3600)

    def invoice(self, number, one, many):
        self.sim.invoice(number)

    def complete(self, number, one, many):
        self.sim.complete(number)

    # --- what is looked at ---------------------------------------------------------------------

    def rows(self, path: str, key: str) -> dict[str, dict[str, object]]:
        pages = self.tims.pages(path, limit="7")
        return {str(row[key]): row for page in pages for row in page["data"]}

    def feed(self, entity: str) -> list[dict[str, object]]:
        return self.tims.get("/changes", entity=entity)["data"]

    def promised(self, item: str, place: str, attribute: str) -> Decimal:
        return sum(
            (
                getattr(line, attribute) * per_unit
                for order in self.sim.orders.values()
                if order.location_id == place
                for line in order.lines
                for need, per_unit in line.needs
                if need == item
            ),
            Decimal(0),
        )

    def reserved(self, item: str, place: str) -> Decimal:
        rows = self.tims.get("/stock_reservations", status="active", location_id=place)["data"]
        return sum((Decimal(x["Qty"]) for x in rows if x["ItemNumber"] == item), Decimal(0))


def lived(story) -> Day:
    day = Day()
    for deed, one, many in story:
        day.live(deed, one, many)
    return day


@quick
@given(deeds)
def test_stock_is_never_promised_beyond_what_is_on_hand(story):
    day = Day()
    for deed, one, many in story:
        day.live(deed, one, many)
        for level in day.tims.get("/stock")["data"]:
            item, place = level["ItemNumber"], level["LocationId"]
            on_hand, allocated = Decimal(level["OnHand"]), Decimal(level["Allocated"])
            assert 0 <= allocated <= on_hand
            assert Decimal(level["Available"]) == on_hand - allocated
            to_orders = day.promised(item, place, "qty_allocated")
            assert allocated == to_orders + day.reserved(item, place)
            assert Decimal(level["BackOrdered"]) == day.promised(item, place, "qty_backordered")


@quick
@given(deeds)
def test_quantities_of_a_line_always_add_up(story):
    for order in lived(story).sim.orders.values():
        for line in order.lines:
            assert min(line.qty_allocated, line.qty_backordered, line.qty_shipped, line.open) >= 0
            assert line.qty_allocated + line.qty_backordered <= line.open
            if order.status in ("Allocated", "Backordered", "Picking", "PartiallyShipped"):
                assert line.qty_allocated + line.qty_backordered == line.open
            if order.status == "Allocated":
                assert not line.qty_backordered
            if order.status in ("Shipped", "Invoiced", "Completed", "Cancelled"):
                assert not line.open


@quick
@given(deeds)
def test_row_versions_rise_strictly_and_the_feed_replayed_is_the_state(story):
    day = lived(story)
    versions: list[int] = []
    for entity, path, key in (
        ("sales_order", "/sales_orders", "OrderNumber"),
        ("shipment", "/shipments", "ShipmentNumber"),
        ("stock_reservation", "/stock_reservations", "Id"),
        ("customer", "/customers", "CustomerCode"),
        ("item", "/items", "ItemNumber"),
    ):
        feed = day.feed(entity)
        assert all(one["row_version"] < two["row_version"] for one, two in pairwise(feed))
        versions += [row["row_version"] for row in feed]
        replayed = {row["key"]: row["row_version"] for row in feed if row["op"] != "delete"}
        rows = day.rows(path, key)
        assert replayed == {name: row["RowVersion"] for name, row in rows.items()}
    assert len(versions) == len(set(versions))
    levels = {f"{x['ItemNumber']}@{x['LocationId']}": x for x in day.tims.get("/stock")["data"]}
    newest = {row["key"]: row["row_version"] for row in day.feed("stock")}
    assert newest == {name: row["RowVersion"] for name, row in levels.items()}


@quick
@given(deeds)
def test_webhooks_and_polling_tell_the_same(story):
    day = lived(story)
    told: dict[str, dict[str, int]] = {}
    for delivery in day.sim.due_webhooks():
        body = json.loads(delivery.body)
        told.setdefault(body["entity"], {})[body["key"]] = body["row_version"]
    for entity in ("sales_order", "shipment"):
        polled = {row["key"]: row["row_version"] for row in day.feed(entity)}
        assert told.get(entity, {}) == polled


@quick
@given(deeds)
def test_a_replay_is_the_first_answer_whatever_happened_since(story):
    day = lived(story)
    before = (len(day.sim.orders), day.tims.get("/stock").body["data"])
    for path, key, body, first in day.replays:
        again = day.tims.create(path, body, key=key)
        if "idempotent-replay" in again.headers:  # else thirty days have passed
            assert again.reply.body == first
    if day.clock.now() < START.replace(month=12, day=20):
        assert (len(day.sim.orders), day.tims.get("/stock").body["data"]) == before
