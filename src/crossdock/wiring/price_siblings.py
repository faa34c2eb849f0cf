"""What others wrote beside our prices. A SKU is one listing in all marketplaces, and a write in one
may drop what stands in another: so all of them are looked at before the first write in any.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from crossdock.connectors.amazon.price_models import PricedListing, siblings
from crossdock.engine.store import Database, price_receipts
from crossdock.engine.store.price_receipts import SENT, UNSURE, PriceReceipt
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.evidence import Noted
from crossdock.wiring.pricing import split

Fields = Mapping[str, Mapping[str, Any]]  # by audience
Key = tuple[str, str]  # marketplace, SKU


class Beside:
    """Knows what stood beside the prices of one seller's SKUs, in every published marketplace."""

    def __init__(
        self, store: Callable[[], Database], every_key: Callable[[Collection[str]], Sequence[str]]
    ) -> None:
        """`every_key` names the prices that are published of these SKUs."""
        self._store, self._every_key = store, every_key

    def unlooked(self, keys: Collection[Key]) -> set[Key]:
        """Of the SKUs of these keys, all prices whose listing nobody has looked at."""
        skus = {sku for _, sku in keys}
        known = {(r.marketplace_id, r.sku) for r in price_receipts.of_skus(self._store(), skus)}
        if all(key in known for key in keys):  # then all were looked at before the first write
            return set()
        every = {split(key) for key in self._every_key(skus)} | set(keys)
        shops = Counter(sku for _, sku in every)
        missing = {key for key in every - known if shops[key[1]] > 1}
        return missing - price_receipts.stood(self._store(), skus).keys() if missing else missing

    def keep(self, unlooked: Collection[Key], looked: Mapping[Key, Noted]) -> dict[str, Noted]:
        """Remember what stands there. By SKU, what kept us from looking and may not next time:
        until then nothing of it is written.
        """
        found, waits = {}, {}
        for key in sorted(unlooked):
            result = looked[key].result
            if isinstance(result, PricedListing):
                found[key] = siblings(result.rows(key[0]))
            elif isinstance(result, TryAgain):
                waits[key[1]] = looked[key]
        price_receipts.keep_stood(self._store(), found)
        return waits

    def wiped(
        self, key: Key, row: PriceReceipt | None, rows: Fields, since: datetime
    ) -> dict[str, Any]:
        """What others had written beside our fields, and is gone since we wrote: here, or for the
        same SKU in another marketplace after `since` (ever, when nothing was written here). What
        nobody of ours can have dropped, a person took away.
        """
        if row is not None:
            lost = _lost(row.siblings, rows)
            if not lost or row.state in (SENT, UNSURE):
                return lost
        else:
            first = price_receipts.stood(self._store(), [key[1]]).get(key)
            lost = _lost(first, rows) if first else {}
        if not lost:
            return {}
        shop, sku = key
        beside = any(
            other.sent_at is not None and (row is None or other.sent_at > since)
            for other in price_receipts.of_sku(self._store(), sku) if other.marketplace_id != shop
        )  # fmt: skip
        return lost if beside else {}


def together(beside: Fields, wiped: Fields) -> dict[str, dict[str, Any]]:
    """By audience, what stands beside our fields and what is put back."""
    return {
        audience: {**wiped.get(audience, {}), **beside.get(audience, {})}
        for audience in beside.keys() | wiped.keys()
    }


def _lost(stood: Fields, rows: Fields) -> dict[str, Any]:
    lost = {
        audience: {k: v for k, v in fields.items() if k not in rows.get(audience, {})}
        for audience, fields in stood.items()
    }
    return {audience: fields for audience, fields in lost.items() if fields}
