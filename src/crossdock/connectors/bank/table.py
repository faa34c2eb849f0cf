"""CSV as banks write it: a header somewhere at the top, then one line for each movement."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO

from crossdock.connectors.bank.model import Entry, Unreadable, exact

DATES: Mapping[str, str] = {"YMD": "%Y/%m/%d", "MDY": "%m/%d/%Y", "DMY": "%d/%m/%Y"}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "day": ("date", "posting date", "posted date", "booking date", "transaction date",
            "buchungstag", "fecha"),
    "amount": ("amount", "betrag", "importe", "transaction amount"),
    "credit": ("credit", "deposit", "deposits", "credit amount", "money in"),
    "debit": ("debit", "withdrawal", "withdrawals", "debit amount", "money out"),
    "currency": ("currency", "ccy", "waehrung", "währung", "moneda"),
    "text": ("description", "payee", "memo", "name", "details", "verwendungszweck", "narrative"),
    "reference": ("reference", "transaction id", "fitid", "id", "ref", "reference number"),
    "account": ("account", "account number"),
}  # fmt: skip
_ADVICE = "Say how it is written: --dates MDY, --decimal comma, --currency USD."


@dataclass(frozen=True, slots=True)
class Writing:
    """How this bank writes; what a file does not tell of itself."""

    dates: str = ""  # YMD, MDY, DMY; empty: only 2026-07-05 is understood
    decimal: str = "."
    currency: str = ""


def read_table(content: bytes, writing: Writing) -> Iterator[Entry]:
    """Every line below the header."""
    text = _text(content)
    dialect = ";" if text[:3000].count(";") > text[:3000].count(",") else ","
    dialect = "\t" if "\t" in text[:3000] and dialect not in text[:3000] else dialect
    rows = csv.reader(StringIO(text, newline=""), delimiter=dialect)
    places: dict[str, int] | None = None
    for row in rows:
        if places is None:
            places = _header(row)
        elif any(cell.strip() for cell in row):
            yield _entry(row, places, writing, f"line {rows.line_num}")
    if places is None:
        what = "no line names a date and an amount"
        raise Unreadable("the file", what, "A header such as Date,Description,Amount is needed.")


def _header(row: list[str]) -> dict[str, int] | None:
    named = [cell.strip().strip("\ufeff").casefold() for cell in row]
    places = {
        field: next(n for n, cell in enumerate(named) if cell in words)
        for field, words in _NAMES.items()
        if any(cell in words for cell in named)
    }
    money = "amount" in places or {"credit", "debit"} <= places.keys()
    return places if "day" in places and money else None


def _entry(row: list[str], places: Mapping[str, int], writing: Writing, where: str) -> Entry:
    def cell(field: str) -> str:
        place = places.get(field)
        return row[place].strip() if place is not None and place < len(row) else ""

    if "amount" in places:
        amount = _amount(cell("amount"), writing, where)
    else:
        came = _amount(cell("credit") or "0", writing, where)
        went = _amount(cell("debit") or "0", writing, where)
        amount = came - abs(went)
    currency = cell("currency").upper() or writing.currency
    if len(currency) != 3:
        raise Unreadable(where, "its currency is not known", _ADVICE)
    return Entry(
        cell("account")[-4:], _day(cell("day"), writing, where), amount, currency, cell("text"),
        cell("reference"),
    )  # fmt: skip


def _amount(text: str, writing: Writing, where: str) -> Decimal:
    bare = text.replace("$", "").replace("€", "").replace("\u00a0", "").replace(" ", "")
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    group = "," if writing.decimal == "." else "."
    whole, _, rest = bare.partition(writing.decimal)
    if group in whole:
        if not re.fullmatch(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+", whole):
            raise Unreadable(where, f"{text!r} is not an amount", _ADVICE)
        whole = whole.replace(group, "")
    if group in rest:
        raise Unreadable(where, f"{text!r} is not an amount", _ADVICE)
    return exact(f"{whole}.{rest}" if rest else whole, where)


def _day(text: str, writing: Writing, where: str) -> date:
    try:
        if not writing.dates:
            return date.fromisoformat(text[:10])
        plain = re.sub(r"[-.]", "/", text.split()[0] if text.split() else "")
        return datetime.strptime(plain, DATES[writing.dates]).date()  # noqa: DTZ007 - a day only
    except ValueError:
        raise Unreadable(where, f"{text!r} is not a date as expected", _ADVICE) from None


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
