"""What a bank statement says, whatever its format."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

LARGEST = 50 * 1024 * 1024  # bytes; a year of a busy account is a tenth of it
_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,3})?")


class Unreadable(Exception):
    """The file cannot be understood; `where` names the line or the entry."""

    def __init__(self, where: str, what: str, advice: str) -> None:
        super().__init__(f"{where}: {what}. {advice}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement on an account; money that came in is positive."""

    account: str  # as the bank names it, its last four characters only
    day: date  # booked
    amount: Decimal
    currency: str
    text: str
    reference: str  # the bank's own for it; may be empty
    id: str = ""  # the same entry has the same id in every file


def exact(text: str, where: str) -> Decimal:
    """An amount with a point; nothing is guessed."""
    cleaned = text.strip()
    if not _PLAIN.fullmatch(cleaned):
        raise Unreadable(where, f"{text!r} is not an amount", "Use the bank's untouched file.")
    return Decimal(cleaned)


def masked(account: str) -> str:
    """Enough of an account number for a person to know it."""
    return account.replace(" ", "")[-4:]


def identified(entries: Iterable[Entry]) -> list[Entry]:
    """With ids. Two alike on one day are two entries: they are counted within the file."""
    seen: dict[str, int] = {}
    found = []
    for entry in entries:
        said = f"{entry.account}|{entry.day}|{entry.amount}|{entry.currency}|{entry.reference}"
        if not entry.reference:
            said += f"|{entry.text}"
        seen[said] = nth = seen.get(said, 0) + 1
        digest = hashlib.blake2s(f"{said}|{nth}".encode(), digest_size=8).hexdigest()
        found.append(replace(entry, id=digest))
    return found
