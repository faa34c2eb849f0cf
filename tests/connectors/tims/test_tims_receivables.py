"""The real client against simulated receivables: paid once, nothing applied twice, all in balance."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.receivable_models import (
    Application,
    NewCreditMemo,
    NewReceipt,
    ReceiptReversal,
)
from crossdock.connectors.tims.receivables import Receivables
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from tests.connectors.tims.simulated import InProcess, a_tims, account_of
from tests.simulators.tims.billing import US, billed

DAY = date(2026, 7, 3)


@pytest.fixture
def sim():
    return a_tims(ManualClock(datetime(2026, 7, 3, 18, tzinfo=UTC)), limits=False)


@pytest.fixture
def receivables(sim):
    return Receivables(TimsClient(account_of(sim), InProcess(sim.api), sim.clock))


def a_receipt(*applications, amount=None, ref="S1/AMZ-US/r1.1"):
    total = sum((a.Amount for a in applications), Decimal(0))
    return NewReceipt(
        ExternalSystem="AMAZON:SETTLEMENTS:A1", ExternalRef=ref, CustomerCode="AMZ-US",
        ReceiptDate=DAY, CurrencyCode="USD", Amount=total if amount is None else Decimal(amount),
        AccountNumber="1150", Applications=applications,
    )  # fmt: skip


def a_memo(amount="5.00", ref="S1/order-1/refund"):
    return NewCreditMemo(
        ExternalSystem="AMAZON:SETTLEMENTS:A1", ExternalRef=ref, CustomerCode="AMZ-US",
        MemoDate=DAY, CurrencyCode="USD", Amount=Decimal(amount), ReasonCode="amazon_refund",
    )  # fmt: skip


def test_an_invoice_is_open_until_a_receipt_settles_it(sim, receivables):
    billed(sim, "order-1", "25.00")
    (invoice,) = receivables.invoices(US, only_open=True)
    assert (invoice.ExternalRef, invoice.OpenAmount) == ("order-1", Decimal("25.00"))
    pays = a_receipt(Application(InvoiceNumber=invoice.InvoiceNumber, Amount=Decimal("25.00")))
    first = receivables.receive(pays)
    assert receivables.receive(pays).ReceiptNumber == first.ReceiptNumber
    assert receivables.invoices(US, only_open=True) == []
    assert sim.ledger.trial_balance() == {"1150": Decimal("-25.00"), "4010": Decimal("25.00")}


def test_a_reply_lost_after_the_receipt_was_stored_leaves_one(sim, receivables):
    invoice = billed(sim, "order-1", "25.00")
    pays = a_receipt(Application(InvoiceNumber=invoice, Amount=Decimal("25.00")))
    sim.faults.load(
        [{"fault": "reply_lost_after_write", "operations": ["POST /ar_receipts"], "most": 1}]
    )
    with pytest.raises(TryAgain):
        receivables.receive(pays)
    receivables.receive(pays)
    assert len(sim.receivables.receipts.rows) == 1


def test_more_than_is_open_is_refused_with_the_line(sim, receivables):
    invoice = billed(sim, "order-1", "25.00")
    pays = a_receipt(Application(InvoiceNumber=invoice, Amount=Decimal("25.01")))
    with pytest.raises(NeedsPerson, match=r"Applications/0"):
        receivables.receive(pays)
    assert sim.receivables.receipts.rows == {}


def test_a_short_payment_is_written_off_with_its_reason(sim, receivables):
    invoice = billed(sim, "order-1", "25.00")
    receivables.receive(
        a_receipt(
            Application(
                InvoiceNumber=invoice, Amount=Decimal("24.90"),
                ShortPayAmount=Decimal("0.10"), ShortPayReason="rounding",
            )
        )
    )  # fmt: skip
    assert receivables.invoices(US, only_open=True) == []
    assert sim.ledger.trial_balance()["6910"] == Decimal("-0.10")


def test_a_refund_is_a_credit_memo_and_money_that_goes_back(sim, receivables):
    memo = receivables.issue(a_memo())
    assert receivables.issue(a_memo()).CreditMemoNumber == memo.CreditMemoNumber
    back = Application(CreditMemoNumber=memo.CreditMemoNumber, Amount=Decimal("-5.00"))
    receivables.receive(a_receipt(back))
    assert sim.ledger.trial_balance() == {"1150": Decimal("5.00"), "4020": Decimal("-5.00")}


def test_the_same_reference_with_other_content_is_a_conflict(receivables):
    receivables.issue(a_memo("5.00"))
    with pytest.raises(NeedsPerson) as caught:
        receivables.issue(a_memo("6.00"))
    assert caught.value.kind == "posting-conflict"


def test_a_receipt_taken_back_opens_its_invoice_again_and_once_only(sim, receivables):
    invoice = billed(sim, "order-1", "25.00")
    pays = a_receipt(Application(InvoiceNumber=invoice, Amount=Decimal("25.00")))
    number = receivables.receive(pays).ReceiptNumber
    back = ReceiptReversal(ReceiptNumber=number, PostingDate=DAY)
    assert receivables.reverse(back).Status == "reversed"
    other_day = ReceiptReversal(ReceiptNumber=number, PostingDate=date(2026, 7, 4))
    assert receivables.reverse(other_day).Status == "reversed"
    assert [x.InvoiceNumber for x in receivables.invoices(US, only_open=True)] == [invoice]
    assert sim.ledger.trial_balance()["1100"] == Decimal("-25.00")


def test_nothing_is_booked_into_a_closed_period(sim, receivables):
    invoice = billed(sim, "order-1", "25.00")
    sim.ledger.close_period("2026-07")
    before = sim.ledger.trial_balance()
    with pytest.raises(NeedsPerson) as caught:
        receivables.receive(a_receipt(Application(InvoiceNumber=invoice, Amount=Decimal("25.00"))))
    assert caught.value.kind == "period-closed"
    assert sim.ledger.trial_balance() == before
