"""Login with Amazon: hands out access tokens that live for an hour of world time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from crossdock.simulators.amazon.people import Seller
from crossdock.simulators.amazon.replies import answer, denied
from crossdock.simulators.amazon.state import Names
from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.wire import Cut, Reply, Request

LIFE = timedelta(seconds=3600)
NOTIFICATIONS = "sellingpartnerapi::notifications"
SCOPES = frozenset({NOTIFICATIONS, "sellingpartnerapi::client_credential:rotation"})
OPERATION = "requestToken"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token stands for: a seller, or a scope without one."""

    seller: Seller | None
    scope: str
    expires: datetime


class LwaError(Exception):
    """An OAuth error; its body differs from the other APIs'."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


class Lwa:
    """The app behind api.amazon.com; also knows which tokens are good."""

    def __init__(
        self,
        clock: Clock,
        names: Names,
        faults: Faults,
        sellers: Iterable[Seller],
        seen: Callable[[str, int], None],
    ) -> None:
        self.client_id = "amzn1.application-oa2-client.rehearsal"
        self.client_secret = "rehearsal-secret"  # noqa: S105 - a made-up one
        self.sellers = {seller.refresh_token: seller for seller in sellers}
        self.revoked: set[str] = set()  # seller ids
        self._clock, self._names, self._faults, self._seen = clock, names, faults, seen
        self._grants: dict[str, Grant] = {}

    def handle(self, request: Request) -> Reply:
        """POST /auth/o2/token."""
        reply = self._reply(request)
        self._seen(OPERATION, 0 if reply.cut else reply.status)
        return reply

    def grant(self, token: str, now: datetime) -> Grant:
        """What the token allows; a Refusal when it allows nothing."""
        if not token:
            raise denied("Access token is missing in the request header.")
        grant = self._grants.get(token)
        if grant is None:
            raise denied("The access token you provided is revoked, malformed or invalid.")
        if now >= grant.expires:
            raise denied("The access token you provided has expired.")
        if grant.seller and self._is_revoked(grant.seller):
            raise denied("The application is not authorized by the selling partner.")
        return grant

    def forget(self, token: str) -> None:
        """From now on the token is not known."""
        self._grants.pop(token, None)

    def _reply(self, request: Request) -> Reply:
        if self._faults.strikes("reset_before", OPERATION):
            return Reply(0, cut=Cut.RESET)
        if self._faults.strikes("silence", OPERATION):
            return Reply(0, cut=Cut.SILENCE)
        try:
            if self._faults.strikes("server_error_burst", OPERATION):
                raise LwaError(503, "temporarily_unavailable", "The service is unavailable.")
            return self._token(request)
        except LwaError as error:
            body = {"error": error.error, "error_description": error.description}
            return self._sent(answer(error.status, body))

    def _token(self, request: Request) -> Reply:
        if request.path != "/auth/o2/token" or request.method != "POST":
            raise LwaError(404, "invalid_request", "There is nothing here.")
        form = {k: v[-1] for k, v in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if form.get("client_id") != self.client_id:
            raise LwaError(401, "invalid_client", "Client authentication failed")
        if form.get("client_secret") != self.client_secret:
            raise LwaError(401, "invalid_client", "Client authentication failed")
        kind = form.get("grant_type")
        if kind == "refresh_token":
            return self._for_seller(form.get("refresh_token", ""))
        if kind == "client_credentials":
            return self._for_scope(form.get("scope", ""))
        raise LwaError(400, "unsupported_grant_type", "The grant type is not supported")

    def _for_seller(self, refresh_token: str) -> Reply:
        seller = self.sellers.get(refresh_token)
        if seller is None or self._is_revoked(seller):
            words = "The request has an invalid grant parameter : refresh_token"
            raise LwaError(400, "invalid_grant", words)
        return self._issue(Grant(seller, "", self._clock.now() + LIFE), refresh_token)

    def _for_scope(self, scope: str) -> Reply:
        if scope not in SCOPES:
            raise LwaError(400, "invalid_scope", "An unknown or invalid scope was requested")
        return self._issue(Grant(None, scope, self._clock.now() + LIFE), "")

    def _issue(self, grant: Grant, refresh_token: str) -> Reply:
        token = f"Atza|{self._names.secret(64)}"
        self._grants[token] = grant
        body: dict[str, object] = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(LIFE.total_seconds()),
        }
        if refresh_token:
            body["refresh_token"] = refresh_token
        return self._sent(answer(200, body))

    def _sent(self, reply: Reply) -> Reply:
        headers = {
            **reply.headers,
            "x-amzn-requestid": self._names.request_id(),
            "cache-control": "no-store",
        }
        return Reply(reply.status, headers, reply.body)

    def _is_revoked(self, seller: Seller) -> bool:
        return seller.seller_id in self.revoked or self._faults.active("grant_revoked")
