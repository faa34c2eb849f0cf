"""Publishing stock, beside the shortest time that Amazon allows: python -m bench.stock [SKUS ...]

The real flow, engine, store and connectors; time is the world's, moved by hand; CPU is ours, with
the simulated Amazon inside the same process. The bound is the least that the quotas allow: single
calls at the published rate all the while, and for the rest as few feeds as hold it, worked on one
after the other (docs/decisions/0009); with the time until what was taken shows. Memory is what
publishing adds to the process.
"""

import argparse
import math
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.depot import BEGAN, Depot
from bench.rig import memory_of
from crossdock.connectors.amazon.feeds import MOST_MESSAGES
from crossdock.connectors.amazon.limits import RATES
from crossdock.engine.store import open_database
from crossdock.simulators.amazon.feed_records import EACH, QUEUED, STARTING
from crossdock.simulators.amazon.listings import EFFECT
from crossdock.wiring.patch_queue import PATCH

SIZES = (1, 1000, 10_000)


def bound(skus: int) -> float:
    """Seconds until the last of so many quantities is live, when nothing is lost on the way and
    everything is known at once: single calls and feeds share the work so that both end together.
    """
    rate, burst, each = float(RATES[PATCH].per_second), RATES[PATCH].burst, EACH.total_seconds()
    least = max((skus - burst) / rate, 0.0)  # by single calls alone
    for feeds in range(1, math.ceil(skus / MOST_MESSAGES) + 1):
        before = (QUEUED + STARTING * feeds).total_seconds()
        shared = (skus - burst - rate * before) / (1 + rate * each)
        messages = min(max(shared, 0.0), feeds * MOST_MESSAGES)
        single = (skus - burst - messages) / rate
        least = min(least, max(before + each * messages, single))
    return least + EFFECT.total_seconds()


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
    return memory_of("self")["most"]


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
