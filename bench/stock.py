"""Publishing stock, beside the shortest time that Amazon allows: python -m bench.stock [SKUS ...]

The real flow, engine, store and connectors; time is the world's, moved by hand; CPU is ours, with
the simulated Amazon inside the same process. The bound is the quicker one of two: so many single
calls at the published rate, or feeds submitted at once, worked on side by side, as the simulated
Amazon does (docs/decisions/0009); either way with the time until what was taken shows. Memory is
what publishing adds to the process.
"""

import argparse
import math
import resource
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.depot import BEGAN, Depot
from crossdock.connectors.amazon.feeds import MOST_MESSAGES, SUBMISSIONS
from crossdock.connectors.amazon.limits import RATES
from crossdock.engine.store import open_database
from crossdock.simulators.amazon.feed_records import EACH, QUEUED, STARTING
from crossdock.simulators.amazon.listings import EFFECT
from crossdock.wiring.stock_lanes import PATCH

SIZES = (1, 1000, 10_000)


def bound(skus: int) -> float:
    """Seconds until the last of so many quantities is live, when nothing is lost on the way: the
    least by single calls, or by any number of equal feeds that may be submitted at once.
    """
    rate = RATES[PATCH]
    single = max((skus - rate.burst) / float(rate.per_second), 0.0)
    feed = QUEUED + STARTING + EACH * min(math.ceil(skus / SUBMISSIONS), MOST_MESSAGES)
    return min(single, feed.total_seconds()) + EFFECT.total_seconds()


def measure(skus: int) -> dict[str, Any]:
    """World seconds until the last of so many SKUs is live, beside the bound."""
    with TemporaryDirectory(prefix="crossdock-") as folder:
        db = open_database(f"sqlite:///{Path(folder)}/store.db")
        db.migrate()
        depot = Depot(db)
        names = [f"SKU-{n:06}" for n in range(skus)]
        depot.stands(names, 5)
        memory, cpu = _peak(), time.process_time()
        depot.counts(dict.fromkeys(names, 9))
        depot.run()
        cpu, memory = time.process_time() - cpu, _peak() - memory
        if depot.wrong():
            raise SystemExit(f"{len(depot.wrong())} of {skus} quantities are wrong")
        feeds = len(depot.sim.feeds.sent)
        reads = depot.line.count("GET", "/listings/")
        writes = depot.line.count("PATCH", "/listings/")
        db.close()
    return {
        "skus": skus, "seconds": depot.last_effect(), "bound": bound(skus),
        "seen": (depot.clock.now() - BEGAN).total_seconds(), "cpu_ms_per_sku": cpu * 1000 / skus,
        "reads": reads, "writes": writes, "feeds": feeds, "memory": memory,
    }  # fmt: skip


def measured(skus: int) -> dict[str, Any]:
    """The same in a process of its own, whose memory nothing else has used before."""
    with get_context("spawn").Pool(1) as one:
        return one.apply(measure, (skus,))


def _peak() -> float:
    """MiB, at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """A line for each size, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="bench.stock", description=__doc__)
    parser.add_argument("skus", type=int, nargs="*", default=SIZES)
    for skus in parser.parse_args().skus:
        found = measured(skus)
        print(
            f"{skus:>7,} SKUs: live after {found['seconds']:.1f} s, bound {found['bound']:.1f} s, "
            f"ratio {found['seconds'] / found['bound']:.3f}; all seen after {found['seen']:.0f} s; "
            f"{found['feeds']} feeds, {found['writes']} single writes, {found['reads']} reads; "
            f"{found['cpu_ms_per_sku']:.1f} ms CPU each; {found['memory']:.0f} MiB more",
            flush=True,
        )


if __name__ == "__main__":
    main()
