"""What every department of the simulated Amazon shares."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from crossdock.simulators.amazon.documents import ROLES
from crossdock.simulators.amazon.lwa import Grant
from crossdock.simulators.amazon.people import Seller
from crossdock.simulators.amazon.replies import denied
from crossdock.simulators.amazon.state import Names, SimOrder
from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.wire import Request

ChangeType = Literal["OrderStatusChange", "BuyerRequestedChange"]
Heard = Callable[[SimOrder, ChangeType, str], None]
HeardStock = Callable[[str, str, int, datetime], None]  # seller, SKU, merchant quantity, since


@dataclass
class Company:
    """One region of Amazon: its memory, its clock, what the application may see."""

    clock: Clock
    seed: int
    region: str
    sellers: tuple[Seller, ...]
    names: Names
    faults: Faults
    orders: dict[str, SimOrder] = field(default_factory=dict)
    roles: set[str] = field(default_factory=lambda: {"direct-to-consumer", "tax", "orders"})
    discount_sign: int = 1
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    bought: list[Callable[[str, str, int], None]] = field(default_factory=list)
    hear: list[Heard] = field(default_factory=list)  # told of every change of an order
    hear_stock: list[HeardStock] = field(default_factory=list)  # and of what is live of a SKU

    def now(self) -> datetime:
        """World time."""
        return self.clock.now()

    def seen(self, operation: str, status: int) -> None:
        """Count a request; status 0 when it was left without an answer."""
        self.counts[operation, status] += 1

    def changed(self, order: SimOrder, change: str, kind: ChangeType = "OrderStatusChange") -> None:
        """An order has changed: its time moves on and the listeners hear of it."""
        order.touch(self.now(), change)
        for listener in self.hear:
            listener(order, kind, change)

    def shows(self, seller_id: str, sku: str, quantity: int, since: datetime) -> None:
        """Another merchant quantity is live, or will be."""
        for listener in self.hear_stock:
            listener(seller_id, sku, quantity, since)

    def seller(self, seller_id: str) -> Seller:
        """The seller with that id; the first one for an empty id."""
        for seller in self.sellers:
            if not seller_id or seller.seller_id == seller_id:
                return seller
        raise ValueError(f"no seller is called {seller_id}")


@dataclass(slots=True)
class Call:
    """One authorised request for one operation."""

    request: Request
    operation: str
    arguments: tuple[str, ...]  # the variable parts of the path
    grant: Grant
    now: datetime

    @property
    def seller(self) -> Seller:
        """Whose data is asked for; only operations that need a seller ask."""
        if self.grant.seller is None:
            raise denied("The operation needs the authorisation of a selling partner.")
        return self.grant.seller


def known_roles(roles: Iterable[str]) -> set[str]:
    """The roles as a set; a ValueError names those that Amazon does not have."""
    wanted = set(roles)
    if unknown := wanted - set(ROLES):
        raise ValueError(f"no role is called {', '.join(sorted(unknown))}; valid: {ROLES}")
    return wanted
