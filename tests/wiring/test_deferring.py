"""What Amazon keeps back at a month's end is earned in that month, and booked for good only once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.amazon.finances import deferred
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.ledger import Ledger
from crossdock.kernel.errors import Misuse, NeedsPerson, TryAgain
from crossdock.simulators.amazon.people import Line
from crossdock.wiring.deferring import Deferring
from crossdock.wiring.settlement_runs import settlement_feed
from tests.connectors.tims.simulated import InProcess, account_of
from tests.simulators.amazon.conftest import ANN
from tests.wiring.test_settled_worlds import a_world
from tests.wiring.test_settlement_runs import settle
from tests.wiring.test_settling import Office

JUNE, JULY = date(2026, 6, 30), date(2026, 7, 31)


@pytest.fixture
def office(tmp_path):
    found = Office(tmp_path, datetime(2026, 6, 20, tzinfo=UTC))
    yield found
    found.db.close()


@pytest.fixture
def amazon(office):
    sim, client = a_world(office, 3)
    sim.settlements.deferred_for = timedelta(days=9)
    return sim, client


def desk(office, client):
    tims = TimsClient(account_of(office.tims), InProcess(office.tims.api), office.clock)
    return Deferring(office.settlements, client, Ledger(tims), "A1SELLER", "anna")


def sell(sim, price):
    order = sim.place_order(
        [Line("SKU-1", 1, Decimal(price), tax=Decimal("1.00"))], buyer=ANN,
        fulfilled_by="AMAZON", pending=False,
    )  # fmt: skip
    sim.ship_by_amazon(order)
    return order


def on(office, day):
    office.clock.advance(datetime(*day, tzinfo=UTC) - office.clock.now())


def month(office, period):
    return office.tims.ledger.trial_balance(period=period)


def test_a_sale_counts_in_the_month_in_which_it_was_earned_and_once_in_all(office, amazon):
    sim, client = amazon
    sell(sim, "100.00")  # 20 June, released on the 29th
    on(office, (2026, 6, 28))
    sell(sim, "40.00")  # kept back over the month's end
    on(office, (2026, 7, 2))
    sell(sim, "7.00")
    (accrual,), unknown = desk(office, client).look(JUNE)
    assert unknown == []
    assert (accrual.orders, accrual.total) == (1, 3400)  # 40.00 less 6.00 commission; tax cancels
    desk(office, client).post(JUNE)

    on(office, (2026, 7, 20))
    sim.close_settlements()
    (key,) = [c.key for c in settlement_feed(client, office.folder).read(None).changes]
    settle(office, client, key)
    # The settlement names the day of shipping, so June's part of it stands in June already.
    assert month(office, "2026-06")["1170"] == Decimal("-34.00")
    assert "1170" not in office.balance()
    assert office.balance()["4000"] == Decimal("147.00")


def test_posting_twice_and_after_a_lost_reply_leaves_one_accrual_and_one_reversal(office, amazon):
    sim, client = amazon
    sell(sim, "40.00")
    on(office, (2026, 7, 1))
    on(office, (2026, 7, 2))
    sim.settlements.deferred_for = timedelta(days=30)
    for operation in ("POST /gl/journal_batches", "POST /gl/journal_batches/{BatchNumber}/reverse"):
        office.tims.faults.load(
            [{"fault": "reply_lost_after_write", "operations": [operation], "most": 1}]
        )
        with pytest.raises(TryAgain):
            desk(office, client).post(JUNE)
    rows = desk(office, client).post(JUNE)
    assert [r.state for r in rows] == ["reversed"]
    assert len(office.tims.ledger.batches.rows) == 2
    assert month(office, "2026-06")["4000"] == Decimal("40.00")
    assert month(office, "2026-07")["4000"] == Decimal("-40.00")


def test_what_tims_has_invoiced_is_not_accrued_again_only_its_fees_are(office, amazon):
    sim, client = amazon
    office.edit_map("modes:\n", "modes:\n  - {mode: clear}\n")
    sim.settlements.deferred_for = timedelta(days=30)
    sell(sim, "40.00")
    on(office, (2026, 7, 2))
    (accrual,), _ = desk(office, client).look(JUNE)
    assert accrual.by_invoice == 4000
    assert {(c, a) for _, c, a in accrual.lines} == {
        ("referral_fee", -600), ("kept back by Amazon", 600),
    }  # fmt: skip


def test_what_was_released_since_is_judged_by_its_day(office, amazon):
    sim, client = amazon
    sell(sim, "10.00")
    on(office, (2026, 6, 28))
    sell(sim, "40.00")
    on(office, (2026, 7, 25))  # both are released by now
    said = deferred(client, office.clock.now() - timedelta(days=60), office.clock.now())
    assert {t.transactionStatus for t in said} == {"DEFERRED_RELEASED"}
    (accrual,), _ = desk(office, client).look(JUNE)
    assert accrual.orders == 1


def test_an_unknown_label_books_nothing_and_names_the_order(office, amazon):
    sim, client = amazon
    sim.settlements.deferred_for = timedelta(days=30)
    order = sell(sim, "40.00")
    on(office, (2026, 7, 2))
    (office.folder / "deferred.csv").write_text("breakdown,category\nCommission,mystery_fee\n")
    with pytest.raises(NeedsPerson, match=order) as caught:
        desk(office, client).post(JUNE)
    assert caught.value.kind == "deferred-unplaced"
    assert office.balance() == {}


def test_a_day_that_is_not_over_is_refused(office, amazon):
    _, client = amazon
    with pytest.raises(Misuse, match="not over"):
        desk(office, client).look(JULY)
