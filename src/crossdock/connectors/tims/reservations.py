"""Stock held for orders that are not payable yet. What is held is looked up before every write."""

from decimal import Decimal

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.ids import fingerprint

ACTIVE = frozenset({"active", "Active", None})


class Holds:
    """What can be done with reservations under one reference."""

    def __init__(self, client: TimsClient) -> None:
        self._client = client

    def reserve(self, wanted: m.NewReservations) -> m.Reservations:
        """Hold exactly these lines: keep what is held, add what is missing, free the rest."""
        known = self._client.reservations(wanted.ExternalRef)
        spare = [row for row in known if row.Status in ACTIVE]
        held: list[m.Reservation] = []
        missing: list[m.NewReservation] = []
        for line in wanted.Lines:
            qty = self._in_base_units(line, spare)
            same = next((row for row in spare if _same(row, line, qty)), None)
            if same is None:
                missing.append(line)
                continue
            spare.remove(same)
            held.append(same)
        for row in spare:
            self._free(row)
        short: list[m.NewReservation] = []
        for place, line in enumerate(missing):
            # The rows known so far tell this attempt from an earlier one that was freed since.
            key = fingerprint([wanted.ExternalRef, place, line.model_dump(), _seen(known)])
            new = self._hold(wanted, line, f"hold-{key}")
            if new is None:
                short.append(line)
            else:
                held.append(new)
        return m.Reservations(wanted.ExternalRef, tuple(held), tuple(short))

    def consume(self, external_ref: str, order_number: str) -> m.Reservations:
        """Hand everything that is held to the order."""
        for row in self._active(external_ref):
            ask = self._client.wire.consume(row.Id, order_number)
            answer = self._client.answer(ask, external_ref)
            if not isinstance(answer, Refusal):
                continue
            if not (_is_gone(answer) or answer.has("reservation_mismatch")):
                raise error_of(answer, operation=ask.name, about=external_ref)
            self._free(row)  # the order has stock of its own, or needs none any more
        return m.Reservations(external_ref)

    def release(self, external_ref: str) -> m.Reservations:
        """Free everything that is held."""
        for row in self._active(external_ref):
            self._free(row)
        return m.Reservations(external_ref)

    # --- inside ---------------------------------------------------------------------------------

    def _active(self, external_ref: str) -> list[m.Reservation]:
        return [x for x in self._client.reservations(external_ref) if x.Status in ACTIVE]

    def _hold(
        self, wanted: m.NewReservations, line: m.NewReservation, key: str
    ) -> m.Reservation | None:
        client, ref = self._client, wanted.ExternalRef
        ask = client.wire.reserve(line, ref, wanted.ExpiresAt, key)
        answer = client.answer(ask, ref)
        if not isinstance(answer, Refusal):
            return client.read(m.Reservation, answer, ask, ref)
        if answer.has("insufficient_stock"):
            return None  # nobody's failure: a pending order may find nothing to hold
        if answer.has("idempotency_mismatch"):
            raise TryAgain(
                "an earlier attempt to hold this stock is still on its way",
                about=ref,
                code=answer.code,
            )
        raise error_of(answer, operation=ask.name, about=ref)

    def _free(self, row: m.Reservation) -> None:
        ask = self._client.wire.unreserve(row.Id)
        about = row.ExternalRef or row.Id
        answer = self._client.answer(ask, about)
        if isinstance(answer, Refusal) and not _is_gone(answer):
            raise error_of(answer, operation=ask.name, about=about)

    def _in_base_units(self, line: m.NewReservation, held: list[m.Reservation]) -> Decimal:
        """TIMS tells what is held in base units; an item is only read when that matters."""
        rows = [row for row in held if row.ItemNumber == line.ItemNumber]
        if not rows or line.Uom in (None, *(row.Uom for row in rows)):
            return line.Qty
        item = self._client.item(line.ItemNumber)
        for uom in item.Uoms if item else ():
            if uom.Uom == line.Uom:
                return line.Qty * uom.ConversionToBase
        return line.Qty


def _is_gone(refusal: Refusal) -> bool:
    """Expired, freed or consumed meanwhile: there is nothing left to do."""
    return refusal.status in (404, 410) or refusal.has("invalid_status_transition")


def _same(row: m.Reservation, line: m.NewReservation, qty: Decimal) -> bool:
    here = line.LocationId is None or row.LocationId == line.LocationId
    return row.ItemNumber == line.ItemNumber and row.Qty == qty and here


def _seen(rows: tuple[m.Reservation, ...]) -> list[str]:
    return sorted(row.Id for row in rows)
