"""A TIMS with items of the trade, an Amazon with a catalogue, and the catalogue between them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from crossdock.business.catalogue.model import Listed, Plan
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.client import TimsClient
from crossdock.engine.store import submissions
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.listing_records import SimListing
from crossdock.simulators.clock import HandClock
from crossdock.wiring.catalogue_runs import SchemasInStore
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.listing import Lister, Study
from crossdock.wiring.listing_publisher import ListingPublisher
from tests.connectors.amazon.conftest import NOW, US
from tests.connectors.amazon.conftest import InProcess as Wire
from tests.connectors.tims.simulated import InProcess, ManualClock, a_tims, account_of
from tests.stores import a_store

RULES = """\
version: 1
publish: on
rules:
  - {skus: ["HANDS-OFF"], leave: yes}
  - skus: ["GLOVE*"]
    product_type: PROTECTIVE_GLOVE
    requirements: LISTING
    attributes:
      size: {from: Attributes.Size, words: {L: large, M: medium}}
      outer_material_type: Attributes.Material
  - {classes: [hardgood], brands: [Weldco], product_type: WELDING_TOOL, requirements: LISTING}
  - {skus: ["TORCH*"], product_type: WELDING_TOOL}
"""
SKUS = """\
sku,item,uom,units_per_pack
GLOVE,GLV-1,EA,1
TORCH,TRC-1,EA,1
TORCH-3PK,TRC-1,EA,3
SPRAY,SPR-1,EA,1
GAS,ARGON,EA,1
TANK,CYL-40,EA,1
RENT,RENT-1,EA,1
FEE,HAZ-FEE,EA,1
KIT,KIT-1,EA,1
HANDS-OFF,TRC-1,EA,1
"""
FORBIDDEN = ("GAS", "TANK", "RENT", "FEE")
GLOVE_GTIN, TORCH_GTIN, SPRAY_GTIN = "036000291452", "4006381333931", "00012345678905"
PAPERS = {
    "IsHazmat": True, "UnNumber": "1950", "SdsUrl": "https://sds.example/1950.pdf",
    "SdsRevisionDate": "2025-05-01",
}  # fmt: skip
SPOKEN = {"Brand": "Weldco", "MfrPartNumber": "W-1", "Hazmat": {"IsHazmat": False}}


class Trade:
    """Both companies and the desk between them, on a clock moved by hand."""

    def __init__(self, folder: Path, shops: tuple[str, ...] = (US,)) -> None:
        self.shops = shops
        self.folder, self.clock, self.hands = folder, ManualClock(NOW), HandClock(NOW)
        (folder / "lookups").mkdir()
        self.write(rules=RULES, skus=SKUS)
        self.tims = a_tims(self.clock, limits=False)
        self._items()
        self.amazon = AmazonSim(self.hands, limits=False)
        self.page = self.amazon.catalog.add("Cutting torch", gtin=TORCH_GTIN)
        self.db = a_store(folder)
        self.client = TimsClient(account_of(self.tims), InProcess(self.tims.api), self.clock)
        self.desk = CatalogueDesk(folder, self.client, self.clock.now, shops)
        self.wire = Wire(self.amazon)

    def _items(self) -> None:
        tims = self.tims
        tims.add_item("GLV-1", "MIG glove, large", details={
            **SPOKEN, "Gtin": GLOVE_GTIN, "Attributes": {"Size": "L", "Material": "Leather"},
        })  # fmt: skip
        tims.add_item("TRC-1", "Cutting torch", details={**SPOKEN, "Gtin": TORCH_GTIN,
                                                         "Brand": "Other"})  # fmt: skip
        tims.add_item("SPR-1", "Anti-spatter spray", details={
            **SPOKEN, "Gtin": SPRAY_GTIN, "Hazmat": PAPERS,
        })  # fmt: skip
        for number, kind in (("ARGON", "gas"), ("CYL-40", "container"), ("RENT-1", "rental"),
                             ("HAZ-FEE", "fee")):  # fmt: skip
            tims.add_item(number, item_class=kind, details=SPOKEN)
        tims.add_item("KIT-1", "Kit", kit={"TRC-1": 1, "SPR-1": 1}, details=SPOKEN)

    def write(
        self, rules: str | None = None, skus: str | None = None, table: str | None = None
    ) -> None:
        files = (("catalogue.yaml", rules), ("lookups/skus.csv", skus),
                 ("lookups/eligibility.csv", table))  # fmt: skip
        for name, text in files:
            if text is not None:
                (self.folder / name).write_text(text, "utf-8")

    @property
    def account(self) -> AmazonClient:
        sim = self.amazon
        account = AmazonAccount(
            sim.sellers[0].seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
            marketplace_ids=self.shops,
        )  # fmt: skip
        return AmazonClient(account, self.wire, self.clock, MemoryBuckets(self.clock))

    @property
    def lister(self) -> Lister:
        return Lister(self.desk, self.account, SchemasInStore(lambda: self.db))

    @property
    def publisher(self) -> ListingPublisher:
        return ListingPublisher(
            self.account, lambda: self.db, self.clock.now, lambda: self.desk.rules.publish,
            lambda: self.desk.rules.planned,
        )  # fmt: skip

    def study(self, sku: str) -> Study:
        return self.lister.study(sku)

    def kinds(self, sku: str) -> list[str]:
        """The kinds of everything that a person has to settle."""
        return [getattr(p, "kind", type(p).__name__) for p in self.study(sku).problems]

    def plan(self, sku: str) -> Plan:
        """From what TIMS says now."""
        self.desk.items_changed()  # as the feed does
        return self.lister.plan(sku)

    def publish(self, sku: str) -> Listed:
        """As the engine does: planned anew each time, again when its time has come."""
        for _ in range(300):
            try:
                return self.publisher.publish(self.plan(sku))
            except TryAgain as error:
                self.advance(error.after or timedelta(seconds=20))
        raise AssertionError("it never ends")

    def refused(self, sku: str) -> NeedsPerson:
        """The case that it comes to."""
        try:
            found = self.publish(sku)
        except NeedsPerson as error:
            return error
        raise AssertionError(f"{sku} is {found}")

    def advance(self, span: timedelta) -> None:
        self.clock.advance(span)
        self.hands.at = self.clock.now()

    def live(self, sku: str) -> SimListing | None:
        return self.amazon.listings.now(self.amazon.sellers[0].seller_id, sku)

    def receipt(self, key: str) -> Any:
        place = self.desk.places.of(key)
        return submissions.of(self.db, place.sku, place.marketplace_id, first=place.first)

    def asked(self, method: str, part: str) -> int:
        """Requests to Amazon of that method whose address holds that."""
        return sum(r.method == method and part in r.url for r in self.wire.asked)

    def writes(self) -> int:
        """Submissions; previews are none."""
        return sum(
            r.method in ("PUT", "PATCH", "DELETE") and "VALIDATION_PREVIEW" not in r.url
            for r in self.wire.asked
        )
