"""Sees to it that Amazon sends changes of orders and quantities to our queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.events import ORDER_CHANGE, QUANTITY_CHANGE
from crossdock.kernel.errors import NeedsPerson, TryAgain

PAYLOAD_VERSION: Final = "1.0"
DIRECTIVE: Final[dict[str, Any]] = {
    "eventFilter": {
        "eventFilterType": ORDER_CHANGE,
        "orderChangeTypes": ["OrderStatusChange", "BuyerRequestedChange"],
    }
}


_WORDS: Final = {ORDER_CHANGE: "order changes", QUANTITY_CHANGE: "changes of quantities"}


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Where order changes go now, and what had to be made for it."""

    destination_id: str
    subscription_id: str
    made: tuple[str, ...]  # "destination", "subscription"; empty when all stood already


def ensure_subscription(
    client: AmazonClient, queue_arn: str, *, name: str = "crossdock", move: bool = False
) -> Subscribed:
    """A destination for the queue and the seller's subscription to ORDER_CHANGE; looks first, so
    it may be repeated. `move` takes the subscription over from another queue.
    """
    made: list[str] = []
    known = client.destinations()
    destination = _destination_of(known, queue_arn)
    if destination is None:
        created = client.create_destination(_free_name(known, name), queue_arn)
        destination = created or _destination_of(client.destinations(), queue_arn)
        made.append("destination")
    if destination is None:
        raise TryAgain("Amazon says that the destination exists but does not show it yet")
    subscription = client.subscription(ORDER_CHANGE)
    if subscription is not None and subscription.destinationId != destination.destinationId:
        if not move:
            raise _elsewhere(client.account.seller_id, known, subscription)
        client.delete_subscription(ORDER_CHANGE, subscription.subscriptionId)
        subscription = None
    if subscription is None:
        subscription = _subscribed(client, destination)
        made.append("subscription")
    return Subscribed(destination.destinationId, subscription.subscriptionId, tuple(made))


def ensure_quantity_subscription(
    client: AmazonClient, account_id: str, region: str, *, name: str = "crossdock-quantities"
) -> Subscribed:
    """An event source for the AWS account and the seller's subscription to changes of merchant
    quantities; looks first, so it may be repeated. A rule of that account forwards the events to
    the queue.
    """
    made: list[str] = []
    known = client.destinations()
    destination = _source_of(known, account_id, region)
    if destination is None:
        created = client.create_event_source(_free_name(known, name), account_id, region)
        destination = created or _source_of(client.destinations(), account_id, region)
        made.append("destination")
    if destination is None:
        raise TryAgain("Amazon says that the destination exists but does not show it yet")
    subscription = client.subscription(QUANTITY_CHANGE)
    if subscription is None:
        subscription = client.create_subscription(
            QUANTITY_CHANGE, destination.destinationId, PAYLOAD_VERSION, None
        ) or client.subscription(QUANTITY_CHANGE)
        made.append("subscription")
    if subscription is None:
        raise TryAgain("Amazon says that the subscription exists but does not show it yet")
    if subscription.destinationId != destination.destinationId:
        raise _elsewhere(client.account.seller_id, known, subscription, QUANTITY_CHANGE)
    return Subscribed(destination.destinationId, subscription.subscriptionId, tuple(made))


def _source_of(
    known: Sequence[m.Destination], account_id: str, region: str
) -> m.Destination | None:
    wanted = {"accountId": account_id, "region": region}
    return next(
        (d for d in known if d.resource.eventBridge is not None
         and {k: d.resource.eventBridge.get(k) for k in wanted} == wanted), None,
    )  # fmt: skip


def _destination_of(known: Sequence[m.Destination], queue_arn: str) -> m.Destination | None:
    return next((d for d in known if d.resource.sqs and d.resource.sqs.arn == queue_arn), None)


def _free_name(known: Sequence[m.Destination], name: str) -> str:
    """Names of destinations are unique; another queue may have ours."""
    taken = {destination.name for destination in known}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, 1000))) if n not in taken)


def _subscribed(client: AmazonClient, destination: m.Destination) -> m.Subscription:
    subscription = client.create_subscription(
        ORDER_CHANGE, destination.destinationId, PAYLOAD_VERSION, DIRECTIVE
    ) or client.subscription(ORDER_CHANGE)
    if subscription is None:
        raise TryAgain("Amazon says that the subscription exists but does not show it yet")
    return subscription


def _elsewhere(
    seller_id: str, known: Sequence[m.Destination], subscription: m.Subscription,
    kind: str = ORDER_CHANGE,
) -> NeedsPerson:  # fmt: skip
    where = next((d for d in known if d.destinationId == subscription.destinationId), None)
    arn = where.resource.sqs.arn if where and where.resource.sqs else subscription.destinationId
    return NeedsPerson(
        f"{_WORDS[kind]} of seller {seller_id} go to another place: {arn}",
        kind="subscription-elsewhere",
        remedy="If that queue is not used any more, move the subscription to ours.",
        about=f"subscription {kind}",
        evidence={"destination": arn},
    )
