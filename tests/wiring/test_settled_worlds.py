"""Over many seeds: what TIMS's ledger says is what Amazon paid, kept and charged, to the cent."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.people import Line
from crossdock.wiring.settlement_runs import settlement_feed
from tests.connectors.amazon.test_amazon_reports import Both
from tests.simulators.amazon.conftest import ANN
from tests.wiring.test_settlement_runs import settle
from tests.wiring.test_settling import Office, verified

SHOPS = ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")
ZERO = Decimal(0)


@pytest.fixture
def office(tmp_path):
    found = Office(tmp_path)
    yield found
    found.db.close()


def a_world(office, seed: int):
    sim = AmazonSim(office.clock, seed, limits=False)
    account = AmazonAccount(
        sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
        endpoint="https://amazon.example", lwa_endpoint="https://lwa.example",
        marketplace_ids=SHOPS,
    )  # fmt: skip
    return sim, AmazonClient(account, Both(sim), sim.clock, MemoryBuckets(sim.clock))


def sell(sim, dice: random.Random) -> None:
    """Sometimes so little that Amazon is owed money."""
    for shop in SHOPS:
        for _ in range(dice.choice((1, 1, 6))):
            line = Line(
                "SKU-1", dice.randint(1, 3), Decimal(dice.randint(100, 4000)) / 100,
                tax=Decimal(dice.randint(0, 300)) / 100, shipping=Decimal("4.99"),
                discount=Decimal(dice.randint(0, 90)) / 100,
            )  # fmt: skip
            order = sim.place_order(
                [line], buyer=ANN, marketplace=shop, fulfilled_by="AMAZON", pending=False
            )
            sim.ship_by_amazon(order)


def settle_all(office, client, dice: random.Random) -> None:
    """In any order, again and again, while replies get lost."""
    keys = [c.key for c in settlement_feed(client, office.folder).read(None).changes]
    dice.shuffle(keys)
    for key in [*keys, *keys]:
        for _ in range(3):
            office.tims.faults.load(
                [{"fault": "reply_lost_after_write", "operations": ["POST /gl/journal_batches"],
                  "chance": 0.4, "most": 1}]
            )  # fmt: skip
            try:
                settle(office, client, key)
                break
            except TryAgain:
                continue


SEEDS = [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 10))]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_trial_balance_is_the_truth_of_amazon(office, seed):
    sim, client = a_world(office, seed)
    dice = random.Random(seed)
    for _ in range(4):
        sell(sim, dice)
        office.clock.advance(timedelta(days=14))
        sim.close_settlements()
    settle_all(office, client, dice)

    for currency in ("CAD", "USD"):
        truth = [s for s in sim.settlements.closed if s.currency == currency]
        ledger = office.tims.ledger.trial_balance(currency=currency)
        assert sum(ledger.values()) == 0
        assert ledger.get("1050", ZERO) == -sum((s.total for s in truth if s.total > 0), ZERO)
        assert ledger.get("1160", ZERO) == truth[-1].reserve  # only what is kept now
        assert ledger.get("2150", ZERO) == -min(truth[-1].total, ZERO)  # older debts were carried
        assert "1190" not in ledger
        assert "2200" not in ledger
        charged = Counter()
        for settlement in truth:
            for one in settlement.lines:
                charged[one.kind[2]] += one.amount
        assert ledger.get("6010", ZERO) == charged["Commission"]
        assert ledger.get("6210", ZERO) == charged["TransactionTotalAmount"]
        for one in truth:
            assert verified(office, one.settlement_id) == []
