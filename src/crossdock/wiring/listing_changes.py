"""What of a listing is to be written, Amazon's answer to it, and what a person has to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.business.catalogue.drift import differing
from crossdock.business.catalogue.model import Plan, Shown
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listing_models import Submission
from crossdock.connectors.amazon.listing_writes import change_listing, delete_listing, put_listing
from crossdock.connectors.amazon.product_models import Attributes
from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.cataloguerules import LISTING
from crossdock.wiring.listing import BEGINNING, SUGGESTED, invalid

_ANY_TYPE = "PRODUCT"  # enough for changes of an offer


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written so that the listing is as planned."""

    live: Shown | None
    names: tuple[str, ...]  # attributes that were submitted otherwise
    hidden: bool  # nothing of it shows yet
    title: str  # what buyers read in place of our title

    @property
    def nothing(self) -> bool:
        """It shows as planned."""
        return self.live is not None and not (self.names or self.hidden or self.title)

    @property
    def asin(self) -> str:
        """The page it stands on."""
        return self.live.asin if self.live is not None else ""


def change_of(plan: Plan) -> Change:
    """The difference between a plan and what Amazon has. What no write can mend is a person's."""
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
    return Change(shown, differing(plan, shown), hidden=not shown.shows, title=other)


def write(amazon: AmazonClient, plan: Plan, change: Change) -> Submission:
    """Ask Amazon what it would say of it, then write it. What it refuses is a person's."""
    _accepted(plan, preview(amazon, plan, change))
    said = _sent(amazon, plan, change, preview=False)
    _accepted(plan, said)
    return said


def preview(amazon: AmazonClient, plan: Plan, change: Change) -> Submission:
    """What Amazon would say; nothing is kept there."""
    return _sent(amazon, plan, change, preview=True)


def delete(amazon: AmazonClient, sku: str) -> None:
    """Take it off; it is gone when Amazon no longer shows it."""
    said = delete_listing(amazon, sku)
    if said is not None and said.status != "ACCEPTED":
        words = "; ".join(issue.message for issue in said.issues[:3]) or said.status
        raise invalid(sku, [f"Amazon does not delete it: {words}"])


def _sent(amazon: AmazonClient, plan: Plan, change: Change, *, preview: bool) -> Submission:
    attributes = _listed(plan.attributes)
    if change.live is None:
        attributes["fulfillment_availability"] = [dict(BEGINNING)]
        return put_listing(
            amazon, plan.sku, plan.product_type, plan.requirements, attributes, preview=preview
        )
    names = change.names or tuple(name for name in attributes if name != SUGGESTED)
    some = {name: attributes[name] for name in names if name in attributes}
    if change.hidden and change.live.quantity is None and not change.live.by_amazon:
        # The first submission had no effect, so nothing stands yet for the stock rules to change.
        some["fulfillment_availability"] = [dict(BEGINNING)]
    kind = plan.product_type if plan.requirements == LISTING else _ANY_TYPE
    return change_listing(amazon, plan.sku, kind, some, preview=preview)


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
    return NeedsPerson(
        f"Amazon took the listing of {plan.sku} {times} times, and {what}",
        kind="listing-not-shown",
        remedy="Look at the listing in Seller Central. Where others write the page, use "
        "requirements: LISTING_OFFER_ONLY; then retry.",
        about=f"SKU {plan.sku}",
        evidence={"submission": submission_id, "title": plan.title, "shown": change.title},
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
