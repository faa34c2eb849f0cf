"""The sweep: every change is found, whatever pages and tokens do."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.operations import Sweep, Watermark, sweep_orders
from crossdock.connectors.http import Request, Response
from crossdock.kernel.clock import ManualClock
from crossdock.simulators.amazon import AmazonSim
from tests.connectors.amazon.conftest import NOW, InProcess, Scripted, a_client, refused
from tests.connectors.amazon.test_amazon_client import page

Place = Callable[..., str]


def test_a_sweep_finds_what_changed_and_says_where_to_go_on(
    client: AmazonClient, place: Place, clock: ManualClock
) -> None:
    ids = {place() for _ in range(3)}
    clock.advance(timedelta(minutes=30))
    sweep = sweep_orders(client, Watermark(NOW))
    assert {s.order_id for s in sweep.seen} == ids
    assert sweep.until == Watermark(clock.now() - timedelta(minutes=2))
    assert not sweep.more
    clock.advance(timedelta(minutes=30))
    assert sweep_orders(client, sweep.until).seen == ()


def test_sweeps_overlap_so_that_nothing_slips_between_them(
    client: AmazonClient, wires: InProcess, clock: ManualClock
) -> None:
    sweep_orders(client, Watermark(NOW))
    assert "lastUpdatedAfter=2026-11-23T09:50:00.000Z" in wires.asked[-1].url


def test_a_long_sweep_goes_on_with_its_token_in_the_next_turn(
    clock: ManualClock,
) -> None:
    pages = [page(f"111-1111111-000000{n}", token=f"t{n}") for n in range(7)]
    amazon = Scripted([*pages, page("111-1111111-0000007")])
    client = a_client(amazon, clock)
    first = sweep_orders(client, Watermark(NOW))
    assert (len(first.seen), first.more) == (5, True)
    second = sweep_orders(client, Watermark.parse(str(first.until)))
    assert (len(second.seen), second.more) == (3, False)
    assert second.until.token == ""
    urls = [r.url for r in amazon.asked]
    assert len({url.split("&paginationToken")[0] for url in urls}) == 1


def test_an_interrupted_sweep_keeps_what_it_has_read(clock: ManualClock) -> None:
    amazon = Scripted([
        page("111-1111111-0000001", token="t1"),
        refused(429, "QuotaExceeded"),
        page("111-1111111-0000002"),
    ])  # fmt: skip
    client = a_client(amazon, clock)
    first = sweep_orders(client, Watermark(NOW))
    assert [s.order_id[-1] for s in first.seen] == ["1"]
    assert first.until.token == "t1"
    clock.advance(timedelta(minutes=10))
    second = sweep_orders(client, first.until)
    assert [s.order_id[-1] for s in second.seen] == ["2"]


def test_a_sweep_whose_token_died_over_night_begins_again(clock: ManualClock) -> None:
    def answer(request: Request) -> Response:
        if "paginationToken" in request.url:
            return refused(400, "InvalidInput", "The paginationToken has expired.")
        return page("111-1111111-0000001")

    sweep = sweep_orders(a_client(Scripted([answer]), clock), Watermark(NOW, "dead"))
    assert [s.order_id[-1] for s in sweep.seen] == ["1"]
    assert sweep.until.token == ""


@pytest.mark.parametrize("fault", ["partial_page", "repeated_page", "none"])
def test_a_sweep_meets_spiteful_pages_and_finds_each_order_once(
    client: AmazonClient, sim: AmazonSim, place: Place, clock: ManualClock, fault: str
) -> None:
    ids = [place() for _ in range(15)]
    if fault != "none":
        sim.faults.load([{"fault": fault}])
    clock.advance(timedelta(minutes=30))
    mark, seen = Watermark(NOW), list[str]()
    sweep = Sweep((), mark, more=True)
    while sweep.more:
        sweep = sweep_orders(client, sweep.until)
        seen += [s.order_id for s in sweep.seen]
    assert set(seen) == set(ids)


def test_a_watermark_is_text_and_back() -> None:
    for mark in (Watermark(NOW), Watermark(NOW, "token with blanks and +/=")):
        assert Watermark.parse(str(mark)) == mark
    with pytest.raises(ValueError, match="time zone"):
        Watermark.parse("2026-11-23T10:00:00")
