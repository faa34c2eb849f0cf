"""Is this Amazon account ready for us? Every finding says what is missing and how to get it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from crossdock.connectors.amazon import models as m
from crossdock.connectors.amazon.auth import NOTIFICATIONS
from crossdock.connectors.amazon.calls import Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.events import ORDER_CHANGE, SqsQueue
from crossdock.connectors.amazon.marketplaces import MARKETPLACES, REGIONS, named
from crossdock.connectors.http import LOOPBACK, ReplyLost, Unreachable
from crossdock.kernel.errors import Misuse, NeedsPerson, RunError

_LOOK_BACK = timedelta(days=30)
_CLOCK_GAP = timedelta(minutes=1)
_SHIPPABLE: Final = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def check_account(client: AmazonClient, *, queue: SqsQueue | None = None) -> list[Finding]:
    """Look at settings, credentials, marketplaces, roles, notifications, clocks; change nothing."""
    findings = _settings(client)
    if not all(finding.ok for finding in findings):
        return findings
    findings.append(_sign_in(client))
    if not findings[-1].ok:
        return findings
    findings += _marketplaces(client)
    findings += _orders(client)
    findings.append(_clock(client))
    if queue is not None:
        findings += _notifications(client, queue)
    return findings


def _settings(client: AmazonClient) -> list[Finding]:
    """Every setting that is there to be judged without asking Amazon."""
    account = client.account
    rows = [
        _setting(
            "seller id", account.seller_id, "Set the seller id (Seller Central, Merchant Token)."
        ),
        _setting("client id", account.client_id, "Set the application's LWA client id."),
        _setting("client secret", account.client_secret, "Set the LWA client secret.", secret=True),
        _setting("refresh token", account.refresh_token, "Authorise the application.", secret=True),
    ]
    known = account.region in REGIONS
    fix = f"Set the region to one of {', '.join(REGIONS)}."
    rows.append(Finding("region", known, account.region or "missing", "" if known else fix))
    rows += [_address(name, url) for name, url in _addresses(client)]
    if known:
        rows += [_region_of(account.region, shop) for shop in account.marketplace_ids]
    return rows


def _setting(name: str, value: str, fix: str, *, secret: bool = False) -> Finding:
    if not value.strip():
        return Finding(name, ok=False, found="missing", fix=fix)
    if value != value.strip():
        return Finding(name, ok=False, found="has blanks around it", fix=f"Remove them. {fix}")
    return Finding(name, ok=True, found="set" if secret else value)


def _addresses(client: AmazonClient) -> list[tuple[str, str]]:
    return [("address", client.account.base), ("sign-in address", client.account.lwa_endpoint)]


def _address(name: str, url: str) -> Finding:
    parts = urlsplit(url)
    ok = bool(parts.hostname) and (parts.scheme == "https" or parts.hostname in LOOPBACK)
    fix = "Use Amazon's https address of the region (http is for loopback)."
    return Finding(name, ok, url or "missing", "" if ok else fix)


def _region_of(region: str, shop: str) -> Finding:
    known = MARKETPLACES.get(shop)
    name = f"marketplace {named(shop)}"
    if known is None:
        fix = "Check the id; Amazon may have opened a shop that this version does not know."
        return Finding(name, ok=True, found="not known to this version", fix=fix)
    ok = known.region == region
    fix = f"It belongs to region {known.region}: one account entry serves one region."
    return Finding(name, ok, f"region {known.region}", "" if ok else fix)


def _sign_in(client: AmazonClient) -> Finding:
    given = "the seller's token was given"
    return _tried("sign in", client.caller.tokens.get, lambda _: given).finding


def _marketplaces(client: AmazonClient) -> list[Finding]:
    tried = _tried("authorisation", client.marketplace_participations, _counted("marketplaces"))
    if tried.value is None:
        return [tried.finding]
    by_id = {shop.marketplace.id: shop for shop in tried.value}
    wanted = client.account.marketplace_ids or tuple(
        shop_id for shop_id in by_id if shop_id in MARKETPLACES
    )
    return [tried.finding, *(_participates(shop_id, by_id.get(shop_id)) for shop_id in wanted)]


def _participates(shop_id: str, shop: m.MarketplaceParticipation | None) -> Finding:
    name = f"sells in {named(shop_id)}"
    if shop is None or not shop.participation.isParticipating:
        fix = "Take it out of the settings, or register the account for this marketplace."
        return Finding(name, ok=False, found="no", fix=fix)
    if shop.participation.hasSuspendedListings:
        fix = "Amazon has suspended the listings: see Account Health in Seller Central."
        return Finding(name, ok=False, found="listings are suspended", fix=fix)
    return Finding(name, ok=True, found=f"yes, in {shop.marketplace.defaultCurrencyCode}")


def _orders(client: AmazonClient) -> list[Finding]:
    """Whether orders may be read, and whether a recent one shows where it is to go."""
    after = client.searchable(client.clock.now() - _LOOK_BACK)

    def search() -> Sequence[m.Order]:
        try:
            return client.search_page(after, included=("RECIPIENT", "FULFILLMENT"), size=50).orders
        except Refused as refused:
            raise refused.error from None

    tried = _tried("read orders", search, _counted("changed in 30 days"))
    if tried.value is None:
        return [tried.finding, _OTHER_ROLES]
    return [tried.finding, _address_role(tried.value), _OTHER_ROLES]


_OTHER_ROLES = Finding(
    "other roles, not seen here", ok=True,
    found="Finance and Accounting for settlements; Product Listing and Pricing for stock, prices "
    "and listings",
)  # fmt: skip


def _address_role(orders: Sequence[m.Order]) -> Finding:
    name = "role Direct-to-Consumer Delivery"
    open_orders = [o for o in orders if _ships_to_customer(o)]
    if not open_orders:
        return Finding(name, ok=True, found="no open order to see it by")
    if any(_has_street(order) for order in open_orders):
        return Finding(name, ok=True, found="addresses are shown")
    fix = (
        "Ask Amazon for the restricted role Direct-to-Consumer Delivery, then authorise the "
        "application again: orders come without name and street."
    )
    return Finding(
        name, ok=False, found=f"{len(open_orders)} open orders without a street", fix=fix
    )


def _ships_to_customer(order: m.Order) -> bool:
    done = order.fulfillment
    return bool(done and done.fulfilledBy == "MERCHANT" and done.fulfillmentStatus in _SHIPPABLE)


def _has_street(order: m.Order) -> bool:
    address = order.recipient.deliveryAddress if order.recipient else None
    return bool(address and (address.addressLine1 or address.extendedFields))


def _clock(client: AmazonClient) -> Finding:
    gap = client.caller.gap
    if gap is None:
        return Finding("clock", ok=True, found="Amazon did not tell its time")
    seconds = abs(round(gap.total_seconds()))
    ok = abs(gap) <= _CLOCK_GAP
    fix = "Set this machine's clock (NTP)."
    return Finding("clock", ok, f"{seconds} s between Amazon's and ours", "" if ok else fix)


def _notifications(client: AmazonClient, queue: SqsQueue) -> list[Finding]:
    there = _tried("queue", queue.arn, str)
    granted = _tried(
        "notifications without a seller",
        lambda: client.caller.tokens.get(NOTIFICATIONS),
        lambda _: "the grantless token was given",
    )
    findings = [there.finding, granted.finding]
    if there.value is None or granted.value is None:
        return findings
    listed = _tried("destinations", client.destinations, _counted("known to Amazon"))
    ours = {
        d.destinationId
        for d in listed.value or ()
        if d.resource.sqs and d.resource.sqs.arn == there.value
    }
    return [*findings, listed.finding, _subscription(client, ours)]


_ELSEWHERE = "Find out who reads that queue: docs/operate/subscription-elsewhere.md."


def _subscription(client: AmazonClient, ours: set[str]) -> Finding:
    name, fix = f"subscription {ORDER_CHANGE}", "`crossdock serve` makes it when it starts."
    tried = _tried(name, lambda: (client.subscription(ORDER_CHANGE),), lambda _: "to our queue")
    if tried.value is None:
        return tried.finding
    (subscription,) = tried.value
    if subscription is None:
        return Finding(name, ok=False, found="none; orders are found by the sweep alone", fix=fix)
    if subscription.destinationId not in ours:
        return Finding(name, ok=False, found="goes to another queue", fix=_ELSEWHERE)
    return tried.finding


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class _Tried(Generic[Found]):
    """The finding, and what was found when it went well."""

    finding: Finding
    value: Found | None = None


def _tried(name: str, look: Callable[[], Found], words: Callable[[Found], str]) -> _Tried[Found]:
    try:
        found = look()
    except (RunError, Misuse) as error:
        return _Tried(Finding(name, ok=False, found=str(error), fix=_fix(error)))
    return _Tried(Finding(name, ok=True, found=words(found)), found)


def _counted(what: str) -> Callable[[Sequence[object]], str]:
    return lambda found: f"{len(found)} {what}"


def _fix(error: RunError | Misuse) -> str:
    if isinstance(error, NeedsPerson):
        return error.remedy
    if isinstance(error, Unreachable):
        return "Check the address, this machine's network and its firewall."
    if isinstance(error, ReplyLost):
        return "The address takes connections but does not answer: try again in a while."
    return "Try again in a while."
