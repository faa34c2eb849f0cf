"""What keeps a quantity back: a price that is not there yet, a plan, too many zeros at once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.business.stock.model import Offer
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.engine.store import approvals, publications
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.wiring.price_runs import price_pending
from crossdock.wiring.stock_guard import KIND, PRICE_AGAIN, StockGuard
from crossdock.wiring.stock_publishing import PATIENCE, Publisher
from crossdock.wiring.stockrules import read_stock_rules
from tests.connectors.amazon.conftest import US
from tests.wiring.price_shop import RULES as PRICES
from tests.wiring.price_shop import Shop

STOCK = "version: 1\npublish: on\nrules:\n  - {skus: ['*'], locations: [MAIN]}\n"
SKUS = ("TIP", "TIP-5", "ROD", "ROD-BX")


class GuardedShop(Shop):
    """Prices and quantities are published to the same listings."""

    def __init__(self, folder):
        super().__init__(folder)
        self.rules(STOCK)
        sim = self.amazon
        account = AmazonAccount(
            self.seller, sim.client_id, sim.client_secret, sim.refresh_token, marketplace_ids=(US,)
        )
        client = AmazonClient(account, self.wire, self.clock, MemoryBuckets(self.clock))
        guard = StockGuard(
            lambda: self.db, self.clock.now, lambda: read_stock_rules(folder),
            lambda sku, since: price_pending(self.desk, self.db, sku, since),
        )  # fmt: skip
        self.stock = Publisher(client, lambda: self.db, self.clock.now, guard=guard)

    def rules(self, text):
        (self.folder / "stock.yaml").write_text(text, "utf-8")

    def tell(self, sku, quantity, rounds=100):
        """As the engine does: again when its time has come. How it ended."""
        code = ""
        for _ in range(rounds):
            try:
                return self.stock.publish(Offer(sku, quantity)).state
            except TryAgain as error:
                code = error.code
                self.advance(error.after)
        return code

    def quantity(self, sku):
        return self.amazon.listings.now(self.seller, sku).quantity()


@pytest.fixture
def shop(tmp_path):
    found = GuardedShop(tmp_path)
    yield found
    found.db.close()


def test_what_comes_back_from_zero_waits_for_its_price_and_never_sells_at_the_old_one(shop):
    assert shop.publish("TIP") == "seen"
    assert shop.tell("TIP", 0) == "seen"
    shop.price("WLD-2", "14.00")  # restocked, and dearer
    assert shop.tell("TIP", 7, rounds=5) == "price-first"
    assert shop.quantity("TIP") == 0
    assert shop.publish("TIP") == "seen"
    assert shop.tell("TIP", 7) == "seen"
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    back = next(at for at, n in listing.history if n == 7)
    dear = next(at for at, rows in listing.offers if "14" in str(rows))
    assert dear <= back


def test_a_price_that_cannot_be_asked_for_now_is_asked_for_later_not_at_once(shop):
    assert shop.tell("TIP", 0) == "seen"

    def busy(sku, since):
        raise TryAgain("our share of the limit is used up", after=timedelta(seconds=0.1))

    shop.stock.guard._price_pending = busy
    with pytest.raises(TryAgain) as caught:
        shop.stock.publish(Offer("TIP", 7))
    assert (caught.value.code, caught.value.after) == ("price-first", PRICE_AGAIN)
    assert "our share" in caught.value.message


def test_what_was_never_gone_need_not_wait_for_a_price(shop):
    shop.price("WLD-2", "14.00")
    assert shop.tell("TIP", 5) == "seen"


def test_a_sku_without_a_price_stays_at_zero_and_says_why(shop):
    assert shop.tell("ROD", 0) == "seen"
    with pytest.raises(TryAgain, match="no price"):
        shop.stock.publish(Offer("ROD", 3))
    shop.write(PRICES.replace("publish: on", "publish: off"))
    assert shop.tell("ROD", 3) == "seen"  # prices are somebody else's


def test_more_zeros_within_an_hour_than_the_limit_wait_for_a_person(shop):
    shop.rules(STOCK + "limits: {to_zero: 2}\n")
    assert [shop.tell(sku, 0, rounds=2) for sku in SKUS[:2]] == ["seen", "seen"]
    assert [shop.tell(sku, 0, rounds=2) for sku in SKUS[2:]] == ["held", "held"]
    assert shop.tell("TIP-5", 4, rounds=2) != "held"  # a rise is nobody's question here
    shop.advance(timedelta(hours=2))
    assert shop.tell("ROD", 0, rounds=2) == "held"  # asked is asked
    assert [h.key for h in approvals.held(shop.db, KIND)] == ["ROD", "ROD-BX"]
    approvals.approve(shop.db, KIND, [("ROD", "0")], "p", "anna", shop.clock.now())
    assert shop.tell("ROD", 0) == "seen"
    assert shop.quantity("ROD-BX") == 9


def test_a_broken_count_of_a_whole_batch_stops_at_the_limit(shop):
    shop.rules(STOCK + "limits: {to_zero: 2}\n")
    notes = shop.stock.publish_many([(Offer(sku, 0),) for sku in SKUS])
    codes = [note.result.code for note in notes]
    assert sorted(codes) == ["held", "held", "not-visible", "not-visible"]
    passed = [sku for sku, code in zip(SKUS, codes, strict=True) if code != "held"]
    assert [shop.tell(sku, 0, rounds=2) for sku in passed] == ["seen", "seen"]
    assert {h.key for h in approvals.held(shop.db, KIND)} == set(SKUS) - set(passed)
    assert all(shop.quantity(sku) for sku in SKUS if sku not in passed)


def test_who_was_let_through_need_not_be_counted_again(shop):
    shop.rules(STOCK + "limits: {to_zero: 1}\n")
    guard = shop.stock.guard
    for _ in range(3):  # a crash between the permission and the write, and a second worker
        guard.admit(Offer("TIP", 0), 9)
    with pytest.raises(TryAgain):
        guard.admit(Offer("ROD", 0), 9)
    guard.admit(Offer("TIP", 0), 9)  # its permission stands, although others wait
    shop.advance(timedelta(hours=2))
    with pytest.raises(TryAgain):
        guard.admit(Offer("TIP", 0), 9)  # a person has not looked yet, and the hour is over


def test_time_to_effect_ends_when_it_is_first_seen_not_when_it_is_sure_to_stay(shop):
    with pytest.raises(TryAgain):
        shop.stock.publish(Offer("TIP", 3))
    with pytest.raises(TryAgain):
        shop.stock.publish(Offer("TIP", 4))  # the 3 did not show yet
    assert shop.tell("TIP", 4) == "seen"
    receipt = publications.of(shop.db, "TIP")
    assert receipt.took < timedelta(minutes=1)
    assert shop.clock.now() - receipt.sent_at >= PATIENCE


def test_what_is_not_wanted_any_more_waits_no_longer(shop):
    shop.rules(STOCK + "limits: {to_zero: 0}\n")
    assert shop.tell("TIP", 0, rounds=2) == "held"
    assert shop.tell("TIP", 8) == "seen"  # the count was wrong
    assert approvals.held(shop.db) == []


def test_a_plan_writes_exactly_what_was_approved(shop):
    shop.rules(STOCK.replace("publish: on", "publish: plan"))
    assert shop.tell("TIP", 5, rounds=3) == "held"
    approvals.approve(shop.db, KIND, [("TIP", "5")], "p", "anna", shop.clock.now())
    assert shop.tell("TIP", 6, rounds=3) == "held"
    assert shop.quantity("TIP") == 9
    assert shop.tell("TIP", 5) == "seen"
    assert shop.tell("TIP", 4, rounds=3) == "held"
    assert Decimal(shop.quantity("TIP")) == 5
