"""Amazon's documents: every published example, unknown fields and words, nothing personal shown."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.fields import AmazonMoney
from crossdock.connectors.http import Response
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import Defect, TryAgain
from crossdock.kernel.money import Money
from crossdock.simulators.amazon import Address, AmazonSim, Buyer, Line
from tests.connectors.amazon.conftest import NOW, InProcess, a_client

Place = Callable[..., str]

ANSWERS: dict[str, type[BaseModel]] = {
    "getOrder": m.GetOrderResponse,
    "searchOrders": m.SearchOrdersResponse,
}

SMALL = {
    "orderId": "111-1111111-1111111",
    "createdTime": "2026-11-23T10:00:00Z",
    "lastUpdatedTime": "2026-11-23T19:00:00.123+09:00",
    "salesChannel": {"channelName": "AMAZON"},
    "orderItems": [],
}


def orders_model(shared: Path) -> dict[str, Any]:
    file = shared / "sp-api/models/orders-api-model/orders_2026-01-01.json"
    return dict(json.loads(file.read_text("utf-8")))


def sandbox(model: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in model["paths"].values():
        operation = path["get"]
        for status, response in operation["responses"].items():
            for pair in response.get("x-amzn-api-sandbox", {}).get("static", ()):
                yield operation["operationId"], status, pair["response"]


def test_every_published_example_is_read(shared: Path) -> None:
    examples = list(sandbox(orders_model(shared)))
    assert len(examples) >= 8
    for operation, status, body in examples:
        answer = ANSWERS[operation] if status == "200" else m.ErrorList
        answer.model_validate_json(json.dumps(body))


def test_nothing_of_a_published_example_is_lost(shared: Path) -> None:
    for operation, status, body in sandbox(orders_model(shared)):
        if status == "200":
            answer = ANSWERS[operation].model_validate_json(json.dumps(body))
            again = json.loads(answer.model_dump_json(exclude_unset=True))
            assert _comparable(again) == _comparable(body)


def test_every_field_that_amazon_publishes_has_a_place(shared: Path) -> None:
    definitions = orders_model(shared)["definitions"]
    homes: dict[str, type[BaseModel]] = {}
    _collect(m.GetOrderResponse, homes)
    _collect(m.SearchOrdersResponse, homes)
    _collect(m.ErrorList, homes)
    for name, definition in definitions.items():
        if definition.get("type") == "object":
            home = homes["AmazonMoney" if name == "Money" else name]
            assert set(home.model_fields) == set(definition["properties"]), name
            required = {k for k, v in home.model_fields.items() if v.is_required()}
            if name != "Error":  # we are lenient with refusals
                assert required == set(definition.get("required", ())), name


def test_money_is_exact_and_in_its_currency() -> None:
    price = AmazonMoney.model_validate_json('{"amount": "19.90", "currencyCode": "USD"}')
    assert price.money == Money(Decimal("19.90"), "USD")


@pytest.mark.parametrize("amount", ["19.99", "true", '"NaN"', '"Infinity"', '"12,50"', "null"])
def test_an_amount_that_is_not_an_exact_text_is_no_amount(amount: str) -> None:
    with pytest.raises(ValidationError):
        AmazonMoney.model_validate_json(f'{{"amount": {amount}, "currencyCode": "USD"}}')


def test_times_are_utc() -> None:
    order = m.Order.model_validate(SMALL)
    assert order.lastUpdatedTime == datetime(2026, 11, 23, 10, 0, 0, 123000, tzinfo=UTC)
    assert order.lastUpdatedTime.tzinfo is UTC


def test_unknown_fields_and_unknown_words_do_no_harm() -> None:
    order = m.Order.model_validate(
        SMALL
        | {
            "newIn2027": {"a": 1},
            "programs": ["SOMETHING_NEW"],
            "fulfillment": {"fulfillmentStatus": "INVOICE_UNCONFIRMED"},
        }
    )
    assert order.programs == ("SOMETHING_NEW",)
    assert order.fulfillment is not None
    assert order.fulfillment.fulfillmentStatus == "INVOICE_UNCONFIRMED"


def test_an_order_shows_nothing_personal_when_it_is_printed(sim: AmazonSim, place: Place) -> None:
    client = a_client(InProcess(sim), ManualClock(NOW))
    line = Line("X", 1, Decimal("9.99"), gift_message="PRIVATE-1", customized_url="PRIVATE-2")
    home = Address("PRIVATE-3", "PRIVATE-4", "Town", "IL", "PRIVATE-5", phone="PRIVATE-6")
    order_id = place(line, buyer=Buyer("PRIVATE-7", home, email="PRIVATE-8@example.com"))
    sim.request_cancel(order_id, "PRIVATE-9")
    order = client.get_order(order_id)
    assert "PRIVATE-9" in order.model_dump_json()
    assert "PRIVATE" not in repr(order)
    assert "PRIVATE" not in str(order)


# --- answers that are not what they should be


def test_half_an_answer_is_tried_again() -> None:
    body = json.dumps({"order": SMALL}).encode()
    with pytest.raises(TryAgain) as caught:
        read(m.GetOrderResponse, Response(200, {"x-amzn-requestid": "r1"}, body[:50]), "g", "o")
    assert caught.value.request_id == "r1"


def test_a_web_page_is_tried_again() -> None:
    page = Response(200, {}, b"<html>Service Unavailable</html>")
    with pytest.raises(TryAgain, match="not JSON"):
        read(m.GetOrderResponse, page, "getOrder", "Amazon order 1")


def test_null_is_as_good_as_absent() -> None:
    body = json.dumps({"order": SMALL | {"programs": None, "buyer": {"buyerName": None}}})
    order = read(m.GetOrderResponse, Response(200, {}, body.encode()), "g", "o").order
    assert order.programs == ()


def test_a_document_that_amazon_never_described_is_ours_to_look_at_and_repeats_no_value() -> None:
    odd = {"order": SMALL | {"createdTime": "Ann Lee, 1 Main St"}}
    with pytest.raises(Defect) as caught:
        read(m.GetOrderResponse, Response(200, {}, json.dumps(odd).encode()), "getOrder", "o")
    told = f"{caught.value} {caught.value.reproduce} {caught.value.__cause__}"
    assert "order.createdTime" in told
    assert "Ann" not in told
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def _comparable(value: Any) -> Any:
    """Times in one spelling, empty lists left out (both sides)."""
    if isinstance(value, dict):
        return {k: _comparable(v) for k, v in value.items() if v != []}
    if isinstance(value, list):
        return [_comparable(v) for v in value]
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return moment.isoformat() if moment.tzinfo else value
    return str(value) if isinstance(value, int | float) else value


def _collect(model: type[BaseModel], homes: dict[str, type[BaseModel]]) -> None:
    homes[model.__name__] = model
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            if part.__name__ not in homes:
                _collect(part, homes)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)
