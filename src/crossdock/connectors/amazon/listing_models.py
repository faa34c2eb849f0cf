"""What Amazon says of a listing (Listings Items 2021-08-01)."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MERCHANT = "DEFAULT"


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Issue(_Said):
    """What Amazon objects to."""

    code: str = ""
    message: str = ""
    severity: str = ""
    attributeNames: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class Availability(_Said):
    """What is live in one fulfilment network: DEFAULT is the merchant's."""

    fulfillmentChannelCode: str
    quantity: int | None = None


class Listing(_Said):
    """A SKU as it is live, and as it was submitted."""

    sku: str
    marketplace_id: str = ""  # that was asked
    fulfillmentAvailability: tuple[Availability, ...] = ()
    attributes: dict[str, Any] = Field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    @property
    def quantity(self) -> int | None:
        """Merchant stock that is live; None when the merchant does not offer it."""
        return next(
            (a.quantity or 0 for a in self.fulfillmentAvailability
             if a.fulfillmentChannelCode == MERCHANT), None,
        )  # fmt: skip

    @property
    def by_amazon(self) -> bool:
        """Amazon's warehouses hold it; merchant stock must not be pushed to it."""
        channels = [a.fulfillmentChannelCode for a in self.fulfillmentAvailability]
        return any(c.startswith("AMAZON") for c in channels) and MERCHANT not in channels

    @property
    def siblings(self) -> dict[str, Any]:
        """What was submitted beside the merchant's quantity: lead time, restock date."""
        rows = self.attributes.get("fulfillment_availability") or []
        mine = (r for r in rows if r.get("fulfillment_channel_code") == MERCHANT)
        row: dict[str, Any] = next(mine, {})
        return {
            name: value
            for name, value in row.items()
            if name not in ("fulfillment_channel_code", "quantity", "marketplace_id")
        }


class ListingPage(_Said):
    """What a search found."""

    items: tuple[Listing, ...] = ()


class Submission(_Said):
    """Amazon has taken a change, or says why not. ACCEPTED is a receipt, not an effect."""

    sku: str
    status: str
    submissionId: str = ""
    issues: tuple[Issue, ...] = ()
    request_id: str = ""  # of the answer's header
