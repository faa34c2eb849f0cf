"""Where a SKU is listed: keys of the catalogue, for one marketplace of the account each.

A key is the SKU in the account's first marketplace, as it was before there were others, and a
marketplace and a SKU in any other: `A2EUQ1WTGCTBG2:WLD-TIP-035`.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from crossdock.connectors.amazon.marketplaces import named
from crossdock.kernel.errors import RunError


@dataclass(frozen=True, slots=True)
class Place:
    """A SKU in a marketplace. What is to be said of the SKU itself is said in the first one."""

    sku: str
    marketplace_id: str
    first: bool
    key: str

    @property
    def words(self) -> str:
        """For a person: "SKU GLOVE", and where, when it is not the first marketplace."""
        return f"SKU {self.sku}" + ("" if self.first else f" in {named(self.marketplace_id)}")

    def about(self, error: RunError) -> RunError:
        """The same error, naming where it is."""
        if self.first:
            return error
        told = copy(error)
        told.about = self.words
        return told


class Places:
    """The marketplaces of an account, the first one first."""

    def __init__(self, marketplace_ids: Sequence[str]) -> None:
        self.marketplace_ids = tuple(marketplace_ids)

    @property
    def first(self) -> str:
        """The one that is meant where none is named; empty for an account of none."""
        return self.marketplace_ids[0] if self.marketplace_ids else ""

    def of(self, key: str) -> Place:
        """What a key means."""
        shop, colon, sku = key.partition(":")
        if colon and shop in self.marketplace_ids:
            return self.at(shop, sku)
        return self.at(self.first, key)

    def keys(
        self, skus: Iterable[str], shops: Iterable[str], told: Iterable[tuple[str, str]] = ()
    ) -> list[str]:
        """Keys of SKUs in the first marketplace, in those of `shops` that are the account's, and
        where Amazon was told of them before (`told`: marketplace, SKU).
        """
        named, before = {self.first, *shops}, set(told)
        return [
            self.at(shop, sku).key
            for sku in skus
            for shop in self.marketplace_ids or (self.first,)
            if shop in named or (shop, sku) in before
        ]

    def at(self, shop: str, sku: str) -> Place:
        """A SKU there. One that begins like a key of a marketplace is told apart."""
        first = shop == self.first
        plain = first and sku.partition(":")[0] not in self.marketplace_ids
        return Place(sku, shop, first, sku if plain else f"{shop}:{sku}")
