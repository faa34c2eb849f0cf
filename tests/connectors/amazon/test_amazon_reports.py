"""Settlement reports from Amazon's simulated door to the ledger, by the real clients and engine."""

import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.business.settlements.reader import read
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.reports import download, report, settlement_reports
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import RunError, TryAgain
from crossdock.kernel.evidence import noted
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.people import Line
from crossdock.simulators.amazon.settlements import file_of
from tests.connectors.tims.simulated import InProcess
from tests.simulators.amazon.conftest import ANN

NOW = datetime(2026, 7, 3, 12, tzinfo=UTC)
ZERO = Decimal(0)


class Both:
    """Amazon's two doors behind one transport: the API, and who signs in."""

    def __init__(self, sim):
        self.api, self.lwa = InProcess(sim.api), InProcess(sim.lwa)

    def send(self, request):
        return (self.lwa if "/auth/o2/token" in request.url else self.api).send(request)


@pytest.fixture
def sim():
    return AmazonSim(ManualClock(NOW), 3, limits=False)


@pytest.fixture
def client(sim):
    account = AmazonAccount(
        sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
        endpoint="https://amazon.example", lwa_endpoint="https://lwa.example",
    )  # fmt: skip
    return AmazonClient(account, Both(sim), sim.clock, MemoryBuckets(sim.clock))


def sell(sim, seed: int, orders: int = 5) -> None:
    """Orders that were bought and shipped."""
    rnd = random.Random(seed)
    for _ in range(orders):
        price, tax = Decimal(rnd.randint(100, 9999)) / 100, Decimal(rnd.randint(0, 500)) / 100
        line = Line("SKU-1", rnd.randint(1, 3), price, tax=tax, shipping=Decimal("4.99"),
                    discount=Decimal(rnd.randint(0, 90)) / 100)  # fmt: skip
        order_id = sim.place_order([line], buyer=ANN, fulfilled_by="AMAZON", pending=False)
        sim.ship_by_amazon(order_id)


@pytest.mark.parametrize("seed", range(12))
def test_what_amazon_settles_ties_to_the_cent_and_rolls_forward(sim, seed):
    for period in range(3):
        sell(sim, seed * 10 + period)
        sim.clock.advance(timedelta(days=14))
        (settlement,) = sim.close_settlements()
        found = read(io.BytesIO(file_of(settlement)))
        assert found.usable, found.faults
        assert found.total == found.summary.total == int(settlement.total * 100)
    first, second = sim.settlements.closed[0], sim.settlements.closed[1]
    assert second.start == first.end
    returned = [x.amount for x in second.lines if x.kind[2] == "Previous Reserve Amount Balance"]
    assert returned == [-first.reserve]


def test_each_currency_is_a_settlement_of_its_own(sim):
    sell(sim, 1)
    line = Line("SKU-1", 1, Decimal("20.00"))
    order_id = sim.place_order([line], buyer=ANN, marketplace="A2EUQ1WTGCTBG2",
                               fulfilled_by="AMAZON", pending=False)  # fmt: skip
    sim.ship_by_amazon(order_id)
    closed = sim.close_settlements()
    assert {s.currency for s in closed} == {"CAD", "USD"}
    assert len({s.settlement_id for s in closed}) == 2
    assert all(read(io.BytesIO(file_of(s))).total == int(s.total * 100) for s in closed)


def test_a_report_is_found_described_and_downloaded(sim, client):
    sell(sim, 1)
    (settlement,) = sim.close_settlements()
    (found,) = settlement_reports(client, NOW - timedelta(days=89))
    assert report(client, found.reportId) == found
    got = download(client, found.reportDocumentId)
    assert got.content == file_of(settlement)
    assert settlement_reports(client, NOW + timedelta(days=1)) == ()


def test_all_pages_of_the_list_are_read(sim, client):
    for _ in range(205):
        sim.reports.add(NOW, NOW, b"")
    assert len(settlement_reports(client, NOW - timedelta(days=89))) == 205


def test_reports_older_than_ninety_days_are_gone(sim, client):
    sim.reports.add(NOW, NOW, b"")
    sim.clock.advance(timedelta(days=91))
    assert settlement_reports(client, NOW - timedelta(days=5)) == ()


def test_an_address_that_has_expired_is_asked_for_again(sim, client):
    made = sim.reports.add(NOW, NOW, b"x")
    kept = client.caller.fetch

    def late(*arguments):
        sim.clock.advance(timedelta(minutes=6))
        return kept(*arguments)

    client.caller.fetch = late
    with pytest.raises(TryAgain, match="expired"):
        download(client, made.document_id)
    client.caller.fetch = kept
    assert download(client, made.document_id).content == b"x"


def test_the_secret_address_is_in_no_evidence_and_in_no_error(sim, client):
    made = sim.reports.add(NOW, NOW, b"x")
    note = noted(download, client, made.document_id)
    assert note.result.content == b"x"
    (secret,) = sim.reports._downloads._open
    assert secret not in repr(note)
    sim.clock.advance(timedelta(minutes=6))
    with pytest.raises(RunError) as caught:
        download(client, "nothing")
    assert secret not in str(caught.value)
