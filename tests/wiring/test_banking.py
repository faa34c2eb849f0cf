"""Deposits on the bank account are found to be settlements, and booked out of transit once."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from crossdock.business.settlements.deposits import Arrived, Paid, matched
from crossdock.connectors.bank.table import Writing
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.ledger import Ledger
from crossdock.engine.store import deposits as store
from crossdock.kernel.errors import Misuse, TryAgain
from crossdock.wiring.banking import Banking
from tests.business.settlements.files import line, report
from tests.connectors.tims.simulated import InProcess, account_of
from tests.wiring.test_settling import PRINCIPAL, Office

ONE, TWO = "28471003921", "28471003922"


class Banked(Office):
    def banking(self) -> Banking:
        client = TimsClient(account_of(self.tims), InProcess(self.tims.api), self.clock)
        return Banking(self.settlements, Ledger(client), "A1SELLER", "anna")

    def post(self, number, cents, currency="USD"):
        content = report([line(PRINCIPAL, cents)], number=number)
        self.take(content.replace(b"USD", currency.encode()), f"{number}.txt")
        self.poster.post(number)

    def statement(self, *rows, currency="USD", name="bank.csv"):
        text = "Date,Description,Amount,Currency\n"
        text += "".join(f"{day},{what},{amount},{currency}\n" for day, what, amount in rows)
        path = self.folder / name
        path.write_text(text, "utf-8")
        banking = self.banking()
        banking.take(path, Writing())
        found = banking.match()
        banking.book()
        return found

    def assign(self, entry, *settlements):
        banking = self.banking()
        banking.assign(entry.id, settlements)
        banking.book()


@pytest.fixture
def office(tmp_path):
    found = Banked(tmp_path)
    yield found
    found.db.close()


def test_a_deposit_is_booked_out_of_transit_once(office):
    office.post(ONE, 58289)
    for name in ("a.csv", "b.csv"):  # two statements overlap
        office.statement(("2026-07-02", "AMAZON", "582.89"), name=name)
    assert office.balance()["1000"] == Decimal("-582.89")
    assert "1050" not in office.balance()
    assert office.banking().expected() == []


def test_a_reply_lost_after_it_was_stored_leaves_one_batch(office):
    office.post(ONE, 58289)
    office.tims.faults.load(
        [{"fault": "reply_lost_after_write", "operations": ["POST /gl/journal_batches"], "most": 1}]
    )
    with pytest.raises(TryAgain):
        office.statement(("2026-07-02", "AMAZON", "582.89"))
    office.banking().book()
    assert office.balance()["1000"] == Decimal("-582.89")


def test_two_settlements_of_the_same_amount_are_a_persons_business(office):
    office.post(ONE, 5000)
    office.post(TWO, 5000)
    found, doubts = office.statement(("2026-07-02", "AMAZON", "50.00"))
    assert found == []
    assert {d.settlement_id for d in doubts} == {ONE, TWO}
    (entry,) = store.entries(office.db)
    office.assign(entry, TWO)
    assert [p.settlement_id for p in office.banking().expected()] == [ONE]


def test_an_amount_that_differs_is_not_matched_by_hand_either(office):
    office.post(ONE, 5000)
    office.statement(("2026-07-02", "AMAZON", "49.00"))
    (entry,) = store.entries(office.db)
    with pytest.raises(Misuse, match=r"-1\.00 USD"):
        office.assign(entry, ONE)
    assert store.deposits(office.db) == []


def test_a_deposit_in_the_banks_currency_meets_the_settlement_on_the_exchange_account(office):
    office.post(ONE, 10000, "CAD")
    found, _ = office.statement(("2026-07-02", "AMAZON", "72.35"))
    assert found == []  # nobody guesses a rate
    (entry,) = store.entries(office.db)
    office.assign(entry, ONE)
    cad = office.tims.ledger.trial_balance(currency="CAD")
    usd = office.tims.ledger.trial_balance(currency="USD")
    assert cad == {"1180": Decimal("-100.00"), "4000": Decimal("100.00")}
    assert usd == {"1000": Decimal("-72.35"), "1180": Decimal("72.35")}


def test_without_an_exchange_account_it_asks_and_books_the_others(office):
    office.edit_map('exchange: {account: "1180"}', 'exchange: {account: ""}')
    office.post(ONE, 10000, "CAD")
    office.post(TWO, 4000)
    office.statement(("2026-07-02", "AMAZON", "72.35"))
    (entry,) = store.entries(office.db)
    with pytest.raises(Misuse, match="exchange"):
        office.assign(entry, ONE)
    with pytest.raises(Misuse, match="exchange"):
        office.statement(("2026-07-02", "AMAZON", "40.00"), name="b.csv")
    assert office.tims.ledger.trial_balance(currency="USD")["1000"] == Decimal("-40.00")


def test_a_match_can_be_undone_and_done_again(office):
    office.post(ONE, 5000)
    office.statement(("2026-07-02", "AMAZON", "50.00"))
    (entry,) = store.entries(office.db)
    office.banking().release(entry.id)
    assert office.balance()["1050"] == Decimal("-50.00")
    office.assign(entry, ONE)
    assert office.balance()["1000"] == Decimal("-50.00")
    assert "1050" not in office.balance()


# --- the rules alone --------------------------------------------------------------------------

DAY = date(2026, 7, 2)


def paid(name, amount, *, day=DAY, currency="USD", trace=""):
    return Paid(name, amount, currency, day, trace)


def arrived(name, amount, *, day=DAY, currency="USD", text="AMAZON"):
    return Arrived(name, amount, currency, day, text)


def pairs(found):
    return {(m.settlements, m.entries, m.how) for m in found}


def test_the_trace_id_decides_between_two_alike():
    found, doubts = matched(
        [paid("S1", 500, trace="T1"), paid("S2", 500, trace="T2")],
        [arrived("E1", 500, text="AMZN T2"), arrived("E2", 500, text="AMZN T1")],
    )
    assert pairs(found) == {(("S1",), ("E2",), "trace id"), (("S2",), ("E1",), "trace id")}
    assert doubts == []


def test_one_entry_may_be_two_settlements_and_one_settlement_two_entries():
    found, _ = matched([paid("S1", 500), paid("S2", 300)], [arrived("E1", 800)])
    assert pairs(found) == {(("S1", "S2"), ("E1",), "several in one")}
    found, _ = matched([paid("S1", 800)], [arrived("E1", 500), arrived("E2", 300)])
    assert pairs(found) == {(("S1",), ("E1", "E2"), "in parts")}


@pytest.mark.parametrize(
    "entry",
    [
        arrived("E1", 500, day=DAY + timedelta(days=11)),
        arrived("E1", 500, day=DAY - timedelta(days=3)),
        arrived("E1", 500, currency="CAD"),
        arrived("E1", -500),
        arrived("E1", 501),
    ],
)
def test_what_is_not_the_deposit_is_not_taken_for_it(entry):
    assert matched([paid("S1", 500)], [entry]) == ([], [])


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_matched_adds_up_and_nothing_is_used_twice(seed):
    dice = random.Random(seed)
    settlements = [
        paid(
            f"S{n}", dice.choice((100, 200, 300, 500)), day=DAY + timedelta(days=dice.randint(0, 9))
        )
        for n in range(8)
    ]
    entries = [
        arrived(
            f"E{n}",
            dice.choice((100, 200, 300, 500, 800)),
            day=DAY + timedelta(days=dice.randint(0, 15)),
        )
        for n in range(8)
    ]
    found, doubts = matched(settlements, entries)
    amount = {s.settlement_id: s.amount for s in settlements} | {
        e.entry_id: e.amount for e in entries
    }
    used = [one for m in found for one in (*m.settlements, *m.entries)]
    assert len(used) == len(set(used))
    for m in found:
        assert sum(amount[s] for s in m.settlements) == sum(amount[e] for e in m.entries)
    assert not {d.settlement_id for d in doubts} & set(used)
    shuffled = [*settlements]
    dice.shuffle(shuffled)
    again, _ = matched(shuffled, list(reversed(entries)))
    assert {(frozenset(m.settlements), frozenset(m.entries)) for m in again} == {
        (frozenset(m.settlements), frozenset(m.entries)) for m in found
    }


def test_of_other_peoples_payments_only_day_and_amount_are_kept(office):
    office.statement(
        ("2026-07-02", "JO PRIVATE RENT", "50.00"), ("2026-07-03", "AMZN MKTP", "1.00")
    )
    assert {e.text for e in store.entries(office.db)} == {"", "AMZN MKTP"}
