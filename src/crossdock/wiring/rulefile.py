"""Rules that people write in a workspace's YAML: every fault named with its line, none stops the
others.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from crossdock.kernel.errors import ConfigError, Problem, nearest
from crossdock.lang.document import Cell, read_document

Publish = Literal["off", "plan", "on"]
_WORDS: Mapping[object, Publish] = {
    True: "on", "on": "on", "yes": "on", False: "off", "off": "off", "no": "off", None: "off",
    "plan": "plan",
}  # fmt: skip
Cells = dict[str, Cell]


def read_rule_file(path: Path, file: str) -> tuple[Cells, list[Problem]] | None:
    """The top of the file and what is wrong with it as YAML; None when there is none. A ConfigError
    when it is no document of settings.
    """
    if not path.exists():
        return None
    root, problems = read_document(path.read_bytes(), file)
    if root is None or not isinstance(root.value, dict):
        raise ConfigError(problems or [Problem(file, "line 1", "is not a map of settings.")])
    return root.value, problems


def read_rule_table(
    path: Path, file: str, lists: Sequence[str]
) -> tuple[list[Cell], list[Problem]]:
    """Rules as rows of a CSV, for who has thousands: each a map of its columns, as in YAML. Columns
    that are `lists` hold several words with spaces between. A row with too many or too few cells is
    a faulty rule for its SKU; nothing where there is no file.
    """
    if not path.exists():
        return [], []
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(file, "row 1", f"is not UTF-8: {error.reason}.")]) from error
    lines = csv.reader(io.StringIO(text, newline=""))
    header: list[str] = []
    rows: list[Cell] = []
    problems: list[Problem] = []
    try:
        for cells in lines:
            if not any(cells) or cells[0].startswith("#"):
                continue
            if not header:
                header = [name.strip() for name in cells]
            else:
                rows.append(_row(header, [c.strip() for c in cells], lines.line_num, lists))
    except csv.Error as error:
        problems.append(Problem(file, f"row {lines.line_num}", f"is not valid CSV: {error}."))
    return rows, problems


def _row(header: Sequence[str], cells: Sequence[str], line: int, lists: Sequence[str]) -> Cell:
    row: Cells = {}
    for name, text in zip(header, cells, strict=False):
        if text and name in lists:
            row[name] = Cell([Cell(word, line) for word in text.split()], line)
        elif text:
            row[name] = Cell(text, line)
    if len(cells) != len(header):
        row["?"] = Cell(f"{len(cells)} cells, the header has {len(header)}", line)
    return Cell(row, line)


def spread(row: Cell) -> Cell:
    """A table's columns such as `floor.margin` and `business.price` as the maps that YAML has."""
    cells: Cells = {}
    for name, cell in row.value.items() if isinstance(row.value, dict) else ():
        outer, dot, inner = name.partition(".")
        if not dot:
            cells[name] = cell
            continue
        map_ = cells.setdefault(outer, Cell({}, row.line))
        if isinstance(map_.value, dict):
            map_.value[inner] = cell
    return Cell(cells, row.line)


@dataclass
class RuleReader:
    """Reads cells of one file and remembers what is wrong with them."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, cell: Cell, what: str, fix: str = "") -> None:
        """Remember a fault with its line."""
        self.problems.append(Problem(self.file, f"line {cell.line}", what, fix))

    def known(self, cells: Mapping[str, Cell], names: Sequence[str]) -> None:
        """Every other name is a fault."""
        for name, cell in cells.items():
            if name == "?":  # of a table: the row does not fit its header
                self.problem(cell, f"has {cell.value}.", "Check commas; quote cells that hold one.")
            elif name not in names:
                self.problem(cell, f"{name!r} is unknown.", nearest(name, names))

    def publish(self, cells: Mapping[str, Cell]) -> Publish:
        """Whether what follows from the file is written: off, plan or on. Nothing said is off."""
        cell = cells.get("publish")
        value = None if cell is None else cell.value
        if cell is not None and (isinstance(value, list | dict) or value not in _WORDS):
            self.problem(cell, f"publish {cell.shown}.", "Write off, plan or on.")
            return "off"
        return _WORDS[value]

    def rows(self, cells: Mapping[str, Cell], name: str) -> list[Cell]:
        """The entries of a list; nothing where there is none."""
        cell = cells.get(name)
        if cell is None or cell.value is None:
            return []
        if not isinstance(cell.value, list):
            self.problem(cell, f"{name} is not a list.", f"Begin each entry of {name} with a dash.")
            return []
        return cell.value

    def inside(self, cell: Cell, names: Sequence[str], what: str) -> Cells:
        """The cells of a map whose names are known."""
        if not isinstance(cell.value, dict):
            self.problem(cell, f"{what} is not a map.", f"It takes {', '.join(names)}.")
            return {}
        self.known(cell.value, names)
        return cell.value

    def texts(self, cell: Cell, cells: Mapping[str, Cell], name: str) -> tuple[str, ...]:
        """One text or a list of them; a fault where there is none."""
        found = self.any_texts(cells, name)
        if not found or not all(found):
            self.problem(cell, f"a rule without {name}.", f"Such as {name}: [WLD-*].")
            return ()
        return found

    def any_texts(self, cells: Mapping[str, Cell], name: str) -> tuple[str, ...]:
        """One text or a list of them; nothing where there is none."""
        found = cells.get(name)
        if found is None:
            return ()
        values = found.value if isinstance(found.value, list) else [found]
        for one in values:
            if isinstance(one.value, dict | list):
                self.problem(
                    one, f"{name} holds {one.shown}.", "It takes a text, or a list of them."
                )
        plain = (v.value for v in values if not isinstance(v.value, dict | list))
        return tuple(str(value) for value in plain if value is not None)

    def number(self, cells: Mapping[str, Cell], name: str) -> Decimal | None:
        """Zero or more; None where it is not said, or wrong."""
        cell = cells.get(name)
        if cell is None or cell.value is None:
            return None
        number = _decimal(cell.value)
        if number is None or number < 0:
            self.problem(cell, f"{name} {cell.shown} is no quantity.", "Zero or more.")
            return None
        return number

    def share(self, cells: Mapping[str, Cell], name: str) -> Decimal | None:
        """A text such as 12 % as 0.12, below 100 %; without its sign a number is a guess."""
        cell = cells.get(name)
        if cell is None or cell.value is None:
            return None
        text = str(cell.value).strip()
        number = _decimal(text.removesuffix("%").strip()) if text.endswith("%") else None
        if number is None or not 0 <= number < 100:
            self.problem(cell, f"{name} {cell.shown} is no share.", "Such as 12 %.")
            return None
        return number / 100

    def choice(self, cells: Mapping[str, Cell], name: str, words: Sequence[str]) -> str | None:
        """One of these words; None where it is not said, or wrong."""
        cell = cells.get(name)
        if cell is None or cell.value is None:
            return None
        if cell.value in words:
            return str(cell.value)
        self.problem(cell, f"{name} {cell.shown}.", f"Write {' or '.join(words)}.")
        return None

    def yes(self, cells: Mapping[str, Cell], name: str, *, usual: bool) -> bool:
        """Yes or no."""
        cell = cells.get(name)
        if cell is None or cell.value is None:
            return usual
        if cell.value in (True, "yes", "on"):
            return True
        if cell.value not in (False, "no", "off"):
            self.problem(cell, f"{name} {cell.shown}.", "Write yes or no.")
        return False

    def fault_since(self, before: int) -> str:
        """The first problem that came after so many; empty when there is none."""
        return str(self.problems[before]) if len(self.problems) > before else ""


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
