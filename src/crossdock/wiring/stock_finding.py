"""Where the SKUs are listed whose quantities are written. Amazon keeps one merchant quantity of a
SKU for all marketplaces of an account; it is read and written through one that lists the SKU.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listings import MOST_FOUND, find_listings, listing, searchable
from crossdock.engine.store.publications import Publication
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.wiring.looking import Looker

_FRESH = timedelta(minutes=1)


class Finder:
    """Looks at listings wherever the account has them. A look of several calls that the quota cuts
    short goes on where it was: where a SKU is not listed is known until its look has ended.
    """

    def __init__(self, amazon: AmazonClient, now: Callable[[], datetime]) -> None:
        self.amazon, self.now = amazon, now
        self._absent: dict[tuple[str, str], datetime] = {}  # marketplace, SKU -> known since

    def first(self, shop: str) -> bool:
        """It is the account's first marketplace, where nearly everything is listed."""
        return shop in ("", self.amazon.account.marketplace_ids[0])

    def look(self, skus: Sequence[str], known: Mapping[str, Publication]) -> dict[str, Noted]:
        """Each where it was last, or in the first marketplace; who is not there is looked for in
        the others. None where nobody lists it.
        """
        shops = self.amazon.account.marketplace_ids
        home = {sku: known[sku].marketplace_id if sku in known else "" for sku in skus}
        home = {sku: shop if shop in shops else shops[0] for sku, shop in home.items()}
        found = {sku: Noted(None, ()) for sku in skus}
        for shop in shops:
            found |= self._at_home(shop, [s for s in skus if home[s] == shop])
        for shop in shops:
            missing = [s for s in skus if home[s] != shop and found[s].result is None]
            found |= self._searched(shop, self._unknown(shop, missing), found)
        for sku, note in found.items():
            if not isinstance(note.result, TryAgain):
                for shop in shops:
                    self._absent.pop((shop, sku), None)
        return found

    def _at_home(self, shop: str, skus: Sequence[str]) -> dict[str, Noted]:
        one, many = (
            partial(listing, self.amazon, shop=shop),
            partial(find_listings, self.amazon, shop=shop),
        )
        found = Looker(self.amazon, one, many).look(self._unknown(shop, skus))
        self._learn(shop, found)
        return found

    def _unknown(self, shop: str, skus: Iterable[str]) -> list[str]:
        """Without those that were just found not to be there."""
        old = self.now() - _FRESH
        return [s for s in skus if (at := self._absent.get((shop, s))) is None or at < old]

    def _learn(self, shop: str, found: Mapping[str, Noted]) -> None:
        now = self.now()
        self._absent |= {(shop, sku): now for sku, note in found.items() if note.result is None}

    def _searched(
        self, shop: str, skus: Iterable[str], before: Mapping[str, Noted]
    ) -> dict[str, Noted]:
        """By searches alone: one call for twenty, however many rows of the SKU table nobody lists.
        Whom a search does not know yet is found when it is looked at again.
        """
        plain = [sku for sku in skus if searchable(sku)]
        found: dict[str, Noted] = {}
        for start in range(0, len(plain), MOST_FOUND):
            some = plain[start : start + MOST_FOUND]
            note = noted(find_listings, self.amazon, some, shop)
            for sku in some:
                found[sku] = Noted(_there(note.result, sku), before[sku].calls + note.calls)
        self._learn(shop, found)
        return found


def _there(found: object, sku: str) -> object:
    """The listing, or why it cannot be known yet. Where we may not sell, nothing stands."""
    if isinstance(found, dict):
        return found.get(sku)
    return None if isinstance(found, NeedsPerson) else found
