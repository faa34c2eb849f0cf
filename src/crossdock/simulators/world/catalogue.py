"""What the rehearsal company sells: welding supplies, their SKUs at Amazon, and who carries them.

The same seed gives the same catalogue. A few SKUs are missing in the lookup table, as new listings
are, and a few items are inactive in TIMS.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Product:
    """An inventory item of TIMS."""

    item: str
    description: str
    price: Decimal  # of one unit, US dollars
    uom: str = "EA"
    active: bool = True
    scarce: bool = False  # there is less on the shelf than will be ordered


@dataclass(frozen=True, slots=True)
class Sku:
    """A listing at Amazon: so many units of an item for one price."""

    sku: str
    product: Product
    units_per_pack: int
    price: Decimal  # of one pack, US dollars
    in_lookup: bool = True


@dataclass(frozen=True, slots=True)
class Shop:
    """A marketplace and the customer that stands for it in TIMS."""

    marketplace_id: str
    country: str
    currency: str
    customer_code: str
    customer_name: str
    rate: Decimal  # units of its currency for a US dollar
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse."""

    location_id: str
    name: str
    share: Decimal  # of all stock


@dataclass(frozen=True, slots=True)
class Carrier:
    """TIMS's code for a carrier and Amazon's words for it."""

    code: str
    amazon_code: str
    name: str
    service: str
    tracking: str  # how its numbers look: # is a digit, @ a letter


@dataclass(frozen=True)
class Catalogue:
    """Everything that both companies must agree on."""

    products: tuple[Product, ...]
    skus: tuple[Sku, ...]
    shops: tuple[Shop, ...]
    places: tuple[Place, ...]
    carriers: tuple[Carrier, ...]

    def sku(self, name: str) -> Sku:
        """The listing of that name; a KeyError when there is none."""
        return self._by_sku[name]

    def shop(self, marketplace_id: str) -> Shop:
        """The marketplace with that id."""
        return next(shop for shop in self.shops if shop.marketplace_id == marketplace_id)

    def prices_of(self, sku: Sku) -> dict[str, Decimal]:
        """What a pack costs in each marketplace, in its currency."""
        return {s.marketplace_id: (sku.price * s.rate).quantize(CENT) for s in self.shops}

    def carrier(self, code: str) -> Carrier | None:
        """The carrier that TIMS knows by that code."""
        return next((carrier for carrier in self.carriers if carrier.code == code), None)

    @cached_property
    def _by_sku(self) -> Mapping[str, Sku]:
        return {sku.sku: sku for sku in self.skus}

    @cached_property
    def usual(self) -> tuple[tuple[Sku, ...], tuple[Sku, ...]]:
        """Listings that give no trouble: single units, and packs."""
        good = [sku for sku in self.skus if sku.in_lookup and sku.product.active]
        singles = tuple(sku for sku in good if sku.units_per_pack == 1)
        return singles, tuple(sku for sku in good if sku.units_per_pack > 1)

    def lookup_files(self, *, open_customers: bool = False) -> dict[str, str]:
        """The lookup tables that match, as CSV, by file name. `open_customers`: a marketplace's
        customer that TIMS does not have may be opened.
        """
        open_customer = "yes" if open_customers else "no"
        skus = (
            f"{s.sku},{s.product.item},{s.product.uom},{s.units_per_pack}"
            for s in self.skus
            if s.in_lookup
        )
        carriers = (f"{c.code},{c.amazon_code},{c.name},{c.service}" for c in self.carriers)
        shops = (
            f"{s.marketplace_id},{s.country},{s.customer_code},{s.customer_name},"
            f"{ZONES[s.country]},,no,marketplace,ask,7,{open_customer}"
            for s in self.shops
        )
        customers = (f"{s.marketplace_id},{s.customer_code}" for s in self.shops)
        return {
            "skus.csv": _csv("sku,item,uom,units_per_pack", skus),
            "carriers.csv": _csv("tims_carrier,amazon_code,amazon_name,default_method", carriers),
            "marketplaces.csv": _csv(_MARKETPLACES, shops),
            "customers.csv": _csv("marketplace,customer_code", customers),
            "business_buyers.csv": _csv(
                "marketplace_id,rule,prefix,terms_code",
                (f"{x.marketplace_id},open,{OWN_ACCOUNT}," for x in self.shops[:1]),
            ),
        }


OWN_ACCOUNT = "AMZB-"
"""Begins the codes of companies' own accounts; only the first marketplace opens such."""

SHOPS = tuple(
    Shop(marketplace_id, country, currency, f"AMZ-{country}", name, Decimal(rate), Decimal(tax))
    for marketplace_id, country, currency, name, rate, tax in (
        ("ATVPDKIKX0DER", "US", "USD", "Amazon.com customers", "1", "0.0725"),
        ("A2EUQ1WTGCTBG2", "CA", "CAD", "Amazon.ca customers", "1.38", "0.13"),
        ("A1AM78C64UM0Y8", "MX", "MXN", "Amazon.com.mx customers", "18.4", "0.16"),
    )
)

PLACES = (
    Place("BIL", "Billings warehouse", Decimal("0.7")),
    Place("DEN", "Denver warehouse", Decimal("0.3")),
)

CARRIERS = (
    Carrier("UPS", "UPS", "UPS", "Ground", "1Z@@####0#########"),
    Carrier("FEDEX", "FedEx", "FedEx", "Ground", "7###########"),
    Carrier("USPS", "USPS", "USPS", "Priority Mail", "94001###############"),
    Carrier("DHL", "DHL", "DHL", "Express", "##########"),
    Carrier("ONTRAC", "ONTRAC", "OnTrac", "Ground", "C##############"),
    Carrier("SAIA", "Other", "Saia LTL Freight", "LTL", "1##########"),
)

ZONES = {"US": "America/New_York", "CA": "America/Toronto", "MX": "America/Mexico_City"}
_MARKETPLACES = (
    "marketplace_id,country,customer_code,customer_name,time_zone,location,prices_include_tax,"
    "tax_collected_by,buyer_cancel,hold_days,open_customer"
)

# item | what it is | price of a unit | packs that are sold at Amazon
_GOODS = """
WLD-ER70S6-030-11|ER70S-6 MIG wire .030, 11 lb spool|34.95|1
WLD-ER70S6-035-33|ER70S-6 MIG wire .035, 33 lb spool|64.50|1
WLD-ER70S6-045-33|ER70S-6 MIG wire .045, 33 lb spool|66.25|1
WLD-E71TGS-030-2|E71T-GS flux-cored wire .030, 2 lb|18.99|1,2
WLD-E71TGS-035-10|E71T-GS flux-cored wire .035, 10 lb|54.20|1
WLD-ER4043-035-1|ER4043 aluminium wire .035, 1 lb|15.49|1,4
WLD-ER308L-035-2|ER308L stainless wire .035, 2 lb|31.10|1
WLD-E6010-18-10|E6010 electrode 1/8, 10 lb|39.75|1
WLD-E6011-332-5|E6011 electrode 3/32, 5 lb|22.40|1,2
WLD-E6013-18-5|E6013 electrode 1/8, 5 lb|19.95|1
WLD-E7018-18-10|E7018 electrode 1/8, 10 lb|41.60|1
WLD-E7018-332-50|E7018 electrode 3/32, 50 lb|169.00|1
WLD-TIP-030|MIG contact tip .030|0.96|10,25
WLD-TIP-035|MIG contact tip .035|0.96|1,10,25
WLD-NOZ-12|MIG nozzle 1/2 inch|4.85|1,3
WLD-DIFF-23|Gas diffuser|3.33|3,5
WLD-TUNG-2L-332|2 % lanthanated tungsten 3/32|2.79|10
WLD-TUNG-PURE-18|Pure tungsten 1/8|3.15|10
WLD-CUP-6|Alumina cup no. 6|1.29|10
WLD-COLLET-332|TIG collet 3/32|1.85|5
WLD-HELM-AD9|Auto-darkening helmet, shade 9-13|129.00|1
WLD-LENS-4X5|Clear cover lens 4.5 x 5.25|1.10|5,10
WLD-GLOVE-MIG-L|MIG gloves, large|17.80|1,3
WLD-GLOVE-TIG-M|TIG gloves, medium|15.25|1
WLD-JACKET-FR-XL|FR cotton jacket, extra large|44.90|1
WLD-BLANKET-6X8|Fibreglass welding blanket 6 x 8|58.00|1
WLD-REG-AR|Argon flow meter regulator|89.50|1
WLD-REG-OXY|Oxygen regulator, medium duty|112.75|1
WLD-HOSE-GAS-25|Twin hose 1/4, 25 ft|48.30|1
WLD-TORCH-COMBO|Cutting and welding outfit|239.00|1
WLD-FLINT|Flint striker|3.67|1,3
WLD-SOAP|Soapstone, flat|0.42|12,50
WLD-CLAMP-300|Ground clamp 300 A|12.60|1
WLD-CABLE-2-25|Welding cable no. 2, 25 ft|97.00|1
WLD-CHIP|Chipping hammer|9.45|1,2
WLD-BRUSH-SS|Stainless wire brush|5.99|1,3
WLD-DISC-45-40|Flap disc 4.5 inch, 40 grit|3.49|10
WLD-CUT-45|Cut-off wheel 4.5 inch|1.35|10,25
WLD-SPRAY-16|Anti-spatter spray 16 oz|8.20|1,12
WLD-GEL-16|Nozzle gel 16 oz|6.75|1
"""


def catalogue(seed: int, *, scarce: float = 0.1, unlisted: int = 3, inactive: int = 2) -> Catalogue:
    """The catalogue of a seed. `unlisted` SKUs are missing in the lookup; `inactive` items are."""
    dice = random.Random(f"{seed}/catalogue")
    rows = [row.split("|") for row in _GOODS.strip().splitlines()]
    numbers = [row[0] for row in rows]
    sleeping = set(dice.sample(numbers, inactive))
    short = set(dice.sample(numbers, round(scarce * len(numbers))))
    products = []
    listed: list[tuple[Product, int]] = []
    for number, what, price, packs in rows:
        product = Product(
            number, what, Decimal(price), active=number not in sleeping, scarce=number in short
        )
        products.append(product)
        listed += [(product, int(units)) for units in packs.split(",")]
    lively = [place for place, (product, _) in enumerate(listed) if product.active]
    unknown = set(dice.sample(lively, unlisted))
    skus = tuple(
        _listing(product, units, dice, in_lookup=place not in unknown)
        for place, (product, units) in enumerate(listed)
    )
    return Catalogue(tuple(products), skus, SHOPS, PLACES, CARRIERS)


def _listing(product: Product, units: int, dice: random.Random, *, in_lookup: bool) -> Sku:
    name = product.item if units == 1 else f"{product.item}-{units}PK"
    rebate = Decimal(dice.choice((0, 0, 2, 5))) / 100 if units > 1 else Decimal(0)
    price = (product.price * units * (1 - rebate)).quantize(CENT)
    return Sku(name, product, units, price, in_lookup)


def _csv(header: str, rows: Iterator[str]) -> str:
    return "\n".join((header, *rows)) + "\n"
