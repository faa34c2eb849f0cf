"""The verdict's rows about stock and prices, and how soon Amazon followed, by the quota plan."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.settle import crossdock

STOCK_SHOWS, PRICE_SHOWS = 15.0, 45.0  # seconds that Amazon itself takes in the rehearsal
THIS_MACHINE = 2.0
"""Seconds at the wall that this machine may need for its own work, which the quota plan does not
know of; the world's clock runs on meanwhile, many times as fast.
"""


def truths(
    folder: Path, call: Callable[..., Any], control: str, speed: float, stock: float, prices: float
) -> list[dict[str, Any]]:
    """`stock` and `prices`: seconds of the world until Amazon showed what staff had changed."""
    _, plan = crossdock(folder, "quota", "plan")
    worst = {row["news"]: row["worst_seconds"] for row in plan["news"]}
    own = THIS_MACHINE * speed
    return [
        *call(control, "window", {"bound": worst["stock"] + own}),
        _within("stock shown within the plan's bound, s", worst["stock"] + STOCK_SHOWS + own,
                stock),
        _within("prices shown within the plan's bound, s", worst["prices"] + PRICE_SHOWS + own,
                prices),
    ]  # fmt: skip


def _within(name: str, most: float, found: float) -> dict[str, Any]:
    fine = found <= most
    words = [f"it took {found:.0f} s"]
    return {"name": name, "expected": f"at most {most:.0f}", "found": round(found), "ok": fine,
            "detail": words}  # fmt: skip
