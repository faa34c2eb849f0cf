"""Cells to values, with the problems a reader of the file must fix. Used by mapping and flow."""

import re
from collections.abc import Iterable, Mapping

from crossdock.kernel.errors import Problem, nearest
from crossdock.lang.document import Cell

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")


class Reader:
    """Reads one file. Whatever is wrong is reported, and a harmless value is handed back."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def report(self, where: str, what: str, fix: str = "") -> None:
        self.problems.append(Problem(self.file, where, what, fix))

    def keys(
        self, cell: Cell, where: str, allowed: Iterable[str], needed: Iterable[str] = ()
    ) -> Mapping[str, Cell]:
        """The entries of a mapping cell; unknown and missing keys are reported."""
        if not isinstance(cell.value, dict):
            self.report(where, "is not a mapping of keys to values.", "Write key: value.")
            return {}
        names = tuple(allowed)
        for key, inner in cell.value.items():
            if key not in names:
                place = where if inner.line == cell.line else f"line {inner.line}"
                self.report(place, f"has no key {key!r}.", nearest(key, names))
        for key in needed:
            if key not in cell.value:
                self.report(where, f"has no {key}.", f"Add {key}:")
        return cell.value

    def text(self, entries: Mapping[str, Cell], key: str, where: str, otherwise: str = "") -> str:
        """A text; `otherwise` when the key is not there."""
        cell = entries.get(key)
        if cell is None:
            return otherwise
        if isinstance(cell.value, str) and cell.value.strip():
            return cell.value
        self.report(where, f"{key} is not a text.", "Put it in quotes.")
        return otherwise

    def name(self, entries: Mapping[str, Cell], key: str, where: str) -> str:
        """A name such as orders.from_amazon; "" when it is none."""
        found = self.text(entries, key, where)
        if found and not NAME.fullmatch(found):
            self.report(
                where, f"{key} {found!r} is not a name.", "Use letters, digits, _ and dots."
            )
            return ""
        return found

    def whole(self, entries: Mapping[str, Cell], key: str, where: str, otherwise: int) -> int:
        """A whole number of 1 or more."""
        cell = entries.get(key)
        if cell is None:
            return otherwise
        value = cell.value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self.report(where, f"{key} is not a whole number of 1 or more.")
        return otherwise

    def items(self, cell: Cell | None, where: str, key: str) -> list[Cell]:
        """The cells of a list; a single value counts as a list of one."""
        if cell is None:
            return []
        if isinstance(cell.value, list):
            if not cell.value:
                self.report(where, f"{key} is an empty list.")
            return cell.value
        return [cell]

    def texts(self, cells: Iterable[Cell], where: str, key: str) -> tuple[str, ...]:
        """Texts of a list of cells."""
        found = []
        for cell in cells:
            if isinstance(cell.value, str):
                found.append(cell.value)
            else:
                self.report(where, f"{key} holds something that is not a text.", "Use quotes.")
        return tuple(found)
