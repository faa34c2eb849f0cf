"""What should be asked for a SKU: TIMS's entry and the workspace's rule, in the world's words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.simulators.tims.price_records import Break, PriceEntry
from crossdock.simulators.world.pricebook import INDUSTRIAL

ALL, B2B, INDUSTRY = "ALL", "B2B", "B2B_INDUSTRIAL"
NOTHING, ONE, CENT = Decimal(0), Decimal(1), Decimal("0.01")
Sale = tuple[Decimal, datetime, datetime]
"""Price, start, end."""


@dataclass(frozen=True, slots=True)
class PriceRule:
    """What prices.yaml says in a rehearsal: the list price for everybody, the industrial class for
    businesses, and for industry a share less; TIMS's promotions, MAP, and a floor.
    """

    rebate: Decimal = Decimal("0.02")  # of industry
    margin: Decimal = Decimal("0.10")
    fees: Decimal = Decimal("0.15")
    asking: str = ""  # items whose number begins so ask a person below the floor; else it is raised

    def asks(self, item: str) -> bool:
        """Below the floor a person is asked."""
        return bool(self.asking) and item.startswith(self.asking)


RULE = PriceRule()


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that one kind of customers may be asked for a pack."""

    price: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()
    sale: Sale | None = None
    least: Decimal | None = None  # below it Amazon takes the offer off

    def now(self, now: datetime) -> Decimal:
        """What a pack costs now."""
        return self.sale[0] if self.sale and self.sale[1] <= now < self.sale[2] else self.price


@dataclass(frozen=True, slots=True)
class Wanted:
    """The offers by audience. `refused`: a person has to be asked, nothing is written."""

    offers: Mapping[str, Asked]
    floor: Decimal
    refused: bool
    decided: bool  # by the floor: something would be cheaper without it


class _Floor:
    """Raises what is below it, and remembers that it did."""

    def __init__(self, least: Decimal) -> None:
        self.least, self.struck = least, False

    def __call__(self, price: Decimal) -> Decimal:
        self.struck = self.struck or price < self.least
        return max(price, self.least)


def wanted(entry: PriceEntry, units: Decimal, zone: ZoneInfo, now: datetime,
           rule: PriceRule = RULE) -> Wanted:  # fmt: skip
    """What a pack of so many units should cost."""
    floor = _Floor(floor_of(entry, units, rule))
    advertised = _up((entry.map_price or NOTHING) * units)
    plain = _cents(_at(entry.list_price, entry.breaks, units) * units)
    public = floor(max(plain, advertised))
    found = {ALL: Asked(public, (), _sale(entry, units, zone, now, public, advertised, floor),
                        floor.least)}  # fmt: skip
    industrial = entry.of_class(INDUSTRIAL)
    if industrial is None:
        raise ValueError(f"{entry.key} has no industrial price")
    for audience, share in ((B2B, ONE), (INDUSTRY, ONE - rule.rebate)):
        asked = _cents(_at(industrial.unit_price, industrial.breaks, units) * units * share)
        price = floor(min(asked, public))
        tiers = tuple(_tiers(industrial.breaks, units, share, price, floor))
        found[audience] = Asked(price, tiers)
    refused = floor.struck and rule.asks(entry.item_number)
    return Wanted(found, floor.least, refused, floor.struck)


def floor_of(entry: PriceEntry, units: Decimal, rule: PriceRule = RULE) -> Decimal:
    """The least that a pack may cost: TIMS's floor, and cost, fees and margin."""
    cost = (entry.cost or NOTHING) * units / (ONE - rule.fees - rule.margin)
    return max(_up((entry.floor_price or NOTHING) * units), _up(cost))


def live(rows: Iterable[Mapping[str, Any]], shop_id: str, now: datetime) -> dict[str, Asked]:
    """What Amazon asks there, by audience. A sale that is over is none."""
    found = {}
    for row in rows:
        price = next(_slots(row, "our_price"), None)
        if row.get("marketplace_id") != shop_id or price is None:
            continue
        tiers = tuple(
            (int(level["lower_bound"]), Decimal(str(level["value"])))
            for slot in _slots(row, "quantity_discount_plan") for level in slot["levels"]
        )  # fmt: skip
        sales = [
            (_value(slot), _moment(slot["start_at"]), _moment(slot["end_at"]))
            for slot in _slots(row, "discounted_price")
        ]
        least = next(_slots(row, "minimum_seller_allowed_price"), None)
        found[str(row.get("audience") or ALL)] = Asked(
            _value(price), tiers, next((s for s in sales if s[2] > now), None),
            _value(least) if least else None,
        )  # fmt: skip
    return found


def _sale(
    entry: PriceEntry, units: Decimal, zone: ZoneInfo, now: datetime, public: Decimal,
    advertised: Decimal, floor: _Floor,
) -> Sale | None:  # fmt: skip
    """The promotion that is on, of several the cheapest; or else the next one."""

    def begins(day: date) -> datetime:
        return datetime.combine(day, time(0), zone).astimezone(UTC)

    coming = []
    for one in entry.promotions:
        if one.span.start is None or one.span.end is None:
            raise ValueError(f"{entry.key} has a promotion without dates")
        start, end = begins(one.span.start), begins(one.span.end + timedelta(days=1))
        if end > now:
            coming.append((max(start, now), one.unit_price, start, end))
    for _, unit_price, start, end in sorted(coming):
        price = floor(max(_cents(unit_price * units), advertised))
        if price < public:
            return price, start, end
    return None


def _tiers(
    breaks: Iterable[Break], units: Decimal, share: Decimal, base: Decimal, floor: _Floor
) -> Iterator[tuple[int, Decimal]]:
    """Breaks in packs, each cheaper than the one before."""
    by_packs = {
        int((b.min_qty / units).to_integral_value(ROUND_CEILING)): b.unit_price for b in breaks
    }
    before = base
    for packs, unit_price in sorted(by_packs.items()):
        if packs > 1:
            price = floor(_cents(unit_price * units * share))
            if price < before:
                before = price
                yield packs, price


def _at(price: Decimal, breaks: Iterable[Break], units: Decimal) -> Decimal:
    """The price of one of so many units."""
    for one in sorted(breaks, key=lambda b: b.min_qty):
        if one.min_qty <= units:
            price = one.unit_price
    return price


def _slots(row: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    for part in row.get(name) or ():
        yield from part.get("schedule", ())


def _value(slot: Mapping[str, Any]) -> Decimal:
    return Decimal(str(slot["value_with_tax"]))


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value.get("value") if isinstance(value, dict) else value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _up(amount: Decimal) -> Decimal:
    return Decimal(amount).quantize(CENT, rounding=ROUND_CEILING)
