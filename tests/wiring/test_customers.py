"""A company that buys on Amazon Business is booked on its own customer; TIMS's changes are followed."""

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.business.customers.model import Buyer
from crossdock.connectors.tims.client import TimsClient
from crossdock.engine.store import customers
from crossdock.engine.store.searching import text_places
from crossdock.engine.store.vault import Vault
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.customer_runs import customer_operations, customers_feed
from tests.connectors.tims.simulated import InProcess, a_tims, account_of
from tests.stores import a_store

NAME = "O'Neil Welding & Supply, Inc."
ADDRESS = {"CompanyName": NAME, "Line1": "1 Main", "City": "Billings", "State": "MT",
           "PostalCode": "59101-2200", "Country": "US"}  # fmt: skip


class Desk:
    def __init__(self, folder):
        self.clock = ManualClock(datetime(2026, 7, 3, tzinfo=UTC))
        self.tims = a_tims(self.clock, limits=False)
        self.db = a_store(folder)
        self.db.vault = Vault(self.db, lambda: b"k" * 32, self.clock.now, timedelta(days=30))
        self.folder = folder
        self.client = TimsClient(account_of(self.tims), InProcess(self.tims.api), self.clock)
        card, remember, account = customer_operations(self.client, lambda: self.db)
        self.card, self.remember, self.account = card.run, remember.run, account.run

    def rule(self, rule):
        folder = self.folder / "lookups"
        folder.mkdir(exist_ok=True)
        text = f"marketplace_id,rule,prefix,terms_code\nATVPDKIKX0DER,{rule},AMZB-,\n"
        (folder / "business_buyers.csv").write_text(text)

    def follow(self, mark=None):
        """Read the feed and carry out what it says; the next watermark."""
        reading = customers_feed(self.client, self.folder).read(mark)
        for change in reading.changes:
            self.remember(change.key, self.card(change.key))
        return reading.until

    def buys(self, company=NAME, postal_code="59101", rule="open", tax_id=None):
        return self.account(
            Buyer("112-1", rule, programs=("AMAZON_BUSINESS",), company=company, contact="Ana",
                  tax_id=tax_id, postal_code=postal_code, country="US")
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path):
    found = Desk(tmp_path)
    yield found
    found.db.close()


def add(desk, code, name=NAME, **more):
    said = {"BillTo": ADDRESS, "CustomerType": "commercial", **more}
    desk.tims.add_customer(code, name, **said)


def test_nobody_is_asked_while_every_marketplace_books_on_one_customer(desk):
    add(desk, "C100")
    assert customers_feed(desk.client, desk.folder).read(None).changes == []


def test_a_company_is_found_by_name_and_postal_code_however_it_is_written(desk):
    desk.rule("match")
    add(desk, "C100", "ONEIL WELDING AND SUPPLY")
    desk.follow()
    found = desk.buys()
    assert (found.code, found.open) == ("C100", False)
    assert desk.buys(postal_code="90210", rule="match") is None


def test_a_tax_id_finds_it_under_another_name(desk):
    desk.rule("match")
    exempt = {"ShipToCode": "1", "Address": ADDRESS, "TaxExemptCertificate": {"Number": "81-12345"}}
    add(desk, "C100", "Somebody Else", ShipTos=[exempt])
    desk.follow()
    assert desk.buys(tax_id="8112345").code == "C100"


def test_a_new_company_gets_the_same_code_every_time(desk):
    one, two = desk.buys(), desk.buys("oneil welding and supply")
    assert one.code == two.code
    assert one.code.startswith("AMZB-")
    assert one.open
    assert desk.buys("Another Firm").code != one.code


def test_what_tims_changes_is_followed(desk):
    desk.rule("match")
    add(desk, "C100")
    mark = desk.follow()
    assert desk.buys(rule="match").code == "C100"
    add(desk, "C200")
    mark = desk.follow(mark)
    with pytest.raises(NeedsPerson) as caught:
        desk.buys(rule="match")
    assert caught.value.kind == "customer-ambiguous"
    desk.tims.remove_customer("C100")
    desk.follow(mark)
    assert desk.buys(rule="match").code == "C200"


def test_older_news_does_not_overwrite_newer(desk):
    customers.remember(desk.db, "C1", [("tax id", "aa")], 9)
    customers.remember(desk.db, "C1", [("tax id", "bb")], 8)
    assert customers.carrying(desk.db, [("tax id", "aa"), ("tax id", "bb")])["tax id"] == {"C1"}
    assert customers.carrying(desk.db, [("tax id", "bb")])["tax id"] == set()


@pytest.mark.slow
def test_no_name_is_stored(desk):
    desk.rule("match")
    add(desk, "C100")
    desk.follow()
    assert customers.count(desk.db) == 1
    assert list(text_places(desk.db, "neil")) == []
    assert list(text_places(desk.db, "59101")) == []
