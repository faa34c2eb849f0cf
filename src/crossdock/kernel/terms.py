"""How a figure or a decision came about, as a list that a person can check."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a sum, or one step of a decision, and where it comes from."""

    what: str
    value: str
    source: str = ""
