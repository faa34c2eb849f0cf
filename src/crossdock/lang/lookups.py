"""Lookup tables: CSV text to rows found by their first column. All problems at once, with rows."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.kernel.errors import ConfigError, Problem

MAX_CHARACTERS = 50_000_000


@dataclass(frozen=True, slots=True)
class LookupRow:
    """One line of the table: its number in the file and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LookupTable:
    """Data that people keep: which TIMS carrier Amazon's carrier code means, and the like.

    The first column is the key. `kind` names the page for a key that is not there.
    """

    name: str
    file: str
    key: str
    columns: tuple[str, ...]
    rows: Mapping[str, LookupRow]
    kind: str = "mapping-stopped"

    @classmethod
    def read(
        cls, name: str, text: str | bytes, file: str, kind: str = "mapping-stopped"
    ) -> "LookupTable":
        """The table of a CSV text with a header; ConfigError with every problem and its row."""
        reader = _TableReader(file)
        columns, rows = reader.read(text)
        if reader.problems:
            raise ConfigError(reader.problems)
        return cls(name, file, columns[0], columns[1:], rows, kind)

    def find(self, key: str) -> LookupRow | None:
        """The row of that key, or None."""
        return self.rows.get(key.strip())


class _TableReader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def read(self, text: str | bytes) -> tuple[tuple[str, ...], dict[str, LookupRow]]:
        shown = self._decoded(text)
        lines = csv.reader(io.StringIO(shown, newline=""), strict=True)
        columns: tuple[str, ...] = ()
        rows: dict[str, LookupRow] = {}
        before = 0
        try:
            for cells in lines:
                number, before = before + 1, lines.line_num
                stripped = [cell.strip() for cell in cells]
                if not any(stripped) or stripped[0].startswith("#"):
                    continue
                if columns:
                    self._row(number, stripped, columns, rows)
                else:
                    columns = self._header(number, stripped)
        except csv.Error as error:
            self._report(lines.line_num, f"is not valid CSV: {error}.", "Check the quotes.")
        if not columns and not self.problems:
            self._report(1, "is empty.", "The first line names the columns; the first is the key.")
        return columns, rows

    def _decoded(self, text: str | bytes) -> str:
        if len(text) > MAX_CHARACTERS:
            self._report(1, f"is longer than {MAX_CHARACTERS} characters.", "Split the table.")
            return ""
        try:
            return text.decode("utf-8-sig") if isinstance(text, bytes) else text
        except UnicodeDecodeError as error:
            line = text[: error.start].count(b"\n") + 1 if isinstance(text, bytes) else 1
            self._report(line, "is not UTF-8.", "Save the table as CSV UTF-8.")
            return ""

    def _header(self, line: int, names: list[str]) -> tuple[str, ...]:
        if len(names) < 2:
            self._report(line, "names one column only.", "A table has a key and what it leads to.")
        for number, name in enumerate(names, 1):
            if not name:
                self._report(line, f"column {number} has no name.", "Name it or remove it.")
            elif name in names[: number - 1]:
                self._report(line, f"two columns are called {name!r}.", "Rename one.")
        return tuple(names)

    def _row(
        self, line: int, cells: list[str], columns: tuple[str, ...], rows: dict[str, LookupRow]
    ) -> None:
        key = cells[0]
        if len(cells) != len(columns):
            what = f"has {len(cells)} cells, but the header has {len(columns)}."
            self._report(line, what, "Check commas; quote cells that hold one.")
        elif not key:
            self._report(line, f"has no {columns[0]}.", "Fill in the key or remove the row.")
        elif key in rows:
            self._report(line, f"repeats the key {key!r} of row {rows[key].line}.", "Keep one.")
        else:
            rows[key] = LookupRow(line, dict(zip(columns[1:], cells[1:], strict=True)))

    def _report(self, line: int, what: str, fix: str) -> None:
        self.problems.append(Problem(self.file, f"row {line}", what, fix))
