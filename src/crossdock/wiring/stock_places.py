"""Where the SKUs are listed whose quantities are written. Amazon keeps one merchant quantity of a
SKU for all marketplaces of an account; it is read and written through one that lists the SKU.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listings import MOST_FOUND, find_listings, listing, searchable
from crossdock.engine.store.publications import Publication
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.evidence import Noted, noted
from crossdock.wiring.looking import Looker


class Places:
    """Looks at listings wherever the account has them."""

    def __init__(self, amazon: AmazonClient) -> None:
        self.amazon = amazon

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
        found: dict[str, Noted] = {}
        for shop in shops:
            one, many = (
                partial(listing, self.amazon, shop=shop),
                partial(find_listings, self.amazon, shop=shop),
            )
            found |= Looker(self.amazon, one, many).look([s for s in skus if home[s] == shop])
        for shop in shops:
            missing = [s for s in skus if home[s] != shop and found[s].result is None]
            found |= self._searched(shop, missing, found)
        return found

    def _searched(
        self, shop: str, skus: Iterable[str], before: Mapping[str, Noted]
    ) -> dict[str, Noted]:
        """By searches alone: one call for twenty, however many rows of the SKU table nobody lists.
        Whom a search does not know yet is found when it is looked at again.
        """
        plain, found = [sku for sku in skus if searchable(sku)], {}
        for start in range(0, len(plain), MOST_FOUND):
            some = plain[start : start + MOST_FOUND]
            note = noted(find_listings, self.amazon, some, shop)
            for sku in some:
                found[sku] = Noted(_there(note.result, sku), before[sku].calls + note.calls)
        return found


def _there(found: object, sku: str) -> object:
    """The listing, or why it cannot be known yet. Where we may not sell, nothing stands."""
    if isinstance(found, dict):
        return found.get(sku)
    return None if isinstance(found, NeedsPerson) else found
