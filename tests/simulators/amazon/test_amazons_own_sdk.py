"""Amazon's own SDK drives the simulator over real sockets, through every operation on offer."""

import base64
import gzip
import hashlib
import json
import logging
import re
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.buckets import RATES
from crossdock.simulators.amazon.reports import SETTLEMENT_REPORT
from crossdock.simulators.amazon.settlements import file_of
from crossdock.simulators.clock import HandClock
from crossdock.simulators.server import Server
from tests.simulators.amazon.conftest import ANN, EVERYTHING, WIRE

# The SDK has two thousand files; on a busy machine reading them takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
ARN = "arn:aws:sqs:us-east-1:000000000000:amazon-orders"


@pytest.fixture(scope="module")
def sdk() -> SimpleNamespace:
    """The SDK's parts. Importing it sets up the root logger, which is put back."""
    pytest.importorskip("spapi")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from spapi import SPAPIClient, SPAPIConfig
        from spapi.api.catalogitems_v2022_04_01.catalog_api import CatalogApi
        from spapi.api.fba_inventory_v1.fba_inventory_api import FbaInventoryApi
        from spapi.api.feeds_v2021_06_30.feeds_api import FeedsApi
        from spapi.api.finances_v0.finances_v0_api import FinancesV0Api
        from spapi.api.finances_v2024_06_19.finances_v2024_api import FinancesV2024Api
        from spapi.api.listings_items_v2021_08_01.listings_api import ListingsApi
        from spapi.api.listings_restrictions_v2021_08_01.listings_restrictions_api import (
            ListingsRestrictionsApi as RestrictionsApi,
        )
        from spapi.api.notifications_v1.notifications_api import NotificationsApi
        from spapi.api.orders_v0.orders_v0_api import OrdersV0Api
        from spapi.api.orders_v2026_01_01.get_order_api import GetOrderApi
        from spapi.api.orders_v2026_01_01.search_orders_api import SearchOrdersApi
        from spapi.api.product_type_definitions_v2020_09_01.definitions_api import DefinitionsApi
        from spapi.api.reports_v2021_06_30.reports_api import ReportsApi
        from spapi.api.sellers_v1.sellers_api import SellersApi
        from spapi.models import notifications_v1, orders_v0
        from spapi.rest import ApiException
    root.handlers[:] = handlers
    root.setLevel(level)
    return SimpleNamespace(
        client=SPAPIClient,
        config=SPAPIConfig,
        notifications=NotificationsApi,
        shipments=OrdersV0Api,
        get_order=GetOrderApi,
        search_orders=SearchOrdersApi,
        sellers=SellersApi,
        reports=ReportsApi,
        listings=ListingsApi,
        catalog=CatalogApi,
        restrictions=RestrictionsApi,
        definitions=DefinitionsApi,
        feeds=FeedsApi,
        fba=FbaInventoryApi,
        finances=FinancesV2024Api,
        groups=FinancesV0Api,
        error=ApiException,
        notification_models=notifications_v1,
        shipment_models=orders_v0,
    )


Connect = Callable[[type], Any]


@pytest.fixture
def doors(sim: AmazonSim) -> Iterator[tuple[str, str]]:
    """The URLs of the API and of Login with Amazon."""
    server = Server(sim.clock)
    urls = server.add(sim.api), server.add(sim.lwa)
    server.start()
    yield urls
    server.stop()


def _connect(sdk: SimpleNamespace, doors: tuple[str, str], **credentials: str) -> Iterator[Connect]:
    config = sdk.config("amzn1.application-oa2-client.rehearsal", "rehearsal-secret", **credentials)
    api, login = doors
    client = sdk.client(config, oauth_endpoint=f"{login}/auth/o2/token", endpoint=api).api_client
    yield lambda kind: kind(client)
    client.rest_client.pool_manager.clear()


@pytest.fixture
def as_seller(sdk: SimpleNamespace, doors: tuple[str, str]) -> Iterator[Connect]:
    yield from _connect(sdk, doors, refresh_token="Atzr|rehearsal")


@pytest.fixture
def grantless(sdk: SimpleNamespace, doors: tuple[str, str]) -> Iterator[Connect]:
    yield from _connect(sdk, doors, scope="sellingpartnerapi::notifications")


def test_orders_are_found_and_read(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim, clock: HandClock
) -> None:
    placed = []
    for _ in range(3):
        placed.append(sim.place_order([WIRE], buyer=ANN, pending=False))
        clock.advance(60)
    clock.advance(120)
    search = as_seller(sdk.search_orders).search_orders
    asked = {
        "last_updated_after": datetime(2026, 11, 23, tzinfo=UTC),
        "marketplace_ids": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"],
        "fulfillment_statuses": ["PENDING", "UNSHIPPED"],
        "included_data": EVERYTHING.split(","),
        "max_results_per_page": 2,
    }

    first = search(**asked)
    second = search(**asked, pagination_token=first.pagination.next_token)
    order = as_seller(sdk.get_order).get_order(placed[0], included_data=EVERYTHING.split(","))

    assert [order.order_id for order in first.orders + second.orders] == placed
    assert second.pagination is None
    assert second.last_updated_before == clock.now() - timedelta(minutes=2)
    assert order.order.buyer.buyer_name == "Ann Lee"
    assert order.order.proceeds.grand_total.amount == "91.00"
    assert order.order.order_items[0].product.seller_sku == WIRE.sku
    assert order.order.fulfillment.fulfillment_status == "UNSHIPPED"


def test_a_shipment_is_confirmed_and_seen(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim, clock: HandClock
) -> None:
    order_id = sim.place_order([WIRE], buyer=ANN, pending=False)
    models = sdk.shipment_models
    item = models.ConfirmShipmentOrderItem(
        order_item_id=sim.orders[order_id].lines[0].order_item_id, quantity=2
    )
    detail = models.PackageDetail(
        package_reference_id="1",
        carrier_code="UPS",
        tracking_number="1Z999AA10123456784",
        ship_date=clock.now(),
        order_items=[item],
    )
    body = models.ConfirmShipmentRequest(package_detail=detail, marketplace_id="ATVPDKIKX0DER")

    _, status, _ = as_seller(sdk.shipments).confirm_shipment_with_http_info(order_id, body)

    assert status == 204
    order = as_seller(sdk.get_order).get_order(order_id, included_data=["PACKAGES"]).order
    assert order.packages[0].tracking_number == "1Z999AA10123456784"
    assert order.packages[0].package_status.status == "SHIPPED"


def test_the_seller_and_the_account_are_read(sdk: SimpleNamespace, as_seller: Connect) -> None:
    sellers = as_seller(sdk.sellers)

    rows = sellers.get_marketplace_participations().payload
    account = sellers.get_account().payload

    assert [row.marketplace.country_code for row in rows] == ["US", "CA", "MX"]
    assert account.selling_plan == "PROFESSIONAL"


def test_notifications_are_set_up_and_taken_down(
    sdk: SimpleNamespace, as_seller: Connect, grantless: Connect, sim: AmazonSim
) -> None:
    models, ours, apps = (
        sdk.notification_models,
        as_seller(sdk.notifications),
        grantless(sdk.notifications),
    )
    queue = models.DestinationResourceSpecification(sqs=models.SqsResource(arn=ARN))
    wanted = models.CreateDestinationRequest(resource_specification=queue, name="orders")
    destination = apps.create_destination(wanted).payload
    assert apps.get_destination(destination.destination_id).payload.name == "orders"
    assert len(apps.get_destinations().payload) == 1

    wish = models.CreateSubscriptionRequest(
        payload_version="1.0", destination_id=destination.destination_id
    )
    subscription = ours.create_subscription("ORDER_CHANGE", wish).payload
    by_id = (subscription.subscription_id, "ORDER_CHANGE")
    assert ours.get_subscription("ORDER_CHANGE").payload.subscription_id == by_id[0]
    assert len(ours.get_subscriptions(["ORDER_CHANGE"]).payload.subscriptions) == 1
    assert apps.get_subscription_by_id(*by_id).payload.destination_id == destination.destination_id
    sim.place_order([WIRE], buyer=ANN)
    assert [target for target, _ in sim.due_notifications()] == [ARN]

    apps.delete_subscription_by_id(*by_id)
    apps.delete_destination(destination.destination_id)
    assert apps.get_destinations().payload == []


def test_a_settlement_report_is_found_and_its_document_has_an_address(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    order_id = sim.place_order([WIRE], buyer=ANN, fulfilled_by="AMAZON", pending=False)
    sim.ship_by_amazon(order_id)
    (settlement,) = sim.close_settlements()

    ours = as_seller(sdk.reports)
    (found,) = ours.get_reports(report_types=[SETTLEMENT_REPORT]).reports
    assert ours.get_report(found.report_id).report_document_id == found.report_document_id
    document = ours.get_report_document(found.report_document_id)
    with urllib.request.urlopen(document.url, timeout=10) as answer:
        assert answer.read() == file_of(settlement)


def test_finances_tell_of_a_settlement_what_its_report_says(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    order_id = sim.place_order([WIRE], buyer=ANN, fulfilled_by="AMAZON", pending=False)
    sim.ship_by_amazon(order_id)
    (settlement,) = sim.close_settlements()

    ours = as_seller(sdk.finances)
    (said,) = ours.list_summary(
        related_identifier_name="SETTLEMENT_ID", related_identifier_value=settlement.settlement_id
    ).summaries
    assert said.net_proceeds.currency_amount == float(settlement.total)
    (group,) = (
        as_seller(sdk.groups).list_financial_event_groups().payload.financial_event_group_list
    )
    assert group.original_total.currency_amount == float(settlement.total)
    rows = ours.list_transactions(
        related_identifier_name="FINANCIAL_EVENT_GROUP_ID",
        related_identifier_value=group.financial_event_group_id,
    ).payload.transactions
    released = [r for r in rows if r.transaction_status == "RELEASED"]
    amounts = [round(r.total_amount.currency_amount * 100) for r in released]
    assert sum(amounts) == settlement.total * 100


def test_a_listing_is_read_and_its_quantity_patched(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    seller, sku = sim.sellers[0].seller_id, "ROD 1/8+X"
    sim.listings.offer(sku, 4)
    ours = as_seller(sdk.listings)
    shop = ["ATVPDKIKX0DER"]
    wanted = ["summaries", "attributes", "issues", "fulfillmentAvailability"]
    found = ours.get_listings_item(seller, sku, shop, included_data=wanted)
    assert found.fulfillment_availability[0].quantity == 4
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 9}]
    patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}
    body = {"productType": "PRODUCT", "patches": [patch]}
    assert ours.patch_listings_item(seller, sku, shop, body).status == "ACCEPTED"
    found = ours.get_listings_item(seller, sku, shop, included_data=wanted)
    assert found.attributes["fulfillment_availability"][0]["quantity"] == 9
    assert found.fulfillment_availability[0].quantity == 4  # accepted, not in effect yet
    value[0]["quantity"] = -1
    assert ours.patch_listings_item(seller, sku, shop, body).status == "INVALID"


def test_a_listing_is_made_priced_searched_and_deleted(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    seller, sku, shop = sim.sellers[0].seller_id, "NEW 1", ["ATVPDKIKX0DER"]
    ours = as_seller(sdk.listings)
    price = {"marketplace_id": shop[0], "currency": "USD",
             "our_price": [{"schedule": [{"value_with_tax": 19.99}]}]}  # fmt: skip
    body = {
        "productType": "PRODUCT", "requirements": "LISTING_OFFER_ONLY",
        "attributes": {
            "merchant_suggested_asin": [{"value": "B000000042", "marketplace_id": shop[0]}],
            "purchasable_offer": [price],
            "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": 2}],
        },
    }  # fmt: skip
    preview = ours.put_listings_item(seller, sku, shop, body, mode="VALIDATION_PREVIEW")
    assert (preview.status, sim.listings.now(seller, sku)) == ("VALID", None)
    assert ours.put_listings_item(seller, sku, shop, body).status == "ACCEPTED"
    sim.clock.advance(60)
    found = ours.search_listings_items(
        seller, shop, identifiers=[sku], identifiers_type="SKU",
        included_data=["summaries", "offers", "fulfillmentAvailability"],
    )  # fmt: skip
    (item,) = found.items
    assert (item.sku, item.summaries[0].asin) == (sku, "B000000042")
    assert (item.offers[0].price.amount, item.offers[0].audience.value) == ("19.99", "ALL")
    assert ours.delete_listings_item(seller, sku, shop).status == "ACCEPTED"
    sim.clock.advance(60)
    assert sim.listings.now(seller, sku) is None


def test_many_changes_go_in_a_feed(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    seller, shop = sim.sellers[0].seller_id, ["ATVPDKIKX0DER"]
    kind = "application/json; charset=UTF-8"
    sim.listings.offer("ROD", 4)
    ours = as_seller(sdk.feeds)

    def submitted() -> str:
        made = ours.create_feed_document({"contentType": kind})
        patch = {"op": "merge", "path": "/attributes/fulfillment_availability",
                 "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 9}]}  # fmt: skip
        message = {"messageId": 1, "sku": "ROD", "operationType": "PATCH",
                   "productType": "PRODUCT", "patches": [patch]}  # fmt: skip
        body = {"header": {"sellerId": seller, "version": "2.0"}, "messages": [message]}
        put = urllib.request.Request(
            made.url, json.dumps(body).encode(), {"content-type": kind}, method="PUT"
        )
        with urllib.request.urlopen(put, timeout=10) as answer:
            assert answer.status == 200
        wish = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": shop,
                "inputFeedDocumentId": made.feed_document_id}  # fmt: skip
        return str(ours.create_feed(wish).feed_id)

    feed_id, unwanted = submitted(), submitted()
    ours.cancel_feed(unwanted)
    sim.clock.advance(61)
    found = ours.get_feeds(feed_types=["JSON_LISTINGS_FEED"]).feeds
    states = {f.feed_id: f.processing_status for f in found}
    assert states == {feed_id: "DONE", unwanted: "CANCELLED"}
    result = ours.get_feed_document(ours.get_feed(feed_id).result_feed_document_id)
    with urllib.request.urlopen(result.url, timeout=10) as answer:
        told = json.loads(gzip.decompress(answer.read()))
    assert told["summary"]["messagesAccepted"] == 1


def test_a_product_is_matched_its_restrictions_asked_and_its_type_read(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    shop, gtin = ["ATVPDKIKX0DER"], "00036000291452"
    product = sim.catalog.add("MIG glove", gtin=gtin, product_type="PROTECTIVE_GLOVE")
    catalog = as_seller(sdk.catalog)
    asked = {"included_data": ["identifiers", "summaries", "productTypes"]}
    found = catalog.search_catalog_items(shop, identifiers=[gtin], identifiers_type="GTIN", **asked)
    assert [item.asin for item in found.items] == [product.asin]
    item = catalog.get_catalog_item(product.asin, shop, **asked)
    assert item.product_types[0].product_type == "PROTECTIVE_GLOVE"

    sim.restrictions.restrict(product.asin)
    ours = as_seller(sdk.restrictions)
    (row,) = ours.get_listings_restrictions(
        product.asin, sim.sellers[0].seller_id, shop
    ).restrictions
    assert row.reasons[0].reason_code == "APPROVAL_REQUIRED"

    types = as_seller(sdk.definitions)
    (kind,) = types.search_definitions_product_types(shop, keywords=["glove"]).product_types
    definition = types.get_definitions_product_type(kind.name, shop, requirements="LISTING")
    with urllib.request.urlopen(definition.var_schema.link.resource, timeout=10) as answer:
        content = answer.read()
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    assert base64.b64encode(digest).decode() == definition.var_schema.checksum


def test_errors_reach_the_sdk_as_amazon_writes_them(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    with pytest.raises(sdk.error) as caught:
        as_seller(sdk.get_order).get_order("111-0000000-0000000")

    assert caught.value.status == 404
    assert "NotFound" in str(caught.value.body)
    assert caught.value.headers["x-amzn-RateLimit-Limit"] == "0.5"
    assert caught.value.headers["x-amzn-RequestId"]


def test_no_operation_on_offer_is_left_out() -> None:
    """The tests above name every operation the simulator has."""
    text = Path(__file__).read_text("utf-8")
    for operation in RATES:
        snake = re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", operation)
        assert re.search(rf"\.{snake}(_with_http_info)?\b", text), operation


def test_stock_in_amazons_warehouses_is_read_page_by_page(
    sdk: SimpleNamespace, as_seller: Connect, sim: AmazonSim
) -> None:
    for n in range(60):
        sim.fba.hold(f"SKU-{n:02}", fulfillable=n, reserved=1)
    ours, shop = as_seller(sdk.fba), "ATVPDKIKX0DER"
    first = ours.get_inventory_summaries("Marketplace", shop, [shop], details=True)
    token = first.pagination.next_token
    second = ours.get_inventory_summaries(
        "Marketplace", shop, [shop], details=True, next_token=token
    )
    rows = [*first.payload.inventory_summaries, *second.payload.inventory_summaries]
    assert [r.inventory_details.fulfillable_quantity for r in rows] == list(range(60))
    assert rows[0].inventory_details.reserved_quantity.total_reserved_quantity == 1
