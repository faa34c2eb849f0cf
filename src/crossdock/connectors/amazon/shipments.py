"""Telling Amazon that packages left, when replies get lost and quotas are short.

A package is an absolute value under its reference id: the same again changes nothing. So a lost
reply is followed by a look, and only what does not stand is told again.
"""

import threading
from collections.abc import Sequence
from typing import Final

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.calls import Refused
from crossdock.connectors.amazon.client import PACKAGES, AmazonClient
from crossdock.connectors.amazon.errors import Meaning
from crossdock.connectors.amazon.limits import not_yet
from crossdock.connectors.http import ReplyLost
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.quota import Grant

OPERATION: Final = "confirmShipment"
_MOST_REMEMBERED = 1000


class Shipments:
    """Confirms shipments through one client."""

    def __init__(self, client: AmazonClient) -> None:
        self._client = client
        self._told = _Told()

    def confirm(self, confirmation: m.ShipmentConfirmation) -> m.Confirmed:
        """Every package of the shipment stands at Amazon, or an error says what happens next."""
        wanted, quota = self.calls(confirmation), self._client.quota
        grant = quota.take(OPERATION, wanted)
        wait = quota.waits(OPERATION, grant.wait, max(wanted - grant.granted - 1, 0))
        return self.confirm_granted(confirmation, Grant(grant.granted, wait))

    def calls(self, confirmation: m.ShipmentConfirmation) -> int:
        """How many calls the shipment still needs."""
        return len(self._open(confirmation))

    def confirm_granted(self, confirmation: m.ShipmentConfirmation, grant: Grant) -> m.Confirmed:
        """As `confirm`, with quota that was taken already. When it does not reach for all packages
        the rest waits; what was told is remembered, so that the next turn goes on with the rest.
        """
        found: list[str] = []
        for place, package in enumerate(self._open(confirmation)):
            if place >= grant.granted:
                raise not_yet(OPERATION, _about(confirmation), grant.wait)
            if self._tell(confirmation, package):
                found.append(package.packageReferenceId)
            self._told.add(confirmation, package)
        self._told.forget(confirmation)
        references = tuple(p.packageReferenceId for p in confirmation.packages)
        return m.Confirmed(
            orderId=confirmation.orderId, packageReferenceIds=references, found=tuple(found)
        )

    def _open(self, confirmation: m.ShipmentConfirmation) -> list[m.PackageDetail]:
        return [p for p in confirmation.packages if not self._told.has(confirmation, p)]

    def _tell(self, confirmation: m.ShipmentConfirmation, package: m.PackageDetail) -> bool:
        """Tell Amazon; True when it knew already, which we saw by looking."""
        try:
            self._client.confirm_package(confirmation, package, paid=True)
        except ReplyLost as lost:
            if self._stands(confirmation, package):
                return True
            raise lost  # the same again changes nothing
        except Refused as refused:
            if refused.refusal.status != 400:
                raise refused.error from None
            order = self._looked(confirmation, refused.error)
            if _shows(order, package, by_carrier=False):
                return True
            raise _verdict(refused, order, confirmation, package.packageReferenceId) from None
        return False

    def _stands(self, confirmation: m.ShipmentConfirmation, package: m.PackageDetail) -> bool:
        try:
            order = self._client.get_order(confirmation.orderId, PACKAGES)
        except RunError:
            return False  # not seen: it goes again
        return _shows(order, package)

    def _looked(self, confirmation: m.ShipmentConfirmation, refusal: RunError) -> m.Order:
        """The order, to judge a refusal by; when we cannot look now, nothing is decided."""
        try:
            return self._client.get_order(confirmation.orderId, PACKAGES)
        except TryAgain as error:
            raise TryAgain(
                f"{refusal.message}; whether the package stands could not be read yet",
                after=error.after, counts=error.counts, about=refusal.about,
                request_id=refusal.request_id, code=refusal.code,
            ) from None  # fmt: skip


def _shows(order: m.Order, package: m.PackageDetail, *, by_carrier: bool = True) -> bool:
    """The order has this very package. Amazon may show a carrier in words of its own; where a
    repeat is harmless that only costs one, where it was refused it proves nothing.
    """
    return any(_same(seen, package, by_carrier=by_carrier) for seen in order.packages)


def _same(seen: m.OrderPackage, told: m.PackageDetail, *, by_carrier: bool) -> bool:
    carriers = {"", _folded(told.carrierCode), _folded(told.carrierName)}
    return (
        seen.packageReferenceId == told.packageReferenceId
        and _folded(seen.trackingNumber) == _folded(told.trackingNumber)
        and (not by_carrier or _folded(seen.carrier) in carriers)
        and _units(seen.packageItems) == _units(told.orderItems)
    )


def _units(items: Sequence[m.PackageItem] | Sequence[m.ConfirmedItem]) -> dict[str, int]:
    units: dict[str, int] = {}
    for item in items:
        units[item.orderItemId] = units.get(item.orderItemId, 0) + item.quantity
    return units


def _verdict(
    refused: Refused, order: m.Order, confirmation: m.ShipmentConfirmation, reference: str
) -> RunError:
    """What a refusal means when the order does not show the package as it was told.

    "Already fulfilled" by packages that Amazon does not show yet is a matter of time, and so is a
    correction of a package that Amazon shows and cannot find; by other packages that it shows,
    somebody else has confirmed the order in another way.
    """
    if refused.meaning is not Meaning.LOOK:
        return refused.error
    error, shown = refused.error, [p.packageReferenceId for p in order.packages]
    ordered = sum(item.quantityOrdered for item in order.orderItems)
    packed = sum(sum(_units(p.packageItems).values()) for p in order.packages)
    if reference in shown:
        return TryAgain(
            f"Amazon shows package {reference} and does not find it to correct it",
            about=_about(confirmation), request_id=error.request_id, code="correction-refused",
        )  # fmt: skip
    if packed < ordered:
        return TryAgain(
            "Amazon says that the package stands but does not show it yet",
            about=_about(confirmation), request_id=error.request_id, code="package-not-visible",
        )  # fmt: skip
    return NeedsPerson(
        f"the order is fulfilled by other packages: {', '.join(shown)}",
        kind="shipment-rejected",
        remedy="Somebody confirmed this order in another way: compare its packages in Seller "
        "Central with the TIMS shipment, then resolve this case.",
        about=_about(confirmation), request_id=error.request_id, code=error.code,
        evidence={"packages": shown},
    )  # fmt: skip


def _about(confirmation: m.ShipmentConfirmation) -> str:
    return f"Amazon order {confirmation.orderId}"


def _folded(text: str | None) -> str:
    return (text or "").strip().casefold()


class _Told:
    """Packages told in an unfinished shipment, by this process. Forgetting is harmless."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], m.PackageDetail] = {}
        self._lock = threading.Lock()

    def has(self, confirmation: m.ShipmentConfirmation, package: m.PackageDetail) -> bool:
        with self._lock:
            return self._known.get(_key(confirmation, package)) == package

    def add(self, confirmation: m.ShipmentConfirmation, package: m.PackageDetail) -> None:
        with self._lock:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[_key(confirmation, package)] = package

    def forget(self, confirmation: m.ShipmentConfirmation) -> None:
        with self._lock:
            for package in confirmation.packages:
                self._known.pop(_key(confirmation, package), None)


def _key(confirmation: m.ShipmentConfirmation, package: m.PackageDetail) -> tuple[str, str]:
    return confirmation.orderId, package.packageReferenceId
