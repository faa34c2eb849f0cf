"""The one door for HTTP.

    network = Network()                                  # one per process, shared by all threads
    line = Line("tims", network, clock, request_id_header="x-request-id", code_of=problem_code)
    response = line.exchange("GET /items/{ItemCode}", Request("GET", url, headers))

A transport has one method. What the network did wrong is said by two errors, both TryAgain, so a
connector only catches them where it knows better: `Unreachable` (nothing was carried out) and
`ReplyLost` (it may have been carried out; look before you write again). Every status is a
Response; what a status means is the connector's table. Redirects are never followed.
"""

import io
import json
import re
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
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

    On the standard library's client, because it costs a third of what the others do
    (docs/decisions/0003-http-and-json.md), and because it tells connecting from sending. A request
    leaves in one piece, and a plain answer is read here; all others are read by the library.
    """

    def __init__(
        self, *, connect_seconds: float = 5.0, read_seconds: float = 30.0, connections: int = 32
    ) -> None:
        """`connections`: how many idle ones are kept per host."""
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._kept = connections
        self._idle: dict[tuple[str, str], deque[socket.socket]] = {}
        self._tls = ssl.create_default_context()

    def send(self, request: Request) -> Response:
        parts = _checked(request.url)
        whole = _in_one_piece(request, parts)
        idle = self._idle.setdefault((parts.scheme, parts.netloc), deque())
        line = _still_open(idle) or self._connected(parts)
        try:
            response, reusable = _exchanged(line, request, whole, parts.hostname or "")
        except BaseException:
            line.close()
            raise
        if not reusable or len(idle) >= self._kept:
            line.close()
        else:
            idle.append(line)
        return response

    def close(self) -> None:
        """Drop the kept-alive connections."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _connected(self, parts: SplitResult) -> socket.socket:
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
        return connection.sock


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


_NAME = re.compile(r"[^:\s][^:\r\n\0]*")
_UNSENDABLE = re.compile(r"[\r\n\0]")
_UNSENDABLE_TARGET = re.compile(r"[\x00-\x20\x7f]")


def _in_one_piece(request: Request, parts: SplitResult) -> bytes:
    """The request as it goes out; a header or address that would break out of it is refused."""
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {"host": _host_of(parts), "accept-encoding": "identity", **request.headers}
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers.setdefault("content-length", str(len(request.body)))
    fine = request.method.isalpha() and not _UNSENDABLE_TARGET.search(target)
    if not fine or any(
        not _NAME.fullmatch(name) or _UNSENDABLE.search(value) for name, value in headers.items()
    ):
        raise _unsendable(request, parts)
    lines = "\r\n".join([f"{name}: {value}" for name, value in headers.items()])
    try:
        start = f"{request.method} {target} HTTP/1.1\r\n".encode("ascii")
        return start + lines.encode("latin-1") + b"\r\n\r\n" + request.body
    except UnicodeEncodeError:
        raise _unsendable(request, parts) from None


def _host_of(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _unsendable(request: Request, parts: SplitResult) -> Misuse:
    return Misuse(f"{request.method} {parts.hostname} cannot be sent: a header or its address")


def _exchanged(
    line: socket.socket, request: Request, whole: bytes, host: str
) -> tuple[Response, bool]:
    """Send, and read the answer to its end; whether the connection may be used again. Whatever
    fails here may have been carried out.
    """
    try:
        line.sendall(whole)
        begun = line.recv(_PIECE)
        plain = None if request.method == "HEAD" else _plain_answer(line, begun)
        return plain or _any_answer(line, begun, request.method)
    except (OSError, HTTPException, ValueError) as error:
        what = type(error).__name__
        raise ReplyLost(f"{host} gave no complete answer ({what})", code="reply lost") from error


_PIECE = 65536


def _plain_answer(line: socket.socket, begun: bytes) -> tuple[Response, bool] | None:
    """The usual answer: its head whole in the first piece, and a length. None for any other."""
    head, end, body = begun.partition(b"\r\n\r\n")
    if not end or not head.startswith(b"HTTP/1.1 ") or not head[9:12].isdigit():
        return None
    headers: dict[str, str] = {}
    for row in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = row.partition(":")
        if not colon or name[:1].isspace() or name.lower() in headers:
            return None
        headers[name.lower()] = value.strip(" \t")
    status, length = int(head[9:12]), headers.get("content-length", "")
    if status < 200 or status in (204, 304) or "transfer-encoding" in headers:
        return None
    if not (length.isascii() and length.isdigit()):
        return None
    body = _rest_of(line, body, int(length))
    return Response(status, headers, body), "close" not in headers.get("connection", "").lower()


def _rest_of(line: socket.socket, body: bytes, length: int) -> bytes:
    if length > _LARGEST_ANSWER or len(body) > length:
        raise HTTPException("the answer is too large, or another one follows it")
    if len(body) == length:
        return body
    pieces, missing = [body], length - len(body)
    while missing:
        piece = line.recv(min(missing, _PIECE))
        if not piece:
            raise HTTPException("the answer ends early")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _any_answer(line: socket.socket, begun: bytes, method: str) -> tuple[Response, bool]:
    """Chunks, answers without a length, folded headers: the standard library knows them all."""
    answer = HTTPResponse(_Begun(line, begun), method=method)  # type: ignore[arg-type]
    answer.begin()
    if (answer.length or 0) > _LARGEST_ANSWER:
        raise HTTPException("the answer is too large")
    # With a length a short body is an error; without one the limit is ours.
    body = answer.read() if answer.length is not None else answer.read(_LARGEST_ANSWER + 1)
    if len(body) > _LARGEST_ANSWER:
        raise HTTPException("the answer is too large")
    return Response(answer.status, _lower_case(answer.getheaders()), body), not answer.will_close


class _Begun(io.RawIOBase):
    """A connection whose answer has begun: first what was read already, then the rest."""

    def __init__(self, line: socket.socket, begun: bytes) -> None:
        self._line, self._begun = line, begun

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._begun:
            return self._line.recv_into(buffer)
        size = min(len(buffer), len(self._begun))
        buffer[:size], self._begun = self._begun[:size], self._begun[size:]
        return size


def _still_open(idle: deque[socket.socket]) -> socket.socket | None:
    """A kept connection that the other side has not closed meanwhile."""
    while True:
        try:
            line = idle.pop()
        except IndexError:
            return None
        if not _readable(line):
            return line
        line.close()


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
