"""What the cells of a lookup table may hold, as data: columns.yaml beside the tables."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.kernel.errors import Problem, nearest
from crossdock.lang.document import Cell, read_document
from crossdock.lang.reading import Reader

KEYS = ("is", "from", "to", "empty")
_LONGEST = 40  # characters of a cell that are shown
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def _is_yes_no(text: str) -> bool:
    return text.lower() in ("yes", "no", "true", "false", "1", "0")


def _is_whole(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None


def is_time_zone(text: str) -> bool:
    """A zone that this machine knows, such as America/Denver."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


KINDS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "text": (bool, "a text"),
    "yes or no": (_is_yes_no, "yes or no"),
    "whole number": (_is_whole, "a whole number"),
    "time zone": (is_time_zone, "a time zone such as America/Denver"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column's rule: a kind, or the only words there are."""

    kind: str = "text"
    words: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    empty: bool = False

    @property
    def valid(self) -> str:
        """What may stand there, for the person who corrects it."""
        found = ", ".join(self.words) if self.words else KINDS[self.kind][1]
        if self.least is not None and self.most is not None:
            found += f" from {self.least} to {self.most}"
        elif self.least is not None:
            found += f", {self.least} or more"
        elif self.most is not None:
            found += f", {self.most} or less"
        return f"{found}; or leave it empty" if self.empty else found

    def fault(self, text: str) -> str:
        """What is wrong with a cell, in words; empty when nothing is."""
        if not text:
            return "" if self.empty else "is empty."
        fits = text in self.words if self.words else KINDS[self.kind][0](text)
        if fits and self.kind == "whole number" and not self.words:
            fits = (self.least is None or int(text) >= self.least) and (
                self.most is None or int(text) <= self.most
            )
        if fits:
            return ""
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
        return f"is {shown!r}."


Columns = Mapping[str, Column]


def read_columns(text: str | bytes, file: str) -> tuple[dict[str, Columns], list[Problem]]:
    """The rules of one file by table and column, and what is wrong with it; never raises."""
    cell, problems = read_document(text, file)
    reader = _ColumnsReader(Reader(file))
    tables = reader.tables(cell) if cell is not None else {}
    return tables, [*problems, *reader.report.problems]


class _ColumnsReader:
    def __init__(self, report: Reader) -> None:
        self.report = report

    def tables(self, cell: Cell) -> dict[str, Columns]:
        return {
            table: {name: self._column(rule, name) for name, rule in self._inside(below).items()}
            for table, below in self._inside(cell).items()
        }

    def _inside(self, cell: Cell) -> dict[str, Cell]:
        if isinstance(cell.value, dict):
            return cell.value
        fix = "Write table, below it column, below it what a cell is."
        self.report.report(f"line {cell.line}", "is no map of names.", fix)
        return {}

    def _column(self, cell: Cell, name: str) -> Column:
        where = f"line {cell.line}, column {name}"
        keys = self.report.keys(cell, where, KEYS, ("is",))
        if "is" not in keys:
            return Column(empty=True)
        plain = keys["is"].plain
        words = tuple(str(word) for word in plain) if isinstance(plain, list) else ()
        kind = "text" if words else str(plain)
        if kind not in KINDS:
            self.report.report(where, f"is: {kind!r}.", nearest(kind, tuple(KINDS)))
            return Column(empty=True)
        return Column(
            kind, words, self._number(keys, "from", where), self._number(keys, "to", where),
            empty=keys["empty"].plain in (True, "yes") if "empty" in keys else False,
        )  # fmt: skip

    def _number(self, keys: Mapping[str, Cell], name: str, where: str) -> int | None:
        cell = keys.get(name)
        if cell is None:
            return None
        if isinstance(cell.value, int) and not isinstance(cell.value, bool):
            return cell.value
        self.report.report(where, f"{name} is no whole number.", "Such as 1.")
        return None
