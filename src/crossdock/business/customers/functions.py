"""What mappings can say about people and their names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crossdock.business.customers.model import Name

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "sr", "sra"})
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md", "esq"})
_PARTICLES = frozenset({
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "el",
    "bin", "ibn", "al", "ter", "ten", "st", "zu",
})  # fmt: skip


def split_name(full: str) -> Name:
    """A full name in parts: "Dr. Ana María van der Berg Jr." and "van der Berg, Ana" alike. One
    word is a last name, because that is what a letter needs.
    """
    text = " ".join(full.split())
    last, comma, rest = text.partition(",")
    if comma and _bare(rest) not in _SUFFIXES:
        first = split_name(rest.strip())
        return Name(first.title, f"{first.first} {first.last}".strip(), last.strip(), first.suffix)
    words = text.replace(",", " ").split()
    title: list[str] = []
    suffix: list[str] = []
    while len(words) > 1 and _bare(words[0]) in _TITLES:
        title.append(words.pop(0))
    while len(words) > 1 and _bare(words[-1]) in _SUFFIXES:
        suffix.insert(0, words.pop())
    begin = len(words) - 1
    while begin > 1 and _bare(words[begin - 1]) in _PARTICLES:
        begin -= 1
    first_words = words[:begin] if len(words) > 1 else []
    last_words = words[begin:] if len(words) > 1 else words
    return Name(" ".join(title), " ".join(first_words), " ".join(last_words), " ".join(suffix))


def first_name(full: str) -> str:
    """The given names of a full name; empty when there is only one word."""
    return split_name(full).first


def last_name(full: str) -> str:
    """The family name of a full name, with its particles."""
    return split_name(full).last


def buyer_tax_id(registrations: Sequence[Any]) -> str | None:
    """The number under which the buyer is registered for taxes, where Amazon tells one."""
    for one in registrations:
        if one.entityType == "BUYER" and one.taxRegistrationNumber:
            return str(one.taxRegistrationNumber)
    return None


def _bare(word: str) -> str:
    return word.strip(" .,").casefold()


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    run.__name__: run for run in (first_name, last_name, buyer_tax_id)
}
