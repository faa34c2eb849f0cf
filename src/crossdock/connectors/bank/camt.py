"""CAMT.053 (ISO 20022 bank-to-customer statement) of every version, read without namespaces."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from crossdock.connectors.bank.model import Entry, Unreadable, exact, masked

_ADVICE = "Use the bank's untouched file."


def is_camt(content: bytes) -> bool:
    """Whether the file says so itself."""
    return b"camt.053" in content[:4000] or b"BkToCstmrStmt" in content[:4000]


def read_camt(content: bytes) -> Iterator[Entry]:
    """Every booked entry; pending ones are left out, they come again when they are booked."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("the file", f"is no sound XML ({error})", _ADVICE) from error
    for statement in _all(root, "Stmt"):
        account = _first(statement, "Acct", "Id", "IBAN") or _first(
            statement, "Acct", "Id", "Othr", "Id"
        )
        for number, entry in enumerate(_children(statement, "Ntry"), 1):
            status = _first(entry, "Sts", "Cd") or _first(entry, "Sts")
            if status in ("", "BOOK"):
                yield _entry(entry, account, f"entry {number}")


def _entry(entry: Element, account: str, where: str) -> Entry:
    said = next(iter(_children(entry, "Amt")), None)
    if said is None:
        raise Unreadable(where, "it has no amount", _ADVICE)
    amount, currency = exact(said.text or "", where), said.get("Ccy", "")
    sides = {"CRDT": 1, "DBIT": -1}
    side = sides.get(_first(entry, "CdtDbtInd"))
    if side is None or not currency:
        raise Unreadable(where, "it does not say which side or which currency", _ADVICE)
    day = _first(entry, "BookgDt", "Dt") or _first(entry, "BookgDt", "DtTm")
    try:
        booked = date.fromisoformat((day or _first(entry, "ValDt", "Dt"))[:10])
    except ValueError:
        raise Unreadable(where, f"{day!r} is not a date", _ADVICE) from None
    texts = [x.text or "" for name in ("Ustrd", "AddtlNtryInf", "EndToEndId", "AddtlTxInf", "Nm")
             for x in _all(entry, name)]  # fmt: skip
    reference = _first(entry, "AcctSvcrRef") or _first(entry, "NtryRef")
    return Entry(
        masked(account), booked, amount * side, currency, " ".join(t.strip() for t in texts if t),
        reference,
    )  # fmt: skip


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (x for x in element.iter() if _name(x) == name)


def _children(element: Element, name: str) -> Iterator[Element]:
    return (x for x in element if _name(x) == name)


def _first(element: Element, *path: str) -> str:
    at: Element | None = element
    for name in path:
        at = next(_children(at, name), None) if at is not None else None
    return (at.text or "").strip() if at is not None else ""
