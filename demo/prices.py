"""Another act of the demo: what TIMS asks is what Amazon asks, also when staff change prices."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PATIENCE = 120.0  # seconds until Amazon must ask what TIMS asks
ITEMS = 12  # whose prices staff change
LISTS = {"ATVPDKIKX0DER": "STANDARD", "A2EUQ1WTGCTBG2": "CANADA", "A1AM78C64UM0Y8": "MEXICO"}
RULES = """\
version: 1
publish: %s
lists: {%s}
rules:
%s"""
RULE = """\
  - skus: [%s]
    price: list
    business: {price: class INDUSTRIAL, tiers: yes}
    audiences: {B2B_INDUSTRIAL: {price: class INDUSTRIAL, add: -2 %%, tiers: yes}}
    floor: {margin: 10 %%, fees: 15 %%}
    below_floor: %s
"""


def write_rules(
    folder: Path, publish: str, lists: Mapping[str, str] = LISTS, asking: str = ""
) -> None:
    """prices.yaml; with `off` TIMS is asked for the scope, and nothing is written. SKUs that begin
    with `asking` ask a person below the floor, others are raised to it.
    """
    named = ", ".join(f"{shop}: {code}" for shop, code in lists.items())
    rules = RULE % (f"'{asking}*'", "ask") if asking else ""
    rules += RULE % ("'*'", "raise")
    (folder / "prices.yaml").write_text(RULES % (publish, named, rules), "utf-8")


def price(console: Console, call: Callable[..., Any], control: str) -> tuple[bool, float]:
    """Staff change prices, and Amazon follows and never asks less than the floor; seconds of the
    world that it took.
    """
    since = datetime.fromisoformat(call(control, "status")["began"])
    first, took_first = _until_right(call, control, since)
    changed = call(control, "reprice", {"seed": 7, "items": ITEMS})
    second, took_second = _until_right(call, control, since)
    table = Table(title="What TIMS asks is what Amazon asks, and never less than the floor")
    for heading in ("what happened", "prices", "seconds of the world", ""):
        table.add_column(heading)
    good = True
    for what, found, took in (
        ("people bought, staff shipped", first, took_first),
        (f"staff changed {len(changed)} items in three currencies", second, took_second),
    ):
        wrong = [row["wrong"] for row in found if row["wrong"]]
        good = good and not wrong
        sign = "[red]NO[/]" if wrong else "[green]ok[/]"
        table.add_row(what, str(len(found)), f"{took:.0f}", sign)
        for words in wrong[:5]:
            console.print(f"  [red]{words}[/]")
    console.print(table)
    return good, took_second


def _until_right(
    call: Callable[..., Any], control: str, since: datetime
) -> tuple[list[dict[str, Any]], float]:
    """Until every price is what it should be; how long that took in the world."""
    began, start = time.monotonic(), _now(call, control)
    while True:
        found = call(control, "tags", {"since": since.isoformat()})
        if time.monotonic() - began > PATIENCE or not any(row["wrong"] for row in found):
            return found, (_now(call, control) - start).total_seconds()
        time.sleep(0.2)


def _now(call: Callable[..., Any], control: str) -> datetime:
    return datetime.fromisoformat(call(control, "clock")["now"])
