"""One token for everybody, renewed in time, and never one per call."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from crossdock.connectors.amazon.auth import NOTIFICATIONS, Tokens
from crossdock.connectors.http import Request, Response, Unreachable
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.evidence import collecting
from crossdock.simulators.amazon import AmazonSim
from tests.connectors.amazon.conftest import InProcess, an_account, ok


class Desk:
    """Login with Amazon that takes a while; counts."""

    def __init__(self, seconds: float = 0.0, answer: Response | Exception | None = None) -> None:
        self.asked: list[Request] = []
        self._seconds, self._answer, self._lock = seconds, answer, threading.Lock()

    def send(self, request: Request) -> Response:
        time.sleep(self._seconds)
        with self._lock:
            self.asked.append(request)
            count = len(self.asked)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer or ok({"access_token": f"Atza|{count}", "expires_in": 3600})

    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.asked[-1].body.decode())


def test_twenty_threads_share_one_new_token(clock: ManualClock) -> None:
    desk = Desk(seconds=0.05)
    tokens = Tokens(an_account(), desk, clock)
    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(lambda _: tokens.get(), range(20)))
    assert set(got) == {"Atza|1"}
    assert len(desk.asked) == 1


def test_twenty_threads_whose_token_was_refused_share_one_new_token(clock: ManualClock) -> None:
    desk = Desk(seconds=0.02)
    tokens = Tokens(an_account(), desk, clock)
    old = tokens.get()

    def refused_once(_: int) -> str:
        assert tokens.replaced(old, certain=True)
        return tokens.get()

    with ThreadPoolExecutor(20) as pool:
        got = list(pool.map(refused_once, range(20)))
    assert set(got) == {"Atza|2"}
    assert len(desk.asked) == 2


def test_a_seller_s_token_is_asked_for_as_amazon_wants_it(clock: ManualClock) -> None:
    desk = Desk()
    Tokens(an_account(), desk, clock).get()
    assert desk.asked[0].url == "https://api.amazon.com/auth/o2/token"
    assert desk.form() == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["Atzr|rehearsal"],
        "client_id": ["amzn1.application-oa2-client.rehearsal"],
        "client_secret": ["rehearsal-secret"],
    }


def test_a_token_without_a_seller_is_another_one(clock: ManualClock) -> None:
    desk = Desk()
    tokens = Tokens(an_account(), desk, clock)
    assert tokens.get() != tokens.get(NOTIFICATIONS)
    assert desk.form()["grant_type"] == ["client_credentials"]
    assert desk.form()["scope"] == ["sellingpartnerapi::notifications"]
    assert "refresh_token" not in desk.form()


def test_a_token_is_renewed_a_minute_before_it_ends(clock: ManualClock) -> None:
    desk = Desk()
    tokens = Tokens(an_account(), desk, clock)
    tokens.get()
    clock.advance(timedelta(minutes=58, seconds=59))
    assert tokens.get() == "Atza|1"
    clock.advance(timedelta(seconds=2))
    assert tokens.get() == "Atza|2"


def test_a_wall_clock_that_stands_still_does_not_keep_a_token_alive(clock: ManualClock) -> None:
    ticks = [0.0]
    tokens = Tokens(an_account(), Desk(), clock, ticks=lambda: ticks[0])
    assert tokens.get() == "Atza|1"
    ticks[0] = 3541.0
    assert tokens.get() == "Atza|2"


def test_a_brand_new_token_is_kept_when_amazon_does_not_blame_it(clock: ManualClock) -> None:
    ticks = [0.0]
    tokens = Tokens(an_account(), Desk(), clock, ticks=lambda: ticks[0])
    token = tokens.get()
    assert not tokens.replaced(token, certain=False)
    ticks[0] = 61.0
    assert tokens.replaced(token, certain=False)
    assert tokens.get() == "Atza|2"


def test_a_withdrawn_authorisation_is_for_a_person(
    sim: AmazonSim, wires: InProcess, clock: ManualClock
) -> None:
    sim.revoke_grant()
    tokens = Tokens(an_account(), wires, clock)
    with pytest.raises(NeedsPerson) as caught:
        tokens.get()
    assert (caught.value.kind, caught.value.code) == ("reconnect-amazon", "invalid_grant")
    assert "authorise" in caught.value.remedy
    assert caught.value.request_id


def test_a_wrong_secret_is_for_a_person(sim: AmazonSim, clock: ManualClock) -> None:
    tokens = Tokens(an_account(client_secret="old"), InProcess(sim), clock)
    with pytest.raises(NeedsPerson) as caught:
        tokens.get()
    assert (caught.value.kind, caught.value.code) == ("reconnect-amazon", "invalid_client")


def test_a_refusal_is_believed_for_a_while_and_then_asked_again(
    sim: AmazonSim, wires: InProcess, clock: ManualClock
) -> None:
    ticks = [0.0]
    tokens = Tokens(an_account(), wires, clock, ticks=lambda: ticks[0])
    sim.revoke_grant()
    for _ in range(50):
        with pytest.raises(NeedsPerson):
            tokens.get()
    assert len(wires.asked) == 1
    sim.restore_grant()
    ticks[0] = 11.0
    assert tokens.get().startswith("Atza|")


@pytest.mark.parametrize(
    "answer",
    [
        Response(503, {}, b"<html>"),
        Response(429, {}, b'{"error": "slow_down"}'),
        Response(500, {}, b'{"error": "server_error"}'),
        Response(200, {}, b'{"access_tok'),
        Unreachable("no way"),
    ],
)
def test_trouble_at_the_desk_is_tried_again(
    clock: ManualClock, answer: Response | Exception
) -> None:
    with pytest.raises(TryAgain):
        Tokens(an_account(), Desk(answer=answer), clock).get()


def test_neither_evidence_nor_settings_show_a_secret(clock: ManualClock) -> None:
    with collecting() as calls:
        token = Tokens(an_account(), Desk(), clock).get()
    shown = f"{calls} {an_account()}"
    assert len(calls) == 1
    for secret in (token, "rehearsal-secret", "Atzr|rehearsal"):
        assert secret not in shown
