"""Amazon's documents through the real parser and the shipped mappings."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from crossdock.business.orders.decisions import decide
from crossdock.business.orders.model import Action, Order, Plan, Status
from crossdock.business.orders.rules import REMEDIES, draft
from crossdock.connectors.amazon import models as amazon
from crossdock.kernel.errors import NeedsPerson, TryAgain
from tests.business.language import mapped
from tests.business.orders.amazon_models import available, complete_orders, examples, orders
from tests.business.orders.order_builders import TERMS

pytestmark = pytest.mark.skipif(
    not available(), reason="Amazon's published models are not here; set CROSSDOCK_SHARED"
)

# order id -> what is done about it once its SKUs are known: an action, or the kind of its case
EXAMPLES = {
    "250-1234567-8901234": Action.NOTHING,  # Japan, fulfilled by Amazon
    "202-7654321-1098765": Action.NOTHING,  # United Kingdom, shipped
    "171-2345678-9012345": "program-not-supported",  # Brazil, delivered by Amazon
    "171-9876543-2109876": Action.CREATE,  # Brazil
    "028-1234567-8901234": Action.NOTHING,  # Türkiye, shipped
    "114-9876543-1234567": "program-not-supported",  # picked up in a store
}


def understood(document: dict) -> Order:
    parsed = amazon.GetOrderResponse.model_validate_json(json.dumps({"order": document})).order
    order = mapped("orders.from_amazon", parsed)
    assert isinstance(order, Order)
    return order


def with_skus(order: Order) -> Order:
    lines = (replace(x, item_number="T", uom="EA", units_per_pack=1) for x in order.lines)
    return replace(order, lines=tuple(lines))


def test_the_table_names_every_example_of_amazons_static_sandbox():
    assert {document["orderId"] for document in examples()} == set(EXAMPLES)


@pytest.mark.parametrize("order_id", sorted(EXAMPLES))
def test_an_example_of_amazons_becomes_an_order_or_a_case(order_id):
    (document,) = [x for x in examples() if x["orderId"] == order_id]
    order = understood(document)
    found: object
    try:
        found = decide(with_skus(order), TERMS, None, None, None).action
        if found is Action.CREATE:
            draft(with_skus(order), TERMS)
    except NeedsPerson as stopped:
        found = stopped.kind

    assert found == EXAMPLES[order_id]
    assert order.order_id == order_id
    assert order.total.amount == sum(line.amounts.total.amount for line in order.lines)
    with pytest.raises(NeedsPerson, match="is not in the SKU table"):
        draft(order, TERMS)


def test_the_brazilian_example_is_read_in_full():
    (document,) = [x for x in examples() if x["orderId"] == "171-2345678-9012345"]
    order = understood(document)

    assert order.status is Status.UNSHIPPED
    assert order.business
    assert (order.company, order.po_number) == ("Oliveira Tecnologia Ltda", "PO-BR-2024-5678")
    assert (order.ship_to.city, order.ship_to.state, order.ship_to.country) == (
        "São Paulo",
        "SP",
        "BR",
    )
    assert str(order.total) == "1599.90 BRL"
    assert order.lines[0].amounts.item == order.total
    assert order.lines[0].wanted == 1


def test_the_turkish_example_says_that_amazon_collects_the_tax():
    (document,) = [x for x in examples() if x["orderId"] == "028-1234567-8901234"]

    assert understood(document).lines[0].tax_collection == "MARKETPLACE_FACILITATOR"


def outcome_of(document: dict) -> str:
    """What is done about it, or the kind of its case; a new sales order comes to Amazon's total."""
    # Sums of one kind in two currencies have no meaning, and no value is made up for them.
    kinds = {"mapping-stopped", *REMEDIES}
    try:
        order = with_skus(understood(document))
        plan = decide(order, TERMS, None, None, None)
        result = draft(order, TERMS) if plan.action is Action.CREATE else None
    except TryAgain:
        return "later"  # Amazon left out where the order stands
    except NeedsPerson as stopped:
        if stopped.kind not in kinds:
            raise
        return stopped.kind
    assert isinstance(plan, Plan)
    if result is None:
        return str(plan.action)
    assert result.total + result.marketplace_tax == order.total.amount
    return "entered"


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(orders())
def test_any_order_that_the_model_allows_becomes_an_order_and_a_plan_or_a_case(document):
    assert outcome_of(document)


def test_whatever_is_bought_a_complete_order_is_entered_for_exactly_what_it_came_to():
    seen: Counter[str] = Counter()

    @settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
    @given(complete_orders())
    def look(document):
        seen[outcome_of(document)] += 1

    look()
    assert seen["entered"] >= 100, seen
