"""Amounts as Amazon writes them, in whole hundredths; all else is refused, never repaired."""

import re
from typing import Final

_STRICT: Final = re.compile(rb"(-?)([0-9]{1,15})(?:([.,])([0-9]{1,2}))?")
_KEPT: Final = 1 << 16
_LONGEST: Final = 15  # digits before the point


class Amounts:
    """Reads the amounts of one file, and remembers what they have in common."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}
        self.points: set[bytes] = set()  # the decimal separators met
        self.decimals = 0  # the most decimals met
        self._usual = False  # an amount such as 12.34 was met, and noted in both

    def hundredths(self, text: bytes) -> int:
        """The amount times 100; a ValueError that says what is wrong with it."""
        found = self.known.get(text)
        if found is not None:
            return found
        whole, _, parts = text.partition(b".")
        # The usual form, told without a pattern: digits, a point, two digits; a sign before.
        if len(parts) == 2 and parts.isdigit() and self._usual:
            digits = whole[1:] if whole[:1] == b"-" else whole
            if digits.isdigit() and len(digits) <= _LONGEST:
                return self._keep(text, int(whole + parts))
        return self._keep(text, self._strictly(text))

    def _strictly(self, text: bytes) -> int:
        match = _STRICT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{shown(text)} is not an amount")
        sign, whole, point, parts = match.groups()
        value = int(whole) * 100
        if point:
            self.points.add(point)
            self.decimals = max(self.decimals, len(parts))
            value += int(parts.ljust(2, b"0"))
            self._usual = self._usual or (point == b"." and len(parts) == 2)
        return -value if sign else value

    def _keep(self, text: bytes, value: int) -> int:
        if len(self.known) >= _KEPT:
            self.known.clear()
        self.known[text] = value
        return value


def shown(text: bytes) -> str:
    """A cell for a message: short, printable."""
    said = text.decode("utf-8", "replace").strip()[:60]
    return "'" + "".join(c if c.isprintable() else "?" for c in said) + "'"
