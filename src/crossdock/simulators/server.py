"""Serves simulated companies on loopback: HTTP/1.1, keep-alive, one thread, several ports.

Lean on purpose: in measurements it shares the machine with the program that is measured.
"""

import asyncio
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

import httptools

from crossdock.simulators.clock import Clock, RunningClock
from crossdock.simulators.wire import App, Cut, Reply, Request

logger = logging.getLogger(__name__)

_SILENCE = 120.0  # wall seconds that an unanswered connection is held open
_LARGEST_BODY = 16 * 1024 * 1024
_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n" for s in HTTPStatus}
_BODILESS = {204, 304}


class Server:
    """Hosts apps on loopback ports. `lock` is held while an app handles a request, so that another
    thread (the people of the world) can take it and act between two requests.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.lock = threading.RLock()
        self.dates = DateHeader(clock or RunningClock())
        self.served = 0  # requests answered or cut, all apps
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._waiting: list[tuple[App, socket.socket]] = []
        self._listening: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()

    def add(self, app: App, port: int = 0) -> str:
        """Give the app a port (0: any free one), before or after `start`; the base URL."""
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        listener.setblocking(False)
        if self._thread is None:
            self._waiting.append((app, listener))
        else:
            asyncio.run_coroutine_threadsafe(self._listen(app, listener), self._loop).result()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def start(self) -> None:
        """Serve in a background thread."""
        if self._thread is not None:
            raise RuntimeError("the server runs already")
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(ready,), name="simulators", daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Close every port and connection. A server is not started twice."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._thread = None
        for _, listener in self._waiting:
            listener.close()
        self._waiting.clear()
        if not self._loop.is_closed():
            self._loop.close()

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        for app, listener in self._waiting:
            self._loop.run_until_complete(self._listen(app, listener))
        self._waiting.clear()
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        self._loop.run_until_complete(self._close())

    async def _listen(self, app: App, listener: socket.socket) -> None:
        def connection() -> _Connection:
            return _Connection(self, app, self._connections)

        self._listening.append(await self._loop.create_server(connection, sock=listener))

    async def _close(self) -> None:
        for listening in self._listening:
            listening.close()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)  # lets the transports say goodbye
        self._listening.clear()


class DateHeader:
    """The clock's time as a Date header, formatted once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._text = ""

    def text(self) -> str:
        """Now, such as "Mon, 23 Nov 2026 10:00:00 GMT"."""
        return self.at(self._clock.now())

    def at(self, now: datetime) -> str:
        """That moment."""
        second = int(now.timestamp())
        if second != self._second:
            self._second = second
            self._text = format_datetime(now.astimezone(UTC).replace(microsecond=0), usegmt=True)
        return self._text


def encode(reply: Reply, date: str, *, keep_alive: bool = True) -> bytes:
    """The reply as the bytes of an HTTP/1.1 response."""
    status = reply.status
    head = _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"
    for name, value in reply.headers.items():
        head += f"{name}: {value}\r\n"
    if "date" not in reply.headers:
        head += f"date: {date}\r\n"
    if not keep_alive:
        head += "connection: close\r\n"
    if status in _BODILESS:
        return f"{head}\r\n".encode("latin-1")
    return f"{head}content-length: {len(reply.body)}\r\n\r\n".encode("latin-1") + reply.body


def parse_query(text: str) -> Mapping[str, str]:
    """A query string's parameters; of a repeated one the last."""
    if not text:
        return {}
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    return {name: value for name, _, value in (part.partition("=") for part in text.split("&"))}


class _Connection(asyncio.Protocol):
    """One keep-alive connection: requests are answered one after the other, in order."""

    def __init__(self, server: Server, app: App, peers: "set[_Connection]") -> None:
        self._server = server
        self._app = app
        self._peers = peers
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._queue: deque[tuple[Request, bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None  # a delayed or silent reply is under way
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._peers.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, b"upgrades are not served")
        except httptools.HttpParserCallbackError:
            self._refuse(413, b"the body is too large")
        except httptools.HttpParserError:
            self._refuse(400, b"this is not HTTP")
        else:
            self._answer_waiting()

    # httptools calls these

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body, self._size = b"", {}, [], 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _LARGEST_BODY:
            raise ValueError("the body is too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            path=path,
            query=parse_query(query),
            headers=self._headers,
            body=b"".join(self._body),
        )
        self._queue.append((request, self._parser.should_keep_alive()))

    # ours

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _answer_waiting(self) -> None:
        while self._queue and self._timer is None and self._transport is not None:
            request, keep_alive = self._queue.popleft()
            self._answer(request, keep_alive)

    def _answer(self, request: Request, keep_alive: bool) -> None:
        server = self._server
        with server.lock:
            server.served += 1
            reply = self._handle(request)
            date = "" if "date" in reply.headers else server.dates.text()
        if reply.cut is Cut.SILENCE:
            self._later(_SILENCE, self.abort)
        elif reply.cut is Cut.RESET:
            if reply.delay:
                self._later(reply.delay, self.abort)
            else:
                self.abort()
        elif reply.delay:
            message = encode(reply, date, keep_alive=keep_alive)
            self._later(reply.delay, lambda: self._send(message, keep_alive))
        else:
            self._send(encode(reply, date, keep_alive=keep_alive), keep_alive)

    def _handle(self, request: Request) -> Reply:
        try:
            return self._app.handle(request)
        except Exception:  # a fault of the simulator itself must be seen, not hang the caller
            logger.exception("the simulator failed at %s %s", request.method, request.path)
            return Reply(500, {"content-type": "text/plain"}, b"the simulator failed; see its log")

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def due() -> None:
            self._timer = None
            act()
            self._answer_waiting()

        self._timer = asyncio.get_running_loop().call_later(seconds, due)

    def _send(self, message: bytes, keep_alive: bool) -> None:
        if self._transport is None:
            return
        self._transport.write(message)
        if not keep_alive:
            self._transport.close()

    def _refuse(self, status: int, words: bytes) -> None:
        if self._transport is not None:
            reply = Reply(status, {"content-type": "text/plain"}, words)
            self._transport.write(encode(reply, self._server.dates.text(), keep_alive=False))
            self._transport.close()
