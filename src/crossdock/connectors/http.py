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
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    InvalidURL,
)
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

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
    """The real network: kept-alive connections per host, no retries, no redirects, no proxies, TLS
    unless loopback. The time-outs are seconds on the wall, whatever the business clock does.

    The standard library's client, because it costs a third of what the others do
    (docs/decisions/0003-http-and-json.md), and because it tells connecting from sending.
    """

    def __init__(
        self, *, connect_seconds: float = 5.0, read_seconds: float = 30.0, connections: int = 32
    ) -> None:
        """`connections`: how many idle ones are kept per host."""
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._kept = connections
        self._idle: dict[tuple[str, str], deque[HTTPConnection]] = {}
        self._tls = ssl.create_default_context()

    def send(self, request: Request) -> Response:
        parts = _checked(request.url)
        idle = self._idle.setdefault((parts.scheme, parts.netloc), deque())
        connection = _still_open(idle) or self._connected(parts)
        try:
            answer, body = _exchanged(connection, request, parts)
        except BaseException:
            connection.close()
            raise
        if answer.will_close or len(idle) >= self._kept:
            connection.close()
        else:
            idle.append(connection)
        return Response(answer.status, _lower_case(answer.getheaders()), body)

    def close(self) -> None:
        """Drop the kept-alive connections."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _connected(self, parts: SplitResult) -> HTTPConnection:
        """A new connection, up to and including TLS. Whatever fails here carried nothing out."""
        host, seconds = parts.hostname or "", self._connect_seconds
        if parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                host, parts.port, timeout=seconds, context=self._tls
            )
        else:
            connection = HTTPConnection(host, parts.port, timeout=seconds)
        try:
            connection.connect()
            connection.sock.settimeout(self._read_seconds)
        except (OSError, UnicodeError) as error:
            connection.close()
            raise _unreachable(error, host) from error
        return connection


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


_LARGEST_ANSWER = 64 * 1024 * 1024


def _checked(url: str) -> SplitResult:
    """The address. Plain http is for this machine alone: no secret leaves it unencrypted."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Misuse(f"{url[:80]!r} is not an address that can be called") from None
    if host and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        return parts
    scheme = parts.scheme or "no scheme"
    raise Misuse(f"refusing {scheme}://{host}: use https (http is for loopback)")


def _exchanged(
    connection: HTTPConnection, request: Request, parts: SplitResult
) -> tuple[HTTPResponse, bytes]:
    """Send, and read the answer to its end. Whatever fails here may have been carried out."""
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(request.method, target, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        if (answer.length or 0) > _LARGEST_ANSWER:
            raise HTTPException("the answer is too large")
        # With a length a short body is an error; without one the limit is ours.
        body = answer.read() if answer.length is not None else answer.read(_LARGEST_ANSWER + 1)
        if len(body) > _LARGEST_ANSWER:
            raise HTTPException("the answer is too large")
        return answer, body
    except (InvalidURL, ValueError) as error:  # http.client refuses such requests unsent
        what = type(error).__name__
        raise Misuse(f"{request.method} {parts.hostname} cannot be sent: {what}") from None
    except (OSError, HTTPException) as error:
        what = type(error).__name__
        raise ReplyLost(
            f"{parts.hostname} gave no complete answer ({what})", code="reply lost"
        ) from error


def _still_open(idle: deque[HTTPConnection]) -> HTTPConnection | None:
    """A kept connection that the other side has not closed meanwhile."""
    while True:
        try:
            connection = idle.pop()
        except IndexError:
            return None
        if connection.sock is not None and not _readable(connection.sock):
            return connection
        connection.close()


def _readable(sock: socket.socket) -> bool:
    """On an idle connection only its end, or something nobody asked for, can be read."""
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        return bool(poller.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _lower_case(headers: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _unreachable(error: OSError | UnicodeError, host: str) -> Unreachable:
    if isinstance(error, socket.gaierror | UnicodeError):
        return Unreachable(f"{host} cannot be found (name resolution)", code="dns")
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason or type(error).__name__
        return Unreachable(f"no trusted TLS connection to {host}: {why}", code="tls")
    if isinstance(error, TimeoutError):
        return Unreachable(f"{host} did not take the connection in time", code="connect timeout")
    return Unreachable(f"{host} does not take connections", code="refused")
