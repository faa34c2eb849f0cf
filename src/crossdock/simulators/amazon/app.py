"""One region of the simulated Amazon, as the world holds it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crossdock.simulators.amazon.api import Api
from crossdock.simulators.amazon.catalog import Catalog
from crossdock.simulators.amazon.company import Company, known_roles
from crossdock.simulators.amazon.customers import Customers
from crossdock.simulators.amazon.definitions import Definitions
from crossdock.simulators.amazon.faultnames import FAULTS
from crossdock.simulators.amazon.fba import FbaStock
from crossdock.simulators.amazon.feeds import Feeds
from crossdock.simulators.amazon.finances import Finances
from crossdock.simulators.amazon.listings import Listings
from crossdock.simulators.amazon.lwa import Lwa
from crossdock.simulators.amazon.marketplaces import MARKETPLACES, USUAL
from crossdock.simulators.amazon.notifications import Notifications
from crossdock.simulators.amazon.people import Seller
from crossdock.simulators.amazon.reports import Reports
from crossdock.simulators.amazon.restrictions import Restrictions
from crossdock.simulators.amazon.settlements import Settlements, SimSettlement
from crossdock.simulators.amazon.state import Names, SimOrder
from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults

Deliver = Callable[[str, str], None]  # queue ARN, body


class AmazonSim(Customers):
    """Amazon: `api` and `lwa` are its doors, the methods what people do, `orders` the truth.

    The same seed and the same calls give the same answers, ids included.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int = 0,
        *,
        limits: bool = True,
        faults: Iterable[Mapping[str, Any]] = (),
        sellers: Sequence[Seller] = (Seller(),),
        region: str = "na",
    ) -> None:
        self.clock = clock
        self.faults = Faults(FAULTS, clock, seed)
        self.faults.load(faults)
        self._amazon = Company(
            clock, seed, region, _settled(sellers, region), Names(seed), self.faults
        )
        super().__init__(self._amazon)
        company = self._amazon
        self.lwa = Lwa(clock, company.names, self.faults, company.sellers, company.seen)
        self.notifications = Notifications(company)
        self.reports, self.settlements = Reports(company), Settlements(company)
        self.finances = Finances(company, self.settlements)
        self.listings, self.fba = Listings(company), FbaStock(company)
        self.feeds = Feeds(company, self.listings)
        self.catalog = Catalog(company, self.listings)
        self.definitions, self.restrictions = Definitions(company), Restrictions(company)
        self.listings.checks += [self.definitions.check, self.catalog.check]
        self.api = Api(
            company, self.lwa, self.notifications, self.reports, self.finances, self.listings,
            self.feeds, self.fba, self.catalog, self.definitions, self.restrictions,
        )  # fmt: skip
        company.bought.append(self.listings.bought)
        self.api.limits = limits
        self.deliver: Deliver | None = None  # where `deliver_due` hands notifications to

    @property
    def orders(self) -> dict[str, SimOrder]:
        """Every order, by id."""
        return self._amazon.orders

    @property
    def counts(self) -> Counter[tuple[str, int]]:
        """Requests per operation and status; status 0 is a request left without an answer."""
        return self._amazon.counts

    @property
    def sellers(self) -> tuple[Seller, ...]:
        """The sellers who authorised the application."""
        return self._amazon.sellers

    @property
    def client_id(self) -> str:
        """The application's id."""
        return self.lwa.client_id

    @property
    def client_secret(self) -> str:
        """The application's secret; assign to rotate it."""
        return self.lwa.client_secret

    @client_secret.setter
    def client_secret(self, secret: str) -> None:
        self.lwa.client_secret = secret

    @property
    def refresh_token(self) -> str:
        """The first seller's."""
        return self.sellers[0].refresh_token

    @property
    def roles(self) -> set[str]:
        """The roles of the application; without one, fields are silently absent."""
        return self._amazon.roles

    @roles.setter
    def roles(self, roles: Iterable[str]) -> None:
        self._amazon.roles = known_roles(roles)

    @property
    def discount_sign(self) -> int:
        """+1: DISCOUNT subtotals are positive, -1: negative. Amazon does not say which."""
        return self._amazon.discount_sign

    @discount_sign.setter
    def discount_sign(self, sign: int) -> None:
        if sign not in (1, -1):
            raise ValueError(f"{sign} is no sign")
        self._amazon.discount_sign = sign

    @property
    def envelope(self) -> str:
        """The shape of notifications: "sqs" or "eventbridge"."""
        return self.notifications.envelope

    @envelope.setter
    def envelope(self, shape: str) -> None:
        if shape not in ("sqs", "eventbridge"):
            raise ValueError(f"{shape!r} is no envelope")
        self.notifications.envelope = shape

    def close_settlements(self) -> list[SimSettlement]:
        """Amazon settles what was shipped, and makes the reports."""
        closed = self.settlements.close()
        for settlement in closed:
            self.reports.issue(settlement)
        return closed

    def revoke_grant(self, seller_id: str = "") -> None:
        """The seller (the first one if not named) withdraws the authorisation."""
        self.lwa.revoked.add(self._amazon.seller(seller_id).seller_id)

    def restore_grant(self, seller_id: str = "") -> None:
        """The seller authorises again."""
        self.lwa.revoked.discard(self._amazon.seller(seller_id).seller_id)

    def due_notifications(self) -> list[tuple[str, str]]:
        """Take out the notifications whose time has come, as (queue ARN, body)."""
        return self.notifications.outbox.due(self.clock.now())

    def next_notification_at(self) -> datetime | None:
        """When the next notification leaves; None when none waits."""
        return self.notifications.outbox.next_at()

    def deliver_due(self) -> int:
        """Hand what is due to `deliver`; how many there were."""
        if self.deliver is None:
            return 0
        due = self.due_notifications()
        for queue, body in due:
            self.deliver(queue, body)
        return len(due)


def _settled(sellers: Sequence[Seller], region: str) -> tuple[Seller, ...]:
    """The sellers with the marketplaces of their region."""
    if region not in USUAL:
        raise ValueError(f"{region!r} is no region; valid: {', '.join(USUAL)}")
    if not sellers:
        raise ValueError("a region needs a seller")
    settled = []
    for seller in sellers:
        shops = seller.marketplaces or USUAL[region]
        if foreign := [
            s for s in shops if s not in MARKETPLACES or MARKETPLACES[s].region != region
        ]:
            raise ValueError(f"{', '.join(foreign)} is not in region {region}")
        settled.append(replace(seller, marketplaces=tuple(shops)))
    return tuple(settled)
