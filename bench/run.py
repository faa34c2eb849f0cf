"""make bench: what Crossdock costs, as ratios within one run.

    python -m bench.run [--orders 5000] [--only bulk] [--json]

Everything runs on this machine: the simulators in one process, our workers in others. A figure says
little without its neighbour, so each stands beside a bare loop, a limit or the same done by hand.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import bulk, clearing, http_clients, mappings, quiet, rig, settlements, stock

SQLITE = "sqlite:///crossdock.db"
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str
    beside: str = ""
    target: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def main() -> int:
    asked = arguments()
    if not Path("/proc/self/stat").exists():
        console.print("bench reads CPU time and memory from /proc, which this system has not.")
        return 2
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as name:
        folder = Path(name)
        figures += bulk_figures(folder, asked.orders)
        if asked.only == "bulk":
            return told(asked, figures)
        figures += quiet_figures(folder, asked.idle, asked.singles)
        figures += start_figures(folder)
        figures += mapping_figures(folder)
        figures += settlement_figures(folder, asked.lines)
        figures += stock_figures(asked.skus)
    return told(asked, figures)


def told(asked: argparse.Namespace, figures: list[Figure]) -> int:
    if asked.json:
        rows = [{**asdict(figure), "met": figure.met} for figure in figures]
        print(json.dumps({"orders": asked.orders, "processors": os.cpu_count(), "figures": rows}))
    else:
        show(figures, asked.orders)
    if not asked.json and not asked.only:
        http_clients.main(asked.rounds)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=2000, help="in one bulk")
    parser.add_argument("--only", choices=["bulk"], help="leave the rest out")
    parser.add_argument("--singles", type=int, default=100, help="orders for the latency")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of waiting")
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[55_000, 1_000_000], help="of a settlement report"
    )
    parser.add_argument(
        "--skus", type=int, nargs="+", default=[1, 1000, 100_000], help="published at once"
    )
    parser.add_argument("--rounds", type=int, default=20, help="of the HTTP clients")
    parser.add_argument("--json", action="store_true", help="one document, without HTTP clients")
    return parser.parse_args()


def bulk_figures(folder: Path, orders: int) -> list[Figure]:
    with doing("bare loop"):
        bare = bulk.bare(folder, orders)
    figures = [
        Figure("bare loop", bare.rate, "orders/s", f"{bare.cpu_ms:.1f} ms CPU per order; "
               f"the simulators take {bare.world_cpu_ms:.1f} ms"),
    ]  # fmt: skip
    with doing("SQLite, 1 worker"):
        figures += against(bare, "SQLite, 1 worker", bulk.with_crossdock(
            folder / "sqlite", SQLITE, orders, 1))  # fmt: skip
    if not rig.postgres_answers():
        console.print(f"[yellow]No PostgreSQL at {rig.POSTGRES}: its figures are left out.[/]")
        return figures
    for count in (1, 2):
        title = f"PostgreSQL, {count} worker{'s' if count > 1 else ''}"
        with doing(title), rig.postgres_database() as url:
            figures += against(bare, title, bulk.with_crossdock(
                folder / f"postgres-{count}", url, orders, count))  # fmt: skip
    return figures


def settlement_figures(folder: Path, sizes: list[int]) -> list[Figure]:
    figures: list[Figure] = []
    for lines in sizes:
        with doing(f"a settlement of {lines:,} lines"):
            found = settlements.measure(folder, lines)
        name = f"settlement, {lines:,} lines"
        figures += [
            Figure(f"{name}: rate", found.lines / found.cpu, "lines/s", "read, proven, journalled"),
            Figure(f"{name}: CPU of a bare loop", found.times, "x", target=1.5),
            Figure(f"{name}: memory", float(found.memory), "MiB", target=100),
        ]
    with doing("a settlement cleared against 9,000 invoices"):
        cleared = clearing.measure()
    title = f"clearing {cleared['orders']:,} orders"
    figures += [
        Figure(f"{title}: requests of one receipt each", cleared["requests_ratio"], "x"),
        Figure(f"{title}: time of one receipt each", cleared["seconds_ratio"], "x"),
    ]
    return figures


def stock_figures(sizes: list[int]) -> list[Figure]:
    figures: list[Figure] = []
    for skus in sizes:
        name = f"{skus:,} quantit{'y' if skus == 1 else 'ies'} published"
        with doing(name):
            published = stock.measured(skus)
        figures += [
            Figure(f"{name}: the time that Amazon allows",
                   published["seconds"] / published["bound"], "x", target=1.05),
            Figure(f"{name}: CPU of one", published["cpu_ms_per_sku"], "ms",
                   "the simulated Amazon in the same process"),
            Figure(f"{name}: memory", published["memory"], "MiB",
                   "more than before, the simulated Amazon's too"),
        ]  # fmt: skip
    return figures


def against(bare: bulk.Bulk, title: str, ours: bulk.Bulk) -> list[Figure]:
    share = ours.rate / bare.rate
    return [
        Figure(f"{title}: rate", ours.rate, "orders/s"),
        Figure(f"{title}: of the bare loop's rate", share, "x", target=0.5, at_least=True),
        Figure(f"{title}: CPU per order", ours.cpu_ms, "ms",
               f"bare loop {bare.cpu_ms:.1f} ms: {ours.cpu_ms / bare.cpu_ms:.1f} x"),
        Figure(f"{title}: requests to Amazon per order", ours.amazon_requests, "", target=1.3),
        Figure(f"{title}: memory per worker, at most", ours.memory, "MiB", target=250),
    ]  # fmt: skip


def quiet_figures(folder: Path, idle: float, singles: int) -> list[Figure]:
    with doing(f"{idle:.0f} s of waiting, then {singles} orders one by one"):
        found = quiet.quiet(folder, SQLITE, seconds=idle, orders=singles)
    words = "SQS notification to sales order"
    return [
        Figure("waiting: CPU", found.idle_percent, "%", "of one processor, queue on", target=2.0),
        Figure("waiting: memory", found.memory_idle, "MiB", target=250),
        Figure("one order: p50", found.p50, "ms", words, target=500),
        Figure("one order: p99", found.p99, "ms", words),
        Figure("one order: CPU", found.cpu_ms, "ms", "a run of its own for a single order"),
    ]


def start_figures(folder: Path) -> list[Figure]:
    with doing("starts"):
        wall, cpu = quiet.restart(folder, SQLITE, 2000)
        helping = quiet.seconds_of("--help")
        python = quiet.seconds_of_python()
    return [
        Figure("serve: process to ready, 2,000 keys waiting", wall, "s", f"{cpu:.1f} s CPU"),
        Figure("crossdock --help", helping * 1000, "ms", f"bare Python {python * 1000:.0f} ms"),
    ]


def mapping_figures(folder: Path) -> list[Figure]:
    with doing("mappings"):
        found = mappings.mappings(folder / "mappings")
    first, hand = found["json.loads of the order"], found["orders.to_tims by hand"]
    beside = {
        "its pydantic model": f"{found['its pydantic model'] / first:.1f} x json.loads",
        "orders.from_amazon": f"{found['orders.from_amazon'] / first:.1f} x json.loads",
        "orders.to_tims": f"{found['orders.to_tims'] / hand:.2f} x by hand",
    }
    return [
        Figure(name, microseconds, "us", f"{1e6 / microseconds:,.0f} a second; "
               f"{beside.get(name, '')}".removesuffix("; "))
        for name, microseconds in found.items()
    ]  # fmt: skip


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Says what is going on, and how long it took."""
    began = time.monotonic()
    console.print(f"  {what} ...", highlight=False)
    yield
    console.print(f"  {what}: {time.monotonic() - began:.0f} s", highlight=False)


def show(figures: list[Figure], orders: int) -> None:
    table = Table(title=f"{orders} orders in bulk; {os.cpu_count()} processors; limits off")
    for heading in ("what", "figure", "", "beside", "target"):
        table.add_column(heading, justify="right" if heading == "figure" else "left")
    for figure in figures:
        digits = 0 if figure.value >= 100 else 1 if figure.value >= 10 else 2
        sign = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[figure.met]
        bound = "" if figure.target is None else f"{'>=' if figure.at_least else '<='} "
        shown = "" if figure.target is None else f"{bound}{figure.target:g} {sign}"
        value = f"{figure.value:,.{digits}f}"
        table.add_row(figure.what, value, figure.unit, figure.beside, shown)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
