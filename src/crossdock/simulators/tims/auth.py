"""Who calls: OAuth 2.0 client credentials, or a static API key; live and test apart."""

import base64
import binascii
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote

from crossdock.simulators.tims.call import Answer
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.wire import Request

TOKEN_LIVES = timedelta(seconds=3600)
SCOPES = [
    "customers:read",
    "customers:write",
    "items:read",
    "stock:read",
    "stock:write",
    "prices:read",
    "costs:read",
    "orders:read",
    "orders:write",
    "shipments:read",
    "returns:read",
    "returns:write",
    "ar:read",
    "ar:write",
    "gl:read",
    "gl:write",
    "webhooks:manage",
]


@dataclass(eq=False)
class Credential:
    """One caller's keys. They open one environment of one company."""

    environment: str  # live | test
    client_id: str
    client_secret: str
    api_key: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))


@dataclass(frozen=True, slots=True)
class _Token:
    credential: Credential
    scopes: frozenset[str]
    ends: datetime


class Keyring:
    """Issues and recognises tokens. `spoiled` says whether a token is refused before its time."""

    def __init__(
        self, credentials: list[Credential], seed: int, spoiled: Callable[[str], bool]
    ) -> None:
        self.credentials = credentials
        self._spoiled = spoiled
        self._draw = random.Random(f"{seed}/tokens")
        self._tokens: dict[str, _Token] = {}

    def issue(self, request: Request, now: datetime) -> Answer:
        """`POST /oauth/token`."""
        form = _form(request)
        if form.get("grant_type", "client_credentials") != "client_credentials":
            raise Refusal("unsupported_grant_type")
        credential = self._client(form.get("client_id", ""), form.get("client_secret", ""))
        asked = form.get("scope", "").split()
        refused = sorted(set(asked) - credential.scopes)
        if refused:
            raise Refusal("invalid_scope", f"Not granted: {', '.join(refused)}")
        scopes = frozenset(asked or credential.scopes)
        text = f"tims_{self._draw.getrandbits(160):040x}"
        self._tokens = {key: x for key, x in self._tokens.items() if x.ends > now}
        self._tokens[text] = _Token(credential, scopes, now + TOKEN_LIVES)
        grant = {
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIVES.total_seconds()),
            "scope": " ".join(sorted(scopes)),
        }
        return Answer(200, json.dumps(grant).encode(), {"cache-control": "no-store"})

    def recognise(
        self, headers: Mapping[str, str], now: datetime, operation: str
    ) -> tuple[Credential, frozenset[str]]:
        """Whose request this is, and what it may do. Scopes that were withdrawn count at once."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        value = value.strip()
        if scheme.lower() == "bearer" and value:
            return self._bearer(value, now, operation)
        key = value if scheme.lower() == "apikey" else headers.get("x-api-key", "")
        if not key:
            raise _unknown("unauthenticated", "A bearer token or an API key is needed")
        for credential in self.credentials:
            if credential.api_key == key:
                return credential, frozenset(credential.scopes)
        raise _unknown("api_key_invalid", "This API key is not known")

    def forget(self) -> None:
        """Drop every token."""
        self._tokens.clear()

    def _bearer(
        self, text: str, now: datetime, operation: str
    ) -> tuple[Credential, frozenset[str]]:
        token = self._tokens.get(text)
        if token is None or token.credential not in self.credentials:
            raise _unknown("token_invalid", "This token is not known")
        if now >= token.ends or self._spoiled(operation):
            del self._tokens[text]
            raise _unknown("token_expired", "Ask for a new token")
        return token.credential, token.scopes & token.credential.scopes

    def _client(self, client_id: str, secret: str) -> Credential:
        for credential in self.credentials:
            if credential.client_id == client_id and credential.client_secret == secret:
                return credential
        raise Refusal("invalid_client", headers={"www-authenticate": 'Basic realm="tims"'})


def _unknown(code: str, detail: str) -> Refusal:
    return Refusal(code, detail, headers={"www-authenticate": f'Bearer error="{code}"'})


def _form(request: Request) -> dict[str, str]:
    """The token request: a form or JSON, client in the body or by Basic authentication."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            body = request.json()
            form = {str(k): str(v) for k, v in body.items()} if isinstance(body, dict) else {}
        else:
            form = dict(parse_qsl(request.body.decode()))
    except ValueError:
        raise Refusal("invalid_request") from None
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (ValueError, binascii.Error):
            raise Refusal("invalid_client") from None
        form |= {"client_id": unquote(client_id), "client_secret": unquote(secret)}
    return form
