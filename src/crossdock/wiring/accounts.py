"""Settings to accounts: who we are to Amazon and to TIMS."""

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.marketplaces import LWA
from crossdock.connectors.http import Network
from crossdock.connectors.tims.auth import SCOPES, TimsAccount
from crossdock.connectors.tims.limits import BURST, RATE
from crossdock.engine.policy import Policy
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import ConfigError
from crossdock.kernel.quota import Buckets, Grant
from crossdock.wiring.pricerules import FILE as PRICES
from crossdock.wiring.pricerules import read_price_rules

if TYPE_CHECKING:
    from crossdock.settings import Settings


def amazon_account(settings: "Settings") -> AmazonAccount:
    """One seller in one region."""
    amazon = settings.amazon
    return AmazonAccount(
        seller_id=amazon.seller_id,
        client_id=amazon.client_id,
        client_secret=amazon.client_secret.reveal(),
        refresh_token=amazon.refresh_token.reveal(),
        region=amazon.region,
        marketplace_ids=tuple(amazon.marketplaces),
        endpoint=amazon.endpoint or "",
        lwa_endpoint=amazon.lwa_endpoint or LWA,
    )


def tims_account(settings: "Settings") -> TimsAccount:
    """One TIMS site."""
    tims = settings.tims
    company, _, environment = tims.company.partition("/")
    account = TimsAccount(
        url=tims.url,
        company=company,
        environment=environment,
        client_id=tims.client_id or "",
        client_secret=tims.client_secret.reveal() if tims.client_secret else "",
        api_key=tims.api_key.reveal() if tims.api_key else "",
        scopes=tuple(tims.scope) or SCOPES,
        real_people=environment != "test" or settings.privacy.real_people_in_test,
        webhook_secrets=(tims.webhook.secret.reveal(),) if tims.webhook else (),
        rate=RATE if tims.limits else Decimal(1_000_000),
        burst=BURST if tims.limits else 1_000_000,
    )
    wanted = None if tims.scope else _reads_prices(settings)
    return account if wanted is None else account.reading_prices(costs=wanted)


def _reads_prices(settings: "Settings") -> bool | None:
    """Whether the workspace's prices need TIMS's costs; None when it has no prices."""
    if not (settings.folder / PRICES).exists():
        return None
    try:
        return read_price_rules(settings.folder).needs_costs
    except ConfigError:
        return False


def policy_of(settings: "Settings") -> Policy:
    """The engine's numbers."""
    return Policy(**{f.name: getattr(settings.policy, f.name) for f in fields(Policy)})


class Unlimited:
    """Buckets that never run dry, for rehearsals without limits."""

    def take(self, bucket: str, want: int, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """All of it."""
        del bucket, rate, burst, reserve
        return Grant(want)

    def room(self, bucket: str, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """More than any batch."""
        del bucket, rate, burst, reserve
        return Grant(1_000_000)

    def observe(self, bucket: str, rate: Decimal) -> None:
        """Not needed."""

    def throttled(self, bucket: str, published: Decimal) -> timedelta:
        """A second."""
        del bucket, published
        return timedelta(seconds=1)


_PATIENCE, _LEAST_PATIENCE = timedelta(seconds=30), 3.0


def network_of(clock: Clock) -> Network:
    """The real network. How long an answer may take is business time, so that a company that never
    answers costs a fast rehearsal no more than it costs a real day.
    """
    seconds = clock.wall_seconds(_PATIENCE)
    return Network(read_seconds=max(seconds, _LEAST_PATIENCE))


def buckets_of(settings: "Settings", stored: Buckets) -> Buckets:
    """The store's buckets, unless the settings switch limits off."""
    return stored if settings.amazon.limits else Unlimited()
