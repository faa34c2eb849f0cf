"""The documents that TIMS gets, as reviewed: a difference here is looked at like a price change.

`CROSSDOCK_SNAPSHOTS=write pytest tests/business/orders/test_orders_to_tims.py` writes them anew.
"""

import json
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.business.orders.changes import revise
from crossdock.business.orders.model import TimsOrder
from crossdock.business.orders.rules import draft, hold
from crossdock.connectors.tims import models as tims
from tests.business.language import mapped
from tests.business.orders.order_builders import HOME, TERMS, a_line, amounts, an_order, in_tims

FOLDER = Path(__file__).parent / "snapshots"

ORDERS = {
    "retail": an_order(
        a_line(
            "129.00", quantity=2,
            money=amounts("129.00", shipping="9.99", tax="10.08", tax_on_item="9.35",
                          tax_on_shipping="0.73"),
            tax_collection="MARKETPLACE_FACILITATOR",
        ),
    ),
    "business with a purchase order": an_order(
        a_line("645.00", quantity=10),
        programs=("AMAZON_BUSINESS",),
        company="Bauer Fabrication",
        po_number="PO-7781",
    ),
    "discount, shipping and gift wrap": an_order(
        a_line(
            money=amounts("40.00", shipping="9.99", gift_wrap="3.99", discount="7.00",
                          discount_on_item="4.00", discount_on_shipping="3.00"),
        ),
        a_line("9.45", item_id="05015851154159", item_number="TIMS-2"),
        discount_code="SUMMER10",
    ),
    "pack of ten with a remainder": an_order(
        a_line("28.99", quantity=3, units_per_pack=10, item_number="WLD-TIP-035"),
    ),
}  # fmt: skip


def document(order, terms=TERMS) -> tims.NewSalesOrder:
    made = mapped("orders.to_tims", draft(order, terms))
    assert isinstance(made, tims.NewSalesOrder)
    return made


def name_of(case: str) -> str:
    return case.replace(",", "").replace(" ", "_")


@pytest.mark.parametrize("case", ORDERS)
def test_the_sales_order_is_the_one_that_was_reviewed(case):
    path = FOLDER / f"{name_of(case)}.json"
    text = (
        json.dumps(document(ORDERS[case]).model_dump(mode="json", exclude_none=True), indent=2)
        + "\n"
    )
    if os.environ.get("CROSSDOCK_SNAPSHOTS") == "write":
        path.write_text(text)

    assert text == path.read_text()


def test_the_same_order_has_the_same_idempotency_key_for_ever():
    key = document(ORDERS["retail"]).IdempotencyKey

    assert key == "amz-ATVPDKIKX0DER-112-1234567-1234567-v1"
    assert document(replace(ORDERS["retail"], po_number="other")).IdempotencyKey == key


def test_a_district_stands_in_for_a_missing_state():
    home = replace(HOME, state=None, district="Greater London")

    assert document(an_order(ship_to=home)).ShipToAddress.State == "Greater London"


def as_tims_holds_it(order, status: str = "Allocated") -> TimsOrder:
    """TIMS's answer to the document, read back through the real models and mapping."""
    made = document(order).model_dump(mode="json")
    lines = [
        {**line, "LineNumber": number} for number, line in enumerate(made.pop("Lines"), start=1)
    ]
    total = f"{draft(order, TERMS).total}"
    totals = {"Lines": total, "Charges": "0", "Tax": "0", "Total": total}
    answer = {**made, "OrderNumber": "SO-1", "Status": status, "RowVersion": 3,
              "Lines": lines, "Totals": totals}  # fmt: skip
    return mapped("orders.tims_facts", tims.SalesOrder.model_validate(answer))


@pytest.mark.parametrize("case", ORDERS)
def test_what_tims_reads_back_is_what_was_meant(case):
    assert as_tims_holds_it(ORDERS[case]) == in_tims(ORDERS[case])


def test_a_change_of_address_says_the_address_and_nothing_else():
    moved = an_order(ship_to=replace(HOME, line1="2 Spark Street"))
    change = mapped("orders.to_tims_change", revise(moved, TERMS, in_tims(an_order())))

    assert isinstance(change, tims.SalesOrderChange)
    said = change.model_dump(mode="json", exclude_none=True)
    assert said.keys() == {"ShipToAddress"}
    assert said["ShipToAddress"]["Line1"] == "2 Spark Street"
    assert (change.OrderNumber, change.RowVersion) == ("SO-1", 3)


def test_a_change_of_quantity_says_quantities_discount_and_charges():
    def order(quantity: int, goods: str, freight: str):
        return an_order(a_line(quantity=quantity, money=amounts(goods, shipping=freight)))

    takes_amounts = replace(TERMS, change_amounts=True)
    changed = revise(order(2, "50.00", "4.99"), takes_amounts, in_tims(order(4, "100.00", "9.98")))
    (line,) = mapped("orders.to_tims_change", changed).Lines

    assert (line.LineNumber, line.QtyOrdered, line.QtyCancelled) == (1, Decimal(4), Decimal(2))
    assert (line.Discount, line.Tax) == (Decimal(0), Decimal(0))
    assert line.Charges == (tims.Charge(Type="freight", Amount=Decimal("4.99")),)


def test_stock_of_a_pending_order_is_held_under_its_name():
    held = mapped("orders.to_reservations", hold(ORDERS["pack of ten with a remainder"], TERMS))

    assert isinstance(held, tims.NewReservations)
    assert held.ExternalRef == "AMAZON:ATVPDKIKX0DER:112-1234567-1234567"
    assert [(line.ItemNumber, line.Qty) for line in held.Lines] == [("WLD-TIP-035", Decimal(30))]


def test_an_order_is_found_and_its_customer_opened_under_the_same_names():
    order = ORDERS["retail"]
    reference = mapped("orders.reference", order)
    customer = mapped("orders.to_customer", draft(order, TERMS))

    assert (reference.ExternalSystem, reference.ExternalRef) == (
        document(order).ExternalSystem,
        order.order_id,
    )
    assert (customer.CustomerCode, customer.CustomerType) == ("AMZ-US", "marketplace")
