"""What stops an order: one case that names everything, under the kind that hides the others."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crossdock.business.orders.model import Amount
from crossdock.business.orders.rules import REMEDIES, business_day, draft
from crossdock.kernel.errors import NeedsPerson
from tests.business.orders.order_builders import HOME, TERMS, a_line, an_order, usd

NO_STREET = replace(HOME, name=None, line1=None, postal_code=None)

CASES = {
    "an unknown SKU": (an_order(a_line(item_number=None)), "unknown-sku", "'WLD-1'"),
    "no SKU": (an_order(a_line(sku=None)), "unknown-sku", "has no SKU"),
    "no pack size": (an_order(a_line(units_per_pack=None)), "unknown-sku", "'WLD-1'"),
    "a pack of nothing": (an_order(a_line(units_per_pack=0)), "unknown-sku", "0 units per pack"),
    "no address": (an_order(ship_to=None), "missing-address", "no delivery address"),
    "a hidden address": (an_order(ship_to=NO_STREET), "missing-role", "lacks the role"),
    "half an address": (
        an_order(ship_to=replace(HOME, line1=None)), "missing-address", "no street"),
    "a store pick-up": (
        an_order(programs=("IN_STORE_PICK_UP",)), "program-not-supported", "in a store"),
    "goods by weight": (
        an_order(a_line(measure="POUNDS")), "program-not-supported", "sold by POUNDS"),
    "no total": (an_order(total=None), "total-does-not-tie", "order's total"),
    "a tip": (
        an_order(other_amounts=(Amount("DELIVERY_TIP", usd("5.00")),)),
        "total-does-not-tie", "DELIVERY_TIP 5.00 USD"),
    "nothing left": (an_order(a_line(cancelled=True)), "total-does-not-tie", "no line is left"),
}  # fmt: skip


@pytest.mark.parametrize(("order", "kind", "words"), CASES.values(), ids=CASES)
def test_case(order, kind, words):
    with pytest.raises(NeedsPerson) as stopped:
        draft(order, TERMS)

    assert stopped.value.kind == kind
    assert words in str(stopped.value)
    assert stopped.value.remedy
    assert stopped.value.about == "Amazon order 112-1234567-1234567"


def test_all_troubles_of_an_order_are_in_one_case():
    order = an_order(
        a_line(item_number=None, sku="A"),
        a_line(item_number=None, sku="B", item_id="2"),
        ship_to=NO_STREET,
        total=usd("1.00"),
    )
    with pytest.raises(NeedsPerson) as stopped:
        draft(order, TERMS)

    assert stopped.value.kind == "unknown-sku"
    assert all(words in str(stopped.value) for words in ("'A'", "'B'", "lacks the role"))
    assert REMEDIES["unknown-sku"] in stopped.value.remedy
    assert REMEDIES["missing-role"] in stopped.value.remedy
    assert len(stopped.value.evidence["findings"]) == 3


def test_no_case_holds_the_buyers_name_or_street():
    order = an_order(a_line(item_number=None), ship_to=replace(HOME, city=None, state=None))
    with pytest.raises(NeedsPerson) as stopped:
        draft(order, TERMS)

    shown = f"{stopped.value} {stopped.value.remedy} {stopped.value.evidence}"
    assert not any(private in shown for private in ("Ann", "Spark", "59101"))


def test_a_business_order_carries_company_and_purchase_order():
    order = an_order(programs=("AMAZON_BUSINESS",), company="Weld & Co", po_number="PO-7781")
    result = draft(order, TERMS)

    assert order.business
    assert (result.ship_to.company, result.po_number) == ("Weld & Co", "PO-7781")


def test_the_company_at_the_door_wins_over_the_buyers():
    order = an_order(company="Weld & Co", ship_to=replace(HOME, company="Site office"))

    assert draft(order, TERMS).ship_to.company == "Site office"


def test_a_free_replacement_is_a_sales_order_of_nothing():
    result = draft(an_order(a_line("0.00")), TERMS)

    assert result.total == 0
    assert result.lines[0].quantity == Decimal(1)


def test_the_order_date_is_the_companys_day():
    late_evening_in_denver = datetime(2026, 11, 24, 3, tzinfo=UTC)

    assert business_day(late_evening_in_denver, "America/Denver") == date(2026, 11, 23)
    assert business_day(late_evening_in_denver, "UTC") == date(2026, 11, 24)
    with pytest.raises(NeedsPerson, match="no time zone 'Billings'"):
        business_day(late_evening_in_denver, "Billings")
