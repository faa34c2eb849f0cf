"""What Amazon says of a SKU's offers (Listings Items 2021-08-01)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from crossdock.connectors.amazon.exact import Exactly, Number
from crossdock.connectors.amazon.listing_models import Issue

PUBLIC = "ALL"
OFFER = "purchasable_offer"
SELECTORS = ("marketplace_id", "currency", "audience")
OWNED = ("our_price", "discounted_price", "minimum_seller_allowed_price",
         "maximum_seller_allowed_price", "quantity_discount_plan")  # fmt: skip
"""Fields of an offer that we write; others are left as they are."""


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """What one audience is to pay for a SKU, as it is written. Times are UTC."""

    audience: str
    currency: str
    price: Decimal
    sale: tuple[Decimal, datetime, datetime] | None = None  # price, start, end
    tiers: tuple[tuple[int, Decimal], ...] = ()  # lower bound, price
    minimum: Decimal | None = None
    maximum: Decimal | None = None


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Price(_Said):
    amount: Exactly
    currencyCode: str


class _Audience(_Said):
    value: str = PUBLIC


class LiveOffer(_Said):
    """What an audience pays now."""

    marketplaceId: str
    offerType: str = ""
    price: _Price
    audience: _Audience | None = None

    @property
    def of(self) -> str:
        """Its audience."""
        if self.audience is not None:
            return self.audience.value
        return PUBLIC if self.offerType in ("", "B2C") else "B2B"


class PricedListing(_Said):
    """A SKU's offers as they are live, and as they were submitted."""

    sku: str
    offers: tuple[LiveOffer, ...] = ()
    attributes: dict[str, Any] = Field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    def live(self, marketplace_id: str) -> dict[str, Decimal]:
        """What each audience pays now."""
        mine = (o for o in self.offers if o.marketplaceId == marketplace_id)
        return {o.of: o.price.amount for o in mine}

    def rows(self, marketplace_id: str) -> dict[str, dict[str, Any]]:
        """The submitted offers there, by audience."""
        rows: Iterable[Mapping[str, Any]] = self.attributes.get(OFFER) or ()
        mine = (r for r in rows if r.get("marketplace_id", marketplace_id) == marketplace_id)
        return {str(r.get("audience") or PUBLIC): dict(r) for r in mine}

    def price_errors(self) -> list[Issue]:
        """What Amazon holds against the prices."""
        return [i for i in self.issues if i.severity == "ERROR" and _of_prices(i)]


class PricedPage(_Said):
    """What a search for listings found."""

    items: tuple[PricedListing, ...] = ()


def _of_prices(issue: Issue) -> bool:
    return OFFER in issue.attributeNames or "INVALID_PRICE" in issue.categories


def written(draft: OfferDraft) -> dict[str, Any]:
    """The owned fields of an offer as they are sent; None takes a field away."""
    fields: dict[str, Any] = dict.fromkeys(OWNED)
    fields["our_price"] = _at(draft.price)
    if draft.sale is not None:
        price, start, end = draft.sale
        (slot,) = _at(price)
        slot["schedule"][0] |= {"start_at": _moment(start), "end_at": _moment(end)}
        fields["discounted_price"] = [slot]
    if draft.minimum is not None:
        fields["minimum_seller_allowed_price"] = _at(draft.minimum)
    if draft.maximum is not None:
        fields["maximum_seller_allowed_price"] = _at(draft.maximum)
    if draft.tiers:
        levels = [{"lower_bound": n, "value": Number(price)} for n, price in draft.tiers]
        plan = {"discount_type": "fixed", "levels": levels}
        fields["quantity_discount_plan"] = [{"schedule": [plan]}]
    return fields


def same(draft: OfferDraft, row: Mapping[str, Any] | None) -> bool:
    """The submitted row says what the draft says, in the fields that we own."""
    if row is None:
        return False
    wanted = {name: _plain(value) for name, value in written(draft).items()}
    return wanted == {name: _plain(row.get(name)) for name in OWNED}


def siblings(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What others wrote beside our fields, by audience."""
    kept = {
        audience: {k: v for k, v in row.items() if k not in (*OWNED, *SELECTORS)}
        for audience, row in rows.items()
    }
    return {audience: fields for audience, fields in kept.items() if fields}


def _at(price: Decimal) -> list[dict[str, Any]]:
    return [{"schedule": [{"value_with_tax": Number(price)}]}]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: Any) -> Any:
    """Comparable: numbers exact, times as moments, null and nothing alike."""
    if isinstance(value, Number):
        return value.value.normalize()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(repr(value) if isinstance(value, float) else value).normalize()
    if isinstance(value, str):
        return _as_moment(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _as_moment(text: str) -> Any:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at if at.tzinfo else at.replace(tzinfo=UTC)
