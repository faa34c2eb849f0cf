"""What Amazon may be told about a TIMS shipment, and whether it took it in."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crossdock.business.fulfilment.model import (
    Action,
    Dispatch,
    Item,
    Package,
    Parcel,
    Plan,
    Sale,
    Seen,
    SeenPackage,
    Shipment,
)
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.ids import fingerprint

CONFIRMED, VERIFIED = "confirmed", "verified"
"""What a link says of a shipment: told to Amazon; seen there."""

LOOK_AGAIN = timedelta(minutes=2)
_ZONES = timedelta(days=1)  # dates of TIMS are in the company's zone, times in UTC
_ANCIENT = datetime(2000, 1, 1, tzinfo=UTC)

REMEDIES = {
    "ship-date-impossible": "Correct the ship date of the shipment in TIMS, then retry.",
    "carrier-unknown": "Add the carrier to lookups/carriers.csv, then retry.",
    "tracking-missing": "Enter the tracking number in TIMS; the case closes by itself.",
    "pack-split": "Correct the quantities in TIMS, or confirm it in Seller Central by hand.",
    "shipment-unreadable": "Correct the shipment in TIMS, then retry.",
}
"""Kinds of trouble, the one that hides the others first; each with its first advice."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person has to put right."""

    kind: str
    what: str


def decide(shipment: Shipment, sale: Sale, applied: str | None, state: str | None) -> Plan:
    """What is to be done at Amazon, from how things stand now.

    `applied` is the fingerprint of what was confirmed last, `state` what the link says.
    """
    told = state in (CONFIRMED, VERIFIED)
    if shipment.status == "voided":
        if told:
            raise _voided(shipment, sale)
        return Plan(Action.NOTHING, "voided before it was confirmed")
    if shipment.status != "posted":
        return Plan(Action.NOTHING, f"the shipment is {shipment.status} in TIMS, not posted")
    dispatch = pack(shipment, sale)
    if not dispatch.packages:
        return Plan(Action.NOTHING, "nothing of the Amazon order is in it")
    now = fingerprint(dispatch)
    if not told or applied != now:
        reason = "corrected in TIMS" if told else "shipped"
        return Plan(Action.CONFIRM, reason, now)
    if state == CONFIRMED:
        return Plan(Action.VERIFY, "confirmed, not yet seen at Amazon", now)
    return Plan(Action.NOTHING, "confirmed already, and nothing has changed", now)


def pack(shipment: Shipment, sale: Sale) -> Dispatch:
    """The shipment in Amazon's terms; NeedsPerson with all findings when it cannot be told."""
    findings = [*_dates(shipment, sale)]
    contents, broken = _packs(shipment, sale)
    references, doubled = _references(shipment)
    findings += broken + doubled
    packages = []
    for parcel in shipment.parcels:
        items = contents.get(parcel.number, ())
        if not items:
            continue
        found = [*_parcel(parcel)]
        findings += found
        if not findings and shipment.shipped_at is not None:
            reference = references[parcel.number]
            packages.append(_package(parcel, reference, shipment.shipped_at, items))
    if findings:
        raise _refusal(shipment, sale, findings)
    return Dispatch(sale.order_id, sale.marketplace_id, tuple(packages))


def verify(dispatch: Dispatch, seen: Seen) -> Seen:
    """Amazon shows every package as it was told; TryAgain while one is not visible yet."""
    about = f"Amazon order {dispatch.order_id}"
    shown = {package.reference: package for package in seen.packages}
    missing = [package.reference for package in dispatch.packages if package.reference not in shown]
    if missing:
        raise TryAgain(
            f"Amazon does not show package {', '.join(missing)} yet", after=LOOK_AGAIN, about=about
        )
    differences = [
        f"package {package.reference}: {difference}"
        for package in dispatch.packages
        for difference in _differences(package, shown[package.reference])
    ]
    if differences:
        raise NeedsPerson(
            f"Amazon shows something else than it was told: {'; '.join(differences)}",
            kind="package-not-visible",
            remedy="Compare the package in Seller Central with TIMS and correct it there.",
            about=about,
        )
    return seen


# --- findings -------------------------------------------------------------------------------------


def _dates(shipment: Shipment, sale: Sale) -> Iterator[Finding]:
    kind, shipped = "ship-date-impossible", shipment.shipped_at
    if shipped is None:
        yield Finding(kind, "the shipment has no ship date")
        return
    day = f"{shipped:%Y-%m-%d}"
    if shipped < _ANCIENT:
        yield Finding(kind, f"the shipment says {day}")
    elif sale.ordered_on is not None and shipped.date() < sale.ordered_on - _ZONES:
        yield Finding(kind, f"shipped on {day}, before it was ordered on {sale.ordered_on}")
    if shipment.posted_at is not None and shipped > shipment.posted_at + _ZONES:
        yield Finding(kind, f"shipped on {day}, but written down on {shipment.posted_at:%Y-%m-%d}")


def _parcel(parcel: Parcel) -> Iterator[Finding]:
    if not parcel.carrier:
        yield Finding("carrier-unknown", f"package {parcel.number} has no carrier in TIMS")
    elif not parcel.amazon_carrier:
        what = f"TIMS carrier {parcel.carrier!r} is not in lookups/carriers.csv"
        yield Finding("carrier-unknown", what)
    elif parcel.amazon_carrier.lower() == "other" and not parcel.amazon_carrier_name:
        what = f"TIMS carrier {parcel.carrier!r} is Other at Amazon, which needs a name"
        yield Finding("carrier-unknown", what)
    if not (parcel.tracking or "").strip():
        yield Finding("tracking-missing", f"package {parcel.number} has no tracking number")


def _references(shipment: Shipment) -> tuple[Mapping[str, str], list[Finding]]:
    """Amazon's name for each parcel: a positive number that never changes for the parcel."""
    shipment_digits = re.sub(r"\D", "", shipment.number).lstrip("0")
    references: dict[str, str] = {}
    for place, parcel in enumerate(shipment.parcels, start=1):
        digits = re.sub(r"\D", "", parcel.number) or str(place)
        references[parcel.number] = f"{shipment_digits}{int(digits):03d}"
    if not shipment_digits:
        what = f"shipment number {shipment.number!r} has no digits to make a package number of"
        return references, [Finding("shipment-unreadable", what)]
    if len(set(references.values())) < len(shipment.parcels):
        return references, [Finding("shipment-unreadable", "two packages have the same number")]
    return references, []


# --- quantities -----------------------------------------------------------------------------------


def item_and_pack(ref: str) -> tuple[str, int]:
    """Amazon's item and the units per pack that a TIMS line remembers: "0501#2x10" is item 0501,
    packs of ten (the second line of a split price).
    """
    item, _, rest = ref.partition("#")
    _, _, packs = rest.partition("x")
    return item, int(packs) if packs.isdecimal() and int(packs) > 0 else 1


def _packs(shipment: Shipment, sale: Sale) -> tuple[Mapping[str, tuple[Item, ...]], list[Finding]]:
    """Whole packs by parcel. A pack that lies in two parcels counts where it becomes complete."""
    refs = {line.number: item_and_pack(line.ref) for line in sale.lines if line.ref}
    seen: dict[str, Decimal] = defaultdict(Decimal)
    sizes: dict[str, int] = {}
    found: dict[str, tuple[Item, ...]] = {}
    for parcel in shipment.parcels:
        counted: dict[str, int] = defaultdict(int)
        for content in parcel.contents:
            if content.line_number not in refs:
                continue  # a line that staff added: Amazon does not know it
            item, size = refs[content.line_number]
            before = seen[item] // size
            seen[item] += content.units
            sizes[item] = size
            counted[item] += int(seen[item] // size - before)
        items = tuple(Item(item, packs) for item, packs in sorted(counted.items()) if packs)
        found[parcel.number] = items
    broken = [
        Finding("pack-split", f"{units} units of item {item} are no whole packs of {sizes[item]}")
        for item, units in sorted(seen.items())
        if units % sizes[item]
    ]
    return found, broken


def _package(
    parcel: Parcel, reference: str, shipped_at: datetime, items: tuple[Item, ...]
) -> Package:
    return Package(
        reference=reference,
        carrier_code=parcel.amazon_carrier or "",
        carrier_name=parcel.amazon_carrier_name,
        method=parcel.service or parcel.default_method,
        tracking=(parcel.tracking or "").strip(),
        ship_date=shipped_at,
        items=items,
    )


def _differences(told: Package, shown: SeenPackage) -> Iterator[str]:
    names = {name.lower() for name in (told.carrier_code, told.carrier_name) if name}
    if shown.carrier is not None and shown.carrier.lower() not in names:
        yield f"carrier {shown.carrier}, not {told.carrier_code}"
    if shown.tracking != told.tracking:
        yield "another tracking number"
    if sorted((item.item_id, item.quantity) for item in shown.items) != sorted(
        (item.item_id, item.quantity) for item in told.items
    ):
        yield "other quantities"


# --- words ----------------------------------------------------------------------------------------


def _voided(shipment: Shipment, sale: Sale) -> NeedsPerson:
    return NeedsPerson(
        f"shipment {shipment.number} was voided in TIMS after Amazon was told that it had shipped",
        kind="shipment-voided",
        remedy="Ship the goods after all, or settle it with the buyer in Seller Central.",
        about=f"Amazon order {sale.order_id}",
    )


def _refusal(shipment: Shipment, sale: Sale, findings: list[Finding]) -> NeedsPerson:
    kinds = [kind for kind in REMEDIES if any(f.kind == kind for f in findings)]
    return NeedsPerson(
        f"shipment {shipment.number}: " + "; ".join(finding.what for finding in findings),
        kind=kinds[0],
        remedy=" ".join(REMEDIES[kind] for kind in kinds),
        about=f"Amazon order {sale.order_id}",
        evidence={"findings": [f"{f.kind}: {f.what}" for f in findings]},
    )
