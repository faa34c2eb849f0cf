"""SKUs that the workspace's table does not have."""

from pathlib import Path

from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.language import read_table


def unknown_sku(sku: str) -> NeedsPerson:
    """Nobody has said what it is in TIMS."""
    return NeedsPerson(
        f"{sku} is not in lookups/skus.csv",
        kind="unknown-sku",
        remedy="Add a row for it, or close the listing; then retry.",
        about=f"SKU {sku}",
    )


def known_skus(workspace: Path, skus: list[str]) -> list[str]:
    """These SKUs, when the table has them all: a slip at the keyboard must not become a case."""
    rows = read_table(workspace, "orders", "skus").rows
    for sku in skus:
        if sku not in rows:
            raise unknown_sku(sku)
    return skus
