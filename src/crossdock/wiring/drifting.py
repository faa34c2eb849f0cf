"""What Amazon shows of all SKUs against what TIMS says, with few calls: twenty listings in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossdock.business.catalogue.drift import differences
from crossdock.business.catalogue.model import Difference
from crossdock.connectors.amazon.listing_writes import every_listing, shown_listings
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.listing import Lister, Nearby


@dataclass
class Drift:
    """The report. `undecided` are SKUs of which nobody can say what they should be."""

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # listed at Amazon, in no row of the table
    undecided: Mapping[str, str] = field(default_factory=dict)


def drift_of(desk: CatalogueDesk, lister: Lister, wanted: Sequence[str]) -> Drift:
    """These SKUs, or all, and then also what is listed besides. A quota that is empty ends the
    report with what was left out.
    """
    skus = list(dict.fromkeys(wanted)) or sorted(desk.skus().rows)
    live = shown_listings(lister.amazon, skus) if wanted else every_listing(lister.amazon)
    items = desk.every_item()
    found, undecided = Drift(), {}
    for sku in skus:
        try:
            study = lister.study(sku, items=items, near=Nearby(live))
        except TryAgain as error:
            undecided[sku] = str(error)
            continue
        if study.plan is None:
            undecided[sku] = study.problems[0].message if study.problems else "nothing is planned"
            continue
        found.differences += differences(study.plan, study.plan.shown)
        found.compared += 1
    if not wanted:
        known = desk.skus().rows.keys()
        found.unknown = sorted(live.keys() - known)
    found.undecided = undecided
    return found
