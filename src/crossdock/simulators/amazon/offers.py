"""purchasable_offer: prices by marketplace, currency and audience, with sales and tiers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon.marketplaces import MARKETPLACES
from crossdock.simulators.amazon.replies import Row
from crossdock.simulators.amazon.state import amount

ALL, B2B = "ALL", "B2B"
SELECTORS = ("marketplace_id", "currency", "audience")
_PRICES = ("our_price", "discounted_price", "minimum_seller_allowed_price",
           "maximum_seller_allowed_price", "map_price")  # fmt: skip
_OTHERS = ("start_at", "end_at", "quantity_discount_plan",
           "automated_pricing_merchandising_rule_plan")  # fmt: skip
_MOST_LEVELS = 5


def audience_of(row: Mapping[str, Any]) -> str:
    """Whom the offer is for; everybody unless it says so."""
    return str(row.get("audience") or ALL)


def price_of(
    rows: Iterable[Mapping[str, Any]], marketplace_id: str, audience: str, now: datetime
) -> Decimal | None:
    """What one costs now: the sale while it lasts, else the price."""
    for row in rows:
        if row.get("marketplace_id") == marketplace_id and audience_of(row) == audience:
            for slot in _slots(row, "discounted_price"):
                if _covers(slot, now):
                    return Decimal(str(slot["value_with_tax"]))
            for slot in _slots(row, "our_price"):
                return Decimal(str(slot["value_with_tax"]))
    return None


def live_offers(
    rows: Sequence[Mapping[str, Any]], shops: Iterable[str], now: datetime
) -> list[Row]:
    """As getListingsItem shows them under `offers`."""
    found: list[Row] = []
    for shop in shops:
        for row in rows:
            audience = audience_of(row)
            price = price_of([row], shop, audience, now)
            if price is not None:
                money = {"currencyCode": row["currency"], "amount": f"{price:f}"}
                kind = "B2C" if audience == ALL else "B2B"
                found.append({"marketplaceId": shop, "offerType": kind, "price": money,
                              "audience": {"value": audience}})  # fmt: skip
    return found


def refused_prices(
    rows: Iterable[Mapping[str, Any]], marketplace_id: str, now: datetime
) -> Iterator[Row]:
    """A price beyond the bounds that the seller himself has set takes the offer off."""
    for row in rows:
        if row.get("marketplace_id") != marketplace_id:
            continue
        price = price_of([row], marketplace_id, audience_of(row), now)
        low, high = (
            _bound(row, "minimum_seller_allowed_price"),
            _bound(row, "maximum_seller_allowed_price"),
        )
        if price is not None and (
            (low is not None and price < low) or (high is not None and price > high)
        ):
            yield {
                "code": "90111", "severity": "ERROR", "categories": ["INVALID_PRICE"],
                "attributeNames": ["purchasable_offer"],
                "message": "The price is outside the minimum and maximum price.",
            }  # fmt: skip


def faults_of_offers(rows: Sequence[Row]) -> Iterator[str]:
    """What Amazon refuses at once, in words."""
    for row in rows:
        shop = MARKETPLACES.get(str(row.get("marketplace_id")))
        if shop is None:
            yield "marketplace_id is required."
            continue
        if row.get("currency") != shop.currency:
            yield f"The currency of {shop.id} is {shop.currency}."
        for name, value in row.items():
            if name in _PRICES and value is not None:
                yield from _price_faults(name, value, shop.currency)
            elif name == "quantity_discount_plan" and value is not None:
                yield from _plan_faults(row, value)
            elif name not in (*SELECTORS, *_PRICES, *_OTHERS):
                yield f"{name} is not a field of purchasable_offer."


def _price_faults(name: str, value: Any, currency: str) -> Iterator[str]:
    for part in value if isinstance(value, list) else [None]:
        slots = part.get("schedule") if isinstance(part, dict) else None
        if not isinstance(slots, list) or len(slots) != 1:
            yield f"{name} needs a schedule with one entry."
            continue
        price = slots[0].get("value_with_tax")
        if not isinstance(price, int | Decimal) or isinstance(price, bool) or price <= 0:
            yield f"The price of {name} must be a number above zero."
        elif Decimal(price) != amount(Decimal(price), currency):
            yield f"The price of {name} has too many decimals."
        if name == "discounted_price" and not (slots[0].get("start_at") and slots[0].get("end_at")):
            yield "discounted_price needs start_at and end_at."


def _plan_faults(row: Row, value: Any) -> Iterator[str]:
    slots = [slot for part in value for slot in part.get("schedule", ())]
    for slot in slots:
        levels = slot.get("levels") or []
        bounds = [level.get("lower_bound") for level in levels]
        values = [Decimal(str(level.get("value", 0))) for level in levels]
        fixed = slot.get("discount_type") == "fixed"
        if slot.get("discount_type") not in ("fixed", "percent"):
            yield "discount_type must be fixed or percent."
        if not 1 <= len(levels) <= _MOST_LEVELS:
            yield f"A quantity discount plan has 1 to {_MOST_LEVELS} levels."
        elif bounds != sorted(set(bounds)) or bounds[0] < 2:
            yield "The lower bounds of a quantity discount plan must rise from 2."
        elif values != sorted(set(values), reverse=fixed):
            yield "Every level of a quantity discount plan must be cheaper than the one before."
        base = next(_slots(row, "our_price"), None)
        if fixed and base is not None and values and values[0] >= Decimal(base["value_with_tax"]):
            yield "The levels of a quantity discount plan must be below the price."


def _slots(row: Mapping[str, Any], name: str) -> Iterator[Row]:
    for part in row.get(name) or ():
        yield from part.get("schedule", ())


def _bound(row: Mapping[str, Any], name: str) -> Decimal | None:
    slot = next(_slots(row, name), None)
    return None if slot is None else Decimal(str(slot["value_with_tax"]))


def _covers(slot: Mapping[str, Any], now: datetime) -> bool:
    return _moment(slot["start_at"]) <= now < _moment(slot["end_at"])


def _moment(value: Any) -> datetime:
    text = value.get("value") if isinstance(value, dict) else value
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
