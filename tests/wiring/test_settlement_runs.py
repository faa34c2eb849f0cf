"""When settlements are looked for by themselves, and what a report becomes."""

from datetime import UTC, datetime
from importlib import resources

import pytest

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.client import TimsClient
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.wiring.settlement_runs import settlement_feed, settlement_operations
from tests.business.settlements.files import line, report
from tests.connectors.amazon.test_amazon_reports import Both
from tests.connectors.tims.simulated import InProcess, account_of
from tests.wiring.test_settling import PRINCIPAL, Office

NOW = datetime(2026, 7, 3, tzinfo=UTC)


@pytest.fixture
def office(tmp_path):
    found = Office(tmp_path)
    yield found
    found.db.close()


@pytest.fixture
def amazon(office):
    sim = AmazonSim(office.clock, 3, limits=False)
    account = AmazonAccount(
        sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
        endpoint="https://amazon.example", lwa_endpoint="https://lwa.example",
    )  # fmt: skip
    client = AmazonClient(account, Both(sim), sim.clock, MemoryBuckets(sim.clock))
    return sim, client


def settle(office, client, report_id):
    tims = TimsClient(account_of(office.tims), InProcess(office.tims.api), office.clock)
    settle_, cost, clear = settlement_operations(
        office.folder, client, tims, lambda: office.db, office.clock.now
    )
    settled = settle_.run(report_id)
    clear.run(settled.number)
    cost.run(settled.number)
    return settled


def test_an_empty_account_map_asks_amazon_for_nothing(office, amazon):
    sim, client = amazon
    sim.reports.add(NOW, NOW, report([line(PRINCIPAL, 1000)]))
    template = resources.files("crossdock.cli") / "templates" / "accounts.yaml"
    office.write_map(template.read_text("utf-8"))
    assert settlement_feed(client, office.folder).read(None).changes == []
    assert not sim.counts


def test_a_report_is_posted_once_however_often_it_is_looked_at(office, amazon):
    sim, client = amazon
    made = sim.reports.add(NOW, NOW, report([line(PRINCIPAL, 1000)]))
    (change,) = settlement_feed(client, office.folder).read(None).changes
    assert change.key == made.report_id
    first = settle(office, client, change.key)
    assert (first.number, first.total, first.batches) == ("28471003921", "10.00 USD", 1)
    assert settle(office, client, change.key) == first
    assert sim.counts["getReportDocument", 200] == 1  # the second time it is read from the archive
    assert len(office.tims.ledger.batches.rows) == 1


def test_a_map_with_faults_is_a_case_and_the_report_is_kept(office, amazon):
    sim, client = amazon
    made = sim.reports.add(NOW, NOW, report([line(PRINCIPAL, 1000)]))
    office.edit_map("modes:", "mods:")
    with pytest.raises(NeedsPerson) as caught:
        settle(office, client, made.report_id)
    assert caught.value.kind == "settlement-accounts"
    assert len(list((office.folder / "archive" / "settlements").iterdir())) == 1
