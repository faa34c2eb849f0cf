"""What an amount of an order is to the person who matches it, and what invoices it settles."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.settlements.clearing import OpenInvoice, kind_of, spread
from crossdock.business.settlements.matching import STATES, OrderPicture


@pytest.mark.parametrize(
    ("category", "kind", "expected"),
    [
        ("product_sales", "Order", "sale"),
        ("product_sales", "Refund", "refund"),  # a label that a workspace placed itself
        ("product_refund", "Refund", "refund"),
        ("restocking_fee_income", "Refund", "refund"),
        ("marketplace_facilitator_tax_withheld", "Order", "sale"),
        ("a_to_z_claim", "A-to-z Guarantee Refund", "claim"),
        ("safe_t_reimbursement", "other-transaction", "reimbursement"),
        ("referral_fee_refund", "Refund", "fee"),
        (None, "Order", "fee"),
    ],
)
def test_kinds(category, kind, expected):
    assert kind_of(category, kind) == expected


invoices = st.lists(
    st.builds(
        OpenInvoice, st.uuids().map(str), st.just("C"), st.just("o"), st.just(0),
        st.integers(0, 9999), st.dates(date(2026, 1, 1), date(2026, 2, 1)),
    ),
    max_size=6,
)  # fmt: skip


@given(st.integers(1, 20_000), invoices)
def test_nothing_is_paid_twice_and_nothing_gets_lost(amount, open_ones):
    taken, rest = spread(amount, open_ones)
    assert sum(part for _, part in taken) + rest == amount
    assert all(0 < part <= invoice.left for invoice, part in taken)
    assert rest == max(0, amount - sum(i.left for i in open_ones))
    days = [invoice.on for invoice, _ in taken]
    assert days == sorted(days)


amounts = st.integers(0, 500)


@given(amounts, amounts, amounts, amounts, amounts, amounts, st.booleans())
def test_every_order_has_one_state_and_a_matched_one_has_nothing_open(
    billed, unpaid, credited, sale, refund, cleared, clears
):
    one = OrderPicture(
        "o", "USD", billed=billed, unpaid=min(unpaid, billed), credited=credited, sale=sale,
        refund=-refund, cleared=cleared, to_clear=sale - refund if clears else 0,
    )  # fmt: skip
    assert one.state in STATES
    if one.state == "matched":
        assert one.difference == 0
        assert one.cleared == one.to_clear
