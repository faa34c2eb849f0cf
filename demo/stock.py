"""An act of the demo: what TIMS has is what Amazon sells, also when staff count anew."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PATIENCE = 90.0  # seconds until Amazon must show what TIMS has
ITEMS = 12  # that staff count anew
RULES = """\
version: 1
publish: on
rules:
  - {skus: ["*"], locations: [%s], buffer: %d}
"""
BUFFER = 2  # units of each item that are kept back


def write_stock_rules(folder: Path, places: Sequence[str], buffer: int = BUFFER) -> None:
    """stock.yaml: all stock of these locations is published."""
    (folder / "stock.yaml").write_text(RULES % (", ".join(sorted(places)), buffer), "utf-8")


def sell(console: Console, call: Callable[..., Any], control: str) -> tuple[bool, float]:
    """Staff count some stock anew, and Amazon follows; seconds of the world that it took."""
    first, took_first = _until_right(call, control)
    counted = call(control, "count_stock", {"seed": 7, "items": ITEMS})
    second, took_second = _until_right(call, control)
    table = Table(title="What TIMS has is what Amazon sells")
    for heading in ("what happened", "items", "SKUs", "seconds of the world", ""):
        table.add_column(heading)
    rows = (
        ("people bought, staff shipped", len(first), first, took_first),
        (f"staff counted {len(counted)} items anew", len(counted), second, took_second),
    )
    good = True
    for what, items, found, took in rows:
        wrong = [row["wrong"] for row in found if row["wrong"]]
        good = good and not wrong
        skus = sum(len(row["skus"]) for row in found)
        sign = "[red]NO[/]" if wrong else "[green]ok[/]"
        table.add_row(what, str(items), str(skus), f"{took:.0f}", sign)
        for words in wrong[:5]:
            console.print(f"  [red]{words}[/]")
    console.print(table)
    return good, took_second


def _until_right(call: Callable[..., Any], control: str) -> tuple[list[dict[str, Any]], float]:
    """Until every item is offered as it should be; how long that took in the world."""
    began, start = time.monotonic(), _now(call, control)
    while True:
        found = call(control, "shelves")
        if time.monotonic() - began > PATIENCE or not any(row["wrong"] for row in found):
            return found, (_now(call, control) - start).total_seconds()
        time.sleep(0.1)


def _now(call: Callable[..., Any], control: str) -> datetime:
    return datetime.fromisoformat(call(control, "clock")["now"])
