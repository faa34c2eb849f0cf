"""Lookup tables: CSV text to rows found by their first column. All problems at once, with rows.

A row or cell that cannot be used holds only the records that need it. Only a table whose header or
text cannot be read is refused as a whole.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from crossdock.kernel.errors import ConfigError, Problem
from crossdock.lang.columns import Columns

MAX_CHARACTERS = 50_000_000
WHOLE_ROW = ""


@dataclass(frozen=True, slots=True)
class LookupRow:
    """One line of the table: its number in the file and its cells by column. `faults` says by
    column what cannot be used; under WHOLE_ROW, why none of it can.
    """

    line: int
    cells: Mapping[str, str]
    faults: Mapping[str, Problem] = field(default_factory=dict)

    def fault(self, *columns: str) -> Problem | None:
        """Why one of these cells cannot be used; None when all can."""
        return next((self.faults[c] for c in (WHOLE_ROW, *columns) if c in self.faults), None)


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
    problems: tuple[Problem, ...] = ()  # of rows and cells; the others can be used
    readable: bool = True

    @classmethod
    def read(
        cls, name: str, text: str | bytes, file: str, kind: str = "mapping-stopped",
        rules: Columns | None = None,
    ) -> "LookupTable":  # fmt: skip
        """The table of a CSV text with a header. ConfigError when it cannot be read as a whole;
        `problems` holds what is wrong with single rows, and with cells by these `rules`.
        """
        reader = _TableReader(file, rules or {})
        columns, rows = reader.read(text)
        if reader.unreadable:
            raise ConfigError(reader.problems)
        return cls(name, file, columns[0], columns[1:], rows, kind, tuple(reader.problems))

    @classmethod
    def unread(cls, name: str, file: str, kind: str = "mapping-stopped") -> "LookupTable":
        """Stands for a table that cannot be read, which is reported once, by its own file."""
        return cls(name, file, "", (), {}, kind, readable=False)

    def find(self, key: str) -> LookupRow | None:
        """The row of that key, or None."""
        return self.rows.get(key.strip())


class _TableReader:
    def __init__(self, file: str, rules: Columns) -> None:
        self.file, self.rules = file, rules
        self.problems: list[Problem] = []
        self.unreadable = False

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
            self._refuse(lines.line_num, f"is not valid CSV: {error}.", "Check the quotes.")
        if not columns and not self.problems:
            self._refuse(1, "is empty.", "The first line names the columns; the first is the key.")
        return columns, rows

    def _decoded(self, text: str | bytes) -> str:
        if len(text) > MAX_CHARACTERS:
            self._refuse(1, f"is longer than {MAX_CHARACTERS} characters.", "Split the table.")
            return ""
        try:
            return text.decode("utf-8-sig") if isinstance(text, bytes) else text
        except UnicodeDecodeError as error:
            line = text[: error.start].count(b"\n") + 1 if isinstance(text, bytes) else 1
            self._refuse(line, "is not UTF-8.", "Save the table as CSV UTF-8.")
            return ""

    def _header(self, line: int, names: list[str]) -> tuple[str, ...]:
        if len(names) < 2:
            self._refuse(line, "names one column only.", "A table has a key and what it leads to.")
        for number, name in enumerate(names, 1):
            if not name:
                self._refuse(line, f"column {number} has no name.", "Name it or remove it.")
            elif name in names[: number - 1]:
                self._refuse(line, f"two columns are called {name!r}.", "Rename one.")
        return tuple(names)

    def _row(
        self, line: int, cells: list[str], columns: tuple[str, ...], rows: dict[str, LookupRow]
    ) -> None:
        key = cells[0]
        if not key:
            self._report(line, f"has no {columns[0]}.", "Fill in the key or remove the row.")
        elif key in rows:  # nobody knows which of them is meant, so neither is used
            first = rows[key]
            what = f"repeats the key {key!r} of row {first.line}."
            fault = self._report(line, what, "Keep one.")
            rows[key] = LookupRow(first.line, dict.fromkeys(first.cells, ""), {WHOLE_ROW: fault})
        elif len(cells) != len(columns):
            what = f"has {len(cells)} cells, but the header has {len(columns)}."
            fault = self._report(line, what, "Check commas; quote cells that hold one.")
            rows[key] = LookupRow(line, dict.fromkeys(columns[1:], ""), {WHOLE_ROW: fault})
        else:
            found = dict(zip(columns[1:], cells[1:], strict=True))
            rows[key] = LookupRow(line, found, self._faults(line, found))

    def _faults(self, line: int, cells: Mapping[str, str]) -> dict[str, Problem]:
        """Cells that the column's rule does not allow; a column without a rule is free."""
        faults = {}
        for name, text in cells.items():
            rule = self.rules.get(name)
            what = rule.fault(text) if rule is not None else ""
            if rule is not None and what:
                problem = Problem(
                    self.file, f"row {line}, column {name}", what, f"Write {rule.valid}."
                )
                self.problems.append(problem)
                faults[name] = problem
        return faults

    def _refuse(self, line: int, what: str, fix: str) -> None:
        self.unreadable = True
        self._report(line, what, fix)

    def _report(self, line: int, what: str, fix: str) -> Problem:
        problem = Problem(self.file, f"row {line}", what, fix)
        self.problems.append(problem)
        return problem
