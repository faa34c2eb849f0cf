"""YAML text to cells that know their place.

Built from parser events, so nothing is ever constructed from a tag, an alias cannot multiply, and
every problem carries its line. Scalars are plainer than YAML 1.1: true, false, null, whole numbers
and decimals; all else is text, so that the country NO stays NO and 12:30 stays 12:30.
"""

import contextlib
import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from crossdock.kernel.errors import Problem

MAX_CHARACTERS = 400_000
MAX_DEPTH = 24
MAX_CELLS = 50_000
MOST_SHOWN = 60

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

# libyaml reads ten times as fast; PyYAML comes without it on some machines. About a plain ? the two
# disagree (a property test found it), so what holds one is read in the same way everywhere.
_FAST: Any = getattr(yaml, "CSafeLoader", None)

Scalar = str | int | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the file with its place, never changed once it is read. A mapping's `value`
    keeps the order of its keys.
    """

    value: "Scalar | list[Cell] | dict[str, Cell]"
    line: int

    @property
    def plain(self) -> object:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: cell.plain for key, cell in self.value.items()}
        if isinstance(self.value, list):
            return [cell.plain for cell in self.value]
        return self.value

    @property
    def shown(self) -> str:
        """The value in a sentence, as who wrote it knows it."""
        words = repr(self.value) if isinstance(self.value, str) else _written(self)
        return words if len(words) <= MOST_SHOWN else words[: MOST_SHOWN - 4] + " ..."


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end was not seen yet."""

    cell: Cell
    entries: dict[str, Cell] | None  # None in a list
    key: str | None = None
    doubled: bool = False

    @property
    def awaits_key(self) -> bool:
        return self.entries is not None and self.key is None


class _Unreadable(Exception):
    """Nothing sensible follows from here."""

    def __init__(self, line: int, what: str, fix: str) -> None:
        super().__init__(what)
        self.line, self.what, self.fix = line, what, fix


def read_document(text: str | bytes, file: str) -> tuple[Cell | None, list[Problem]]:
    """The file's top cell and everything that is wrong with it as YAML. None when unreadable."""
    try:
        shown = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        return None, [Problem(file, f"byte {error.start}", "is not UTF-8.", "Save it as UTF-8.")]
    if len(shown) > MAX_CHARACTERS:
        what = f"is longer than {MAX_CHARACTERS} characters."
        return None, [Problem(file, "line 1", what, "Put tables into lookups/<name>.csv.")]
    cell, problems = _read(shown, file)
    return cell, list(problems)


@functools.lru_cache(maxsize=128)
def _read(shown: str, file: str) -> tuple[Cell | None, tuple[Problem, ...]]:
    """Kept, because a worker reads all files again whenever one of them has changed."""
    if _FAST is not None and "?" not in shown:
        builder = _Builder(file)
        with contextlib.suppress(_Unreadable, yaml.YAMLError, UnicodeError):
            cell = builder.build(shown, _FAST)
            if not builder.problems:
                return cell, ()
    builder = _Builder(file)  # its words for what is wrong are the same on every machine
    try:
        return builder.build(shown, yaml.SafeLoader), tuple(builder.problems)
    except _Unreadable as error:
        problem = Problem(file, f"line {error.line}", error.what, error.fix)
    except yaml.MarkedYAMLError as error:
        problem = _syntax_problem(file, error)
    except yaml.reader.ReaderError as error:
        line = shown.count("\n", 0, error.position) + 1
        what = f"holds the unprintable character U+{error.character:04X}."
        problem = Problem(file, f"line {line}", what, "Remove it.")
    return None, (*builder.problems, problem)


def _syntax_problem(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    words = " ".join(filter(None, (error.context, error.problem)))
    fix = "Check quotes and indents."
    if "'?'" in words:
        fix = "Put what holds a ? in quotes."
    return Problem(file, f"line {line}", f"is not valid YAML: {words}.", fix)


class _Builder:
    """Turns events into cells, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []
        self._top: Cell | None = None
        self._cells = 0

    def build(self, text: str, loader: Any) -> Cell | None:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._stack.pop()
            elif isinstance(event, yaml.AliasEvent):
                self._refuse_alias(event)
            elif isinstance(event, yaml.DocumentStartEvent) and self._top is not None:
                raise _Unreadable(_line(event), "starts a second document.", "One file, one thing.")
        return self._top

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._refuse_tag(event)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.entries is not None and top.key is None:
            self._key(top, top.entries, event)
            return
        value = _scalar(event.value) if event.implicit[0] and not event.style else event.value
        self._add(Cell(value, _line(event)))

    def _key(self, top: _Open, keys: dict[str, Cell], event: yaml.ScalarEvent) -> None:
        if not isinstance(_scalar(event.value), str) and not event.style:
            what = f"has the key {event.value or 'null'}, which is not text."
            self._report(event, what, "Put it in quotes or correct it.")
        top.key = event.value
        top.doubled = event.value in keys
        if top.doubled:
            first = keys[event.value].line
            what = f"repeats the key {event.value!r} of line {first}."
            self._report(event, what, "Keep one of them.")

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        self._refuse_tag(event)
        if len(self._stack) >= MAX_DEPTH:
            raise _Unreadable(_line(event), f"is nested deeper than {MAX_DEPTH} levels.", "")
        top = self._stack[-1] if self._stack else None
        if top is not None and top.awaits_key:
            raise _Unreadable(_line(event), "uses a list or mapping as a key.", "Keys are text.")
        entries: dict[str, Cell] | None = {} if isinstance(event, yaml.MappingStartEvent) else None
        cell = Cell([] if entries is None else entries, _line(event))
        self._add(cell)
        self._stack.append(_Open(cell, entries))

    def _add(self, cell: Cell) -> None:
        self._cells += 1
        if self._cells > MAX_CELLS:
            raise _Unreadable(cell.line, f"holds more than {MAX_CELLS} values.", "Split the file.")
        if not self._stack:
            self._top = cell
            return
        top = self._stack[-1]
        if isinstance(top.cell.value, list):
            top.cell.value.append(cell)
            return
        if top.entries is not None and top.key is not None and not top.doubled:
            top.entries[top.key] = cell
        top.key = None

    def _refuse_alias(self, event: yaml.AliasEvent) -> None:
        what = f"uses the alias *{event.anchor}."
        raise _Unreadable(_line(event), what, "Write the value out; aliases are not part of this.")

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            self._report(
                event, f"uses the tag {event.tag}.", "Remove it; tags are not part of this."
            )

    def _report(self, event: yaml.Event, what: str, fix: str) -> None:
        self.problems.append(Problem(self.file, f"line {_line(event)}", what, fix))


def _written(cell: Cell) -> str:
    """As YAML would have it on one line."""
    value = cell.value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "nothing"}[value]
    return str(value)


def _line(event: yaml.Event) -> int:
    mark: Any = event.start_mark
    return int(mark.line) + 1


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text
