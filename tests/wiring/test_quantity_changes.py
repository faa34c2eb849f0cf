"""Amazon tells what is live of a SKU: it is looked at, and nothing of what was told is applied."""

import json
import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from crossdock.business.stock.model import Offer
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.events import QUANTITY_CHANGE, Message, Unreadable, understood
from crossdock.connectors.amazon.subscriptions import ensure_quantity_subscription
from crossdock.engine.store import publications
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import Line
from crossdock.wiring.intakes import AmazonQueue, published_by
from tests.connectors.amazon.conftest import ANN, US
from tests.wiring.stock_shop import Shop

ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    found.amazon.listings.offer("ROD", 4)
    yield found
    found.db.close()


def client_of(shop):
    sim = shop.amazon
    account = AmazonAccount(
        sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
        marketplace_ids=(US,),
    )  # fmt: skip
    return AmazonClient(account, shop.wire, shop.clock, MemoryBuckets(shop.clock))


def subscribe(shop):
    return ensure_quantity_subscription(client_of(shop), ACCOUNT, REGION)


def told(shop):
    return [body for _, body in shop.amazon.due_notifications()]


class Letters:
    def __init__(self, *bodies):
        self.messages = [
            Message(f"m{n}", "r", b, understood(f"m{n}", b)) for n, b in enumerate(bodies)
        ]

    def receive(self):
        return self.messages

    def delete(self, receipts):
        pass


def test_subscribing_again_changes_nothing(shop):
    first = subscribe(shop)
    assert first.made == ("destination", "subscription")
    again = subscribe(shop)
    assert (again.made, again.subscription_id) == ((), first.subscription_id)


def test_a_subscription_that_goes_elsewhere_is_a_persons(shop):
    subscribe(shop)
    with pytest.raises(NeedsPerson, match="changes of quantities") as caught:
        ensure_quantity_subscription(client_of(shop), "999999999999", REGION)
    assert caught.value.kind == "subscription-elsewhere"


def test_a_write_is_told_when_it_shows_and_a_sale_at_once(shop):
    subscribe(shop)
    with pytest.raises(TryAgain):
        shop.publisher.publish(offer(7))
    assert told(shop) == []  # accepted, not in effect
    shop.advance(timedelta(seconds=15))
    (body,) = told(shop)
    assert json.loads(body)["detail"]["Payload"]["Quantity"] == 7
    assert json.loads(body)["detail-type"] == QUANTITY_CHANGE
    sell(shop, 2)
    (body,) = told(shop)
    assert understood("m", body).hint == {"shows": "5"}
    schema = Path(
        os.environ.get("CROSSDOCK_SHARED", Path(__file__).resolve().parents[3] / "shared")
    )
    file = schema / "sp-api/schemas/notifications/ListingsItemMfnQuantityChange.json"
    if file.exists():
        jsonschema.validate(json.loads(body)["detail"], json.loads(file.read_text("utf-8")))


def test_it_wakes_the_sku_once_the_file_publishes_it(shop):
    subscribe(shop)
    sell(shop, 1)
    (body,) = told(shop)
    stranger = body.replace('"ROD"', '"NOT-OURS"')
    source = AmazonQueue(Letters(body, stranger, body), is_published=published_by(shop.desk))
    batch = source.receive()
    assert [(e.flow, e.key) for e in batch.events] == [("stock", "ROD")] * 2
    assert (batch.unread, batch.empty) == ([], False)
    shop.write(rules="version: 1\nrules: []\n")
    assert source.receive().events == []
    assert AmazonQueue(Letters(body)).receive().events == []


def test_one_without_a_sku_cannot_be_read(shop):
    subscribe(shop)
    sell(shop, 1)
    (body,) = told(shop)
    found = understood("m", body.replace('"Sku"', '"Xku"'))
    assert isinstance(found, Unreadable)
    assert "without Sku" in found.why


def test_a_number_is_seen_as_soon_as_it_shows(shop):
    """What the engine does with the event: it looks before the time that it had set itself."""
    subscribe(shop)
    with pytest.raises(TryAgain):
        shop.publisher.publish(offer(7))
    shop.advance(timedelta(seconds=15))
    assert told(shop)
    assert shop.publisher.publish(offer(7)).state == "seen"
    row = publications.of(shop.db, "ROD")
    assert row.took == timedelta(seconds=15)


def offer(quantity):
    return Offer("ROD", quantity)


def sell(shop, quantity):
    shop.amazon.place_order([Line("ROD", quantity, Decimal("9.99"))], buyer=ANN)
