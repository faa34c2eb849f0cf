"""How a request leaves and how answers of every shape are read, over real sockets."""

import socket
import time
from collections.abc import Iterator

import pytest

from crossdock.connectors.http import Network, ReplyLost, Request
from tests.connectors.test_http import OK, answers, listening, read_request


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network(connect_seconds=1, read_seconds=0.3)
    yield network
    network.close()


def test_a_request_leaves_in_one_piece(network: Network) -> None:
    pieces: list[bytes] = []

    def one_piece(connection: socket.socket) -> None:
        pieces.append(connection.recv(65536))
        connection.sendall(OK)
        connection.recv(1)

    with listening(one_piece) as (url, _):
        network.send(Request("POST", f"{url}/a?b=1", {"if-match": '"3"'}, b'{"a": 1}'))
        network.close()
    head, _, body = pieces[0].partition(b"\r\n\r\n")
    assert body == b'{"a": 1}'
    start, *headers = head.decode().split("\r\n")
    assert start == "POST /a?b=1 HTTP/1.1"
    assert {"content-length: 8", 'if-match: "3"', "accept-encoding: identity"} <= set(headers)
    assert headers[0] == f"host: {url.removeprefix('http://')}"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nX-Request-Id: r-1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-Request-Id: r-1\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Folded: a\r\n b\r\nX-Request-Id: r-1\r\n\r\n{}",
        b"HTTP/1.1 200\r\nX-Request-Id:r-1\r\nContent-Length:2\r\n\r\n{}",
    ],
    ids=["HTTP/1.0", "no length", "continue", "folded", "bare"],
)
def test_an_unusual_answer_is_read_like_any_other(network: Network, reply: bytes) -> None:
    def then_hang_up(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(reply)
        connection.shutdown(socket.SHUT_WR)

    with listening(then_hang_up) as (url, _):
        response = network.send(Request("GET", url))
        network.close()
    assert (response.status, response.body) == (200, b"{}")
    assert response.headers["x-request-id"] == "r-1"


def test_an_answer_that_comes_letter_by_letter_is_read_whole(network: Network) -> None:
    def slowly(connection: socket.socket) -> None:
        read_request(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for letter in OK:
            connection.sendall(bytes([letter]))
            time.sleep(0.001)
        connection.recv(1)

    with listening(slowly) as (url, _):
        response = network.send(Request("GET", url))
        network.close()
    assert (response.json(), response.headers["x-request-id"]) == ({}, "r-1")


def test_headers_that_come_twice_are_kept_both(network: Network) -> None:
    with listening(answers(OK.replace(b"X-Req", b"Via: a\r\nVia: b\r\nX-Req"))) as (url, _):
        response = network.send(Request("GET", url))
        network.close()
    assert response.headers["via"] == "a, b"


@pytest.mark.parametrize("reply", [OK + OK, OK.replace(b": 2", b": " + b"9" * 5000)])
def test_more_than_one_answer_or_an_absurd_length_is_a_lost_reply(
    network: Network, reply: bytes
) -> None:
    with listening(answers(reply)) as (url, _), pytest.raises(ReplyLost):
        network.send(Request("GET", url))


def test_an_answer_to_head_has_a_length_and_no_body(network: Network) -> None:
    with listening(answers(OK.removesuffix(b"{}"))) as (url, _):
        assert network.send(Request("HEAD", url)).body == b""
        network.close()
