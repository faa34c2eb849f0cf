"""The shipped flows, mappings and tables, read and checked as the program does it."""

from functools import cache

from crossdock.wiring.language import Language, read_language
from crossdock.wiring.operations import without_connections


@cache
def shipped() -> Language:
    language = read_language(None, without_connections())
    assert not language.problems, "\n".join(map(str, language.problems))
    return language


def mapped(name: str, value: object) -> object:
    """What the shipped mapping of that name makes of the value."""
    return shipped().mappings[name].apply(value)
