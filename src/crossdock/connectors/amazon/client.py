"""Amazon's operations as typed calls: one method per operation, one HTTP exchange per method.

client = AmazonClient(account, Network(), clock, buckets)
order = client.get_order("111-1111111-1111111")
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.calls import Ask, Caller, Refused
from crossdock.connectors.amazon.errors import Meaning, read
from crossdock.connectors.amazon.fields import timestamp
from crossdock.connectors.http import Response, Transport
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.quota import Buckets

WHOLE_ORDER: Final = (
    "BUYER", "RECIPIENT", "PROCEEDS", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX",
)  # fmt: skip
"""What an order needs to become a sales order. Nothing of it may be left out when Amazon cannot
give it: an order without TAX would look as if nobody had collected the tax.
"""

PACKAGES: Final = ("FULFILLMENT", "PACKAGES")
"""What telling about shipments needs; no personal data."""

_ORDERS = "/orders/2026-01-01/orders"
_NOTIFICATIONS = "/notifications/v1"
_ORDER_ID = re.compile(r"[A-Z0-9]{3}-\d{7}-\d{7}")
_TOO_RECENT = timedelta(minutes=3)  # Amazon wants two; its clock and its Date header may differ
_MOST_RESTARTS = 2


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search. `until`: the search is complete up to here, on the last page.
    `token` continues it with the same filters, for 24 hours.
    """

    orders: tuple[m.Order, ...]
    until: datetime
    token: str | None


class AmazonClient:
    """One account in one region. Thread-safe."""

    def __init__(
        self, account: AmazonAccount, transport: Transport, clock: Clock, buckets: Buckets
    ) -> None:
        self.account, self.clock = account, clock
        self.caller = Caller(account, transport, clock, buckets)
        self.quota = self.caller.quota

    # --- orders

    def get_order(
        self,
        order_id: str,
        included: Sequence[str] = WHOLE_ORDER,
        *,
        paid: bool = False,
        reserve: int = 0,
    ) -> m.Order:
        """The order as it stands."""
        about = f"Amazon order {order_id}"
        if not _ORDER_ID.fullmatch(order_id):
            raise NeedsPerson(
                f"{order_id[:40]!r} is not an Amazon order id",
                kind="amazon-refused",
                remedy="Use the id that Seller Central shows, such as 111-1234567-1234567.",
                about=about,
                code="order id",
            )
        ask = Ask(
            "getOrder",
            "GET",
            f"{_ORDERS}/{order_id}",
            {"includedData": ",".join(included)} if included else {},
            about=about,
            paid=paid,
            reserve=reserve,
        )
        return read(m.GetOrderResponse, self.caller.answer(ask), "getOrder", about).order

    def search_page(
        self,
        updated_after: datetime,
        *,
        token: str | None = None,
        included: Sequence[str] = (),
        size: int = 100,
    ) -> Page:
        """One page of the orders that changed after a time, oldest first. A token goes with the
        very same time. The upper bound is Amazon's: two minutes ago.
        """
        about = f"orders changed after {updated_after:%Y-%m-%d %H:%M} UTC"
        query = {"lastUpdatedAfter": timestamp(updated_after), "maxResultsPerPage": str(size)}
        if self.account.marketplace_ids:
            query["marketplaceIds"] = ",".join(self.account.marketplace_ids)
        if included:
            query["includedData"] = ",".join(included)
        if token:
            query["paginationToken"] = token
        ask = Ask("searchOrders", "GET", _ORDERS, query, about=about)
        response = self.caller.call(ask)
        page = read(m.SearchOrdersResponse, response, "searchOrders", about)
        until = page.lastUpdatedBefore or updated_after
        return Page(page.orders, until, page.next_token)

    def search_orders(
        self, updated_after: datetime, *, included: Sequence[str] = (), size: int = 100
    ) -> Iterator[Page]:
        """Every page. A page token that Amazon no longer takes (they live a day, and for one set
        of filters) starts the search anew: pages may repeat orders, and none is left out.
        """
        after, token, restarts = self.searchable(updated_after), None, 0
        while True:
            try:
                page = self.search_page(after, token=token, included=included, size=size)
            except Refused as refused:
                if token is None or not is_stale_token(refused) or restarts >= _MOST_RESTARTS:
                    raise refused.error from None
                token, restarts = None, restarts + 1
                continue
            yield page
            token = page.token
            if not token:
                return

    def searchable(self, after: datetime) -> datetime:
        """The time, or the latest one that Amazon lets us ask for by its own clock."""
        return min(after, self.caller.now() - _TOO_RECENT)

    def confirm_package(
        self, confirmation: m.ShipmentConfirmation, package: m.PackageDetail, *, paid: bool = False
    ) -> None:
        """Tell Amazon of one package; the same reference again corrects it. Raises Refused."""
        body: dict[str, Any] = {"marketplaceId": confirmation.marketplaceId}
        if confirmation.codCollectionMethod:
            body["codCollectionMethod"] = confirmation.codCollectionMethod
        body["packageDetail"] = _without_nothing(package)
        path = f"/orders/v0/orders/{quote(confirmation.orderId, safe='')}/shipmentConfirmation"
        about = f"Amazon order {confirmation.orderId}, package {package.packageReferenceId}"
        self.caller.call(Ask("confirmShipment", "POST", path, body=body, about=about, paid=paid))

    # --- sellers

    def marketplace_participations(self) -> tuple[m.MarketplaceParticipation, ...]:
        """Where the seller sells. Few calls are allowed: ask rarely."""
        ask = Ask(
            "getMarketplaceParticipations",
            "GET",
            "/sellers/v1/marketplaceParticipations",
            about=f"Amazon account {self.account.seller_id}",
        )
        response = self.caller.answer(ask)
        return read(m.Participations, response, ask.operation, ask.about).payload

    # --- notifications

    def destinations(self) -> tuple[m.Destination, ...]:
        """Where the application's notifications may go."""
        ask = Ask("getDestinations", "GET", f"{_NOTIFICATIONS}/destinations", about="destinations")
        response = self.caller.answer(ask)
        return read(m.DestinationsAnswer, response, ask.operation, ask.about).payload

    def create_destination(self, name: str, queue_arn: str) -> m.Destination | None:
        """Make a queue known to Amazon; None when it was known already."""
        return self._destination(name, {"sqs": {"arn": queue_arn}})

    def create_event_source(self, name: str, account_id: str, region: str) -> m.Destination | None:
        """Offer events to an AWS account's EventBridge; None when it was known already."""
        return self._destination(name, {"eventBridge": {"accountId": account_id, "region": region}})

    def _destination(self, name: str, resource: Mapping[str, Any]) -> m.Destination | None:
        body = {"name": name, "resourceSpecification": resource}
        ask = Ask(
            "createDestination",
            "POST",
            f"{_NOTIFICATIONS}/destinations",
            body=body,
            about=f"destination {name}",
        )
        response = self._created(ask)
        if response is None:
            return None
        return read(m.DestinationAnswer, response, ask.operation, ask.about).payload

    def delete_destination(self, destination_id: str) -> None:
        """Forget a destination that no subscription uses."""
        path = f"{_NOTIFICATIONS}/destinations/{quote(destination_id, safe='')}"
        self.caller.answer(Ask("deleteDestination", "DELETE", path, about="destination"))

    def subscription(self, kind: str, payload_version: str = "") -> m.Subscription | None:
        """The seller's subscription to a kind of notification, when there is one."""
        query = {"payloadVersion": payload_version} if payload_version else {}
        path = f"{_NOTIFICATIONS}/subscriptions/{quote(kind, safe='')}"
        ask = Ask("getSubscription", "GET", path, query, about=f"subscription {kind}")
        try:
            response = self.caller.call(ask)
        except Refused as refused:
            if refused.refusal.status == 404 and refused.refusal.code:
                return None
            raise refused.error from None
        return read(m.SubscriptionAnswer, response, ask.operation, ask.about).payload

    def create_subscription(
        self, kind: str, destination_id: str, payload_version: str, directive: dict[str, Any] | None
    ) -> m.Subscription | None:
        """Subscribe the seller; None when a subscription stood already."""
        body: dict[str, Any] = {"payloadVersion": payload_version, "destinationId": destination_id}
        if directive:
            body["processingDirective"] = directive
        path = f"{_NOTIFICATIONS}/subscriptions/{quote(kind, safe='')}"
        ask = Ask("createSubscription", "POST", path, body=body, about=f"subscription {kind}")
        response = self._created(ask)
        if response is None:
            return None
        return read(m.SubscriptionAnswer, response, ask.operation, ask.about).payload

    def delete_subscription(self, kind: str, subscription_id: str) -> None:
        """End a subscription."""
        head = f"{_NOTIFICATIONS}/subscriptions/{quote(kind, safe='')}"
        path = f"{head}/{quote(subscription_id, safe='')}"
        self.caller.answer(
            Ask("deleteSubscriptionById", "DELETE", path, about=f"subscription {kind}")
        )

    def _created(self, ask: Ask) -> Response | None:
        """The answer; None when what is to be created exists."""
        try:
            return self.caller.call(ask)
        except Refused as refused:
            if refused.refusal.status == 409:
                return None
            raise refused.error from None


def is_stale_token(refused: Refused) -> bool:
    """Amazon answers 400 for a page token it no longer knows, and says so in many ways."""
    return refused.refusal.status == 400 and refused.meaning is Meaning.PERSON


def _without_nothing(package: m.PackageDetail) -> dict[str, Any]:
    """Amazon's body; what is not known is left out, never sent as null."""
    body = package.model_dump(mode="json", exclude_none=True)
    for item in body["orderItems"]:
        if not item["transparencyCodes"]:
            del item["transparencyCodes"]
    return body
