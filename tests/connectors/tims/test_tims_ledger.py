"""The real client against the simulated ledger: posted once, balanced, never changed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.ledger_models import BatchReversal, JournalLine, NewJournalBatch
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from tests.connectors.tims.simulated import InProcess, a_tims, account_of

DAY = date(2026, 6, 30)


@pytest.fixture
def sim():
    return a_tims(ManualClock(datetime(2026, 7, 3, tzinfo=UTC)), limits=False)


@pytest.fixture
def ledger(sim):
    return Ledger(TimsClient(account_of(sim), InProcess(sim.api), sim.clock))


def a_batch(ref="S1/2026-06/r1", amount="10.00", credit=None, account="4000", day=DAY, lines=1):
    sides = []
    for _ in range(lines):
        sides += [
            JournalLine(AccountNumber="1050", Debit=Decimal(amount), Credit=Decimal("0.00")),
            JournalLine(
                AccountNumber=account, Debit=Decimal("0.00"), Credit=Decimal(credit or amount)
            ),
        ]
    return NewJournalBatch(
        ExternalSystem="AMAZON:SETTLEMENTS:A1",
        ExternalRef=ref,
        PostingDate=day,
        Period=f"{day:%Y-%m}",
        CurrencyCode="USD",
        Lines=tuple(sides),
    )


def test_a_balanced_batch_is_posted_once_however_often_it_is_sent(ledger, sim):
    first = ledger.post(a_batch())
    assert ledger.post(a_batch()).BatchNumber == first.BatchNumber
    assert sim.ledger.trial_balance() == {"1050": Decimal("-10.00"), "4000": Decimal("10.00")}


def test_a_reply_that_was_lost_after_the_batch_was_stored_leaves_one_batch(ledger, sim):
    sim.faults.load(
        [{"fault": "reply_lost_after_write", "operations": ["POST /gl/journal_batches"], "most": 1}]
    )
    with pytest.raises(TryAgain):
        ledger.post(a_batch())
    ledger.post(a_batch())
    assert len(sim.ledger.batches.rows) == 1


def test_after_the_key_is_forgotten_the_reference_still_finds_the_batch(ledger, sim):
    first = ledger.post(a_batch())
    sim._office.idempotency.lapse("POST /gl/journal_batches")
    assert ledger.post(a_batch()).BatchNumber == first.BatchNumber
    sim._office.idempotency.lapse("POST /gl/journal_batches")
    with pytest.raises(NeedsPerson, match="other content") as caught:
        ledger.post(a_batch(amount="11.00"))
    assert caught.value.kind == "posting-conflict"


def test_the_same_key_with_another_content_is_a_conflict(ledger):
    ledger.post(a_batch())
    with pytest.raises(NeedsPerson) as caught:
        ledger.post(a_batch(amount="11.00"))
    assert caught.value.kind == "posting-conflict"


def test_tims_takes_no_batch_that_is_off_by_a_cent_or_names_no_account(ledger, sim):
    (off,) = ledger.validate(a_batch(credit="10.01")).Problems
    assert "-0.01" in off
    (lost,) = ledger.validate(a_batch(account="4711")).Problems
    assert "4711" in lost
    assert not ledger.validate(a_batch()).Problems
    assert not sim.ledger.batches.rows


def test_a_closed_period_stays_as_it_was(ledger, sim):
    ledger.post(a_batch())
    before = sim.ledger.trial_balance("2026-06")
    sim.ledger.close_period("2026-06")
    for attempt in (
        lambda: ledger.post(a_batch("S2/2026-06/r1")),
        lambda: ledger.validate(a_batch("S2/2026-06/r1")),
        lambda: ledger.reverse(BatchReversal(BatchNumber="JB-000001", PostingDate=DAY)),
    ):
        with pytest.raises(NeedsPerson) as caught:
            attempt()
        assert caught.value.kind == "period-closed"
    assert sim.ledger.trial_balance("2026-06") == before
    assert {p.Period: p.Status for p in ledger.periods()}["2026-06"] == "closed"


def test_a_batch_is_taken_back_once(ledger, sim):
    batch = ledger.post(a_batch())
    reversal = BatchReversal(BatchNumber=batch.BatchNumber, PostingDate=date(2026, 7, 1))
    back = ledger.reverse(reversal)
    assert back.ReversesBatch == batch.BatchNumber
    assert ledger.reverse(reversal).BatchNumber == back.BatchNumber
    assert sim.ledger.trial_balance() == {}
    assert ledger.batch(batch.BatchNumber).Status == "Reversed"


def test_five_thousand_and_two_lines_are_too_many(ledger):
    assert not ledger.validate(a_batch(lines=2500)).Problems
    assert ledger.validate(a_batch(lines=2501)).Problems


def test_the_chart_names_every_account_of_the_rehearsal(ledger):
    assert {"1050", "4000", "6010"} <= {a.AccountNumber for a in ledger.accounts()}
