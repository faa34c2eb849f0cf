"""Seller Central's date range report (CSV): a second source, one wide line for each event.

Its header is found below a preamble of some lines; the parts of each line add up to its total. It
is compared with settlements order by order, never posted. Amounts are minor units.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PARTS = (
    "product sales", "product sales tax", "shipping credits", "shipping credits tax",
    "gift wrap credits", "giftwrap credits tax", "regulatory fee", "tax on regulatory fee",
    "promotional rebates", "promotional rebates tax", "marketplace withheld tax", "selling fees",
    "fba fees", "other transaction fees", "other",
)  # fmt: skip
_MOST_PREAMBLE = 30
_AMOUNT = re.compile(r"(-?)([0-9]{1,12})(?:[.,]([0-9]{1,2}))?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?")
_TRANSFER = frozenset({"transfer", "übertrag", "transferir"})


class NotARange(Exception):
    """The file is no date range report, or a line of it cannot be read; says which."""


@dataclass(slots=True)
class Range:
    """What the report says, by settlement."""

    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    orders: dict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    lines: int = 0


def read_range(lines: Iterable[str]) -> Range:
    """The whole report; NotARange names the line that cannot be read."""
    rows = csv.reader(lines)
    names = _header(rows)
    found = Range()
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        where = f"line {rows.line_num}"
        parts = sum(_minor(row.get(name) or "0", where) for name in PARTS)
        total = _minor(row.get("total") or "0", where)
        if parts != total:
            raise NotARange(f"{where}: its parts come to {parts}, its total is {total}")
        found.lines += 1
        if row.get("type", "").casefold() in _TRANSFER:
            continue  # the payment itself, not what it is made of
        settlement = row.get("settlement id", "")
        found.totals[settlement] += total
        if row.get("order id"):
            found.orders[settlement][row["order id"]] += total
    return found


def _header(rows: Iterator[list[str]]) -> list[str]:
    for _ in range(_MOST_PREAMBLE):
        names = [cell.strip().strip("\ufeff").casefold() for cell in next(rows, [])]
        if "settlement id" in names and "total" in names and "date/time" in names:
            return names
    raise NotARange("no line names date/time, settlement id and total: is it a date range report?")


def _minor(text: str, where: str) -> int:
    plain = text.replace(",", "") if _GROUPED.fullmatch(text) else text
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        raise NotARange(f"{where}: {text!r} is not an amount")
    sign, whole, rest = match.groups()
    value = int(whole) * 100 + int((rest or "").ljust(2, "0"))
    return -value if sign else value
