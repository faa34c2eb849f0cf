"""OFX: versions 1 (SGML, most end tags missing) and 2 (XML) alike, as a run of tags and values.

No kept library with a licence like ours reads both; the bank part of the format is small.
Source: OFX Banking Specification 2.3, sections 3.2.8 and 11.4.4.
"""

import re
from collections.abc import Iterator
from datetime import date
from html import unescape

from crossdock.connectors.bank.model import Entry, Unreadable, exact, masked

_TAG = re.compile(r"<(/?)([A-Za-z0-9.]+)[^<>]*?/?>([^<]*)")
_CHARSET = re.compile(rb"(?:CHARSET:|encoding=[\"'])([A-Za-z0-9-]+)")
_ADVICE = "Use the bank's untouched file."


def is_ofx(content: bytes) -> bool:
    """Whether the file says so itself."""
    head = content[:2000].upper()
    return b"OFXHEADER" in head or b"<OFX>" in head


def read_ofx(content: bytes) -> Iterator[Entry]:
    """Every transaction of every account in the file."""
    account = currency = ""
    row: dict[str, str] | None = None
    number = 0
    for closing, name, value in _TAG.findall(_text(content)):
        tag, said = name.upper(), unescape(value).strip()
        if tag == "STMTTRN":
            if closing and row is not None:
                yield _entry(row, account, currency, f"transaction {number}")
            number, row = number + (not closing), None if closing else {}
        elif closing:
            continue
        elif row is not None:
            row.setdefault(tag, said)
        elif tag == "CURDEF":
            currency = said
        elif tag == "ACCTID":
            account = said
    if row is not None:
        raise Unreadable(f"transaction {number}", "the file ends within it", _ADVICE)


def _entry(row: dict[str, str], account: str, currency: str, where: str) -> Entry:
    day = row.get("DTPOSTED", "")[:8]
    try:
        booked = date(int(day[:4]), int(day[4:6]), int(day[6:8]))
    except ValueError:
        raise Unreadable(where, f"{day!r} is not a date", _ADVICE) from None
    amount = row.get("TRNAMT", "")
    if "," in amount and "." not in amount:  # some banks write their country's comma
        amount = amount.replace(",", ".")
    if not currency:
        raise Unreadable(where, "its account has no currency (CURDEF)", _ADVICE)
    text = " ".join(x for x in (row.get("NAME"), row.get("MEMO"), row.get("REFNUM")) if x)
    return Entry(
        masked(account), booked, exact(amount, where), currency.upper(), text, row.get("FITID", "")
    )


def _text(content: bytes) -> str:
    found = _CHARSET.search(content[:2000])
    named = found[1].decode("ascii").lower() if found else "utf-8"
    charset = {"1252": "cp1252", "usascii": "ascii", "none": "utf-8"}.get(named, named)
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return content.decode("cp1252", errors="replace")
