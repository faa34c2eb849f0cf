"""What of a listing is to be written, Amazon's answer to it, and what a person has to see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossdock.business.catalogue.drift import (
    NOTHING_WRITTEN,
    apart,
    differing,
    to_take_away,
)
from crossdock.business.catalogue.model import Plan, Rows, Shown, Spare
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listing_models import MERCHANT, Submission
from crossdock.connectors.amazon.listing_writes import (
    change_listing,
    delete_listing,
    put_listing,
    shown_listing,
)
from crossdock.connectors.amazon.product_models import Attributes, ShownListing
from crossdock.engine.store.submissions import Submission as Receipt
from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.cataloguerules import LISTING
from crossdock.wiring.listing import BEGINNING, SUGGESTED, invalid

BEGIN: Rows = (BEGINNING,)
_ANY_TYPE, _STOCK = "PRODUCT", "fulfillment_availability"  # the type will do for an offer's changes


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written so that the listing is as planned."""

    live: Shown | None
    names: tuple[str, ...]  # attributes that were submitted otherwise
    hidden: bool  # nothing of it shows yet
    title: str  # what buyers read in place of our title
    dropped: Mapping[str, Spare] = field(default_factory=dict)  # said no more, and taken away

    @property
    def nothing(self) -> bool:
        """It shows as planned."""
        return self.live is not None and not (self._more or self.dropped)

    @property
    def takes_only(self) -> bool:
        """Nothing is to be said anew."""
        return bool(self.dropped) and not self._more

    @property
    def _more(self) -> bool:
        return bool(self.names or self.hidden or self.title)

    @property
    def begins(self) -> bool:
        """Nothing stands yet for the stock rules to change: it is new, or its first submission had
        no effect.
        """
        live = self.live
        return live is None or (self.hidden and live.quantity is None and not live.by_amazon)

    @property
    def asin(self) -> str:
        """The page it stands on."""
        return self.live.asin if self.live is not None else ""


def change_of(plan: Plan, told: Receipt | None) -> Change:
    """The difference between a plan and what Amazon has. What no write can mend is a person's.
    `told`: what was written from here; what else Amazon has is not ours to take away.
    """
    shown = plan.shown
    if shown is None:
        return Change(None, tuple(plan.attributes), hidden=True, title="")
    if plan.asin and shown.asin and plan.asin != shown.asin:
        raise NeedsPerson(
            f"{plan.sku} is listed on {shown.asin}, and {plan.asin} is wanted",
            kind="asin-unclear",
            remedy="Amazon moves no listing: delete it in Seller Central, or correct asins in "
            "catalogue.yaml; then retry.",
            about=f"SKU {plan.sku}",
        )
    whole = plan.requirements == LISTING
    if whole and shown.product_type and plan.product_type != shown.product_type:
        raise invalid(
            plan.sku, [f"Amazon takes it for a {shown.product_type}, not a {plan.product_type}"]
        )
    other = shown.title if whole and shown.shows and shown.title != plan.title else ""
    gone = to_take_away(plan, told.names if told is not None else ())
    names = differing(plan, shown, told.pictures if told is not None else NOTHING_WRITTEN)
    return Change(shown, names, not shown.shows, title=other, dropped=gone)


def prepared(amazon: AmazonClient, plan: Plan, change: Change) -> Callable[[], Submission]:
    """Amazon is asked what it would say; what is given writes it. A refusal is a person's."""
    stands = _standing(amazon, plan) if change.begins else BEGIN
    _accepted(plan, _sent(amazon, plan, change, stands, preview=True))

    def write() -> Submission:
        said = _sent(amazon, plan, change, stands, preview=False)
        _accepted(plan, said)
        return said

    return write


def preview(amazon: AmazonClient, plan: Plan, change: Change) -> Submission:
    """What Amazon would say; nothing is kept there."""
    return _sent(amazon, plan, change, BEGIN, preview=True)


def delete(amazon: AmazonClient, shop: str, sku: str) -> None:
    """Take it off there; it is gone when Amazon no longer shows it."""
    said = delete_listing(amazon, shop, sku)
    if said is not None and said.status != "ACCEPTED":
        words = "; ".join(issue.message for issue in said.issues[:3]) or said.status
        raise invalid(sku, [f"Amazon does not delete it: {words}"])


def _sent(
    amazon: AmazonClient, plan: Plan, change: Change, stands: Rows, *, preview: bool
) -> Submission:
    attributes, shop = _listed(plan.attributes), plan.marketplace_id
    if change.live is None:
        attributes[_STOCK] = [dict(row) for row in stands]
        return put_listing(
            amazon, shop, plan.sku, plan.product_type, plan.requirements, attributes,
            preview=preview,
        )  # fmt: skip
    names = change.names
    if not names and not change.takes_only:
        names = tuple(name for name in attributes if name != SUGGESTED)
    some = {name: attributes[name] for name in names if name in attributes}
    for name, rows in some.items():
        _, others = apart(plan.attributes[name], change.live.attributes.get(name, ()))
        rows += [dict(row) for row in others]
    if change.begins:
        some[_STOCK] = [dict(row) for row in stands]
    kind = plan.product_type if plan.requirements == LISTING else _ANY_TYPE
    gone = {name: one.selectors for name, one in change.dropped.items()}
    return change_listing(amazon, shop, plan.sku, kind, some, gone, preview=preview)


def _standing(amazon: AmazonClient, plan: Plan) -> Rows:
    """The quantities to begin with. They are a SKU's in all marketplaces: where it is listed in
    another one, they stay as they are, and nothing that was sold meanwhile comes back.
    """
    for shop in amazon.account.marketplace_ids:
        found = None if shop == plan.marketplace_id else listed_in(amazon, shop, plan.sku)
        rows = found.attributes.get(_STOCK) if found is not None else None
        if found is not None and rows:
            return tuple(_at_most(row, found.quantity) for row in rows)
    return BEGIN


def listed_in(amazon: AmazonClient, shop: str, sku: str) -> ShownListing | None:
    """What is listed there; None where there is nothing, or nothing can be."""
    try:
        return shown_listing(amazon, shop, sku)
    except NeedsPerson:
        return None  # we may not sell there, so nothing stands there


def _at_most(row: Mapping[str, Any], live: int | None) -> Mapping[str, Any]:
    told = row.get("quantity")
    if live is None or told is None or row.get("fulfillment_channel_code") != MERCHANT:
        return row
    return {**row, "quantity": min(int(told), live)}


def _listed(attributes: Mapping[str, Any]) -> Attributes:
    return {name: [dict(row) for row in rows] for name, rows in attributes.items()}


def _accepted(plan: Plan, said: Submission) -> None:
    if said.status in ("ACCEPTED", "VALID"):
        return
    problems = [f"{issue.code} {issue.message}".strip() for issue in said.issues]
    raise invalid(plan.sku, problems or [f"Amazon says {said.status}"])


# --- what a person has to see ---------------------------------------------------------------------


def troubled(plan: Plan, issues: Sequence[str]) -> NeedsPerson:
    """Amazon has found something wrong with a listing that it had taken."""
    more = f" and {len(issues) - 1} more" if len(issues) > 1 else ""
    return NeedsPerson(
        f"Amazon finds fault with the listing of {plan.sku}: {issues[0]}{more}",
        kind="listing-issue",
        remedy="Correct the item in TIMS, or what Amazon names in Seller Central; the case closes "
        "when Amazon is content.",
        about=f"SKU {plan.sku}",
        evidence={"issues": list(issues[:20])},
    )


def not_shown(plan: Plan, change: Change, times: int, submission_id: str) -> NeedsPerson:
    """Amazon took the listing and does not show it so."""
    what = f"buyers read {change.title!r}" if change.title else "it does not show"
    if change.takes_only:
        what = f"it still has {', '.join(change.dropped)}"
    return NeedsPerson(
        f"Amazon took the listing of {plan.sku} {times} times, and {what}",
        kind="listing-not-shown",
        remedy="Look at the listing in Seller Central. Where others write the page, use "
        "requirements: LISTING_OFFER_ONLY; then retry.",
        about=f"SKU {plan.sku}",
        evidence={"submission": submission_id, "title": plan.title, "shown": change.title},
    )


def unwanted(plan: Plan) -> NeedsPerson:
    """It is listed in a marketplace where no rule lists it any more."""
    return NeedsPerson(
        f"{plan.sku} is {plan.unwanted}, and still listed here",
        kind="listing-still-sells",
        remedy="Delete it there in Seller Central, or write discontinued: delete in "
        "catalogue.yaml, or name the marketplace again; then retry.",
        about=f"SKU {plan.sku}",
    )


def still_sells(plan: Plan, what: str) -> NeedsPerson:
    """It may not be for sale, and is."""
    return NeedsPerson(
        f"{plan.sku} may not be for sale at Amazon ({plan.decision.words}), and {what}",
        kind="listing-still-sells",
        remedy="Close the listing in Seller Central, or let stock.yaml publish with a rule for "
        "this SKU; then retry.",
        about=f"SKU {plan.sku}",
    )
