"""One call to Amazon: within the quota, with a token, noted as evidence, its refusal understood."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from crossdock.connectors.amazon.auth import NOTIFICATIONS, AmazonAccount, Tokens
from crossdock.connectors.amazon.errors import (
    REQUEST_ID,
    Meaning,
    Refusal,
    code_of,
    error_of,
    refusal_of,
    row_of,
)
from crossdock.connectors.amazon.exact import body_of
from crossdock.connectors.amazon.limits import Quota
from crossdock.connectors.http import Line, Request, Response, Transport
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import RunError, TryAgain
from crossdock.kernel.quota import Buckets

GRANTLESS: Final = frozenset({
    "createDestination", "getDestinations", "getDestination", "deleteDestination",
    "getSubscriptionById", "deleteSubscriptionById",
})  # fmt: skip


class Refused(Exception):
    """Amazon said no; `error` is what the table makes of it. Never leaves the connector."""

    def __init__(self, refusal: Refusal, meaning: Meaning, error: RunError) -> None:
        super().__init__(refusal.code)
        self.refusal, self.meaning, self.error = refusal, meaning, error


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of Amazon. `about` names the record in the user's words."""

    operation: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    about: str = ""
    paid: bool = False  # the quota was taken already, for a whole batch
    reserve: int = 0  # calls left for more urgent callers

    @property
    def scope(self) -> str:
        """Which token the call needs."""
        return NOTIFICATIONS if self.operation in GRANTLESS else ""


class Caller:
    """Calls one region of Amazon for one account. Thread-safe; never sleeps."""

    def __init__(
        self, account: AmazonAccount, transport: Transport, clock: Clock, buckets: Buckets
    ) -> None:
        self.account, self.clock = account, clock
        self.tokens = Tokens(account, transport, clock)
        self.quota = Quota(buckets, account.owner)
        self._line = Line("amazon", transport, clock, REQUEST_ID, code_of)
        self._amazon_time = _AmazonTime(clock)

    def now(self) -> datetime:
        """Amazon's time, from its last answer; ours before the first one."""
        return self._amazon_time.now()

    @property
    def gap(self) -> timedelta | None:
        """How far Amazon's clock is ahead of ours; None before the first answer."""
        return self._amazon_time.gap

    def call(self, ask: Ask) -> Response:
        """The answer, 2xx. Raises Refused, or a RunError when there was no answer to judge."""
        if not ask.paid:
            self.quota.take_one(ask.operation, ask.about, reserve=ask.reserve)
        token = self.tokens.get(ask.scope)
        response = self._sent(ask, token)
        if response.status in (401, 403):
            certain = row_of(refusal_of(response), ask.operation).meaning is Meaning.TOKEN
            if self.tokens.replaced(token, ask.scope, certain=certain):
                response = self._sent(ask, self.tokens.get(ask.scope))
        if response.ok:
            return response
        refusal = refusal_of(response)
        meaning = row_of(refusal, ask.operation).meaning
        raise Refused(refusal, meaning, error_of(refusal, ask.operation, ask.about))

    def answer(self, ask: Ask) -> Response:
        """The answer, 2xx, or the RunError that the table makes of a refusal."""
        try:
            return self.call(ask)
        except Refused as refused:
            raise refused.error from None

    def fetch(self, name: str, request: Request, about: str) -> Response:
        """A request that is not the Selling Partner API's: no token goes with it."""
        return self._line.exchange(name, request, remark=about)

    def _sent(self, ask: Ask, token: str) -> Response:
        headers = {
            "x-amz-access-token": token,
            "accept": "application/json",
            "user-agent": self.account.user_agent,
        }
        body = b""
        if ask.body is not None:
            headers["content-type"] = "application/json"
            body = body_of(ask.body)
        request = Request(ask.method, self._url(ask), headers, body)
        sent_at = time.monotonic()
        try:
            response = self._line.exchange(ask.operation, request, wrote=ask.body, remark=ask.about)
        except TryAgain as error:
            error.about = error.about or ask.about
            raise
        self._amazon_time.heard(response)
        if response.status == 429:
            self._throttled(ask, response, sent_at)
        self.quota.heard(ask.operation, response.headers)
        return response

    def _throttled(self, ask: Ask, response: Response, sent_at: float) -> None:
        wait = self.quota.throttled(ask.operation, sent_at)
        raise TryAgain(
            f"Amazon throttles {ask.operation}",
            after=wait,
            counts=False,
            about=ask.about,
            request_id=response.headers.get(REQUEST_ID, ""),
            code=refusal_of(response).code or "429",
        )

    def _url(self, ask: Ask) -> str:
        url = self.account.base + ask.path
        return f"{url}?{urlencode(ask.query, quote_via=quote, safe=',:')}" if ask.query else url


class _AmazonTime:
    """Amazon's clock as its Date header tells it: rules such as "two minutes ago" go by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = ""
        self.gap: timedelta | None = None

    def now(self) -> datetime:
        return self._clock.now() + (self.gap or timedelta(0))

    def heard(self, response: Response) -> None:
        text = response.headers.get("date", "")
        if not text or text == self._last:
            return
        try:
            theirs = parsedate_to_datetime(text).astimezone(UTC)
        except ValueError:
            return
        with self._lock:
            self._last, self.gap = text, theirs - self._clock.now()
