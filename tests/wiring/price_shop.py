"""A TIMS and an Amazon in this process, and the price desk between them."""

from decimal import Decimal

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.client import TimsClient
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.wiring.price_publisher import PricePublisher
from crossdock.wiring.pricing import PriceDesk, key_of
from crossdock.wiring.stocking import StockDesk
from tests.connectors.amazon.conftest import NOW, US
from tests.connectors.amazon.conftest import InProcess as Wire
from tests.connectors.tims.simulated import InProcess, ManualClock, a_tims, account_of
from tests.stores import a_store

CA = "A2EUQ1WTGCTBG2"
RULES = """\
version: 1
publish: on
lists:
  ATVPDKIKX0DER: STANDARD
rules:
  - {skus: ["*"], price: list, business: {price: class INDUSTRIAL, tiers: yes}}
"""
SKUS = "sku,item,uom,units_per_pack\nROD,WLD-1,EA,1\nROD-BX,WLD-1,BX,1\nTIP,WLD-2,EA,1\nTIP-5,WLD-2,EA,5\n"
SHOPS = "marketplace_id,country,time_zone\nATVPDKIKX0DER,US,America/New_York\nA2EUQ1WTGCTBG2,CA,America/Toronto\n"


class Shop:
    """A TIMS and an Amazon, and the price desk between them."""

    def __init__(self, folder):
        self.folder, self.clock, self.hands = folder, ManualClock(NOW), HandClock(NOW)
        (folder / "lookups").mkdir()
        (folder / "lookups" / "skus.csv").write_text(SKUS, "utf-8")
        (folder / "lookups" / "marketplaces.csv").write_text(SHOPS, "utf-8")
        self.write(RULES)
        self.tims = a_tims(self.clock, limits=False)
        self.amazon = AmazonSim(self.hands, limits=False)
        self.seller = self.amazon.sellers[0].seller_id
        self.db = a_store(folder)
        self.price("WLD-2", "10.00")
        account = account_of(self.tims).reading_prices(costs=True)
        self.site = InProcess(self.tims.api)
        client = TimsClient(account, self.site, self.clock)
        stock = StockDesk(folder, client, self.clock.now)
        self.desk = PriceDesk(folder, client, stock, self.clock.now)
        self.wire = Wire(self.amazon)
        for sku, price in (("ROD", "5"), ("ROD-BX", "50"), ("TIP", "9"), ("TIP-5", "45")):
            self.amazon.listings.offer(sku, 9, prices={US: Decimal(price)})
        self.publisher = self.a_publisher()

    def price(self, item, amount, **more):
        classes = more.pop("classes", {"INDUSTRIAL": Decimal(amount) * 9 / 10})
        self.tims.set_price(item, amount, classes=classes, **more)

    def write(self, rules):
        (self.folder / "prices.yaml").write_text(rules, "utf-8")

    def a_publisher(self):
        sim = self.amazon
        account = AmazonAccount(
            self.seller, sim.client_id, sim.client_secret, sim.refresh_token, marketplace_ids=(US,)
        )
        client = AmazonClient(account, self.wire, self.clock, MemoryBuckets(self.clock))
        return PricePublisher(
            client, lambda: self.db, self.clock.now, lambda: self.desk.rules, self.desk.every_key
        )

    def offer(self, sku, shop=US):
        (found,) = self.desk.offers([key_of(shop, sku)])
        return found

    def kind(self, sku, shop=US):
        found = self.offer(sku, shop)
        assert isinstance(found, NeedsPerson), found
        return found.kind

    def advance(self, span):
        self.clock.advance(span)
        self.hands.at = self.clock.now()

    def publish(self, sku, shop=US, *, rounds=200):
        """As the engine does: again when its time has come."""
        for _ in range(rounds):
            try:
                return self.publisher.publish(self.offer(sku, shop)).state
            except TryAgain as error:
                self.advance(error.after)
                last = error
        return last.code

    def live(self, sku, audience="ALL"):
        listing = self.amazon.listings.now(self.seller, sku)
        return listing.price(US, self.hands.at, audience)

    def rows(self, sku):
        return self.amazon.listings.now(self.seller, sku).submitted["purchasable_offer"]

    def writes(self):
        return sum(request.method == "PATCH" for request in self.wire.asked)
