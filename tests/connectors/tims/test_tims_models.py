"""What TIMS's documents keep, refuse and hide."""

import typing
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.connectors.tims.wire import Wire


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_an_amount_survives_the_wire_to_the_last_digit(amount):
    charge = m.Charge(Type="freight", Amount=amount)
    text = charge.model_dump_json()
    assert "E" not in text.split('"Amount"')[1]
    assert m.Charge.model_validate_json(text).Amount == amount


@pytest.mark.parametrize("amount", ["1.5", '"NaN"', '"Infinity"', '"1,50"', '""', "null", "true"])
def test_an_amount_that_is_not_an_exact_decimal_string_is_refused(amount):
    with pytest.raises(ValidationError):
        m.Charge.model_validate_json(f'{{"Type": "freight", "Amount": {amount}}}')


def test_a_field_that_the_contract_does_not_know_cannot_be_sent(kit):
    with pytest.raises(ValidationError, match="Extra inputs"):
        kit.an_order(Colour="red")


def test_an_order_without_lines_or_key_cannot_be_made(kit):
    with pytest.raises(ValidationError):
        kit.an_order(Lines=())
    with pytest.raises(ValidationError):
        kit.an_order(IdempotencyKey="")


def test_a_time_without_a_zone_is_refused_and_others_become_utc(kit):
    with pytest.raises(ValidationError):
        kit.an_order(MustShipBy=datetime(2026, 11, 4, 7, 0))  # noqa: DTZ001
    order = kit.an_order(MustShipBy=datetime.fromisoformat("2026-11-04T00:59:59-07:00"))
    assert order.MustShipBy == datetime(2026, 11, 4, 7, 59, 59, tzinfo=UTC)


def test_the_customers_company_name_and_discount_code_are_spelt_as_users_look_for_them():
    assert {"CompanyName", "DiscountCode", "CustomerCode"} <= set(m.Customer.model_fields)
    assert "DiscountCode" in m.NewSalesOrder.model_fields


def test_a_mapping_can_see_plain_types_in_every_document():
    """The checker of mappings reads annotations; none may hide behind a validator."""
    for model in (m.NewSalesOrder, m.SalesOrder, m.Shipment, m.NewReservations):
        hints = typing.get_type_hints(model)
        assert set(model.model_fields) <= set(hints)
    assert typing.get_type_hints(m.NewSalesOrderLine)["UnitPrice"] is Decimal
    assert typing.get_type_hints(m.NewSalesOrder)["MustShipBy"] == datetime | None


def test_no_document_prints_a_person():
    address = m.Address(Name="Pat Welder", Line1="1 Main St", City="Billings", Phone="555")
    said: list[BaseModel] = [
        address,
        m.NewCustomer(
            CustomerCode="C", CompanyName="Acme", ContactName="Pat Welder", BillTo=address
        ),
    ]
    for document in said:
        assert not {"Pat", "Main", "Billings", "555"} & set(
            repr(document).replace("'", " ").split()
        )


@pytest.mark.parametrize(
    ("told", "urls"),
    [
        ([{"Url": "a", "Kind": "front"}, " b "], ["a", "b"]),
        ([None, 7, True, ["x"], "", "  ", {}, {"Url": None}, {"Url": " "}, "c"], ["c"]),
        ("a", ["a"]),
        ({"Url": "a"}, ["a"]),
        ([{"Href": "x"}], [None]),
        (None, []),
        (7, []),
        ("", []),
    ],
)
def test_images_are_read_however_a_site_tells_them(told, urls):
    item = CatalogueItem.model_validate({"ItemNumber": "I", "ItemClass": "x", "Images": told})
    assert [image.get("Url") for image in item.Images] == urls


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.text(), inner))))  # fmt: skip
def test_no_image_keeps_an_item_from_being_read(told):
    CatalogueItem.model_validate({"ItemNumber": "I", "ItemClass": "x", "Images": told})


class OldSite(Wire):
    """A site that names its orders otherwise: the only thing such a site needs to bring."""

    root = "/tims/v7"

    def sales_order(self, number):
        ask = super().sales_order(number)
        return type(ask)("GET", ask.template, f"/orders/by-number/{number}")


def test_another_site_replaces_the_wire_and_nothing_else(site, account, clock, kit):
    site.on("GET /tims/v7/orders/by-number/SO-1", kit.ok(kit.order_json()))
    client = TimsClient(account, site, clock, wire=OldSite())
    assert client.sales_order("SO-1").OrderNumber == "SO-1"
