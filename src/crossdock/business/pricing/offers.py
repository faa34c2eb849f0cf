"""From TIMS's prices to Amazon's offers: one pure function, every term told.

A price never falls below the floor, a tier never costs more than fewer packs do, and what
everybody sees is never below the MAP price. What cannot be decided so is a person's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from crossdock.business.pricing.model import (
    PUBLIC,
    AudienceOffer,
    AudienceRule,
    Discount,
    Entry,
    Kind,
    Priced,
    PriceOffer,
    Quoted,
    Rule,
    Sale,
    Source,
    Tier,
)
from crossdock.business.pricing.rounding import coins, coins_down, coins_up
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money
from crossdock.kernel.terms import Term

MOST_TIERS = 5
"""Amazon takes no more."""
_NOTHING, _ONE = Decimal(0), Decimal(1)


def price(one: Priced, rule: Rule, now: datetime) -> PriceOffer:
    """What Amazon is to ask. A NeedsPerson says what keeps it from being known."""
    entry = _entry(one)
    sum_ = _Sum(one, rule, entry)
    floor = sum_.floor()
    public = sum_.audience(PUBLIC, rule.audiences[PUBLIC], floor, None)
    discount = sum_.discount(public, floor, now)
    if discount is not None:
        public = AudienceOffer(PUBLIC, public.price, discount, public.tiers)
    offers = [sum_.bounded(public, floor)]
    for name, wanted in sorted(rule.audiences.items()):
        if name != PUBLIC:
            offers.append(sum_.audience(name, wanted, floor, public.price))
    sum_.margin(public.price)
    return PriceOffer(
        one.sku, one.marketplace_id, tuple(offers), floor, rule.move, tuple(sum_.terms)
    )


def _entry(one: Priced) -> Entry:
    entry = one.entry
    if entry is None:
        raise NeedsPerson(
            f"TIMS has no price for {one.item} in the list of {one.marketplace_id}",
            kind="price-missing",
            remedy="Enter a price in TIMS's price list, then retry.",
            about=f"SKU {one.sku}",
        )
    if entry.currency != one.currency:
        raise NeedsPerson(
            f"{entry.listed.source} is in {entry.currency}, {one.marketplace_id} sells in "
            f"{one.currency}",
            kind="price-currency",
            remedy="Name a price list in the marketplace's currency in prices.yaml, then retry.",
            about=f"SKU {one.sku}",
        )
    return entry


@dataclass
class _Sum:
    """The terms of one SKU's prices while they are worked out."""

    one: Priced
    rule: Rule
    entry: Entry
    terms: list[Term] = field(default_factory=list)

    # --- the floor

    def floor(self) -> Money | None:
        """The least that a pack may cost, whoever buys it; None where nothing says."""
        found = [x for x in (self._tims_floor(), self._cost_floor()) if x is not None]
        if len(found) > 1:
            self._tell("floor", max(found).text, "the higher one")
        return max(found, default=None)

    def _tims_floor(self) -> Money | None:
        if self.entry.floor is None:
            return None
        least = coins_up(self.entry.floor * self.one.units, self.one.currency)
        self._tell("floor of TIMS", least.text, self.entry.listed.source)
        return least

    def _cost_floor(self) -> Money | None:
        wanted, cost = self.rule.floor, self.entry.cost
        if wanted is None:
            return None
        if wanted.uses_cost and cost is None:
            raise NeedsPerson(
                f"TIMS does not say what {self.one.item} costs, and the floor of "
                f"{self.rule.where} needs it",
                kind="price-cost-missing",
                remedy="Give the TIMS client the scope costs:read, or enter the cost; then retry.",
                about=f"SKU {self.one.sku}",
            )
        spent = wanted.fee + wanted.freight
        spent += cost * self.one.units if wanted.uses_cost and cost is not None else 0
        left = _ONE - wanted.fee_share - wanted.margin
        least = coins_up(spent / left, self.one.currency)
        if wanted.uses_cost and cost is not None:
            pack = f"{(cost * self.one.units).normalize():f}"
            self._tell("  cost of a pack", pack, "TIMS, cost of the item")
        for what, share, fixed in (
            ("  Amazon's fees", wanted.fee_share, wanted.fee),
            ("  freight", _NOTHING, wanted.freight),
            ("  margin", wanted.margin, _NOTHING),
        ):
            if share or fixed:
                self._tell(what, _added(share, fixed), self.rule.where)
        self._tell("floor by the rule", least.text, self.rule.where)
        return least

    # --- prices

    def audience(
        self, name: str, wanted: AudienceRule, floor: Money | None, public: Money | None
    ) -> AudienceOffer:
        """What these customers pay; never more than everybody does."""
        quoted = self._quoted(wanted.source)
        unit_price = quoted.at(self.one.units)  # what one pack reaches already counts
        asked = self._asked(unit_price, wanted)
        money = self.rule.rounding.nearest(asked, self.one.currency)
        self._tell(f"{name}: {wanted.source}", f"{unit_price.normalize():f}", quoted.source)
        if self.one.units != 1:
            self._tell("  units in one pack", f"x {self.one.units.normalize():f}", self.one.source)
        if wanted.share or wanted.fixed:
            self._tell("  added", _added(wanted.share, wanted.fixed), self.rule.where)
        if name == PUBLIC:
            money = self._advertised(money)
        if public is not None and money > public:
            self._tell("  not above the public price", public.text)
            money = public
        money = self._above_floor(money, floor, name)
        self._tell(f"  {name} price", money.text)
        tiers = tuple(self._tiers(quoted, wanted, money, floor, name)) if wanted.tiers else ()
        return AudienceOffer(name, money, None, tiers)

    def _quoted(self, source: Source) -> Quoted:
        known: Mapping[Kind, Quoted | None] = {
            Kind.LIST: self.entry.listed,
            Kind.CLASS: self.entry.classes.get(source.name),
            Kind.CONTRACT: self.one.contracts.get(source.name),
        }
        found = known[source.kind]
        if found is None:
            raise NeedsPerson(
                f"TIMS has no price of {source} for {self.one.item}, which {self.rule.where} names",
                kind="price-missing",
                remedy="Enter it in TIMS, or name another source in prices.yaml; then retry.",
                about=f"SKU {self.one.sku}",
            )
        return found

    def _asked(self, unit_price: Decimal, wanted: AudienceRule) -> Decimal:
        return unit_price * self.one.units * (_ONE + wanted.share) + wanted.fixed

    def _advertised(self, money: Money) -> Money:
        """What everybody sees is not below the MAP price."""
        if not self.rule.keeps_map or self.entry.map_price is None:
            return money
        least = self.entry.map_price * self.one.units
        if money.amount >= least:
            return money
        raised = self.rule.rounding.up(least, self.one.currency)
        self._tell("  raised to the MAP price", raised.text, self.entry.listed.source)
        return raised

    def _above_floor(self, money: Money, floor: Money | None, what: str) -> Money:
        if floor is None or not money < floor:
            return money
        if not self.rule.raises_to_floor:
            raise NeedsPerson(
                f"{what} would pay {money} for {self.one.sku}, the floor is {floor}",
                kind="price-below-floor",
                remedy="Correct the price in TIMS or the floor in prices.yaml, then retry.",
                about=f"SKU {self.one.sku}",
                evidence={
                    "price": money.text,
                    "floor": floor.text,
                    "rule": self.rule.where,
                    "terms": [f"{t.what.strip()}: {t.value} ({t.source})" for t in self.terms],
                },
            )
        raised = self.rule.rounding.up(floor.amount, self.one.currency)
        self._tell("  raised to the floor", raised.text, self.rule.where)
        return raised

    # --- tiers and sales

    def _tiers(
        self, quoted: Quoted, wanted: AudienceRule, base: Money, floor: Money | None, name: str
    ) -> Iterator[Tier]:
        """TIMS's breaks in packs; each cheaper than the one before, or it is left out."""
        by_packs: dict[int, Decimal] = {}
        for one in sorted(quoted.breaks, key=lambda b: b.units):
            packs = int((one.units / self.one.units).to_integral_value(ROUND_CEILING))
            if packs > 1:
                by_packs[packs] = one.price  # of two that need as many packs the later counts
        before, kept = base, 0
        for packs, unit_price in by_packs.items():
            money = coins(self._asked(unit_price, wanted), self.one.currency)
            money = self._above_floor(money, floor, f"{name} from {packs} packs on")
            if not money < before:
                self._tell(f"  from {packs} packs on", "left out: not cheaper", quoted.source)
            elif kept == MOST_TIERS:
                self._tell(f"  from {packs} packs on", "left out: five are all", quoted.source)
            else:
                self._tell(f"  from {packs} packs on", money.text, quoted.source)
                before, kept = money, kept + 1
                yield Tier(packs, money)

    def discount(
        self, public: AudienceOffer, floor: Money | None, now: datetime
    ) -> Discount | None:
        """The sale that is on, of several the cheapest; or else the next one."""
        sales = [s for s in self.entry.sales if s.end > now] if self.rule.follows_sales else []
        for sale in sorted(sales, key=lambda s: (max(s.start, now), s.price)):
            money = self._sale_price(sale, floor)
            if money < public.price:
                dates = f"{sale.start:%Y-%m-%d %H:%M} to {sale.end:%Y-%m-%d %H:%M} UTC"
                self._tell("sale", f"{money.text}, {dates}", sale.source)
                return Discount(money, sale.start, sale.end)
            self._tell("sale", f"left out: {money.text} is not cheaper", sale.source)
        return None

    def _sale_price(self, sale: Sale, floor: Money | None) -> Money:
        wanted = self.rule.audiences[PUBLIC]
        money = coins(self._asked(sale.price, wanted), self.one.currency)
        return self._above_floor(self._advertised(money), floor, "a buyer in the sale")

    # --- bounds and what is left

    def bounded(self, public: AudienceOffer, floor: Money | None) -> AudienceOffer:
        """With the bounds that Amazon is told: beyond them it takes the offer off."""
        currency, rule = self.one.currency, self.rule
        cheapest = public.discount.price if public.discount else public.price
        least, most = None, None
        if rule.below is not None:
            bound = coins_down(cheapest.amount * (_ONE - rule.below), currency)
            least = max(bound, floor) if floor is not None else bound
        elif floor is not None:
            least = floor
        if rule.above is not None:
            most = coins_up(public.price.amount * (_ONE + rule.above), currency)
        for what, money in (("least allowed", least), ("most allowed", most)):
            if money is not None:
                self._tell(what, money.text, rule.where)
        return AudienceOffer(
            public.audience, public.price, public.discount, public.tiers, least, most
        )

    def margin(self, public: Money) -> None:
        """What is left of the public price, where cost and fees are known."""
        wanted, cost = self.rule.floor, self.entry.cost
        if wanted is None or cost is None:
            return
        fees = public.amount * wanted.fee_share + wanted.fee + wanted.freight
        left = public.amount - fees - cost * self.one.units
        share = (left / public.amount * 100).quantize(Decimal("0.1"))
        self._tell("left after fees and cost", f"{coins(left, public.currency).text}, {share} %")

    def _tell(self, what: str, value: str, source: str = "") -> None:
        self.terms.append(Term(what, value, source))


def _added(share: Decimal, fixed: Decimal) -> str:
    words = f"{(share * 100).normalize():+f} %" if share else ""
    return " ".join(filter(None, (words, f"{fixed:+f}" if fixed else "")))
