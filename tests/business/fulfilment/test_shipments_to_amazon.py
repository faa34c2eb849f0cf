"""A TIMS shipment through the real models and the shipped mappings to Amazon and back."""

from decimal import Decimal

from crossdock.business.fulfilment.model import Dispatch, Sale, Seen, Shipment
from crossdock.business.fulfilment.rules import pack, verify
from crossdock.connectors.amazon import models as amazon
from crossdock.connectors.tims import models as tims
from tests.business.language import mapped

ORDER = tims.SalesOrder.model_validate({
    "OrderNumber": "SO-1", "Status": "Shipped", "RowVersion": 7, "OrderDate": "2026-11-23",
    "ExternalSystem": "AMAZON:ATVPDKIKX0DER", "ExternalRef": "112-1234567-1234567",
    "Lines": [
        {"LineNumber": 1, "ItemNumber": "T1", "ExternalLineRef": "0501#1x10",
         "QtyOrdered": "20", "UnitPrice": "3.333"},
        {"LineNumber": 2, "ItemNumber": "T1", "ExternalLineRef": "0501#2x10",
         "QtyOrdered": "10", "UnitPrice": "3.334"},
    ],
})  # fmt: skip
SHIPMENT = tims.Shipment.model_validate({
    "ShipmentNumber": "SH-000123", "OrderNumber": "SO-1", "Status": "posted", "RowVersion": 8,
    "ShippedAt": "2026-11-24T12:00:00Z", "CarrierCode": "UPS", "CarrierName": "UPS",
    "UpdatedAt": "2026-11-24T12:05:00Z",
    "Packages": [
        {"PackageNumber": "1", "TrackingNumber": "1Z1", "Lines": [{"LineNumber": 1, "Qty": "20"}]},
        {"PackageNumber": "2", "TrackingNumber": "77", "CarrierCode": "SAIA", "ServiceCode": "LTL",
         "Lines": [{"LineNumber": 2, "Qty": "10"}]},
    ],
})  # fmt: skip


def dispatched() -> Dispatch:
    shipment, sale = mapped("fulfilment.shipment", SHIPMENT), mapped("fulfilment.sale", ORDER)
    assert isinstance(shipment, Shipment)
    assert isinstance(sale, Sale)
    return pack(shipment, sale)


def test_two_parcels_of_two_carriers_become_two_packages():
    confirmation = mapped("fulfilment.to_amazon", dispatched())

    assert isinstance(confirmation, amazon.ShipmentConfirmation)
    assert confirmation.orderId == "112-1234567-1234567"
    assert confirmation.marketplaceId == "ATVPDKIKX0DER"
    first, second = (one.model_dump(mode="json") for one in confirmation.packages)
    assert first["packageReferenceId"] == "123001"
    assert (first["carrierCode"], first["carrierName"]) == ("UPS", "UPS")
    assert (first["shippingMethod"], first["trackingNumber"]) == ("Ground", "1Z1")
    assert first["shipDate"] == "2026-11-24T12:00:00.000Z"
    assert [(x["orderItemId"], x["quantity"]) for x in first["orderItems"]] == [("0501", 2)]
    assert (second["carrierCode"], second["carrierName"]) == ("Other", "Saia LTL Freight")
    assert [(x["orderItemId"], x["quantity"]) for x in second["orderItems"]] == [("0501", 1)]


def test_a_carrier_that_is_in_no_table_is_left_to_the_rules():
    stranger = SHIPMENT.model_copy(update={"CarrierCode": "BOBS"})
    parcels = mapped("fulfilment.shipment", stranger).parcels

    assert [(one.carrier, one.amazon_carrier) for one in parcels] == [
        ("BOBS", None),
        ("SAIA", "Other"),
    ]


def test_what_amazon_shows_is_compared_in_our_words():
    shown = amazon.Order.model_validate({
        "orderId": "112-1234567-1234567",
        "createdTime": "2026-11-23T10:00:00Z",
        "lastUpdatedTime": "2026-11-24T12:10:00Z",
        "salesChannel": {"channelName": "AMAZON"},
        "orderItems": [],
        "packages": [
            {"packageReferenceId": "123001", "carrier": "UPS", "trackingNumber": "1Z1",
             "packageItems": [{"orderItemId": "0501", "quantity": 2}]},
            {"packageReferenceId": "123002", "carrier": "Saia LTL Freight", "trackingNumber": "77",
             "packageItems": [{"orderItemId": "0501", "quantity": 1}]},
        ],
    })  # fmt: skip
    seen = mapped("fulfilment.from_amazon", shown)

    assert isinstance(seen, Seen)
    assert verify(dispatched(), seen) is seen


def test_units_keep_their_exactness_on_the_way():
    (parcel, _) = mapped("fulfilment.shipment", SHIPMENT).parcels

    assert parcel.contents[0].units == Decimal(20)
