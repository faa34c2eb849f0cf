"""Which page of Amazon's catalogue a SKU belongs on: one is a match, none or several are a
person's. Numbers are compared as what they are, fourteen digits with a check digit.
"""

import re
from collections.abc import Iterable, Sequence

from crossdock.business.catalogue.model import Match, Page

_SHORT = (8, 12, 13, 14)


def gtin_of(text: str | None) -> str:
    """Fourteen digits of a UPC, EAN or GTIN; empty when it is none, or its check digit is wrong."""
    digits = re.sub(r"[\s-]", "", text or "")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in _SHORT:
        return ""
    padded = digits.rjust(14, "0")
    weighed = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(padded[:13]))
    return padded if (10 - weighed % 10) % 10 == int(padded[13]) and padded.strip("0") else ""


def shortest(gtin: str) -> str:
    """As it is printed on the package: UPC where it is one, else EAN, else all fourteen digits."""
    if gtin.startswith("00"):
        return gtin[2:]
    return gtin[1:] if gtin.startswith("0") else gtin


def number_of(
    item_gtin: str | None, unit_gtin: str | None, units_per_pack: int, is_base_unit: bool
) -> tuple[str, str]:
    """The number that identifies what the SKU sells, and where it stands; or an empty one and why.

    The item's own number is one base unit's. A pack of ten is another product: it has its own
    number or none.
    """
    if units_per_pack == 1 and (unit := gtin_of(unit_gtin)):
        return unit, "the unit's Gtin"
    if units_per_pack == 1 and is_base_unit:
        if found := gtin_of(item_gtin):
            return found, "the item's Gtin"
        told = (unit_gtin or item_gtin or "").strip()
        wrong = f"TIMS's Gtin {told!r} is no number with a right check digit"
        return "", wrong if told else "TIMS has no Gtin for it"
    return "", "a pack has a number of its own, and TIMS has none for it"


def match(
    gtin: str, why_none: str, found: Sequence[Page], chosen: str = "", listed: str = ""
) -> Match:
    """The page. `chosen` was named by a person, `listed` is where our listing stands already."""
    if chosen:
        return Match(chosen, "named in catalogue.yaml")
    if listed:
        return Match(listed, "where the listing stands already")
    if not gtin:
        return Match("", why_none, f"{why_none}, so no page of Amazon's can be found")
    pages = tuple(_with_number(gtin, found))
    if len(pages) == 1:
        return Match(pages[0].asin, f"the only page with {shortest(gtin)}", candidates=pages)
    if not pages:
        return Match("", f"no page has {shortest(gtin)}")
    many = f"{len(pages)} pages of Amazon's have {shortest(gtin)}"
    names = ", ".join(page.asin for page in pages)
    return Match("", many, f"{many}: {names}", pages)


def _with_number(gtin: str, found: Iterable[Page]) -> Iterable[Page]:
    """Amazon's search is generous: only who has the very number counts."""
    unique = {page.asin: page for page in found}
    for asin in sorted(unique):
        numbers = {number.rjust(14, "0") for number in unique[asin].numbers}
        if gtin in numbers:
            yield unique[asin]
