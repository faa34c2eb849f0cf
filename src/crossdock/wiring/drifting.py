"""What Amazon shows of all SKUs in each marketplace against what TIMS says, with few calls: twenty
listings in one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossdock.business.catalogue.drift import differences
from crossdock.business.catalogue.model import Difference
from crossdock.connectors.amazon.listing_writes import every_listing, shown_listings
from crossdock.connectors.amazon.product_models import ShownListing
from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.engine.store.submissions import Submission
from crossdock.kernel.errors import RunError, TryAgain
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.listing import Lister, Nearby
from crossdock.wiring.places import Place


@dataclass
class Drift:
    """The report. `undecided` are SKUs of which nobody can say what they should be."""

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(
        default_factory=list
    )  # keys of what is listed, in no row of the table
    undecided: dict[str, str] = field(default_factory=dict)


def drift_of(
    desk: CatalogueDesk, lister: Lister, wanted: Sequence[str], keys: Sequence[str],
    told: Mapping[tuple[str, str], Submission],
) -> Drift:  # fmt: skip
    """These keys; and what is listed besides in their marketplaces, unless SKUs were `wanted`. A
    quota that is empty ends the report with what was left out. `told`: receipts by marketplace and
    SKU; what was written, and nothing says any more, is a difference too.
    """
    found, items, failed = Drift(), desk.every_item(), []
    shops: dict[str, list[Place]] = {}
    for place in map(desk.places.of, keys):
        shops.setdefault(place.marketplace_id, []).append(place)
    for shop, places in shops.items():
        try:
            live = (
                shown_listings(lister.amazon, shop, [place.sku for place in places])
                if wanted
                else every_listing(lister.amazon, shop)
            )
        except RunError as error:  # the others are compared all the same
            failed.append(error)
            found.undecided |= {place.key: str(error) for place in places}
            continue
        for place in places:
            receipt = told.get((shop, place.sku))
            _compare(lister, place, items, live, receipt, found)
        if not wanted:
            strangers = sorted(live.keys() - desk.skus().rows.keys())
            found.unknown += [desk.places.at(shop, sku).key for sku in strangers]
    if failed and len(failed) == len(shops):
        raise failed[0]
    return found


def _compare(
    lister: Lister, place: Place, items: Mapping[str, CatalogueItem],
    live: Mapping[str, ShownListing], told: Submission | None, found: Drift,
) -> None:  # fmt: skip
    try:
        study = lister.study(place.key, items=items, near=Nearby(live))
    except TryAgain as error:
        found.undecided[place.key] = str(error)
        return
    if study.plan is None:
        words = study.problems[0].message if study.problems else "nothing is planned"
        found.undecided[place.key] = words
        return
    plan, shown = study.plan, study.plan.shown
    if told is None:
        found.differences += differences(plan, shown)
    else:
        found.differences += differences(plan, shown, told.names, told.pictures)
    found.compared += 1
