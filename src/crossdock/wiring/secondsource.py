"""Settlements beside Seller Central's date range report."""

from dataclasses import dataclass
from pathlib import Path

from crossdock.business.settlements.crosscheck import Apart, compare
from crossdock.business.settlements.daterange import NotARange, read_range
from crossdock.engine.store import settlements as store
from crossdock.kernel.errors import Misuse
from crossdock.wiring.settling import Settlements


@dataclass(frozen=True, slots=True)
class Compared:
    """One settlement from two sources; minor units."""

    settlement_id: str
    currency: str
    known: bool  # that we have its file
    total: int
    theirs: int
    apart: tuple[Apart, ...]  # by order


def compare_range(settlements: Settlements, path: Path) -> list[Compared]:
    """Every settlement that the report names. A settlement that it covers only in part differs."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text("cp1252")
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    try:
        found = read_range(text.splitlines(keepends=True))
    except NotARange as error:
        raise Misuse(f"{path.name}: {error}") from error
    files = {f.settlement_id: f for f in store.files(settlements.db)}
    compared = []
    for number in sorted(found.totals):
        if number not in files:
            compared.append(Compared(number, "", False, 0, found.totals[number], ()))
            continue
        ours = settlements.by_order(number)
        total = sum(ours.values())
        ours.pop("", None)
        apart = compare(ours, found.orders[number])
        currency = str(files[number].detail["currency"])
        compared.append(Compared(number, currency, True, total, found.totals[number], tuple(apart)))
    return compared
