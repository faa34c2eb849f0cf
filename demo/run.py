"""make demo: a rehearsal world, a real `crossdock serve` beside it, people who buy and staff who
ship, faults switched on, and at the end the world's own verdict. Exit status 0 only if all is true.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.prices import price, write_rules
from demo.settle import settle
from demo.stock import sell, write_stock_rules
from demo.truths import truths
from demo.workspace import write_workspace

FOLDER = Path(".demo")
SPEED = 50.0  # a minute at the wall is fifty in the world
SPAN = 4000  # world seconds in which the orders are placed: what Amazon's quota of reads can bear

console = Console()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=SPEED)
    parser.add_argument("--scenario", default="stormy", help="calm, everyday or stormy")
    parser.add_argument("--store", default="sqlite:///crossdock.db")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    parser.add_argument("--patience", type=float, default=600, help="seconds until it gives up")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    console.print(
        "[bold]Crossdock demo[/]: Amazon, TIMS and SQS on this machine, with faults.\n"
        f"The world's clock runs {asked.speed:g} times as fast as the wall's; Amazon's quotas are "
        "the published ones."
    )
    world, ready = start_world(asked)
    served = start_crossdock(asked, ready)
    try:
        return play(asked, ready, served)
    except KeyboardInterrupt:
        return 130
    finally:
        if asked.keep:
            console.print(f"Still running (pids {world.pid}, {served.pid}); Ctrl-C ends them.")
            wait_for_interrupt()
        for process in (served, world):
            stop(process)


def start_world(asked: argparse.Namespace) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    command = [
        sys.executable, "-m", "crossdock.simulators.world.process", "--seed", str(asked.seed),
        "--speed", str(asked.speed), "--scenario", asked.scenario, "--orders", str(asked.orders),
        "--span", str(SPAN), "--parent", str(os.getpid()),
    ]  # fmt: skip
    world = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = world.stdout.readline() if world.stdout else ""
    if not line:
        raise SystemExit("the rehearsal world did not start; see the lines above")
    ready = json.loads(line)
    return world, {**ready, **call(ready["control"], "config")}


def start_crossdock(asked: argparse.Namespace, ready: dict[str, Any]) -> subprocess.Popen[str]:
    port = free_port()
    sweeps = {"sweep": {"again_every": "10m", "again_reach": "40m"}}  # an hour is a long time here
    write_workspace(FOLDER, ready, store=asked.store, port=port, more={"amazon": sweeps})
    shutil.copy(Path(__file__).parent / "accounts.yaml", FOLDER)
    write_rules(FOLDER, "on")
    write_stock_rules(FOLDER, ready["locations"])
    log = (FOLDER / "serve.log").open("w")
    command = [sys.executable, "-m", "crossdock.cli", "serve", "--workspace", str(FOLDER)]
    served = subprocess.Popen(command, stdout=log, stderr=log, text=True)
    url = f"http://127.0.0.1:{port}/health"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if served.poll() is not None:
            raise SystemExit(f"crossdock serve ended early:\n{(FOLDER / 'serve.log').read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                break
        except OSError:
            time.sleep(0.2)
    return served


def play(asked: argparse.Namespace, ready: dict[str, Any], served: Any) -> int:
    control = ready["control"]
    began = time.monotonic()
    call(control, "people", {"name": asked.scenario, "orders": asked.orders, "span": SPAN})
    quiet = False
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        verdict: dict[str, Any] = {}
        while time.monotonic() - began < asked.patience:
            time.sleep(1.0)
            if served.poll() is not None:
                console.print("[red]crossdock serve has ended[/]; see .demo/serve.log")
                return 1
            status = call(control, "status")
            seconds = time.monotonic() - began
            live.update(progress(status, seconds, quiet=quiet))
            if not console.is_terminal and int(seconds) % 10 == 0:
                print(one_line(status, seconds), flush=True)
            if status["people_done"] and not quiet:
                quiet = True
                call(control, "quiet", {})  # what was tried in vain is tried again, and settles
            if quiet:
                verdict = call(control, "verdict", {"cases": open_cases()})
                if verdict["ok"]:
                    break
    took = time.monotonic() - began
    sold, stock_age = sell(console, call, control)
    priced, price_age = price(console, call, control)
    verdict = verdict or call(control, "verdict", {"cases": open_cases()})
    verdict["rows"] += truths(FOLDER, call, control, asked.speed, stock_age, price_age)
    verdict["ok"] = all(row["ok"] for row in verdict["rows"])
    good = conclude(verdict, call(control, "status"), took)
    paid = settle(console, FOLDER, call, control)
    look_further()
    return 0 if good and paid and sold and priced else 1


def progress(status: dict[str, Any], seconds: float, *, quiet: bool) -> Table:
    table = Table(title=f"{seconds:.0f} s here, {status['now'][11:19]} there", show_header=False)
    struck = sum(n for company in status["faults"].values() for n in company.values())
    rows = {
        "placed at Amazon": f"{status['placed']} of {status['planned']}",
        "Amazon orders": words(status["amazon_orders"]),
        "TIMS sales orders": words(status["sales_orders"]),
        "shipments": words(status["shipments"]),
        "packages confirmed": str(status["confirmed_packages"]),
        "faults that struck": f"{struck}" + (" (now quiet)" if quiet else ""),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def one_line(status: dict[str, Any], seconds: float) -> str:
    """Progress where there is no terminal."""
    return (
        f"{seconds:4.0f} s: {status['placed']} of {status['planned']} orders placed, "
        f"{sum(status['sales_orders'].values())} in TIMS, "
        f"{sum(status['shipments'].values())} shipments, "
        f"{status['confirmed_packages']} packages confirmed"
    )


def words(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


def conclude(verdict: dict[str, Any], status: dict[str, Any], seconds: float) -> bool:
    table = Table(title="Verdict, from the truth of both companies")
    for heading in ("check", "expected", "found", ""):
        table.add_column(heading)
    for row in verdict["rows"]:
        sign = "[green]ok[/]" if row["ok"] else "[red]NO[/]"
        table.add_row(row["name"], str(row["expected"]), str(row["found"]), sign)
    console.print(table)
    for row in verdict["rows"]:
        if not row["ok"]:
            for line in row["detail"]:
                console.print(f"  [red]{row['name']}[/]: {line}")
    figures(verdict, status, seconds)
    cases = open_cases()
    if cases:
        console.print(f"Listed cases ({len(cases)}), each with its remedy:")
        for case in cases[:12]:
            console.print(f"  {case['kind']:24} {case['flow']:12} {case['key']}")
            console.print(f"    {case['remedy']}", highlight=False, markup=False)
        if len(cases) > 12:
            console.print("  ... all of them: .venv/bin/crossdock case list")
    return bool(verdict["ok"])


def look_further() -> None:
    cases = open_cases()
    order = next((c["key"] for c in cases if c["flow"] == "orders"), "ORDER")
    console.print(
        "Look further:  export CROSSDOCK_WORKSPACE=.demo\n"
        "  .venv/bin/crossdock order list\n"
        f"  .venv/bin/crossdock order show {order}\n"
        "  .venv/bin/crossdock case list\n"
        "  .venv/bin/crossdock settlement list\n"
        "  .venv/bin/crossdock settlement match\n"
        "  .venv/bin/crossdock stock list\n"
        "  .venv/bin/crossdock price list"
    )


def figures(verdict: dict[str, Any], status: dict[str, Any], seconds: float) -> None:
    for name, value in verdict.get("figures", {}).items():
        words_of = name.replace("_", " ").replace("seconds", "seconds of the world")
        console.print(f"  {words_of}: {value}")
    struck = {
        f"{company} {fault}": n
        for company, faults in status["faults"].items()
        for fault, n in faults.items()
        if n
    }
    console.print(f"  faults that struck: {words(struck) or 'none'}")
    console.print(f"  took {seconds:.0f} s on the wall")


def open_cases() -> list[dict[str, Any]]:
    """The listed cases, straight from the store that `crossdock case list` reads."""
    from crossdock.engine.store import cases, open_database
    from crossdock.settings import read_settings

    db = open_database(read_settings(FOLDER).store)
    try:
        found = cases.listed(db, limit=10_000)
        # Cases of the intake (a forged webhook) are about no order, so the verdict leaves them out.
        about_orders = [c for c in found if c.flow != "intake"]
        return [
            {"key": c.key, "kind": c.kind, "flow": c.flow, "remedy": c.remedy} for c in about_orders
        ]
    finally:
        db.close()


def call(control: str, name: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{control}/_world/{name}", data=data)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_interrupt() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main())
