"""Buyers: what each will buy, and what each will think better of, decided before the world begins.

Every buyer draws from a generator of their own, so nothing that happens later, and nobody else,
changes what a buyer does.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from crossdock.simulators.amazon import Address, Business, Buyer, Line
from crossdock.simulators.world.catalogue import CENT, Catalogue, Shop, Sku
from crossdock.simulators.world.scenario import Scenario

AUTHORISE, REQUEST_CANCEL, CANCEL = "authorise", "request_cancel", "cancel"
CHANGE_ADDRESS, CHANGE_QUANTITY, SHIP_BY_AMAZON = (
    "change_address",
    "change_quantity",
    "ship_by_amazon",
)


@dataclass(frozen=True, slots=True)
class Move:
    """Something done to an order, `after` so many seconds since it was placed."""

    after: float
    what: str
    by: str = "BUYER"
    address: Address | None = None
    by_units: int = 0  # packs more or less


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order to be: who buys what, when, and what follows."""

    order_id: str
    at: float  # seconds from the start
    shop: Shop
    buyer: Buyer
    lines: tuple[Line, ...]
    pending: bool
    business: Business | None = None
    fulfilled_by: str = "MERCHANT"
    moves: tuple[Move, ...] = ()


def purchases(scenario: Scenario, goods: Catalogue, seed: str) -> tuple[Purchase, ...]:
    """What all buyers of a scenario will do."""
    taken: set[str] = set()
    made = []
    for number in range(scenario.orders):
        one = _Decisions(scenario, goods, random.Random(f"{seed}/buyer/{number}")).purchase(number)
        if one.order_id in taken:
            raise ValueError(f"two buyers drew the order id {one.order_id}: take another seed")
        taken.add(one.order_id)
        made.append(one)
    return tuple(made)


class _Decisions:
    """One buyer's draws."""

    def __init__(self, scenario: Scenario, goods: Catalogue, dice: random.Random) -> None:
        self._scenario, self._goods, self._dice = scenario, goods, dice

    def purchase(self, number: int) -> Purchase:
        scenario, dice = self._scenario, self._dice
        order_id = f"{dice.randint(111, 114)}-{dice.randrange(10**7):07}-{dice.randrange(10**7):07}"
        at = scenario.span * (number + dice.random()) / max(scenario.orders, 1)
        shop = self._shop()
        business = self._business()
        buyer = self._buyer(shop, business)
        lines = self._lines(shop)
        if dice.random() < scenario.fba:
            leaves = (Move(dice.uniform(200, 600), SHIP_BY_AMAZON, by="AMAZON"),)
            return Purchase(order_id, at, shop, buyer, lines, False, business, "AMAZON", leaves)
        pending, moves = self._moves(shop, lines)
        return Purchase(order_id, at, shop, buyer, lines, pending, business, moves=moves)

    def _moves(self, shop: Shop, lines: Sequence[Line]) -> tuple[bool, tuple[Move, ...]]:
        scenario, dice = self._scenario, self._dice
        pending = dice.random() < scenario.pending_first
        paid = dice.uniform(min(20, scenario.pending_for), scenario.pending_for)
        second = self._second_thought()
        if second == "cancel_while_pending":
            return True, (Move(paid, CANCEL, by=dice.choice(("AMAZON", "BUYER"))),)
        begun = paid if pending else 0.0
        moves = [Move(paid, AUTHORISE, by="AMAZON")] if pending else []
        if second == "cancel_before_tims":
            moves.append(Move(begun + dice.uniform(0.2, 4), CANCEL))
        elif second == "cancel_after_tims":
            moves.append(Move(begun + dice.uniform(90, 500), CANCEL))
        elif second == "buyer_cancel_request":
            moves.append(Move(begun + dice.uniform(5, 500), REQUEST_CANCEL))
        elif second == "change_address":
            address = self._address(shop, self._name())
            moves.append(Move(begun + dice.uniform(30, 400), CHANGE_ADDRESS, address=address))
        elif second == "change_quantity":
            by_units = -1 if lines[0].quantity > 1 and dice.random() < 0.7 else 1
            moves.append(Move(begun + dice.uniform(30, 400), CHANGE_QUANTITY, by_units=by_units))
        return pending, tuple(moves)

    def _second_thought(self) -> str | None:
        """At most one per buyer."""
        scenario, point = self._scenario, self._dice.random()
        for name in _SECOND_THOUGHTS:
            point -= getattr(scenario, name)
            if point < 0:
                return name
        return None

    def _shop(self) -> Shop:
        shops, dice = self._goods.shops, self._dice
        abroad = dice.random() < self._scenario.abroad
        return dice.choice(shops[1:]) if abroad and len(shops) > 1 else shops[0]

    # --- who -------------------------------------------------------------------------------------

    def _name(self) -> str:
        return f"{self._dice.choice(_FIRST)} {self._dice.choice(_LAST)}"

    def _buyer(self, shop: Shop, business: Business | None) -> Buyer:
        name = self._name()
        return Buyer(name, self._address(shop, name, business))

    def _address(self, shop: Shop, name: str, business: Business | None = None) -> Address:
        dice = self._dice
        city, state, code = dice.choice(_TOWNS[shop.country])
        return Address(
            name=name,
            line1=f"{dice.randint(1, 9999)} {dice.choice(_STREETS)}",
            line2=dice.choice(("", "", "", "Suite 4", "Dock B", "Bldg 7, unit 2")),
            city=city,
            state=state,
            postal_code=code,
            country=shop.country,
            company=business.company if business and dice.random() < 0.5 else "",
            kind="COMMERCIAL" if business else "RESIDENTIAL",
        )

    def _business(self) -> Business | None:
        dice = self._dice
        if dice.random() >= self._scenario.business:
            return None
        company = f"{dice.choice(_LAST)} {dice.choice(_TRADES)}"
        return Business(company, f"PO-{dice.randint(1000, 99999)}" if dice.random() < 0.8 else "")

    # --- what ------------------------------------------------------------------------------------

    def _lines(self, shop: Shop) -> tuple[Line, ...]:
        dice = self._dice
        count = dice.choice((2, 2, 3, 4)) if dice.random() < self._scenario.multi_line else 1
        untaxed = dice.random() < self._scenario.untaxed
        skus = [self._special_sku() or self._usual_sku()]
        skus += [self._usual_sku() for _ in range(count - 1)]
        return tuple(self._line(sku, shop, Decimal(0) if untaxed else shop.tax) for sku in skus)

    def _special_sku(self) -> Sku | None:
        scenario, dice, skus = self._scenario, self._dice, self._goods.skus
        point = dice.random()
        if point < scenario.unknown_sku:
            odd = [sku for sku in skus if not sku.in_lookup]
        elif point < scenario.unknown_sku + scenario.inactive_item:
            odd = [sku for sku in skus if not sku.product.active and sku.in_lookup]
        else:
            return None
        return dice.choice(odd) if odd else None

    def _usual_sku(self) -> Sku:
        pack = self._dice.random() < self._scenario.packs
        usual = self._goods.usual[pack]
        return self._dice.choice(usual[: self._scenario.favourites or len(usual)])

    def _line(self, sku: Sku, shop: Shop, tax: Decimal) -> Line:
        scenario, dice = self._scenario, self._dice
        price = _cents(sku.price * shop.rate)
        quantity = dice.choice((1, 1, 1, 1, 2, 2, 3, 5, 7))
        goods = price * quantity
        nothing = Decimal(0)
        discounted = dice.random() < scenario.discounts
        discount = _cents(goods * dice.choice((5, 10, 15)) / 100) if discounted else nothing
        shipped = dice.random() < scenario.shipping
        shipping = _cents(Decimal(dice.choice(("5.99", "9.99", "14.50"))) * shop.rate)
        shipping = shipping if shipped else nothing
        rebated = shipped and dice.random() < scenario.shipping_discounts
        off_shipping = _cents(shipping * dice.choice((50, 100)) / 100) if rebated else nothing
        wrapped = dice.random() < scenario.gift_wrap
        wrap = _cents(Decimal("3.99") * shop.rate) if wrapped else nothing
        return Line(
            sku=sku.sku,
            quantity=quantity,
            unit_price=price,
            discount=discount,
            shipping=shipping,
            shipping_discount=off_shipping,
            gift_wrap=wrap,
            tax=_cents(goods * tax),
            shipping_tax=_cents(shipping * tax),
            gift_wrap_tax=_cents(wrap * tax),
            discount_tax=_cents((discount + off_shipping) * tax),
            title=sku.product.description,
            gift_wrap_level="Standard" if wrapped else "",
            promotions=("WELD-SUMMER-10",) if discounted else (),
        )


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT)


_SECOND_THOUGHTS = (
    "cancel_while_pending",
    "cancel_before_tims",
    "cancel_after_tims",
    "buyer_cancel_request",
    "change_address",
    "change_quantity",
)

_FIRST = (
    *("Ana", "Bert", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hiro"),
    *("Inez", "Jonas", "Kofi", "Lena", "Mateo", "Nadia", "Otto"),
)
_LAST = (
    *("Almeida", "Bauer", "Castillo", "Dubois", "Eriksen", "Fischer"),
    *("Gagnon", "Hughes", "Ito", "Jansen", "Kowalski", "Núñez"),
)
_TRADES = (
    *("Fabrication", "Iron Works", "Pipe & Welding"),
    *("Ranch Repair", "Machine Shop", "Steel Inc."),
)
_STREETS = (
    *("Foundry Road", "Main Street", "County Road 12"),
    *("Harbour Lane", "2nd Avenue N", "Mill Street"),
)
_TOWNS = {
    "US": (
        ("Billings", "MT", "59101"),
        ("Casper", "WY", "82601"),
        ("Tulsa", "OK", "74103"),
        ("Erie", "PA", "16501"),
        ("Reno", "NV", "89501"),
    ),
    "CA": (
        ("Lethbridge", "AB", "T1J 0A1"),
        ("Hamilton", "ON", "L8P 1A1"),
        ("Gatineau", "QC", "J8X 1A1"),
    ),
    "MX": (("Monterrey", "NL", "64000"), ("Saltillo", "COA", "25000"), ("León", "GTO", "37000")),
}
