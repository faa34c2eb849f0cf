"""Mappings over any order that the types allow."""

from hypothesis import given
from hypothesis import strategies as st

from crossdock.kernel.errors import NeedsPerson
from crossdock.lang.check import check_mapping
from crossdock.lang.lineage import Trace
from crossdock.lang.mapping import load_mapping
from tests.lang.goods import (
    HOUSE,
    TYPES,
    Address,
    Amount,
    Buyer,
    Item,
    Order,
    ShopOrder,
    an_item,
    compiled,
    tables,
    with_needed,
)

BUYER = Buyer(name="Ann Lee", first="Ann", last="Lee", address=Address(city="Reno", name="Dock 4"))


TEXTS = st.none() | st.sampled_from(["", "x", "UPS", "GLS", "new", "yes", "2", "1.5", "none"])
AMOUNTS = st.none() | st.builds(
    Amount, amount=st.decimals(-10, 10, places=2), currencyCode=st.sampled_from(["USD", "usd", ""])
)
ITEMS = st.builds(
    Item.model_construct, orderItemId=TEXTS, quantityOrdered=st.none() | st.integers(-5, 2000),
    product=st.none() | st.builds(lambda sku: {"sellerSku": sku}, TEXTS) | st.builds(
        lambda sku: an_item(1, product={"sellerSku": sku}).product, TEXTS),
    price=AMOUNTS, tags=st.none() | st.lists(TEXTS, max_size=3),
)  # fmt: skip
ORDERS = st.builds(
    ShopOrder.model_construct, orderId=TEXTS, createdTime=st.none() | st.datetimes(),
    orderItems=st.none() | st.lists(st.none() | ITEMS, max_size=4), carrierCode=TEXTS,
    buyer=st.none() | st.builds(Buyer.model_construct, name=TEXTS, first=TEXTS, last=TEXTS,
                                address=st.none()),
    programs=st.none() | st.lists(TEXTS, max_size=2), grandTotal=AMOUNTS,
    notes=st.none() | st.dictionaries(st.sampled_from(["rate", "mode"]), TEXTS),
)  # fmt: skip
BROAD = with_needed(
    "{to: placed, from: createdTime, missing: none}",
    "{to: day, from: createdTime, using: [to_time, to_date], missing: none}",
    "{to: status, from: [notes.mode, carrierCode], missing: skip}",
    "{to: company, from: {all: [buyer.first, 'buyer.last?']}, using: [join_words, {clip: 4}], missing: none}",
    "{to: carrier, from: carrierCode, lookup: carriers.tims, missing: none}",
    "{to: total, from: grandTotal, using: money, missing: none}",
    "{to: rate, expr: 'to_decimal(notes.rate) / count(orderItems)', default: 1}",
    "{to: mode, when: \"programs != none and 'x' in programs\", value: fast}",
    "{to: programs, from: programs, missing: skip}",
    "{to: ship_to, object: buyer.address, missing: none, rows: [{to: city, from: city}]}",
    "{to: urgent, from: carrierCode, lookup: carriers.express, using: yes_no, default: false}",
)


BROAD_MAPPING = compiled(BROAD)


@given(ORDERS)
def test_any_source_value_becomes_a_target_or_a_question_for_a_person(order: ShopOrder) -> None:
    mapping = BROAD_MAPPING
    trace = Trace()
    try:
        made = mapping.apply(order)
    except NeedsPerson as asked:
        assert asked.remedy
        assert mapping.preview(order).problems
        return
    assert isinstance(made, Order)
    assert mapping.apply(order, trace) == made
    assert mapping.preview(order).value == made


def test_the_checker_and_the_broad_mapping_agree() -> None:
    assert check_mapping(load_mapping(BROAD, "test.yaml"), TYPES, HOUSE, tables()) == []
