"""The door for HTTP, over real sockets that behave badly."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crossdock.connectors.http import (
    Line,
    Network,
    ReplyLost,
    Request,
    Response,
    Unreachable,
)
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import Misuse, TryAgain
from crossdock.kernel.evidence import collecting

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: r-1\r\n\r\n{}"

Behaviour = Callable[[socket.socket], None]


@contextmanager
def listening(behave: Behaviour) -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that treats every connection as told; the address, and the connections it took."""
    taken: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(connection)
            try:
                behave(connection)
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in taken:
            connection.close()
        thread.join(5)
        for connection in taken:  # one may have come in at the last moment
            connection.close()


def read_request(connection: socket.socket) -> bytes:
    """A whole request with its body."""
    read = b""
    while more := connection.recv(65536):
        read += more
        head, end, body = read.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if end and len(body) >= (int(length[1]) if length else 0):
            break
    return read


def answers(*replies: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        for reply in replies:
            if not read_request(connection):
                return
            connection.sendall(reply)
        connection.recv(1)  # until the other side hangs up

    return behave


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network(connect_seconds=1, read_seconds=0.3)
    yield network
    network.close()


def test_an_answer_comes_back_with_lower_case_header_names(network: Network) -> None:
    with listening(answers(OK)) as (url, _):
        response = network.send(Request("GET", f"{url}/x", {"accept": "application/json"}))
        network.close()
    assert (response.status, response.json(), response.ok) == (200, {}, True)
    assert response.headers["x-request-id"] == "r-1"


def test_calls_to_one_host_share_a_connection(network: Network) -> None:
    with listening(answers(OK, OK, OK)) as (url, taken):
        for _ in range(3):
            network.send(Request("POST", url, body=b'{"a": 1}'))
        network.close()
    assert len(taken) == 1


def test_a_connection_that_the_other_side_closed_is_not_used_again(network: Network) -> None:
    def once(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)
        connection.close()

    with listening(once) as (url, taken):
        for _ in range(5):
            assert network.send(Request("POST", url, body=b"{}")).ok
            time.sleep(0.01)
    assert len(taken) == 5


def test_an_answer_in_chunks_is_read_to_its_end(network: Network) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n"
    with listening(answers(chunked + b"0\r\n\r\n")) as (url, _):
        assert network.send(Request("GET", url)).json() == [1]
        network.close()


def test_an_answer_larger_than_memory_should_hold_is_a_lost_reply(network: Network) -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 99000000000\r\n\r\n"
    with listening(answers(large)) as (url, _), pytest.raises(ReplyLost):
        network.send(Request("GET", url))


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x": "\u20ac"}])
def test_a_header_that_cannot_be_sent_is_refused(network: Network, headers: dict[str, str]) -> None:
    with listening(answers(OK)) as (url, _), pytest.raises(Misuse):
        network.send(Request("GET", url, headers))


def test_many_threads_share_the_network(network: Network) -> None:
    def many(connection: socket.socket) -> None:
        threading.Thread(target=answers(*[OK] * 50), args=(connection,), daemon=True).start()

    with listening(many) as (url, taken), ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: network.send(Request("GET", url)).ok, range(40)))
        assert all(done)
        assert len(taken) <= 8
        network.close()


def test_a_refused_connection_was_never_carried_out(network: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="does not take connections"):
        network.send(Request("GET", f"http://127.0.0.1:{port}/"))


def test_an_unknown_name_was_never_carried_out(network: Network) -> None:
    with pytest.raises(Unreachable) as caught:
        network.send(Request("GET", "https://nowhere.invalid/"))
    assert caught.value.code == "dns"
    assert "nowhere.invalid" in str(caught.value)


def test_a_reset_after_the_request_may_have_been_carried_out(network: Network) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    with listening(reset) as (url, _), pytest.raises(ReplyLost):
        network.send(Request("POST", url, body=b"{}"))


def test_silence_ends_at_the_time_out_and_may_have_been_carried_out(network: Network) -> None:
    def silence(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(1)

    with listening(silence) as (url, _), pytest.raises(ReplyLost):
        network.send(Request("POST", url, body=b"{}"))


def test_half_an_answer_is_a_lost_reply(network: Network) -> None:
    def half(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.close()

    with listening(half) as (url, _), pytest.raises(ReplyLost):
        network.send(Request("GET", url))


def test_something_that_does_not_speak_http_is_a_lost_reply(network: Network) -> None:
    with listening(answers(b"SSH-2.0-OpenSSH_9.6\r\n")) as (url, _), pytest.raises(ReplyLost):
        network.send(Request("GET", url))


def test_a_redirect_is_an_answer_and_is_not_followed(network: Network) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with listening(answers(moved)) as (url, _):
        assert network.send(Request("GET", url)).status == 302
        network.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "example.com",
        "http://127.0.0.1.nip.io/",
        "http://",
        "",
    ],
)
def test_nothing_leaves_this_machine_without_tls(network: Network, url: str) -> None:
    with pytest.raises(Misuse, match="use https"):
        network.send(Request("GET", url))


@pytest.mark.parametrize("url", ["https://[::1/", "https://x:port/", "https://x:99999/"])
def test_what_is_no_address_is_refused(network: Network, url: str) -> None:
    with pytest.raises(Misuse, match="not an address"):
        network.send(Request("GET", url))


def test_a_certificate_that_nobody_trusts_ends_the_call_before_it_is_sent(
    network: Network, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))

    def shake_hands(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True)

    with listening(shake_hands) as (url, _), pytest.raises(Unreachable) as caught:
        network.send(Request("POST", url.replace("http:", "https:"), body=b"secret"))
    assert caught.value.code == "tls"


def test_plain_http_behind_an_https_address_ends_the_call_before_it_is_sent(
    network: Network,
) -> None:
    def bad_request(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(bad_request) as (url, _), pytest.raises(Unreachable) as caught:
        network.send(Request("POST", url.replace("http:", "https:"), body=b"secret"))
    assert caught.value.code == "tls"


def test_network_errors_are_tried_again_by_the_engine() -> None:
    assert issubclass(Unreachable, TryAgain)
    assert issubclass(ReplyLost, TryAgain)


# --- every exchange is noted as evidence


class Said:
    """A transport that says one thing."""

    def __init__(self, said: Response | TryAgain) -> None:
        self._said = said

    def send(self, request: Request) -> Response:
        if isinstance(self._said, TryAgain):
            raise self._said
        return self._said


def a_line(said: Response | TryAgain) -> Line:
    clock = ManualClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
    return Line("tims", Said(said), clock, "x-request-id", lambda r: r.json()["code"])


def test_an_exchange_is_noted_with_its_request_id_and_its_masked_body() -> None:
    line = a_line(Response(422, {"x-request-id": "r-7"}, b'{"code": "credit_hold"}'))
    with collecting() as calls:
        line.exchange(
            "POST /customers",
            Request("POST", "https://tims.example.com/customers"),
            wrote={"CustomerCode": "C1", "Email": "ann@example.com", "Lines": [{"Line1": "1 St"}]},
            remark="order 1",
        )
    (call,) = calls
    assert (call.system, call.operation, call.status) == ("tims", "POST /customers", 422)
    assert (call.request_id, call.code, call.note) == ("r-7", "credit_hold", "order 1")
    assert call.wrote == {"CustomerCode": "C1", "Email": "***", "Lines": [{"Line1": "***"}]}
    assert call.milliseconds >= 0


def test_a_lost_reply_is_noted_as_such() -> None:
    with collecting() as calls, pytest.raises(ReplyLost):
        a_line(ReplyLost("gone")).exchange("GET /x", Request("GET", "https://x.example.com"))
    assert [(c.status, c.note) for c in calls] == [(0, "reply lost")]


def test_a_call_that_never_left_is_noted_as_such() -> None:
    with collecting() as calls, pytest.raises(Unreachable):
        a_line(Unreachable("gone")).exchange(
            "GET /x", Request("GET", "https://x.example.com"), remark="order 1"
        )
    assert [(c.status, c.note) for c in calls] == [(0, "order 1: unreachable")]


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
