"""What mappings make of orders, and what they say when they cannot."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.kernel.errors import Defect, NeedsPerson
from crossdock.kernel.money import Money
from crossdock.lang import compile as compiling
from crossdock.lang import retelling
from crossdock.lang.compile import compile_mapping
from crossdock.lang.lineage import Trace
from crossdock.lang.mapping import load_mapping
from tests.lang.goods import (
    HOUSE,
    NEEDED,
    TYPES,
    Address,
    Buyer,
    ShipTo,
    ShopOrder,
    Size,
    Status,
    Strict,
    a_mapping,
    a_shop_order,
    an_item,
    compiled,
    mapped,
    tables,
    with_needed,
)

BUYER = Buyer(name="Ann Lee", first="Ann", last="Lee", address=Address(city="Reno", name="Dock 4"))


def stopped(*rows: str, **changes: Any) -> NeedsPerson:
    mapping = compiled(with_needed(*rows))
    with pytest.raises(NeedsPerson) as asked:
        mapping.apply(a_shop_order(**changes))
    return asked.value


# --- values ---------------------------------------------------------------------------------------


def test_an_order_becomes_ours() -> None:
    order = mapped()
    assert order.order_id == "111-1"
    assert [(line.sku, line.quantity) for line in order.lines] == [
        ("SKU-1", Decimal(2)),
        ("SKU-2", Decimal(2)),
    ]
    assert type(order.lines[0].quantity) is Decimal


@pytest.mark.parametrize(
    ("row", "field", "value"),
    [
        ("{to: placed, from: createdTime}", "placed", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("{to: day, from: createdTime, using: to_date}", "day", date(2026, 11, 23)),
        ("{to: day, value: 2026-01-02}", "day", date(2026, 1, 2)),
        ("{to: placed, value: '2026-01-02T00:00:00Z'}", "placed", datetime(2026, 1, 2, tzinfo=UTC)),
        ("{to: status, value: shipped}", "status", Status.SHIPPED),
        ("{to: size, value: LARGE}", "size", Size.LARGE),
        ("{to: size, value: 1}", "size", Size.SMALL),
        ("{to: mode, value: fast}", "mode", "fast"),
        ("{to: rate, value: 2}", "rate", Decimal(2)),
        ("{to: rate, value: '2.50'}", "rate", Decimal("2.50")),
        ("{to: total, value: 1.50 USD}", "total", Money(Decimal("1.50"), "USD")),
        ("{to: company, value: null}", "company", None),
        ("{to: company, value: x, using: upper}", "company", "X"),
        ("{to: programs, value: [a, b]}", "programs", ("a", "b")),
        ("{to: urgent, value: true}", "urgent", True),
        ("{to: programs, from: 'orderItems[].orderItemId'}", "programs", ("1", "2")),
        ("{to: company, from: [carrierCode, buyer.name]}", "company", "Ann Lee"),
        ("{to: company, from: {all: [buyer.first, buyer.last]}, using: join_words}", "company", "Ann Lee"),
        ("{to: company, from: {all: [buyer.first, 'carrierCode?']}, using: join_words}", "company", "Ann"),
        ("{to: company, from: orderId, using: [{clip: 3}, lower]}", "company", "111"),
        ("{to: company, from: carrierCode, default: none of them}", "company", "none of them"),
        ("{to: company, from: carrierCode, missing: skip}", "company", None),
        ("{to: company, from: notes.gate, missing: none}", "company", "7"),
        ("{to: company, from: notes.floor, missing: none}", "company", None),
        ("{to: total, expr: 'money(grandTotal) - money(1, grandTotal.currencyCode)', missing: none}",
         "total", None),
        ("{to: rate, expr: 'count(orderItems) / 4'}", "rate", Decimal("0.5")),
        ("{to: rate, expr: 3}", "rate", Decimal(3)),
        ("{to: urgent, expr: 'buyer != none'}", "urgent", True),
        ("{to: company, when: 'carrierCode == none', value: x}", "company", "x"),
        ("{to: company, when: 'carrierCode != none', value: x}", "company", None),
        ("{to: mode, when: 'carrierCode != none', value: fast, missing: default, default: slow}", "mode", "slow"),
        ("{to: company, when: 'carrierCode != none', from: orderId, missing: none}", "company", None),
        ("{to: company, from: orderId, using: nothing_for}", "company", "111-1"),
        ("{to: company, value: none, using: nothing_for, missing: none, when: 'true'}", "company", None),
        ("{to: ship_to, object: buyer.address, rows: [{to: city, from: city}, {to: name, from: /orderId}]}",
         "ship_to", ShipTo("Reno", "111-1")),
        ("{to: ship_to, rows: [{to: city, expr: root.orderId}]}", "ship_to", ShipTo("111-1")),
    ],
)  # fmt: skip
def test_a_row_writes_its_value(row: str, field: str, value: object) -> None:
    assert getattr(mapped(row, buyer=BUYER, notes={"gate": "7"}), field) == value


def test_a_function_that_gives_nothing_ends_the_row() -> None:
    row = "{to: company, from: carrierCode, using: [nothing_for, upper, trim], default: unknown}"
    assert mapped(row, carrierCode="none").company == "unknown"
    assert mapped(row, carrierCode="ups").company == "UPS"


def test_an_absent_part_may_leave_nothing_or_be_skipped() -> None:
    rows = "rows: [{to: city, from: city}]"
    assert mapped(f"{{to: ship_to, object: buyer.address, missing: none, {rows}}}").ship_to is None
    assert mapped(f"{{to: ship_to, object: buyer.address, missing: skip, {rows}}}").ship_to is None


def test_lists_are_filtered_and_numbered() -> None:
    rows = (
        "{to: order_id, from: orderId}",
        "{to: lines, each: orderItems, where: 'quantityOrdered > 1', rows: ["
        "{to: sku, from: product.sellerSku}, {to: quantity, from: quantityOrdered}, "
        "{to: number, from: position}, {to: order_id, from: /orderId}, "
        "{to: price, from: price, using: money, missing: none}]}",
    )
    items = [an_item(1), an_item(2, quantityOrdered=1), an_item(3, price=None)]
    order = compiled(a_mapping(*rows)).apply(a_shop_order(orderItems=items))
    assert [(line.sku, line.number, line.order_id) for line in order.lines] == [
        ("SKU-1", 1, "111-1"),
        ("SKU-3", 2, "111-1"),
    ]
    assert [line.price for line in order.lines] == [Money(Decimal("19.99"), "USD"), None]


def test_an_absent_list_may_be_an_empty_one() -> None:
    tags = "{to: lines, each: 'orderItems[].tags[]', default: [], rows: [{to: sku, expr: root.orderId}, {to: quantity, value: 1}]}"
    order = compiled(a_mapping(NEEDED[0], tags)).apply(
        a_shop_order(orderItems=[an_item(1), an_item(2, tags=["x", "y"])])
    )
    assert len(order.lines) == 2
    nothing = compiled(a_mapping(NEEDED[0], tags.replace("orderItems[].tags[]", "programs")))
    assert nothing.apply(a_shop_order()).lines == ()


def test_of_several_rows_for_one_target_the_first_that_applies_wins() -> None:
    rows = (
        "{to: company, when: 'buyer?.name != none', from: buyer.name}",
        "{to: company, when: 'carrierCode != none', from: carrierCode}",
        "{to: company, value: nobody}",
    )
    assert mapped(*rows, buyer=BUYER).company == "Ann Lee"
    assert mapped(*rows, carrierCode="UPS").company == "UPS"
    assert mapped(*rows).company == "nobody"


def test_a_lookup_table_turns_a_code_into_ours() -> None:
    row = "{to: carrier, from: carrierCode, lookup: carriers.tims, missing: none"
    assert mapped(row + "}", carrierCode="UPS").carrier == "UP01"
    assert mapped(row + "}").carrier is None
    assert mapped(row + ", unfound: none}", carrierCode="GLS").carrier is None
    other = (
        "{to: carrier, from: carrierCode, lookup: carriers.tims, unfound: default, default: OTHER"
    )
    assert mapped(other + "}", carrierCode="GLS").carrier == "OTHER"
    assert "carrierCode is absent" in str(stopped(other + ", missing: stop}"))


def test_functions_and_the_lookup_work_in_the_order_they_are_written() -> None:
    before = "{to: carrier, from: carrierCode, using: upper, lookup: carriers.tims}"
    after = "{to: urgent, from: carrierCode, lookup: carriers.express, using: yes_no}"
    assert mapped(before, carrierCode="ups").carrier == "UP01"
    assert mapped(after, carrierCode="UPS").urgent is True
    joined = "{to: carrier, from: {all: [carrierCode]}, using: join_words, lookup: carriers.tims}"
    assert mapped(joined, carrierCode="UPS").carrier == "UP01"
    by_status = a_mapping(
        "{to: city, from: status, lookup: carriers.tims, unfound: default, default: x}",
        source="ours.Order", target="ours.ShipTo",
    )  # fmt: skip
    assert compiled(by_status).apply(mapped()) == ShipTo("x")


def test_several_sources_are_taken_by_name() -> None:
    text = a_mapping(
        "{to: city, from: order.orderId}",
        "{to: name, from: address.name, missing: none}",
        source="{order: shop.Order, address: 'ours.ShipTo?'}",
        target="ours.ShipTo",
    )
    mapping = compiled(text)
    assert mapping.takes == (ShopOrder, ShipTo | None)
    assert mapping.apply({"order": a_shop_order(), "address": None}) == ShipTo("111-1")
    assert mapping.apply({"order": a_shop_order(), "address": ShipTo("x", "y")}).name == "y"


def test_a_pydantic_target_is_built_by_its_own_names() -> None:
    mapping = compiled(
        a_mapping("{to: code, from: orderId}", "{to: units, value: 2}", target="ours.Strict")
    )
    assert mapping.apply(a_shop_order(orderId="abc")) == Strict(Code="abc", units=2)
    with pytest.raises(NeedsPerson) as asked:
        mapping.apply(a_shop_order(orderId="secret"))
    assert str(asked.value) == (
        "test.yaml: line 1: Strict refused its values (Code: string_too_long)"
    )


# --- stopping -------------------------------------------------------------------------------------


def test_every_row_that_stops_is_told_at_once_without_a_value() -> None:
    error = stopped(
        "{to: company, from: buyer.name}",
        "{to: carrier, from: carrierCode, lookup: carriers.tims}",
        "{to: urgent, from: notes.urgent, using: yes_no}",
        "{to: rate, expr: 'count(orderItems) / 0'}",
        carrierCode="GLS",
        notes={"urgent": "maybe"},
        orderItems=[an_item(1), an_item(2, product={"sellerSku": None})],
    )
    assert str(error) == (
        "test.yaml: line 7, row 2.1 (to: lines.sku): product.sellerSku is absent; "
        "line 8, row 3 (to: company): buyer.name is absent; "
        "line 9, row 4 (to: carrier): lookup table carriers has no amazon 'GLS'; "
        "line 10, row 5 (to: urgent): yes_no refused the value: it is neither yes nor no; "
        "line 11, row 6 (to: rate): the expression cannot be worked out: DivisionByZero "
        "(in 'count(orderItems) / 0')"
    )
    assert error.kind == "carrier-unknown"
    assert "Add 'GLS' to lookups/carriers.csv, column amazon, then press Retry." in error.remedy
    rows: Any = error.evidence["rows"]
    assert rows[0] == {
        "row": "2.1", "line": 7, "target": "lines[1].sku", "path": "product.sellerSku"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "changes", "told"),
    [
        ("{to: urgent, from: carrierCode, using: yes_no}", {"carrierCode": "chatty"},
         "yes_no refused the value (ValueError)"),
        ("{to: status, from: carrierCode}", {"carrierCode": "odd"}, "the value is not Status"),
        ("{to: rate, from: carrierCode, using: to_decimal}", {"carrierCode": "1,5"},
         "to_decimal refused the value: it is not a number such as 19.99"),
        ("{to: company, value: none, using: nothing_for}", {}, "the value is absent"),
        ("{to: company, from: {all: [buyer.first, buyer.last]}, using: join_words}", {},
         "buyer.first or buyer.last is absent"),
        ("{to: ship_to, object: buyer, rows: [{to: city, from: name}]}", {}, "buyer is absent"),
        ("{to: total, expr: money(grandTotal)}", {}, "grandTotal is absent"),
        ("{to: carrier, from: buyer.name, lookup: carriers.tims}", {"buyer": BUYER},
         "lookup table carriers has no amazon ***"),
        ("{to: programs, from: 'orderItems[].orderItemId'}",
         {"orderItems": [None]}, "AttributeError"),
        ("{to: company, from: orderId, when: 'count(orderItems) / 0 > 1'}", {}, "DivisionByZero"),
        ("{to: company, from: orderId, using: forbidden_goods}", {"orderId": "BOMB"},
         "goods that may not be sold"),
    ],
)  # fmt: skip
def test_why_a_row_stops_is_told(row: str, changes: dict[str, Any], told: str) -> None:
    error = stopped(row, **changes)
    assert told in str(error)
    assert error.remedy
    assert "Ann" not in str(error)


def test_a_row_may_name_the_page_for_a_key_that_is_not_there() -> None:
    row = "{to: carrier, from: carrierCode, lookup: carriers.tims, kind: unknown-sku}"
    assert stopped(row, carrierCode="GLS").kind == "unknown-sku"
    assert stopped("{to: company, from: orderId, using: forbidden_goods}", orderId="BOMB").kind == (
        "item-inactive"
    )


def test_a_target_that_refuses_its_values_is_told_without_them() -> None:
    items = [an_item(1, quantityOrdered=5000)]
    error = stopped(orderItems=items)
    assert "row 2 (to: lines): Line refused its values" in str(error)
    assert "5000" not in str(error)


def test_a_target_may_ask_a_person_itself() -> None:
    error = stopped(orderItems=[an_item(1, product={"sellerSku": "BOMB"})])
    assert "row 2 (to: lines): not for sale" in str(error)
    assert (error.kind, error.remedy) == ("item-inactive", "Ask legal.")


def test_a_trace_follows_filters_absent_parts_and_parts_of_the_same() -> None:
    mapping = compiled(
        a_mapping(
            NEEDED[0],
            "{to: lines, each: orderItems, where: quantityOrdered > 1, rows: ["
            "{to: sku, from: product.sellerSku}, {to: quantity, value: 1}]}",
            "{to: ship_to, when: 'carrierCode != none', rows: [{to: city, from: orderId}]}",
            "{to: ship_to, object: buyer.address, missing: none, rows: [{to: city, from: city}]}",
        )
    )
    items = [an_item(1, quantityOrdered=1), an_item(2)]
    trace = Trace()
    order = mapping.apply(a_shop_order(orderItems=items), trace)
    assert order == mapping.apply(a_shop_order(orderItems=items))
    assert order.ship_to is None
    sku = trace.of("lines[0].sku")
    assert sku is not None
    assert sku.base == "orderItems[1]"
    mapping.apply(a_shop_order(carrierCode="UPS"), trace)
    city = trace.of("ship_to.city")
    assert city is not None
    assert city.sources == ("orderId",)


def test_a_missing_list_stops_the_mapping() -> None:
    assert "orderItems is absent" in str(stopped(orderItems=None))


def test_only_ten_rows_are_told_in_words() -> None:
    items = [an_item(n, product={"sellerSku": None}) for n in range(14)]
    error = stopped(orderItems=items)
    assert str(error).endswith("; and 4 more")
    rows: Any = error.evidence["rows"]
    assert len(rows) == 14


def test_a_list_that_is_too_long_stops_the_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "MAX_ELEMENTS", 1)
    monkeypatch.setattr(retelling, "MAX_ELEMENTS", 1)
    assert "a list has more than 1 elements" in str(stopped())


def test_a_failure_that_is_gone_at_the_second_look_is_no_failure() -> None:
    moods = [ValueError("now")]

    def moody(text: str) -> str:
        if moods:
            raise moods.pop()
        return text

    source = load_mapping(with_needed("{to: company, from: orderId, using: moody}"), "test.yaml")
    mapping = compile_mapping(source, TYPES, {**HOUSE, "moody": moody}, tables())
    assert mapping.apply(a_shop_order()).company == "111-1"


def test_our_own_bugs_are_not_taken_for_a_person_s_problem() -> None:
    def broken(text: str) -> str:
        raise Defect("our bug")

    source = load_mapping(with_needed("{to: company, from: orderId, using: broken}"), "test.yaml")
    mapping = compile_mapping(source, TYPES, {**HOUSE, "broken": broken}, tables())
    with pytest.raises(Defect):
        mapping.apply(a_shop_order())


def test_a_computed_part_that_breaks_is_told() -> None:
    text = a_mapping("{to: city, from: broken}", source="ours.Order", target="ours.ShipTo")
    with pytest.raises(NeedsPerson, match=r"cannot be used \(AttributeError\)"):
        compiled(text).apply(mapped())
