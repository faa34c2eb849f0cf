"""What Amazon paid settles TIMS's invoices order by order; what finds none is kept and told."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.tims.client import TimsClient
from crossdock.engine.store import receivables as store
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.wiring.matching import pictures
from crossdock.wiring.settlement_runs import poster_of
from tests.business.settlements.files import line, report
from tests.connectors.tims.simulated import InProcess, account_of
from tests.simulators.tims.billing import US, billed, shipped
from tests.wiring.test_settling import FEE, PRINCIPAL, Office

SETTLEMENT = "28471003921"
REFUND = ("Refund", "ItemPrice", "Principal")
REFUND_FEE = ("Refund", "ItemFees", "Commission")
SHIPPING = ("Order", "ItemPrice", "Shipping")
CLAIM = ("A-to-z Guarantee Refund", "ItemPrice", "Principal")


class Clearing(Office):
    """Orders are invoiced in TIMS, so settlements clear."""

    seller = "A1SELLER"

    def __init__(self, folder):
        super().__init__(folder)
        self.edit_map("modes:\n", "modes:\n  - {mode: clear, fulfilment: MFN}\n")

    @property
    def poster(self):
        client = TimsClient(account_of(self.tims), InProcess(self.tims.api), self.clock)
        return poster_of(self.settlements, client, self.seller, ["ATVPDKIKX0DER"], "anna")

    @property
    def clearer(self):
        return self.poster.clearer

    def settle(self, *lines, number=SETTLEMENT, **more):
        self.take(report(list(lines), number=number, **more), f"{number}.txt")
        self.poster.post(number)
        return self.clearer.clear(number)

    def picture(self, order):
        (found,) = pictures(self.clearer, self.clock.now(), order=order)
        return found


@pytest.fixture
def office(tmp_path):
    found = Clearing(tmp_path)
    yield found
    found.db.close()


def sale(order, cents):
    return [line(PRINCIPAL, cents, order=order), line(FEE, -cents // 10, order=order)]


def test_a_sale_settles_its_invoice_and_the_clearing_account_is_empty(office):
    billed(office.tims, "order-1", "25.00")
    billed(office.tims, "order-2", "10.00")
    assert office.settle(*sale("order-1", 2500), *sale("order-2", 1000)) == (2, 0)
    balance = office.balance()
    assert "1150" not in balance
    assert "1100" not in balance
    assert balance["4010"] == Decimal("35.00")
    assert office.picture("order-1").state == "matched"
    assert len(office.tims.receivables.receipts.rows) == 1  # one for the settlement, as one paid


def test_clearing_twice_changes_nothing(office):
    billed(office.tims, "order-1", "25.00")
    office.settle(*sale("order-1", 2500))
    assert office.clearer.clear(SETTLEMENT) == (1, 0)
    assert len(office.tims.receivables.receipts.rows) == 1


def test_a_sale_without_an_invoice_waits_until_there_is_one(office):
    number = shipped(office.tims, "order-1", "25.00")
    assert office.settle(*sale("order-1", 2500)) == (0, 1)
    assert office.picture("order-1").state == "no invoice"
    assert office.balance()["1150"] == Decimal("25.00")
    assert store.waiting(office.db) == {SETTLEMENT: 1}
    office.tims.invoice(number)
    assert office.clearer.clear(SETTLEMENT) == (1, 0)
    assert store.waiting(office.db) == {}
    assert "1150" not in office.balance()


def test_more_than_was_billed_stays_on_the_clearing_account_and_is_told(office):
    billed(office.tims, "order-1", "25.00")
    assert office.settle(*sale("order-1", 2600)) == (0, 1)
    found = office.picture("order-1")
    assert (found.state, found.difference) == ("paid more than billed", -100)
    assert office.balance()["1150"] == Decimal("1.00")
    assert "1100" not in office.balance()


def test_less_than_was_billed_leaves_the_invoice_open(office):
    billed(office.tims, "order-1", "25.00")
    assert office.settle(*sale("order-1", 2000)) == (1, 0)
    found = office.picture("order-1")
    assert (found.state, found.difference) == ("partly paid", 500)
    rest = sale("order-1", 500)
    assert office.settle(*rest, number="28471003922") == (1, 0)
    assert office.picture("order-1").state == "matched"


def test_a_refund_becomes_a_credit_memo_of_its_invoice(office):
    billed(office.tims, "order-1", "25.00")
    office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1"))
    (memo,) = office.tims.receivables.memos
    assert (memo.amount, memo.left, memo.invoice_number) == (Decimal("8.00"), 0, "IN-000001")
    assert "1150" not in office.balance()
    assert office.balance()["4020"] == Decimal("-8.00")
    assert office.picture("order-1").state == "matched"


def test_a_refund_may_come_before_its_sale_and_before_the_invoice(office):
    number = shipped(office.tims, "order-1", "25.00")
    assert office.settle(line(REFUND, -2500, order="order-1")) == (0, 1)
    assert office.settle(*sale("order-1", 2500), number="28471003922") == (0, 1)
    office.tims.invoice(number)
    for settlement in (SETTLEMENT, "28471003922", SETTLEMENT):
        assert office.clearer.clear(settlement) == (1, 0)
    assert "1150" not in office.balance()
    assert "1100" not in office.balance()
    assert office.picture("order-1").state == "matched"


def test_what_staff_has_credited_already_is_not_credited_again(office):
    invoice = billed(office.tims, "order-1", "25.00")
    issue(office, "order-1", "8.00", invoice)
    office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1"))
    assert len(office.tims.receivables.memos.rows) == 1
    assert "1150" not in office.balance()


def test_what_staff_has_credited_and_settled_already_waits_for_a_person(office):
    from crossdock.connectors.tims.receivable_models import Application, NewReceipt

    invoice = billed(office.tims, "order-1", "25.00")
    issue(office, "order-1", "8.00", invoice)
    memo = office.clearer.receivables.credit_memos(US)[0].CreditMemoNumber
    office.clearer.receivables.receive(
        NewReceipt(
            ExternalSystem="STAFF", ExternalRef="by-hand", CustomerCode="AMZ-US",
            ReceiptDate=office.clock.now().date(), CurrencyCode="USD", Amount=Decimal("0.00"),
            AccountNumber="1000", Applications=(
                Application(InvoiceNumber=invoice, Amount=Decimal("8.00")),
                Application(CreditMemoNumber=memo, Amount=Decimal("-8.00")),
            ),
        )
    )  # fmt: skip
    assert office.settle(line(REFUND, -800, order="order-1")) == (0, 1)
    assert len(office.tims.receivables.memos.rows) == 1  # the money is given back once


def test_a_second_refund_is_credited_though_the_first_ones_memo_is_settled(office):
    invoice = billed(office.tims, "order-1", "25.00")
    issue(office, "order-1", "8.00", invoice)
    office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1"))
    second = [line(REFUND, -500, order="order-1")]
    assert office.settle(*second, number="28471003922") == (1, 0)
    amounts = [memo.amount for memo in office.tims.receivables.memos]
    assert amounts == [Decimal("8.00"), Decimal("5.00")]
    assert "1150" not in office.balance()


def test_a_credit_of_another_amount_is_a_persons_business(office):
    invoice = billed(office.tims, "order-1", "25.00")
    issue(office, "order-1", "7.00", invoice)
    assert office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1")) == (1, 1)
    assert len(office.tims.receivables.memos.rows) == 1
    found = office.picture("order-1")
    assert (found.state, found.difference) == ("refund not credited", -100)


def issue(office, order, amount, invoice):
    from crossdock.connectors.tims.receivable_models import NewCreditMemo

    office.clearer.receivables.issue(
        NewCreditMemo(
            ExternalSystem=US, ExternalRef=order, CustomerCode="AMZ-US", InvoiceNumber=invoice,
            MemoDate=office.clock.now().date(), CurrencyCode="USD", Amount=Decimal(amount),
            ReasonCode="return",
        )
    )  # fmt: skip


def test_with_refunds_wait_nothing_is_credited_by_itself(office):
    office.edit_map("refunds: create", "refunds: wait")
    billed(office.tims, "order-1", "25.00")
    assert office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1")) == (1, 1)
    assert not office.tims.receivables.memos.rows
    assert office.picture("order-1").state == "refund not credited"


def test_a_claim_is_listed_until_it_is_made_good(office):
    billed(office.tims, "order-1", "25.00")
    office.settle(*sale("order-1", 2500), line(CLAIM, -2500, order="order-1"))
    assert office.picture("order-1").state == "claim open"


@pytest.mark.parametrize("operation", ["POST /ar_receipts", "POST /credit_memos"])
def test_a_reply_lost_after_it_was_stored_leaves_one(office, operation):
    billed(office.tims, "order-1", "25.00")
    office.tims.faults.load(
        [{"fault": "reply_lost_after_write", "operations": [operation], "most": 1}]
    )
    with pytest.raises(TryAgain):
        office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1"))
    assert office.clearer.clear(SETTLEMENT) == (2, 0)
    assert len(office.tims.receivables.receipts.rows) == 1
    assert len(office.tims.receivables.memos.rows) == 1
    assert "1150" not in office.balance()


def test_one_invoice_that_cannot_be_settled_keeps_no_other_from_it(office):
    orders = [f"order-{n}" for n in range(5)]
    for order in orders:
        billed(office.tims, order, "25.00")
    lines = [row for order in orders for row in sale(order, 2500)]
    office.tims.receivables.refuse_invoice("IN-000003")
    with pytest.raises(NeedsPerson) as caught:
        office.settle(*lines)
    assert caught.value.kind == "receipt-refused"
    assert "IN-000003" in caught.value.message
    assert office.balance()["1150"] == Decimal("25.00")
    office.tims.receivables.refuse_invoice("")
    assert office.clearer.clear(SETTLEMENT) == (5, 0)
    assert "1150" not in office.balance()


def test_reversing_a_settlement_opens_its_invoices_again_and_posting_anew_settles_them(office):
    billed(office.tims, "order-1", "25.00")
    office.settle(*sale("order-1", 2500), line(REFUND, -800, order="order-1"))
    before = office.balance()
    office.edit_map(
        'referral_fee_shipping], account: "6010"', 'referral_fee_shipping], account: "6030"'
    )
    office.poster.post(SETTLEMENT, revise=True)
    assert office.balance()["1100"] == Decimal("-17.00")  # the memo stays, to be used again
    assert office.clearer.clear(SETTLEMENT) == (2, 0)
    after = office.balance()
    assert after.pop("6030") == before.pop("6010")
    assert after == before
    assert len(office.tims.receivables.memos.rows) == 1


def test_two_of_us_at_once_settle_once(office):
    from concurrent.futures import ThreadPoolExecutor

    for n in range(6):
        billed(office.tims, f"order-{n}", "25.00")
    lines = [row for n in range(6) for row in sale(f"order-{n}", 2500)]
    office.take(report(lines))
    office.poster.post(SETTLEMENT)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.clearer.clear(SETTLEMENT), range(4)))
    assert office.clearer.clear(SETTLEMENT) == (6, 0)
    applied = [r for r in office.tims.receivables.receipts if r.status == "posted"]
    assert sum(r.amount for r in applied) == Decimal("150.00")
    assert "1150" not in office.balance()


def test_receipts_in_a_closed_period_ask_and_change_nothing(office):
    billed(office.tims, "order-1", "25.00")
    office.take(report(sale("order-1", 2500)))
    office.poster.post(SETTLEMENT)
    office.tims.ledger.close_period("2026-06")
    before = office.balance()
    with pytest.raises(NeedsPerson) as caught:
        office.clearer.clear(SETTLEMENT)
    assert caught.value.kind == "period-closed"
    assert office.balance() == before


def test_what_is_open_is_listed_however_old_it_is(office):
    billed(office.tims, "order-1", "25.00")  # never paid
    office.settle(*sale("order-2", 1000))  # never billed
    billed(office.tims, "order-3", "9.00")
    office.settle(*sale("order-3", 900), number="28471003922")
    office.clock.advance(timedelta(days=400))
    found = {p.order_id: p for p in pictures(office.clearer, office.clock.now())}
    assert set(found) == {"order-1", "order-2"}
    clearing = sum(p.to_clear - p.cleared for p in found.values())
    assert Decimal(clearing) / 100 == office.balance()["1150"]
    (old,) = pictures(office.clearer, office.clock.now(), settlement="28471003922")
    assert (old.billed, old.sale, old.state) == (900, 900, "matched")


def test_the_ageing_counts_what_nobody_has_paid(office):
    from crossdock.business.settlements.matching import ageing

    billed(office.tims, "order-1", "25.00")
    office.clock.advance(timedelta(days=20))
    billed(office.tims, "order-2", "10.00")
    now = office.clock.now()
    found = ageing(pictures(office.clearer, now), now.date())
    assert found["not paid yet", "USD"] == {"15 to 30": (1, 2500), "up to 7 days": (1, 1000)}
