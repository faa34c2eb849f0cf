"""Flat file V1 of an archive, and the date range report beside a settlement."""

import io

import pytest

from crossdock.business.settlements.crosscheck import compare
from crossdock.business.settlements.daterange import NotARange, read_range
from crossdock.business.settlements.older import converted, is_older
from crossdock.business.settlements.reader import read
from tests.business.settlements.files import vocabulary

V1 = [
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount",
    "currency", "transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id",
    "marketplace-name", "shipment-fee-type", "shipment-fee-amount", "order-fee-type",
    "order-fee-amount", "fulfillment-id", "posted-date", "order-item-code",
    "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "price-type", "price-amount", "item-related-fee-type", "item-related-fee-amount",
    "misc-fee-amount", "other-fee-amount", "other-fee-reason-description", "promotion-id",
    "promotion-type", "promotion-amount", "direct-payment-type", "direct-payment-amount",
    "other-amount",
]  # fmt: skip


def row(**cells):
    named = {name.replace("_", "-"): value for name, value in cells.items()}
    return "\t".join({"settlement-id": "123", **named}.get(name, "") for name in V1)


def v1(*rows, total="10.00"):
    head = row(
        settlement_start_date="2026-06-01 00:00:00 UTC",
        deposit_date="2026-06-16 00:00:00 UTC",
        settlement_end_date="2026-06-15 00:00:00 UTC",
        total_amount=total,
        currency="USD",
    )
    return "\n".join(["\t".join(V1), head, *rows, ""]).encode()


def sold(**cells):
    return row(transaction_type="Order", order_id="o1", posted_date="2026-06-03 10:00:00 UTC",
               marketplace_name="Amazon.com", fulfillment_id="MFN", sku="S", **cells)  # fmt: skip


def test_a_wide_line_becomes_a_line_for_each_amount_and_ties():
    old = v1(
        sold(price_type="Principal", price_amount="12.00",
             item_related_fee_type="Commission", item_related_fee_amount="-1.80"),
        sold(promotion_type="Principal", promotion_amount="-0.20"),
        row(transaction_type="Current Reserve Amount", other_amount="0.00",
            posted_date="2026-06-15 00:00:00 UTC"),
    )  # fmt: skip
    assert is_older(old)
    found = read(io.BytesIO(b"".join(converted(io.BytesIO(old)))))
    assert found.usable, found.faults
    assert found.total == found.summary.total == 1000
    words = vocabulary()
    categories = {words.category(key.triple) for key in found.groups}
    assert categories == {"product_sales", "referral_fee", "promo_rebate", "reserve_current"}


def test_what_cannot_be_read_is_refused_and_not_repaired():
    old = v1(sold(price_type="Principal", price_amount="1.234,56"))
    found = read(io.BytesIO(b"".join(converted(io.BytesIO(old)))))
    assert not found.usable
    assert "not an amount" in str(found.faults[0])


def test_the_file_of_today_is_not_taken_for_the_older_one():
    assert not is_older(b"settlement-id\tamount-type\tprice-type\n")


RANGE = """"Includes Amazon Marketplace, Fulfillment by Amazon (FBA)"
"All amounts in USD, unless specified"
"Definitions:"
"date/time","settlement id","type","order id","sku","product sales","selling fees","other","total"
"Jun 3, 2026 3:00:00 AM PDT","123","Order","o1","S","1,012.00","-1.80","0","1,010.20"
"Jun 4, 2026 3:00:00 AM PDT","123","Refund","o2","S","-5.00","0.75","0","-4.25"
"Jun 5, 2026 3:00:00 AM PDT","123","Service Fee","","","0","0","-39.99","-39.99"
"Jun 16, 2026 3:00:00 AM PDT","123","Transfer","","","0","0","-965.96","-965.96"
"""


def test_a_date_range_report_is_read_below_its_preamble():
    found = read_range(RANGE.splitlines(keepends=True))
    assert found.totals == {"123": 96596}  # the transfer is not part of what it pays
    assert found.orders["123"] == {"o1": 101020, "o2": -425}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("1,010.20", "1,010.21", "line 5"), ('"-5.00"', '"-5.0.0"', "line 6"),
     ("settlement id", "settlement", "is it a date range report")],
)  # fmt: skip
def test_a_line_that_does_not_add_up_is_named(old, new, words):
    with pytest.raises(NotARange, match=words):
        read_range(RANGE.replace(old, new).splitlines(keepends=True))


def test_orders_that_differ_are_listed_the_largest_difference_first():
    found = compare({"a": 100, "b": 50, "c": 7}, {"a": 100, "b": 60, "d": 30})
    assert [(x.order_id, x.ours, x.theirs) for x in found] == [
        ("d", 0, 30), ("b", 50, 60), ("c", 7, 0),
    ]  # fmt: skip


def test_fees_of_services_keep_their_own_meaning():
    fee = row(transaction_type="ServiceFee", posted_date="2026-06-03 10:00:00 UTC",
              item_related_fee_type="Cost of Advertising", item_related_fee_amount="10.00")  # fmt: skip
    found = read(io.BytesIO(b"".join(converted(io.BytesIO(v1(fee))))))
    assert [vocabulary().category(key.triple) for key in found.groups] == ["advertising"]
