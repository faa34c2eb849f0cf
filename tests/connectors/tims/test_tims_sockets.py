"""The real client over real sockets: what the network does to writes."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from crossdock.connectors.http import Network, ReplyLost, Unreachable
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.operations import operations
from crossdock.kernel.clock import SystemClock
from crossdock.kernel.evidence import collecting
from crossdock.simulators.server import Server
from crossdock.simulators.wire import Cut
from tests.connectors.tims.small_tims import SmallTims


@pytest.fixture
def tims() -> SmallTims:
    return SmallTims()


@pytest.fixture
def url(tims: SmallTims) -> Iterator[str]:
    server = Server()
    address = server.add(tims)
    server.start()
    yield address
    server.stop()


@pytest.fixture
def over(url, account):
    """The operations of a site on a real socket, without the site's speed limit."""
    near = replace(account, url=url, burst=10_000)
    return lambda network: operations(TimsClient(near, network, SystemClock()))


@pytest.fixture
def network() -> Iterator[Network]:
    """Patient: a busy machine is not a lost reply."""
    network = Network(connect_seconds=20, read_seconds=60)
    yield network
    network.close()


@pytest.fixture
def flow(over, network):
    return over(network)


@pytest.mark.parametrize("cut", [Cut.RESET, Cut.SILENCE], ids=["reset", "silence"])
def test_a_reply_lost_after_the_order_was_stored_leaves_one_order(over, flow, tims, kit, cut):
    hasty = Network(read_seconds=0.5 if cut is Cut.SILENCE else 60)
    tims.cuts = [cut]
    with collecting() as calls, pytest.raises(ReplyLost) as caught:
        over(hasty)["tims.create_sales_order"].run(kit.an_order())
    hasty.close()
    create = flow["tims.create_sales_order"].run
    assert "112-1234567-1234567" in str(caught.value)
    assert calls[-1].status == 0
    assert calls[-1].note.endswith("reply lost")
    order = create(kit.an_order())
    assert list(tims.orders) == ["SO-1"]
    assert (order.OrderNumber, order.Adopted) == ("SO-1", False)


def test_a_lost_reply_and_a_changed_order_still_leave_one_order(flow, tims, kit):
    tims.cuts = [Cut.RESET]
    create = flow["tims.create_sales_order"].run
    with pytest.raises(ReplyLost):
        create(kit.an_order())
    order = create(kit.an_order(CustomerPoNumber="PO-2"))
    assert order.Adopted
    assert list(tims.orders) == ["SO-1"]


@pytest.mark.parametrize(
    ("operation", "more", "status"),
    [("tims.release_order", (1,), "Allocated"), ("tims.cancel_sales_order", ("x",), "Cancelled")],
)
def test_a_move_whose_reply_was_lost_is_found_done(flow, tims, kit, operation, more, status):
    flow["tims.create_sales_order"].run(kit.an_order())
    tims.cuts = [Cut.RESET]
    with pytest.raises(ReplyLost):
        flow[operation].run("SO-1", *more)
    assert flow[operation].run("SO-1", *more).Status == status


def test_a_batch_with_lost_replies_ends_with_every_order_once(flow, tims, kit):
    batch = [
        (kit.an_order(ExternalRef=f"112-{n}", IdempotencyKey=f"amz-112-{n}-v1"),) for n in range(30)
    ]
    tims.cuts = [Cut.RESET if n % 3 == 0 else None for n in range(30)]
    create = flow["tims.create_sales_order"].run_many
    first = [getattr(x, "result", x) for x in create(batch)]
    again = [record for record, out in zip(batch, first, strict=True) if isinstance(out, ReplyLost)]
    assert len(again) == 10
    create(again)
    assert sorted(x["ExternalRef"] for x in tims.orders.values()) == sorted(
        record[0].ExternalRef for record in batch
    )


def test_a_token_revoked_while_threads_work_is_replaced_without_a_failure(flow, tims, kit):
    batch = [
        (kit.an_order(ExternalRef=f"112-{n}", IdempotencyKey=f"amz-112-{n}-v1"),) for n in range(20)
    ]
    tims.slow = 0.01
    revoke = threading.Timer(0.03, lambda: setattr(tims, "tokens", tims.tokens + 100))
    revoke.start()
    notes = flow["tims.create_sales_order"].run_many(batch)
    outcomes = [getattr(x, "result", x) for x in notes]
    revoke.join()
    assert {type(x).__name__ for x in outcomes} == {"SalesOrder"}
    assert len(tims.orders) == 20


def test_a_site_that_is_down_carried_nothing_out(account, network):
    away = replace(account, url="http://127.0.0.1:9")
    client = TimsClient(away, network, SystemClock())
    with pytest.raises(Unreachable):
        client.sales_order("SO-1")
