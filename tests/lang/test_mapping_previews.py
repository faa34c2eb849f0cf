"""Previews of mappings, and where each value came from."""

from decimal import Decimal

from crossdock.kernel.ids import fingerprint
from crossdock.lang.lineage import Trace, fingerprint_of, is_personal
from tests.lang.goods import (
    Address,
    Buyer,
    a_shop_order,
    compiled,
    with_needed,
)

BUYER = Buyer(name="Ann Lee", first="Ann", last="Lee", address=Address(city="Reno", name="Dock 4"))


def test_a_preview_shows_every_row_s_value_and_problem() -> None:
    mapping = compiled(with_needed("{to: company, from: buyer.name}"))
    preview = mapping.preview(a_shop_order())
    assert preview.value is None
    assert [(row.target, row.value, row.problem) for row in preview.rows][:3] == [
        ("order_id", "111-1", ""),
        ("lines[0].sku", "SKU-1", ""),
        ("lines[0].quantity", Decimal(2), ""),
    ]
    assert [row.target for row in preview.problems] == ["company"]
    assert mapping.preview(a_shop_order(buyer=BUYER)).value.company == "Ann Lee"


def test_every_value_written_can_tell_where_it_came_from() -> None:
    mapping = compiled(
        with_needed(
            "{to: company, from: [carrierCode, orderId], using: [{clip: 3}]}",
            "{to: carrier, from: carrierCode, using: upper, lookup: carriers.tims}",
            "{to: ship_to, object: buyer.address, rows: [{to: city, from: city}, {to: name, from: name}]}",
            "{to: total, value: 1 USD}",
            "{to: mode, from: notes.mode, missing: skip}",
            "{to: rate, from: notes.rate, using: [nothing_for, to_decimal], default: 2}",
        )
    )
    trace, value = Trace(), a_shop_order(buyer=BUYER, carrierCode="ups")
    order = mapping.apply(value, trace)
    assert order == mapping.apply(value)
    sku = trace.of("lines[1].sku")
    assert sku is not None
    assert (sku.sources, sku.base, sku.file, sku.line, sku.row, sku.version) == (
        ("product.sellerSku",), "orderItems[1]", "test.yaml", 7, "2.1", 2,
    )  # fmt: skip
    assert sku.fingerprint == fingerprint("SKU-2")
    carrier = trace.of("carrier")
    assert carrier is not None
    assert (carrier.functions, carrier.lookup) == (("upper",), "carriers row 2")
    company = trace.of("company")
    assert company is not None
    assert company.sources == ("carrierCode",)
    name = trace.of("ship_to.name")
    assert name is not None
    assert (name.base, name.fingerprint) == ("buyer.address", "")
    assert trace.of("mode") is None
    assert {each.target for each in trace} >= {"order_id", "total", "rate"}


def test_a_trace_knows_of_keys_that_were_not_in_the_table() -> None:
    mapping = compiled(
        with_needed(
            "{to: carrier, from: carrierCode, lookup: carriers.tims, unfound: none, using: [upper]}",
            "{to: company, from: carrierCode, using: [upper], lookup: carriers.tims, unfound: none}",
        )
    )
    trace = Trace()
    assert mapping.apply(a_shop_order(carrierCode="GLS"), trace).carrier is None
    found = trace.of("carrier")
    assert found is not None
    assert found.lookup == "carriers"


def test_personal_values_leave_no_fingerprint() -> None:
    assert is_personal("recipient.deliveryAddress.city")
    assert is_personal("/buyer.name?")
    assert not is_personal("lines[].sku")
    assert fingerprint_of(object(), ("sku",)) == ""
