"""The connector against the simulated TIMS, without sockets: what the network would do is said by
the reply's cut.
"""

import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from crossdock.connectors.http import ReplyLost, Request, Response
from crossdock.connectors.tims.auth import TimsAccount
from crossdock.kernel.clock import ManualClock
from crossdock.simulators import wire
from crossdock.simulators.tims import TimsSim


@dataclass
class InProcess:
    """A transport that calls an app."""

    app: wire.App
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)  # as its server answers

    def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query))
        asked = wire.Request(request.method, parts.path, query, request.headers, request.body)
        with self.one_at_a_time:
            reply = self.app.handle(asked)
        if reply.cut is not None:
            raise ReplyLost("the simulated line was cut", code="reply lost")
        return Response(reply.status, reply.headers, reply.body)


def a_tims(clock: ManualClock, **more: object) -> TimsSim:
    """With one customer, two items and some stock."""
    sim = TimsSim(clock, **more)  # type: ignore[arg-type]
    sim.add_customer("AMZ-US", "Amazon US")
    sim.add_item("WLD-1", "Rod", uoms={"EA": 1, "BX": 10})
    sim.add_item("WLD-2", "Tip")
    sim.set_stock("WLD-1", "MAIN", 100)
    sim.set_stock("WLD-2", "MAIN", 5)
    return sim


def account_of(sim: TimsSim, url: str = "https://tims.example") -> TimsAccount:
    """The live client, without a speed limit of our own."""
    return TimsAccount(
        url=url,
        company=sim.company,
        environment="live",
        client_id=sim.client_id,
        client_secret=sim.client_secret,
        burst=10_000,
    )
