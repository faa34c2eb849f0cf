"""A TIMS and an Amazon with a few SKUs, whose stock is published by hand."""

from crossdock.business.stock.model import Offer
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.client import TimsClient
from crossdock.kernel.errors import RunError, TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.wiring.stock_publishing import Publisher
from crossdock.wiring.stocking import StockDesk
from tests.connectors.amazon.conftest import NOW, US
from tests.connectors.amazon.conftest import InProcess as Wire
from tests.connectors.tims.simulated import InProcess, ManualClock, a_tims, account_of
from tests.stores import a_store

RULES = """\
version: 1
publish: on
rules:
  - {skus: ["GAS-*"], locations: [MAIN], maximum: 0}
  - {skus: ["*"], locations: [MAIN, EAST], buffer: 2}
"""
SKUS = "sku,item,uom,units_per_pack\nROD,WLD-1,EA,1\nROD-BX,WLD-1,BX,1\nTIP,WLD-2,EA,1\n"


class Shop:
    """A TIMS and an Amazon, and the desk between them."""

    shops: tuple[str, ...] = (US,)

    def __init__(self, folder):
        self.folder, self.clock, self.hands = folder, ManualClock(NOW), HandClock(NOW)
        (folder / "lookups").mkdir()
        self.write(RULES, SKUS)
        self.tims = a_tims(self.clock, limits=False)
        self.tims.add_location("EAST")
        self.amazon = AmazonSim(self.hands, limits=False)
        self.db = a_store(folder)
        client = TimsClient(account_of(self.tims), InProcess(self.tims.api), self.clock)
        self.desk = StockDesk(folder, client, self.clock.now)
        self.wire = Wire(self.amazon)

    def write(self, rules=None, skus=None):
        if rules is not None:
            (self.folder / "stock.yaml").write_text(rules, "utf-8")
        if skus is not None:
            (self.folder / "lookups" / "skus.csv").write_text(skus, "utf-8")

    @property
    def publisher(self):
        sim = self.amazon
        account = AmazonAccount(
            sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
            marketplace_ids=self.shops,
        )  # fmt: skip
        client = AmazonClient(account, self.wire, self.clock, MemoryBuckets(self.clock))
        return Publisher(client, lambda: self.db, self.clock.now)

    def offered(self, *skus):
        found = self.desk.offers(skus)
        return [f.kind if isinstance(f, RunError) else f.quantity for f in found]

    def advance(self, span):
        self.clock.advance(span)
        self.hands.at = self.clock.now()

    def publish(self, sku, quantity):
        """As the engine does: again when its time has come."""
        for _ in range(200):
            try:
                return self.publisher.publish(Offer(sku, quantity))
            except TryAgain as error:
                self.advance(error.after)
        raise AssertionError("it never ends")

    def live(self, sku):
        listing = self.amazon.listings.items[self.amazon.sellers[0].seller_id, sku]
        return self.amazon.listings.now(self.amazon.sellers[0].seller_id, sku).quantity(), listing

    def writes(self):
        return sum(request.method == "PATCH" for request in self.wire.asked)
