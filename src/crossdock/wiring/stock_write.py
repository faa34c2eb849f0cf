"""A quantity on its way: which write of it this is, and what it overtakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.business.stock.model import Offer
from crossdock.engine.store.publications import SENT, UNSURE, Publication


@dataclass(frozen=True, slots=True)
class Write:
    """A quantity that Amazon has to be told, and what we know of the SKU."""

    offer: Offer
    row: Publication | None
    siblings: Mapping[str, Any]
    wiped: Mapping[str, Any]
    shop: str = ""  # the marketplace that lists it; empty: the account's first

    @property
    def again(self) -> bool:
        """This very quantity was written before and does not show."""
        row = self.row
        return row is not None and row.state in (SENT, UNSURE) and row.quantity == self.quantity

    @property
    def quantity(self) -> int:
        """To be told."""
        return self.offer.quantity

    @property
    def rises(self) -> bool:
        """More than Amazon was told last. A decrease is urgent."""
        return self.row is None or self.quantity > self.row.quantity

    @property
    def generation(self) -> int:
        """One more with every other quantity."""
        known = self.row.generation if self.row is not None else 0
        return known if self.again else known + 1

    @property
    def attempts(self) -> int:
        """This one counted."""
        return (self.row.attempts if self.row is not None and self.again else 0) + 1

    @property
    def overtakes(self) -> bool:
        """An older quantity was written and not seen; it may come into effect after this one."""
        row = self.row
        return row is not None and (
            row.overtook or (row.state in (SENT, UNSURE) and not self.again)
        )

    @property
    def tried(self) -> set[str]:
        """The lanes that this quantity was written in."""
        return set(self.row.tried.split(",")) - {""} if self.row and self.again else set()

    def tried_with(self, lane: str) -> str:
        """For the receipt."""
        return ",".join(sorted(self.tried | {lane}))
