"""Amazon's Finances beside the report: agreeing, differing, silent, and lying."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.engine.store import deposits as store
from crossdock.kernel.errors import NeedsPerson
from crossdock.simulators.amazon.finances import trace_of
from crossdock.simulators.amazon.people import Line
from crossdock.wiring.crosschecking import cross_check
from crossdock.wiring.settlement_runs import settlement_feed
from tests.simulators.amazon.conftest import ANN
from tests.wiring.test_banking import Banked
from tests.wiring.test_settled_worlds import a_world
from tests.wiring.test_settlement_runs import settle


@pytest.fixture
def office(tmp_path):
    found = Banked(tmp_path)
    yield found
    found.db.close()


@pytest.fixture
def amazon(office):
    sim, client = a_world(office, 3)
    for price in ("12.34", "99.99", "7.01", "0.10"):
        order = sim.place_order(
            [Line("SKU-1", 1, Decimal(price))], buyer=ANN, fulfilled_by="AMAZON", pending=False
        )
        sim.ship_by_amazon(order)
    office.clock.advance(timedelta(days=14))
    sim.close_settlements()
    return sim, client


def keys(client, office):
    return [c.key for c in settlement_feed(client, office.folder).read(None).changes]


def verdicts(opinions):
    return {o.source: o.verdict for o in opinions}


def test_every_source_agrees_and_the_trace_id_is_kept(office, amazon):
    sim, client = amazon
    (key,) = keys(client, office)
    number = settle(office, client, key).number
    assert verdicts(cross_check(office.settlements, client, number)) == {
        "net proceeds": "agrees", "settlement group": "agrees", "orders": "agrees",
    }  # fmt: skip
    (settlement,) = sim.settlements.closed
    (paid,) = office.banking().expected()
    assert paid.trace_id == trace_of(settlement)


def test_the_trace_id_finds_the_deposit_though_the_amount_came_late(office, amazon):
    sim, client = amazon
    settle(office, client, keys(client, office)[0])
    (settlement,) = sim.settlements.closed
    late = (settlement.end + timedelta(days=30)).date()
    found, _ = office.statement((late, f"AMZN {trace_of(settlement)}", f"{settlement.total}"))
    assert [m.how for m in found] == ["trace id"]


def test_a_difference_is_told_and_named_by_order(office, amazon):
    sim, client = amazon
    (settlement,) = sim.settlements.closed
    sim.finances.lies[settlement.settlement_id] = Decimal("0.01")
    number = settle(office, client, keys(client, office)[0]).number  # posted: the map says report
    opinions = cross_check(office.settlements, client, number)
    assert verdicts(opinions) == {
        "net proceeds": "differs", "settlement group": "differs", "orders": "differs",
    }  # fmt: skip
    assert len(opinions[2].detail) == 1
    assert store.checks(office.db)[number]["opinions"][0]["verdict"] == "differs"


def test_a_difference_stops_the_posting_where_the_map_says_so(office, amazon):
    sim, client = amazon
    office.edit_map("cross_check: report", "cross_check: block")
    (settlement,) = sim.settlements.closed
    sim.finances.lies[settlement.settlement_id] = Decimal("-5.00")
    with pytest.raises(NeedsPerson) as caught:
        settle(office, client, keys(client, office)[0])
    assert caught.value.kind == "settlement-differs"
    assert office.balance() == {}
    sim.finances.lies.clear()
    settle(office, client, keys(client, office)[0])
    assert office.balance()


def test_a_silent_source_keeps_nobody_from_posting(office, amazon):
    sim, client = amazon
    silent = ["listSummary", "listFinancialEventGroups", "listTransactions"]
    sim.faults.load([{"fault": "html_error", "operations": silent}])
    number = settle(office, client, keys(client, office)[0]).number
    assert set(verdicts(cross_check(office.settlements, client, number)).values()) == {"not known"}
    assert office.balance()
