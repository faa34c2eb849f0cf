"""The decision table as people write it: CSV to rows. A faulty row holds only whom it fits.

A row that would let through what must never be sold is refused with its line.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.business.catalogue.eligibility import DOMAIN, NEVER, Row, coverage
from crossdock.business.catalogue.model import Verdict
from crossdock.kernel.errors import Problem, nearest

COLUMNS = ("row", "item", *DOMAIN, "verdict", "why")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in their order, and everything that is wrong with the file."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_table(text: str, file: str) -> Table:
    """The table of a CSV with the columns above, in any order."""
    reader = _Reader(file)
    rows = reader.read(text)
    return Table(tuple(rows), tuple(reader.problems))


def laid_over(own: Table, shipped: Table) -> Table:
    """A workspace's rows decide first, the shipped ones what is left. Doubled names and rows that
    can never decide are problems too; those do no harm and hold nobody.
    """
    problems = [*own.problems, *shipped.problems]
    seen = {row.name for row in shipped.rows}
    problems += [_problem(row, f"the name {row.name!r} is taken by a shipped row.",
                          "Choose another.") for row in own.rows if row.name in seen]  # fmt: skip
    rows = (*own.rows, *shipped.rows)
    mine = {id(row) for row in own.rows if not row.fault}
    problems += [
        _problem(row, f"row {row.name!r} can never decide: earlier rows take everything it fits.",
                 "Move it up, or remove it.")
        for row in coverage(rows).unreachable if id(row) in mine
    ]  # fmt: skip
    return Table(rows, tuple(problems))


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def read(self, text: str) -> list[Row]:
        lines = csv.reader(io.StringIO(text, newline=""))
        header: list[str] = []
        rows: list[Row] = []
        names: dict[str, int] = {}
        before = 0
        for cells in lines:
            number, before = before + 1, lines.line_num
            stripped = [cell.strip() for cell in cells]
            if not any(stripped) or stripped[0].startswith("#"):
                continue
            if not header:
                header = self._header(number, stripped)
                continue
            if not header:
                break
            rows.append(self._row(number, stripped, header, names))
        if not header and not self.problems:
            self._report(1, "is empty.", f"The columns are {', '.join(COLUMNS)}.")
        return rows

    def _header(self, line: int, names: list[str]) -> list[str]:
        for name in names:
            if name not in COLUMNS:
                self._report(line, f"column {name!r} is unknown.", nearest(name, COLUMNS))
        for name in COLUMNS:
            if name not in names:
                self._report(line, f"column {name!r} is missing.", "Add it.")
        return names

    def _row(
        self, line: int, cells: list[str], header: Sequence[str], names: dict[str, int]
    ) -> Row:
        before = len(self.problems)
        if len(cells) != len(header):
            what = f"has {len(cells)} cells, but the header has {len(header)}."
            self._report(line, what, "Check commas; quote cells that hold one.")
        told = dict(zip(header, cells, strict=False))
        name = told.get("row") or f"row {line}"
        if not told.get("row"):
            self._report(line, "has no name in column row.", "Name it: explanations use it.")
        elif name in names:
            self._report(line, f"repeats the name {name!r} of row {names[name]}.", "Rename one.")
        names.setdefault(name, line)
        chosen = self._cells(line, told)
        verdict = self._verdict(line, told.get("verdict", ""))
        why = told.get("why", "")
        if not why:
            self._report(line, "says nothing in column why.", "Say why: people will read it.")
        patterns = tuple(p for p in _words(told.get("item", "")) if p) or ("*",)
        row = Row(name, verdict, why, f"{self.file} row {line}", patterns, chosen)
        if verdict is Verdict.SELL and row.admits_never():
            self._report(
                line, f"would let through what is never sold: {', '.join(NEVER)}, or an item in a "
                "returnable container.", "Write item_class hardgood and requires_container no.",
            )  # fmt: skip
        if len(self.problems) == before:
            return row
        return Row(name, Verdict.ASK, why, row.where, patterns, chosen, str(self.problems[before]))

    def _cells(self, line: int, told: dict[str, str]) -> tuple[tuple[str, frozenset[str]], ...]:
        """The columns that say something; one that cannot be read fits everything."""
        found = []
        for column, valid in DOMAIN.items():
            words = _words(told.get(column, "*"))
            if words in ([], ["*"], [""]):
                continue
            wrong = [w for w in words if w not in valid]
            for word in wrong:
                self._report(line, f"{column} {word!r} is unknown.", nearest(word, valid))
            if not wrong:
                found.append((column, frozenset(words)))
        return tuple(found)

    def _verdict(self, line: int, text: str) -> Verdict:
        try:
            return Verdict(text.casefold())
        except ValueError:
            valid = [v.value for v in Verdict]
            self._report(line, f"verdict {text!r} is unknown.", nearest(text, valid))
            return Verdict.ASK

    def _report(self, line: int, what: str, fix: str) -> None:
        self.problems.append(Problem(self.file, f"row {line}", what, fix))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split("|")] if text else []


def _problem(row: Row, what: str, fix: str) -> Problem:
    file, _, where = row.where.partition(" ")
    return Problem(file, where, what, fix)
