"""Amounts as Amazon writes them, in whole hundredths; all else is refused, never repaired."""

import re
from typing import Final

_STRICT: Final = re.compile(rb"(-?)([0-9]{1,15})(?:([.,])([0-9]{1,2}))?")
_KEPT: Final = 1 << 16
_USUAL: Final = tuple(
    (point, re.compile(rb"(?:%b\n)*%b" % (one, one)))
    for point, one in ((b".", rb"-?[0-9]{1,15}\.[0-9]{2}"), (b",", rb"-?[0-9]{1,15},[0-9]{2}"))
)


class Amounts:
    """Reads the amounts of one file, and remembers what they have in common."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}
        self.points: set[bytes] = set()  # the decimal separators met
        self.decimals = 0  # the most decimals met

    def hundredths(self, text: bytes) -> int:
        """The amount times 100; a ValueError that says what is wrong with it."""
        found = self.known.get(text)
        if found is not None:
            return found
        return self._keep(text, self._strictly(text))

    def together(self, texts: list[bytes]) -> list[int] | None:
        """Many amounts times 100; None when one of them has to be looked at alone. All of the usual
        form, with the same separator, are told by one pattern and read in one go.
        """
        joined = b"\n".join(texts)
        for point, pattern in _USUAL:
            if pattern.fullmatch(joined):
                self.points.add(point)
                self.decimals = max(self.decimals, 2)
                return list(map(int, joined.replace(point, b"").split(b"\n")))
        try:
            return [self.hundredths(text) for text in texts]
        except ValueError:
            return None

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
