"""Who we are to Amazon: Login with Amazon gives tokens for a seller, and some without one."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from crossdock.connectors.amazon.errors import (
    REQUEST_ID,
    login_code_of,
    login_error_of,
    login_refusal,
    read,
)
from crossdock.connectors.amazon.marketplaces import LWA, REGIONS
from crossdock.connectors.amazon.models import Token
from crossdock.connectors.http import Line, Request, Transport
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import NeedsPerson, RunError

NOTIFICATIONS: Final = "sellingpartnerapi::notifications"  # the scope of grantless calls
_SELLER: Final = ""

_EARLY = timedelta(seconds=60)  # a token is renewed this long before it ends
_YOUNG_SECONDS = 60.0  # a token as young as this is not replaced without a reason
_REFUSAL_SECONDS = 10.0  # how long a refusal is believed before Amazon is asked again


@dataclass(frozen=True, slots=True)
class AmazonAccount:
    """One seller in one region, and the application that acts for it."""

    seller_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    region: str = "na"
    marketplace_ids: tuple[str, ...] = ()
    endpoint: str = ""  # empty: the region's
    lwa_endpoint: str = LWA
    user_agent: str = "Crossdock/0.1.0 (Language=Python)"

    @property
    def base(self) -> str:
        """The address of the region's API, without a trailing slash."""
        known = REGIONS.get(self.region)
        return (self.endpoint or (known.endpoint if known else "")).rstrip("/")

    @property
    def owner(self) -> str:
        """Whose quota it is: the head of every bucket's name."""
        return f"{self.seller_id}:{self.region}"


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str
    made_at: float  # by the monotonic clock
    ends_at: float  # by the monotonic clock, which no correction of the time can move
    ends: datetime  # by the business clock, which a rehearsal may run faster


class Tokens:
    """Access tokens: fetched once for all threads, renewed a minute before they end."""

    def __init__(
        self,
        account: AmazonAccount,
        transport: Transport,
        clock: Clock,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account, self._clock, self._ticks = account, clock, ticks
        self._line = Line("amazon", transport, clock, REQUEST_ID, login_code_of)
        self._kept: dict[str, _Kept] = {}
        self._refused: dict[str, tuple[float, NeedsPerson]] = {}
        self._locks = {_SELLER: threading.Lock(), NOTIFICATIONS: threading.Lock()}

    def get(self, scope: str = _SELLER) -> str:
        """A token that is good for at least another minute: the seller's, or a scope's."""
        kept = self._kept.get(scope)
        if kept is not None and self._is_fresh(kept):
            return kept.text
        with self._locks[scope]:
            kept = self._kept.get(scope)
            if kept is None or not self._is_fresh(kept):  # else another thread was faster
                kept = self._kept[scope] = self._fetched(scope)
            return kept.text

    def replaced(self, token: str, scope: str = _SELLER, *, certain: bool) -> bool:
        """Amazon refused the token: may the call be tried with another one?

        `certain` says that Amazon named the token as the reason. When it did not, a token that is
        brand-new is kept: a missing role would otherwise cost a new token per call.
        """
        with self._locks[scope]:
            kept = self._kept.get(scope)
            if kept is None or kept.text != token:
                return True  # replaced by another thread already
            if not certain and self._ticks() - kept.made_at < _YOUNG_SECONDS:
                return False
            del self._kept[scope]
            return True

    def _is_fresh(self, kept: _Kept) -> bool:
        return self._clock.now() < kept.ends and self._ticks() < kept.ends_at

    def _fetched(self, scope: str) -> _Kept:
        until, refusal = self._refused.get(scope, (float("-inf"), None))
        if refusal is not None and self._ticks() < until:
            raise _again(refusal)
        try:
            return self._asked(scope)
        except NeedsPerson as error:
            self._refused[scope] = (self._ticks() + _REFUSAL_SECONDS, error)
            raise

    def _asked(self, scope: str) -> _Kept:
        account = self._account
        form = {"client_id": account.client_id, "client_secret": account.client_secret}
        if scope == _SELLER:
            form |= {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
        else:
            form |= {"grant_type": "client_credentials", "scope": scope}
        headers = {
            "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
            "accept": "application/json",
            "user-agent": account.user_agent,
        }
        url = f"{account.lwa_endpoint.rstrip('/')}/auth/o2/token"
        asked_at, now = self._ticks(), self._clock.now()
        response = self._line.exchange(
            "requestToken", Request("POST", url, headers, urlencode(form).encode())
        )
        if not response.ok:
            raise login_error_of(login_refusal(response))
        token = read(Token, response, "requestToken", "Login with Amazon")
        span = max(timedelta(seconds=token.expires_in) - _EARLY, timedelta(seconds=1))
        return _Kept(token.access_token, asked_at, asked_at + span.total_seconds(), now + span)


def _again(error: NeedsPerson) -> RunError:
    """The same refusal for another record."""
    return NeedsPerson(
        error.message, kind=error.kind, remedy=error.remedy, about=error.about,
        request_id=error.request_id, code=error.code, evidence=error.evidence,
        suspect=error.suspect,
    )  # fmt: skip
