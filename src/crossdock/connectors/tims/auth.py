"""Who we are to TIMS: OAuth 2.0 client credentials, or an older site's static API key."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from crossdock.connectors.http import Line
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.connectors.tims.limits import BURST, RATE
from crossdock.connectors.tims.wire import Wire
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import NeedsPerson, RunError

SCOPES = (
    "customers:read",
    "customers:write",
    "items:read",
    "stock:read",
    "stock:write",
    "orders:read",
    "orders:write",
    "shipments:read",
    "webhooks:manage",
    "ar:read",
    "ar:write",
    "gl:read",
    "gl:write",
)
"""What orders, shipments, receivables and settlements need."""

PRICES, COSTS = "prices:read", "costs:read"
"""What prices need besides; TIMS shows what an item costs us only with the second."""

_EARLY = timedelta(seconds=60)  # a token is renewed this long before it ends


@dataclass(frozen=True, slots=True)
class TimsAccount:
    """One TIMS site and how we sign in: client id and secret, or an API key."""

    url: str  # https://tims.example.com, without /api/v1
    company: str  # the company's code in TIMS
    environment: str  # live | test
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    api_key_header: str = "Authorization"  # or X-Api-Key
    scopes: tuple[str, ...] = SCOPES
    api_version: str = "8.19"
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)  # the first is the newest
    rate: Decimal = RATE
    burst: int = BURST
    user_agent: str = "crossdock"
    real_people: bool = True  # False: people are made up before they are sent

    @property
    def base(self) -> str:
        """The address without a trailing slash or the API's own path."""
        return self.url.rstrip("/").removesuffix("/api/v1")

    def reading_prices(self, *, costs: bool = False) -> "TimsAccount":
        """The same account, which asks for prices too, and for costs where they are needed."""
        more = (PRICES, COSTS) if costs else (PRICES,)
        wanted = (*self.scopes, *(name for name in more if name not in self.scopes))
        return replace(self, scopes=wanted)

    @property
    def bucket(self) -> str:
        """The name of this key's token bucket."""
        return f"tims:{self.company}:{self.environment}:{self.client_id or 'api-key'}"


class SignIn(Protocol):
    """Gives the headers that prove who we are."""

    def headers(self) -> Mapping[str, str]:
        """For the next request."""
        ...

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """TIMS answered 401 to these headers. True: other headers may work, try once more."""
        ...


class ApiKey:
    """A static key: nothing to renew."""

    def __init__(self, account: TimsAccount, wire: Wire) -> None:
        self._headers = wire.api_key_headers(account.api_key, account.api_key_header)

    def headers(self) -> Mapping[str, str]:
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        del headers
        return False


@dataclass(frozen=True, slots=True)
class _Token:
    headers: Mapping[str, str]
    scopes: frozenset[str]
    ends: datetime  # by the business clock, which a rehearsal may run faster
    ends_ticks: float  # by the monotonic clock, which no correction of the time can move


class ClientCredentials:
    """A bearer token, fetched once for all threads and renewed before it ends."""

    def __init__(self, account: TimsAccount, line: Line, wire: Wire, clock: Clock) -> None:
        self._account, self._line, self._wire, self._clock = account, line, wire, clock
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def headers(self) -> Mapping[str, str]:
        token = self._token
        if token is None or not self._fresh(token):
            token = self._renewed(token)
        return token.headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        with self._lock:
            if self._token is not None and self._token.headers == headers:
                self._token = None
        return True

    @property
    def scopes(self) -> frozenset[str]:
        """What TIMS granted with the current token; empty when it did not say."""
        return frozenset() if self._token is None else self._token.scopes

    def _fresh(self, token: _Token) -> bool:
        return self._clock.now() < token.ends and time.monotonic() < token.ends_ticks

    def _renewed(self, seen: _Token | None) -> _Token:
        with self._lock:
            token = self._token
            if token is not None and token is not seen and self._fresh(token):
                return token  # another thread was faster
            self._token = self._fetched()
            return self._token

    def _fetched(self) -> _Token:
        account, wire = self._account, self._wire
        request = wire.token_request(
            account.base, account.client_id, account.client_secret, account.scopes
        )
        response = self._line.exchange("POST /oauth/token", request)
        if not response.ok:
            raise _sign_in_error(wire.refusal(response))
        grant = wire.token(response)
        span = max(timedelta(seconds=grant.expires_in) - _EARLY, timedelta(seconds=1))
        return _Token(
            wire.bearer_headers(grant.access_token),
            frozenset(grant.scope.split()),
            self._clock.now() + span,
            time.monotonic() + span.total_seconds(),
        )


def sign_in(account: TimsAccount, line: Line, wire: Wire, clock: Clock) -> SignIn:
    """The way the account asks for."""
    if account.api_key:
        return ApiKey(account, wire)
    return ClientCredentials(account, line, wire, clock)


def _sign_in_error(refusal: Refusal) -> RunError:
    """OAuth answers 400 and 401 with its own codes (RFC 6749 5.2); the rest is the table's."""
    remedy = _OAUTH.get(refusal.code)
    if remedy is None and refusal.status not in (400, 401, 403):
        return error_of(refusal, operation="POST /oauth/token", about="TIMS sign-in")
    what = "what we ask for" if refusal.code == "invalid_scope" else "our client id and secret"
    said = f" ({refusal.detail})" if refusal.detail else ""
    return NeedsPerson(
        f"TIMS does not accept {what}: {refusal.code or refusal.status}{said}",
        kind="reconnect-tims",
        remedy=remedy or _OAUTH["invalid_client"],
        about="TIMS sign-in",
        request_id=refusal.trace_id,
        code=refusal.code or str(refusal.status),
        suspect=True,
    )


_OAUTH = {
    "invalid_client": "Correct client id and secret in the settings, then run "
    "`crossdock connection test tims`.",
    "unauthorized_client": "Allow the client credentials grant for this client in TIMS.",
    "unsupported_grant_type": "This site has no client credentials grant: use an API key.",
    "invalid_scope": "Grant this client the scopes that TIMS names, or leave them out of "
    "tims.scope in the settings.",
}
