"""Looking at listings, one by one or twenty at once, whichever is cheaper."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listings import (
    MOST_FOUND,
    find_listings,
    listing,
    searchable,
)
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.quota import Grant

SEARCH, READ = "searchListingsItems", "getListingsItem"
_FEW = 2  # so many are read one by one: each operation has its own quota


One = Callable[[str], object]
Many = Callable[[Sequence[str]], Mapping[str, object]]


class Looker:
    """Reads listings of one seller."""

    def __init__(
        self, amazon: AmazonClient, one: One | None = None, many: Many | None = None
    ) -> None:
        """`one` and `many` read what is wanted of a SKU, and of up to twenty; its stock, unless
        said otherwise.
        """
        self.amazon = amazon
        self._one = one or partial(listing, amazon)
        self._many = many or partial(find_listings, amazon)

    def room(self) -> Grant:
        """How many SKUs could be looked at now."""
        one, many = (self.amazon.quota.room(name) for name in (READ, SEARCH))
        return Grant(one.granted + MOST_FOUND * many.granted, min(one.wait, many.wait))

    def pace(self) -> timedelta:
        """What looking at one takes when there are many."""
        quota, calls = self.amazon.quota, 1000
        span = quota.until(SEARCH, 2 * calls) - quota.until(SEARCH, calls)
        return span / (calls * MOST_FOUND)

    def look(self, skus: Sequence[str]) -> dict[str, Noted]:
        """What was read of each, None where there is none, or what kept us from looking."""
        plain = [sku for sku in skus if searchable(sku)]
        found: dict[str, Noted] = {}
        for start in range(0, len(plain), MOST_FOUND):
            found |= self._together(plain[start : start + MOST_FOUND])
        for sku in skus:
            if sku not in found:
                found[sku] = noted(self._one, sku)
        return found

    def _together(self, skus: Sequence[str]) -> dict[str, Noted]:
        """What one search can say; who is left out is to be read alone."""
        quota = self.amazon.quota
        alone, many = quota.room(READ).granted, quota.room(SEARCH).granted
        if not many or (len(skus) <= _FEW and alone >= len(skus)):
            return {}
        note = noted(self._many, skus)
        if isinstance(note.result, NeedsPerson):
            return {}  # one of them may be what Amazon does not like
        if isinstance(note.result, RunError):
            return dict.fromkeys(skus, note)
        if not isinstance(note.result, dict):
            raise TypeError(f"a search gave {type(note.result).__name__}")
        return {sku: Noted(one, note.calls) for sku, one in note.result.items()}


def wait_until_shown(
    words: str, sku: str, waited: timedelta | None, look: timedelta, patience: timedelta
) -> None:
    """A TryAgain while what was written may still come into effect: looked for after as long again
    as it has taken so far, at least `look`. None has waited for nobody knows how long.
    """
    if waited is not None and waited < patience:
        raise TryAgain(
            words, after=min(max(waited, look), patience - waited + timedelta(seconds=1)),
            counts=False, about=f"SKU {sku}", code="not-visible",
        )  # fmt: skip
