"""What a flow can do at Amazon."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.calls import Refused
from crossdock.connectors.amazon.client import PACKAGES, WHOLE_ORDER, AmazonClient, is_stale_token
from crossdock.connectors.amazon.limits import not_yet
from crossdock.connectors.amazon.shipments import OPERATION as CONFIRM
from crossdock.connectors.amazon.shipments import Shipments
from crossdock.connectors.sidebyside import SideBySide
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.operation import Operation, Repeat, table
from crossdock.kernel.quota import Grant

AT_ONCE: Final = 8  # requests under way for one batch
KEPT_FREE: Final = 2  # getOrder calls that routine reads leave for looking after shipments
OVERLAP: Final = timedelta(minutes=10)  # an order may move between pages while they are read
PAGES_A_TURN: Final = 5


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far the sweep has read. With a token: the next page of the search from `after`."""

    after: datetime
    token: str = ""

    def __str__(self) -> str:
        return f"{self.after.isoformat()} {self.token}".strip()

    @classmethod
    def parse(cls, text: str) -> "Watermark":
        """Read what `str` wrote."""
        moment, _, token = text.partition(" ")
        after = datetime.fromisoformat(moment)
        if after.tzinfo is None:
            raise ValueError(f"{text!r} has no time zone")
        return cls(after, token)


@dataclass(frozen=True, slots=True)
class Seen:
    """An order that changed, and when it did last."""

    order_id: str
    last_updated: datetime


@dataclass(frozen=True, slots=True)
class Sweep:
    """Orders that changed, each once, and the next watermark. `more`: come back at once."""

    seen: tuple[Seen, ...]
    until: Watermark
    more: bool = False


def operations(client: AmazonClient, at_once: int = AT_ONCE) -> Mapping[str, Operation]:
    """The table. `at_once` 1 keeps batches in one thread, for worlds that replay."""
    batch, shipments = _Batch(at_once), Shipments(client)
    return table(
        Operation(
            "amazon.get_order",
            takes=(str,),
            gives=m.Order,
            repeat=Repeat.READ,
            run=lambda order_id: client.get_order(order_id, reserve=KEPT_FREE),
            run_many=lambda rows: _get_many(client, batch, rows, WHOLE_ORDER, KEPT_FREE),
            room=lambda: client.quota.room("getOrder", reserve=KEPT_FREE),
            about="The order as it stands at Amazon, with everything a sales order needs.",
        ),
        Operation(
            "amazon.get_packages",
            takes=(str,),
            gives=m.Order,
            repeat=Repeat.READ,
            run=lambda order_id: client.get_order(order_id, PACKAGES),
            run_many=lambda rows: _get_many(client, batch, rows, PACKAGES, 0),
            about="The order with its packages and without personal data, to look after shipments.",
        ),
        Operation(
            "amazon.confirm_shipment",
            takes=(m.ShipmentConfirmation,),
            gives=m.Confirmed,
            repeat=Repeat.ABSOLUTE,
            run=shipments.confirm,
            run_many=lambda rows: _confirm_many(client, batch, shipments, rows),
            about="Tells Amazon of the packages that left; the same reference again corrects one.",
        ),
        Operation(
            "amazon.sweep_orders",
            takes=(Watermark,),
            gives=Sweep,
            repeat=Repeat.READ,
            run=lambda mark: sweep_orders(client, mark),
            about="The orders that changed since a watermark.",
        ),
    )


def sweep_orders(
    client: AmazonClient,
    mark: Watermark,
    *,
    overlap: timedelta = OVERLAP,
    pages: int = PAGES_A_TURN,
) -> Sweep:
    """Some pages of the orders that changed since the watermark, and where to go on.

    Searches are scarce (one in three minutes), so a sweep that is interrupted goes on with its
    page token; a token that Amazon no longer takes begins the same search anew.
    """
    after = mark.after if mark.token else client.searchable(mark.after - overlap)
    token, seen = mark.token, dict[str, datetime]()
    for _ in range(pages):
        try:
            page = client.search_page(after, token=token or None)
        except TryAgain:
            if not seen:
                raise
            return _sweep(seen, Watermark(after, token))  # what came so far is good
        except Refused as refused:
            if token and is_stale_token(refused):
                token = ""
                continue
            raise refused.error from None
        for order in page.orders:
            last = seen.get(order.orderId, order.lastUpdatedTime)
            seen[order.orderId] = max(last, order.lastUpdatedTime)
        token = page.token or ""
        if not token:
            return _sweep(seen, Watermark(max(page.until, after)))
    return _sweep(seen, Watermark(after, token), more=True)


def _sweep(seen: Mapping[str, datetime], until: Watermark, *, more: bool = False) -> Sweep:
    return Sweep(tuple(Seen(key, at) for key, at in seen.items()), until, more)


class _Batch:
    """Does the records of a batch, each with its own result and evidence."""

    def __init__(self, at_once: int) -> None:
        self._side_by_side = SideBySide(at_once, "amazon")

    def run(self, work: Callable[..., object], rows: Sequence[tuple[Any, ...]]) -> list[Noted]:
        """One result per row, in order. After a throttled call the rest is not even tried."""
        return self._side_by_side.run(partial(_FirstThrottle().guarded, work), rows)


class _FirstThrottle:
    """Holds back the rest of a batch once Amazon has refused one of it for speed."""

    def __init__(self) -> None:
        self._error: TryAgain | None = None

    def guarded(self, work: Callable[..., object], row: tuple[Any, ...]) -> Noted:
        held = self._error
        if held is not None:
            return Noted(TryAgain(held.message, after=held.after, counts=False, code=held.code), ())
        try:
            note = noted(work, *row)
        except Exception as error:  # noqa: BLE001  (our bug in one record; the engine makes a case)
            return Noted(error, ())
        result = note.result
        if isinstance(result, TryAgain) and not result.counts and result.request_id:
            self._error = result
        return note


def _get_many(
    client: AmazonClient,
    batch: _Batch,
    rows: Sequence[tuple[Any, ...]],
    included: Sequence[str],
    reserve: int,
) -> list[Noted]:
    """One quota request for all, then the calls side by side; the others are told their turn."""
    grant = client.quota.take("getOrder", len(rows), reserve=reserve)

    def get(order_id: str) -> m.Order:
        return client.get_order(order_id, included, paid=True)

    results = batch.run(get, rows[: grant.granted])
    for place, (order_id,) in enumerate(rows[grant.granted :]):
        wait = client.quota.waits("getOrder", grant.wait, place)
        results.append(Noted(not_yet("getOrder", f"Amazon order {order_id}", wait), ()))
    return results


def _confirm_many(
    client: AmazonClient,
    batch: _Batch,
    shipments: Shipments,
    rows: Sequence[tuple[m.ShipmentConfirmation]],
) -> list[Noted]:
    """One quota request for the packages of all shipments, dealt out in order."""
    calls = [shipments.calls(row[0]) for row in rows]
    grant = client.quota.take(CONFIRM, sum(calls))
    left, dealt, waiting = grant.granted, [], 0
    for (confirmation,), wanted in zip(rows, calls, strict=True):
        share = min(left, wanted)
        left -= share
        waiting += wanted - share
        wait = client.quota.waits(CONFIRM, grant.wait, max(waiting - 1, 0))
        dealt.append((confirmation, Grant(share, wait)))
    return batch.run(shipments.confirm_granted, dealt)
