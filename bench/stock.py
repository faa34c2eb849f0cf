"""Publishing stock, beside the shortest time that Amazon's quotas allow: python -m bench.stock.

Time is the world's, moved by hand; CPU is ours, with the simulators inside the same process.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crossdock.business.stock.model import Offer
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.limits import RATES
from crossdock.connectors.http import Request, Response
from crossdock.engine.store import open_database, publications
from crossdock.engine.store.publications import SEEN, Publication
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators import wire
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.simulators.server import parse_query
from crossdock.wiring.stock_publishing import Publisher

BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=200)
SIZES = (1, 100, 1000)


class _Line:
    """Amazon without a socket."""

    def __init__(self, sim: AmazonSim) -> None:
        self.sim, self.calls = sim, {"GET": 0, "PATCH": 0, "POST": 0}

    def send(self, request: Request) -> Response:
        path, _, query = request.url.removeprefix("https://amazon.localhost").partition("?")
        app = self.sim.lwa if path == "/auth/o2/token" else self.sim.api
        asked = wire.Request(
            request.method, path, parse_query(query), dict(request.headers), request.body
        )
        self.calls[request.method] += 1
        reply = app.handle(asked)
        return Response(reply.status, reply.headers, reply.body)


def measure(skus: int) -> dict[str, Any]:
    """World seconds until the last of so many SKUs is written, beside the quotas' own bound."""
    with TemporaryDirectory(prefix="crossdock-") as folder:
        clock, hands = ManualClock(BEGAN), HandClock(BEGAN)
        sim = AmazonSim(hands)
        names = [f"SKU-{n:06}" for n in range(skus)]
        for name in names:
            sim.listings.offer(name, 5)
        line, publisher = _publisher(sim, clock, Path(folder))
        for name in names:  # published before, and seen
            known = Publication(name, 1, 5, SEEN, siblings={"lead_time_to_ship_max_days": 2})
            publications.keep(publisher.store(), known)
        began = time.process_time()
        waiting = dict.fromkeys(names, BEGAN)
        written_at = BEGAN
        while waiting:
            now = clock.now()
            due = [name for name, at in waiting.items() if at <= now][:100]
            before = line.calls["PATCH"]
            for name, note in zip(due, publisher.publish_many([(Offer(n, 9),) for n in due]),
                                  strict=True):  # fmt: skip
                if isinstance(note.result, TryAgain):
                    waiting[name] = now + (note.result.after or TICK)
                elif isinstance(note.result, Exception):
                    raise note.result
                else:
                    del waiting[name]
            if line.calls["PATCH"] > before:
                written_at = now
            clock.advance(TICK)
            hands.at = clock.now()
        cpu = time.process_time() - began
    rate = RATES["patchListingsItem"]
    bound = max((skus - rate.burst) / float(rate.per_second), 0.0)
    return {
        "skus": skus, "seconds": (written_at - BEGAN).total_seconds(), "bound": bound,
        "cpu_ms_per_sku": cpu * 1000 / skus, "reads": line.calls["GET"],
        "writes": line.calls["PATCH"],
    }  # fmt: skip


def _publisher(sim: AmazonSim, clock: ManualClock, folder: Path) -> tuple[_Line, Publisher]:
    line = _Line(sim)
    seller = sim.sellers[0]
    account = AmazonAccount(
        seller.seller_id, sim.client_id, sim.client_secret, sim.refresh_token,
        marketplace_ids=(seller.marketplaces[0],), endpoint="https://amazon.localhost",
        lwa_endpoint="https://amazon.localhost",
    )  # fmt: skip
    db = open_database(f"sqlite:///{folder}/store.db")
    db.migrate()
    client = AmazonClient(account, line, clock, MemoryBuckets(clock))
    return line, Publisher(client, lambda: db, clock.now)


def main() -> None:
    """A line for each size."""
    for skus in SIZES:
        found = measure(skus)
        ratio = f"{found['seconds'] / found['bound']:.2f}" if found["bound"] else "-"
        print(
            f"{skus:>6} SKUs: {found['seconds']:.1f} s, bound {found['bound']:.1f} s, "
            f"ratio {ratio}; {found['reads']} reads, {found['writes']} writes, "
            f"{found['cpu_ms_per_sku']:.1f} ms CPU each"
        )


if __name__ == "__main__":
    main()
