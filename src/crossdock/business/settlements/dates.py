"""Times of a report. Their format is chosen for the whole file, from all its values."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

_CLOCK: Final = rb"(?:[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?: ?UTC|Z|\+00:00)?)?"
_SHAPES: Final = {
    "iso": re.compile(rb"(\d{4})-(\d\d)-(\d\d)" + _CLOCK),
    "year first": re.compile(rb"(\d{4})/(\d\d)/(\d\d)" + _CLOCK),
    "dotted": re.compile(rb"(\d\d)\.(\d\d)\.(\d{4})" + _CLOCK),
    "slashed": re.compile(rb"(\d\d)/(\d\d)/(\d{4})" + _CLOCK),
}
_ORDER: Final = {"iso": (0, 1, 2), "year first": (0, 1, 2), "dotted": (2, 1, 0),
                 "DD/MM": (2, 1, 0), "MM/DD": (2, 0, 1)}  # fmt: skip


class Dates:
    """Collects what the times of one file look like; afterwards reads them."""

    def __init__(self) -> None:
        self.shapes: set[str] = set()
        self._day_first = self._month_first = False

    def look(self, text: bytes) -> None:
        """Take note of a time; a ValueError when it is none."""
        for shape, pattern in _SHAPES.items():
            if found := pattern.fullmatch(text.strip()):
                self.shapes.add(shape)
                if shape == "slashed":
                    self._day_first |= int(found[1]) > 12
                    self._month_first |= int(found[2]) > 12
                else:
                    _moment(found, _ORDER[shape])
                return
        raise ValueError("is not a time as Amazon writes it")

    @property
    def doubt(self) -> str:
        """Why the times cannot be read; empty when they can."""
        if len(self.shapes) > 1:
            return f"times are written in several ways: {', '.join(sorted(self.shapes))}"
        if "slashed" in self.shapes and self._day_first == self._month_first:
            return "times can be read as DD/MM or as MM/DD"
        return ""

    def moment(self, text: bytes) -> datetime:
        """The time in UTC; a ValueError when it is none."""
        (shape,) = self.shapes
        order = shape if shape != "slashed" else ("DD/MM" if self._day_first else "MM/DD")
        found = _SHAPES[shape].fullmatch(text.strip())
        if found is None:
            raise ValueError("is not a time as Amazon writes it")
        return _moment(found, _ORDER[order])


def _moment(found: re.Match[bytes], order: Iterable[int]) -> datetime:
    parts = [int(found[n + 1]) for n in order]
    clock = [int(found[n] or 0) for n in (4, 5, 6)]
    return datetime(*parts, *clock, tzinfo=UTC)  # type: ignore[misc, arg-type]
