"""The one door for HTTP.

    network = Network()                                  # one per process, shared by all threads
    line = Line("tims", network, clock, request_id_header="x-request-id", code_of=problem_code)
    response = line.exchange("GET /items/{ItemCode}", Request("GET", url, headers))

A transport has one method. What the network did wrong is said by two errors, both TryAgain, so a
connector only catches them where it knows better: `Unreachable` (nothing was carried out) and
`ReplyLost` (it may have been carried out; look before you write again). Every status is a
Response; what a status means is the connector's table. Redirects are never followed.
"""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import Misuse, TryAgain
from crossdock.kernel.evidence import Call, note
from crossdock.kernel.redact import masked

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreachable(TryAgain):
    """No connection: name, address, refusal or TLS. The request was not carried out."""


class ReplyLost(TryAgain):
    """The request went out and no whole answer came back. It may have been carried out."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Names of headers are lower case; `url` is complete and encoded."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read to its end. Names of headers are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON, numbers with a point as Decimal by the caller's models; a ValueError
        when it is not JSON.
        """
        return json.loads(self.body)


class Transport(Protocol):
    """Carries one request to its answer."""

    def send(self, request: Request) -> Response:
        """The answer, whatever its status. Raises Unreachable or ReplyLost. Thread-safe."""
        ...


class Network:
    """The real network: kept-alive connections per host, no retries, no redirects, TLS unless
    loopback. The time-outs are seconds on the wall, whatever the business clock does.
    """

    def __init__(
        self, *, connect_seconds: float = 5.0, read_seconds: float = 30.0, connections: int = 32
    ) -> None:
        self._timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)
        self._pools = urllib3.PoolManager(num_pools=16, maxsize=connections, retries=False)

    def send(self, request: Request) -> Response:
        host = _checked_host(request.url)
        try:
            answer = self._pools.urlopen(
                request.method,
                request.url,
                body=request.body or None,
                headers=request.headers,
                timeout=self._timeout,
                redirect=False,
                retries=False,
            )
        except LocationValueError as error:
            raise Misuse(f"{request.url!r} is not an address that can be called") from error
        except HTTPError as error:
            raise _meaning(error, host) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, answer.data)

    def close(self) -> None:
        """Drop the kept-alive connections."""
        self._pools.clear()


@dataclass(frozen=True, slots=True)
class Line:
    """One company's line: sends through the transport and notes every exchange as evidence.

    `code_of` reads the company's own error code out of an answer that is not 2xx.
    """

    system: str
    transport: Transport
    clock: Clock
    request_id_header: str
    code_of: Callable[[Response], str]

    def exchange(
        self,
        operation: str,
        request: Request,
        *,
        wrote: Mapping[str, object] | None = None,
        remark: str = "",
    ) -> Response:
        """Send, and note what was said and answered. `wrote` is the body of a write as it may be
        kept: it is masked here once more. `remark` tells calls of one batch apart (an order id).
        """
        at, began = self.clock.now(), time.monotonic()
        kept: dict[str, object] = {}
        if wrote:
            hidden = masked(wrote)
            kept = dict(hidden) if isinstance(hidden, Mapping) else {}
        status, request_id, code, said = 0, "", "", remark
        try:
            response = self.transport.send(request)
            status, request_id = response.status, response.headers.get(self.request_id_header, "")
            code = "" if response.ok else self.code_of(response)
            return response
        except (Unreachable, ReplyLost) as error:
            lost = "reply lost" if isinstance(error, ReplyLost) else "unreachable"
            said = f"{remark}: {lost}" if remark else lost
            raise
        finally:
            spent = round((time.monotonic() - began) * 1000)
            note(Call(self.system, operation, at, spent, status, request_id, code, kept, said))


def _checked_host(url: str) -> str:
    """The host; plain http is for this machine alone, so that no secret leaves it unencrypted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK):
        return host
    raise Misuse(
        f"refusing {parts.scheme or 'no scheme'}://{host}: use https (http is for loopback)"
    )


_HANDSHAKE = ("CERTIFICATE", "HANDSHAKE", "WRONG_VERSION", "UNSUPPORTED_PROTOCOL", "ALERT")


def _meaning(error: HTTPError, host: str) -> Unreachable | ReplyLost:
    """Before the request was sent, or perhaps after: whatever is not surely before is after."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, NameResolutionError):
        return Unreachable(f"{host} cannot be found (name resolution)", code="dns")
    if isinstance(error, NewConnectionError | ProxyError):  # urllib3 calls it a time-out, too
        return Unreachable(f"{host} does not take connections", code="refused")
    if isinstance(error, ConnectTimeoutError):
        return Unreachable(f"{host} did not take the connection in time", code="connect timeout")
    if isinstance(error, SSLError):
        reason = str(error).upper().replace(" ", "_")
        if isinstance(cause, ssl.SSLCertVerificationError) or any(x in reason for x in _HANDSHAKE):
            return Unreachable(f"no trusted TLS connection to {host}: {error}", code="tls")
    return ReplyLost(f"{host} gave no complete answer ({type(error).__name__})", code="reply lost")
