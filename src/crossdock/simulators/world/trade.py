"""What TIMS says of the goods beyond number and price, what else a gas and welding distributor has
on file, and which of it Amazon has a page for already.

Drawn from generators of their own: worlds of older seeds buy and ship as before.
"""

import random
from collections.abc import Mapping
from typing import Any

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.tims import TimsSim
from crossdock.simulators.world.catalogue import Catalogue

Details = dict[str, Any]

BRANDS = ("Weldco", "Ironclad", "Bluearc")
WITHOUT_NUMBER = "WLD-CHIP"
SPRAY = "WLD-SPRAY-16"
_PAPERS: Details = {
    "IsHazmat": True, "UnNumber": "UN1950", "ProperShippingName": "Aerosols", "HazardClass": "2.1",
    "PackingGroup": None, "LimitedQuantity": True, "SdsUrl": "https://sds.example/un1950.pdf",
    "SdsRevisionDate": "2025-03-01", "LithiumBattery": False,
}  # fmt: skip
_NO_SHEET: Details = {**_PAPERS, "SdsUrl": None, "SdsRevisionDate": None}

# number | what it is | class | container | parts of a kit
_MORE = """
CYL-AR-80|Argon cylinder, 80 cu ft|container||
GAS-AR-80|Argon fill, 80 cu ft|gas|AR-80|
RENT-CYL-DAY|Cylinder rental, a day|rental||
FEE-HAZMAT|Hazardous material charge|fee||
SVC-REPAIR|Torch repair|service||
WLD-REFILL-KIT|Torch with a filled cylinder|hardgood|OX-20|
WLD-PRIMER-16|Weld-through primer 16 oz|hardgood||
WLD-OLD-MASK|Fixed shade helmet|hardgood||
KIT-CLEAN|Brush and anti-spatter spray|hardgood||WLD-BRUSH-SS,WLD-SPRAY-16
KIT-BODYSHOP|Gloves and weld-through primer|hardgood||WLD-GLOVE-MIG-L,WLD-PRIMER-16
"""
MORE = tuple(tuple(row.split("|")) for row in _MORE.strip().splitlines())
NEVER_SOLD = ("CYL-AR-80", "GAS-AR-80", "RENT-CYL-DAY", "FEE-HAZMAT", "SVC-REPAIR",
              "WLD-REFILL-KIT", "WLD-PRIMER-16", "WLD-OLD-MASK", "KIT-BODYSHOP")  # fmt: skip
"""Of those: what must never be for sale at Amazon as TIMS describes it."""


def describe(goods: Catalogue, seed: int) -> dict[str, Details]:
    """What TIMS says of each item that is sold."""
    dice = random.Random(f"{seed}/descriptions")
    said = {}
    for n, product in enumerate(goods.products):
        said[product.item] = _details(dice, n, product.description)
    if WITHOUT_NUMBER in said:
        said[WITHOUT_NUMBER]["Gtin"] = None
    if SPRAY in said:
        said[SPRAY]["Hazmat"] = dict(_PAPERS)
    for item, details in said.items():
        if "GLOVE" in item:
            size = "L" if item.endswith("-L") else "M"
            details["Attributes"] = {"Size": size, "Material": "Leather"}
    _photograph(said, seed)
    return said


def _photograph(said: Mapping[str, Details], seed: int) -> None:
    """One to three images of each."""
    dice = random.Random(f"{seed}/images")
    for details in said.values():
        (first,) = details["Images"]
        stem = first["Url"].removesuffix(".jpg")
        more = [{"Url": f"{stem}-{n}.jpg"} for n in range(2, 2 + dice.randrange(3))]
        details["Images"] = [first, *more]


def more_items(tims: TimsSim) -> None:
    """What is on file besides: containers, fills, rentals, fees, kits, dangerous goods."""
    dice = random.Random("more items")
    for n, (number, what, kind, container, parts) in enumerate(MORE, 900):
        details = _details(dice, n, what) | {"RequiresContainer": container or None}
        if number == "WLD-PRIMER-16":
            details["Hazmat"] = dict(_NO_SHEET)
        kit = {part: 1 for part in parts.split(",") if part}
        if all(part in tims.items for part in kit):
            tims.add_item(number, what, item_class=kind, kit=kit, details=details)
    tims.deactivate_item("WLD-OLD-MASK", "discontinued")


def more_skus() -> str:
    """Rows of the SKU table for them, as somebody might fill it in without thinking."""
    return "".join(f"{row[0]},{row[0]},EA,1\n" for row in MORE)


def pages(amazon: AmazonSim, goods: Catalogue, said: Mapping[str, Details], seed: int) -> None:
    """Amazon has a page for many of the goods, and two for some."""
    dice = random.Random(f"{seed}/pages")
    for product in goods.products:
        details = said[product.item]
        many = dice.choice((0, 0, 1, 1, 1, 1, 1, 1, 1, 2))
        for _ in range(many if details["Gtin"] else 0):
            amazon.catalog.add(
                f"{details['Brand']} {product.description}", gtin=details["Gtin"],
                brand=details["Brand"], part_number=details["MfrPartNumber"],
                product_type="PROTECTIVE_GLOVE" if "GLOVE" in product.item else "WELDING_TOOL",
            )  # fmt: skip


def upc(number: int) -> str:
    """A UPC with its check digit."""
    body = f"{72500000000 + number:011}"
    weighed = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(body))
    return body + str((10 - weighed % 10) % 10)


def _details(dice: random.Random, n: int, what: str) -> Details:
    return {
        "LongDescription": f"{what}. For professional welders.",
        "Brand": dice.choice(BRANDS),
        "MfrPartNumber": f"P-{dice.randrange(10_000, 99_999)}",
        "Gtin": upc(n * 37 + dice.randrange(37)),
        "CountryOfOrigin": dice.choice(("US", "MX", "DE", "SE")),
        "Weight": {"Value": f"{dice.randrange(1, 400) / 10:.1f}", "Unit": "LB"},
        "Images": [{"Url": f"https://images.example/{n}.jpg"}],
        "Hazmat": {"IsHazmat": False},
    }
