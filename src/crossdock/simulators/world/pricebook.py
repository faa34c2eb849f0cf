"""What the rehearsal company charges: a list per currency, classes, and one customer's contract.

The same seed gives the same prices.
"""

import random
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims import TimsSim
from crossdock.simulators.world.catalogue import Catalogue, Product, Shop

CONTRACT_CUSTOMER = "BIGSKY"
RETAIL, INDUSTRIAL = "RETAIL", "INDUSTRIAL"
LISTS = {"USD": "STANDARD", "CAD": "CANADA", "MXN": "MEXICO"}
"""The list of each marketplace's currency."""

_CENT, _FINE = Decimal("0.01"), Decimal("0.0001")
_FINE_BELOW = Decimal(1)  # what costs less than a unit of money is priced to four decimals


def stock_prices(tims: TimsSim, goods: Catalogue, seed: int) -> None:
    """Every item gets its place in every list; a fabricator gets a contract for some."""
    dice = random.Random(f"{seed}/prices")
    for shop in goods.shops:
        code = LISTS[shop.currency]
        tims.add_price_list(code, f"Prices in {shop.currency}", currency=shop.currency)
    tims.add_customer(
        CONTRACT_CUSTOMER,
        "Big Sky Fabrication",
        CustomerType="commercial",
        PriceClass=INDUSTRIAL,
        TermsCode="NET30",
    )
    for product in goods.products:
        for shop, terms in _terms(product, goods, dice):
            tims.set_price(product.item, list_code=LISTS[shop.currency], **terms)
    for product in dice.sample(goods.products, len(goods.products) // 5):
        tims.set_contract_price(
            CONTRACT_CUSTOMER,
            product.item,
            _money(product.price * Decimal("0.85")),
            breaks={20: _money(product.price * Decimal("0.82"))},
        )


def _terms(
    product: Product, goods: Catalogue, dice: random.Random
) -> list[tuple[Shop, dict[str, Any]]]:
    """The same structure in every currency: a margin, a floor above cost, breaks for some."""
    price = product.price
    cost = price * Decimal(dice.randint(55, 70)) / 100
    floor = cost * Decimal("1.05")  # at most 74 % of the list price: no rebate of a pack reaches it
    has_map, has_breaks = dice.random() < 0.25, dice.random() < 0.4
    found = []
    for shop in goods.shops:
        rate = shop.rate
        shares = {10: "0.95", 50: "0.90"} if has_breaks else {}
        terms: dict[str, Any] = {
            "list_price": _money(price * rate),
            "floor_price": _money(floor * rate),
            "cost": _money(cost * rate),
            "map_price": _money(price * rate * Decimal("0.95")) if has_map else None,
            "breaks": {n: _money(price * rate * Decimal(x)) for n, x in shares.items()},
            "classes": {
                RETAIL: _money(price * rate),
                INDUSTRIAL: _money(price * rate * Decimal("0.90")),
            },
            "class_breaks": {INDUSTRIAL: {25: _money(price * rate * Decimal("0.88"))}},
        }
        found.append((shop, terms))
    return found


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(_FINE if amount < _FINE_BELOW else _CENT)
