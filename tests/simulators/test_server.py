"""The loopback server, spoken to over real sockets."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from crossdock.simulators.clock import HandClock
from crossdock.simulators.server import Server
from crossdock.simulators.wire import Cut, Reply, Request


class Echo:
    """Says what it was asked; misbehaves where the path says so."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name
        self.seen: list[Request] = []

    def handle(self, request: Request) -> Reply:
        self.seen.append(request)
        match request.path:
            case "/nothing":
                return Reply(204)
            case "/reset":
                return Reply(0, cut=Cut.RESET)
            case "/silence":
                return Reply(0, cut=Cut.SILENCE)
            case "/slow":
                return Reply(200, body=b"at last", delay=0.05)
            case "/bug":
                raise RuntimeError("a bug of the simulator")
            case _:
                return Reply.json(200, {"app": self.name, "path": request.path})


@pytest.fixture
def app() -> Echo:
    return Echo()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(HandClock(datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)))
    yield server
    server.stop()


@pytest.fixture
def line(server: Server, app: Echo) -> Iterator[http.client.HTTPConnection]:
    url = server.add(app)
    server.start()
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    yield connection
    connection.close()


def ask(line: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    line.request("GET", path)
    response = line.getresponse()
    return response.status, response.read()


def test_a_request_arrives_whole(line: http.client.HTTPConnection, app: Echo) -> None:
    line.request("POST", "/a%2Fb?x=1&y=a%20b&z=", body=b"hello", headers={"X-Token": "T"})
    assert line.getresponse().read()

    (request,) = app.seen
    assert (request.method, request.path, request.body) == ("POST", "/a%2Fb", b"hello")
    assert request.query == {"x": "1", "y": "a b", "z": ""}
    assert request.headers["x-token"] == "T"


def test_one_connection_carries_many_requests(line: http.client.HTTPConnection) -> None:
    assert ask(line, "/one")[0] == 200
    wire = line.sock
    assert [ask(line, path)[0] for path in ("/nothing", "/two", "/slow")] == [204, 200, 200]
    assert line.sock is wire


def test_answers_carry_the_time_of_the_world(line: http.client.HTTPConnection) -> None:
    line.request("GET", "/")
    response = line.getresponse()
    response.read()

    assert response.headers["date"] == "Tue, 06 May 2031 07:08:09 GMT"


def test_a_reset_is_a_reset(line: http.client.HTTPConnection) -> None:
    with pytest.raises(ConnectionError):
        ask(line, "/reset")


def test_silence_is_kept_until_the_caller_gives_up(server: Server, app: Echo) -> None:
    url = server.add(app)
    server.start()
    line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=0.1)
    with pytest.raises(TimeoutError):
        ask(line, "/silence")
    line.close()


def test_a_delayed_answer_holds_up_nobody_else(
    server: Server, line: http.client.HTTPConnection
) -> None:
    line.request("GET", "/slow")
    assert line.port is not None
    other = http.client.HTTPConnection(line.host, line.port, timeout=5)
    began = time.perf_counter()
    assert ask(other, "/quick")[0] == 200
    quick = time.perf_counter() - began
    assert line.getresponse().read() == b"at last"
    assert quick < time.perf_counter() - began
    other.close()


def test_requests_sent_at_once_are_answered_in_order(line: http.client.HTTPConnection) -> None:
    with socket.create_connection((line.host, line.port or 0), timeout=5) as wire:
        wire.sendall(
            b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"
            b"GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        received = b""
        while chunk := wire.recv(65536):
            received += chunk

    assert received.index(b"at last") < received.index(b'"path":"/last"')
    assert b"connection: close" in received


def test_what_is_not_http_is_refused(line: http.client.HTTPConnection) -> None:
    with socket.create_connection((line.host, line.port or 0), timeout=5) as wire:
        wire.sendall(b"\x16\x03\x01 hello?\r\n\r\n")
        received = b""
        while chunk := wire.recv(65536):
            received += chunk

    assert received.startswith(b"HTTP/1.1 400 ")


def test_a_body_without_end_is_refused(line: http.client.HTTPConnection, app: Echo) -> None:
    with socket.create_connection((line.host, line.port or 0), timeout=5) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 20000000\r\n\r\n")
        with contextlib.suppress(ConnectionError):  # the server hangs up in the middle
            wire.sendall(b"x" * 20_000_000)
            assert wire.recv(65536).startswith(b"HTTP/1.1 413 ")

    assert ask(line, "/next")[0] == 200
    assert [request.path for request in app.seen] == ["/next"]


def test_a_bug_of_the_simulator_is_an_answer_and_a_log_line(
    line: http.client.HTTPConnection, caplog: pytest.LogCaptureFixture
) -> None:
    status, body = ask(line, "/bug")

    assert (status, b"see its log" in body) == (500, True)
    assert "GET /bug" in caplog.text


def test_apps_have_ports_of_their_own_also_later(server: Server, app: Echo) -> None:
    first = server.add(app)
    server.start()
    second = server.add(Echo("other"))
    names = []
    for url in (first, second):
        line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        names.append(ask(line, "/")[1].split(b'"')[3])
        line.close()

    assert names == [b"echo", b"other"]


def test_people_can_hold_the_world_still(
    server: Server, line: http.client.HTTPConnection, app: Echo
) -> None:
    answered = threading.Event()

    def caller() -> None:
        ask(line, "/")
        answered.set()

    with server.lock:
        thread = threading.Thread(target=caller)
        thread.start()
        assert not answered.wait(0.1)
        assert app.seen == []
    thread.join(5)
    assert answered.is_set()


def test_a_stopped_server_answers_no_more(server: Server, app: Echo) -> None:
    url = server.add(app)
    server.start()
    server.stop()

    with pytest.raises(ConnectionError):
        http.client.HTTPConnection(url.removeprefix("http://"), timeout=5).connect()
