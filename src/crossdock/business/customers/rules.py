"""Explicit rules, first to last: tax id; company and postal code; otherwise what the table says.

Two customers that fit alike are a person's business. A postal code alone, or a name alone, is no
match: chains have many shops, and towns many firms.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import NamedTuple

from crossdock.business.customers.model import MATCH, ONE, Account, Buyer
from crossdock.kernel.errors import NeedsPerson

TAX_ID, COMPANY = "tax id", "company and postal code"
_LEGAL = frozenset({
    "inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "co", "company", "corp",
    "corporation", "plc", "pty", "gmbh", "ag", "kg", "sa", "sas", "sarl", "srl", "spa", "bv",
    "nv", "ab", "oy", "as", "cv", "de", "ltda", "the",
})  # fmt: skip
_WORDS = re.compile(r"[^0-9a-z]+")


class Mark(NamedTuple):
    """Something a customer can be recognised by, in one spelling."""

    kind: str
    text: str


def marks(
    company: str | None, postal_code: str | None, country: str | None, tax_id: str | None
) -> list[Mark]:
    """What a company is recognised by; the surest first."""
    found = []
    if tax_id and len(plain := _WORDS.sub("", _folded(tax_id))) >= 5:
        found.append(Mark(TAX_ID, plain))
    name, place = company_key(company or ""), postal_key(postal_code or "", country or "")
    if name and place:
        found.append(Mark(COMPANY, f"{name}|{place}"))
    return found


def company_key(name: str) -> str:
    """One spelling of a company's name: no case, accents, punctuation or legal form."""
    words = [w for w in _WORDS.split(_folded(name.replace("&", " and ").replace("'", ""))) if w]
    kept = [w for w in _joined_initials(words) if w not in _LEGAL]
    return " ".join(kept or words)


def postal_key(code: str, country: str) -> str:
    """One spelling of a postal code; of a US one the five digits."""
    plain = _WORDS.sub("", _folded(code))
    if country.upper() == "US":
        plain = plain[:5]
    return f"{country.upper()}:{plain}" if plain else ""


def choose(buyer: Buyer, known: Mapping[str, Collection[str]], new_code: str) -> Account | None:
    """The account, or None for the marketplace's own. `known` holds the customers that carry each
    kind of the buyer's marks.
    """
    if buyer.rule == ONE or not buyer.is_company:
        return None
    for kind in (TAX_ID, COMPANY):
        codes = sorted(known.get(kind, ()))
        if len(codes) > 1:
            raise NeedsPerson(
                f"the buyer could be any of these TIMS customers: {', '.join(codes)} ({kind})",
                kind="customer-ambiguous",
                remedy="Merge them in TIMS, or say which: crossdock case edit CASE "
                f"--set booked.customer_code={codes[0]}",
                about=f"Amazon order {buyer.order_id}",
                code=kind,
                evidence={"customers": codes, "by": kind},
            )
        if codes:
            return Account(codes[0], kind)
    if buyer.rule == MATCH or not new_code:
        return None
    return Account(new_code, "new", buyer.company, buyer.contact, buyer.terms_code)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _joined_initials(words: list[str]) -> list[str]:
    """ "a b c welding" is "abc welding", as "S.A. de C.V." is "sa de cv"."""
    found: list[str] = []
    run = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        found += [run] if run else []
        found.append(word)
        run = ""
    return [*found, run] if run else found
