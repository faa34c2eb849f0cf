"""A mapping file as written: rows with their places. Loading never raises; what is wrong is kept in
`problems` and reported by the checker together with everything else.
"""

from collections.abc import Mapping as Entries
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from crossdock.kernel.errors import Problem
from crossdock.lang.document import Cell, read_document
from crossdock.lang.reading import NAME, Reader
from crossdock.lang.upgrade import upgraded

ROW_KEYS = (
    "to", "from", "value", "expr", "each", "object", "where", "rows", "using", "lookup", "unfound",
    "missing", "default", "when", "kind", "about",
)  # fmt: skip
TOP_KEYS = ("mapping", "version", "language", "about", "source", "target", "rows")
MAX_ROWS_DEPTH = 6


class Missing(Enum):
    """What happens when there is nothing to write."""

    STOP = "stop"
    NONE = "none"
    DEFAULT = "default"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class First:
    """`from: a` or `from: [a, b]`: the first path that is there."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """`from: {all: [a, b]}`: several arguments for the first function."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """`value: AMAZON`."""

    value: object


@dataclass(frozen=True, slots=True)
class Computed:
    """`expr: a - b`."""

    text: str


@dataclass(frozen=True, slots=True)
class Each:
    """`each: lines` with rows for every element that `where` lets through."""

    path: str
    where: str
    rows: tuple["Row", ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """`object: base` (or none) with rows for a part of the target."""

    path: str
    rows: tuple["Row", ...]


Origin = First | All | Fixed | Computed | Each | Nested


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of `using`: a function, with what is passed after the value."""

    name: str
    extra: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row as written."""

    to: str
    number: str  # "3", "3.2"
    line: int
    where: str  # "line 12, row 3 (to: lines.sku)"
    origin: Origin
    using: tuple[Call, ...] = ()
    lookup: tuple[str, str] | None = None
    lookup_first: bool = False  # written before `using`
    unfound: Missing = Missing.STOP
    missing: Missing = Missing.STOP
    default: object = None
    when: str = ""
    kind: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class MappingSource:
    """A mapping file as written. `sources` are type names: one under "", or several by name."""

    file: str
    name: str
    version: int
    about: str
    sources: Entries[str, str]
    target: str
    rows: tuple[Row, ...]
    line: int = 1
    problems: tuple[Problem, ...] = ()


def load_mapping(text: str | bytes, file: str) -> MappingSource:
    """Read a mapping file; never raises."""
    cell, problems = read_document(text, file)
    reader = Reader(file)
    reader.problems.extend(problems)
    if cell is None or cell.value is None:
        if not problems:
            reader.report("line 1", "is empty.", "A mapping begins with mapping: <name>.")
        return MappingSource(file, "", 1, "", {}, "", (), 1, tuple(reader.problems))
    return _Loader(reader).load(upgraded(cell, reader))


class _Loader:
    def __init__(self, reader: Reader) -> None:
        self._read = reader

    def load(self, cell: Cell) -> MappingSource:
        where = f"line {cell.line}"
        top = self._read.keys(cell, where, TOP_KEYS, ("mapping", "source", "target", "rows"))
        source = MappingSource(
            file=self._read.file,
            name=self._read.name(top, "mapping", where),
            version=self._read.whole(top, "version", where, 1),
            about=self._read.text(top, "about", where),
            sources=self._sources(top, where),
            target=self._read.text(top, "target", where),
            rows=self._rows(top.get("rows"), "", "", where, 1),
            line=cell.line,
        )
        return replace(source, problems=tuple(self._read.problems))

    def _sources(self, top: Entries[str, Cell], where: str) -> dict[str, str]:
        cell = top.get("source")
        if cell is None or not isinstance(cell.value, dict):
            return {"": self._read.text(top, "source", where)}
        for name in cell.value:
            if not NAME.fullmatch(name) or "." in name:
                self._read.report(f"line {cell.line}", f"source {name!r} is not a name.")
        return {name: self._read.text(cell.value, name, where) for name in cell.value}

    def _rows(
        self, cell: Cell | None, number: str, to: str, where: str, depth: int
    ) -> tuple[Row, ...]:
        if cell is None:
            return ()
        if not isinstance(cell.value, list) or not cell.value:
            self._read.report(where, "rows is not a list of rows.", "Write - {to: ..., from: ...}.")
            return ()
        if depth > MAX_ROWS_DEPTH:
            what = f"rows are nested deeper than {MAX_ROWS_DEPTH} levels."
            self._read.report(where, what, "Write a function.")
            return ()
        rows = (
            self._row(inner, f"{number}{position}", to, depth)
            for position, inner in enumerate(cell.value, 1)
        )
        return tuple(row for row in rows if row is not None)

    def _row(self, cell: Cell, number: str, above: str, depth: int) -> Row | None:
        place = f"line {cell.line}, row {number}"
        if not isinstance(cell.value, dict):
            self._read.report(place, "is not a row.", "Write {to: ..., from: ...}.")
            return None
        name = cell.value.get("to")
        shown = f"{above}{name.value}" if name is not None else "?"
        where = f"{place} (to: {shown})"
        entries = self._read.keys(cell, where, ROW_KEYS, ("to",))
        to = self._read.text(entries, "to", where)
        origin = self._origin(entries, number, f"{above}{to}.", where, depth)
        if not to or origin is None:
            return None
        return self._finish(entries, Row(to, number, cell.line, where, origin))

    def _finish(self, entries: Entries[str, Cell], row: Row) -> Row:
        where = row.where
        default = entries.get("default")
        missing = self._choice(entries, "missing", where, tuple(Missing))
        if default is not None and "missing" not in entries:
            missing = Missing.DEFAULT
        unfound = self._choice(
            entries, "unfound", where, (Missing.STOP, Missing.NONE, Missing.DEFAULT)
        )
        row = replace(
            row,
            using=self._using(entries, where),
            lookup=self._lookup(entries, where),
            lookup_first=[key for key in entries if key in ("lookup", "using")][:1] == ["lookup"],
            missing=missing,
            unfound=unfound,
            default=default.plain if default is not None else None,
            when=self._read.text(entries, "when", where),
            kind=self._read.text(entries, "kind", where),
            about=self._read.text(entries, "about", where),
        )
        self._contradictions(entries, row)
        return row

    def _origin(
        self, entries: Entries[str, Cell], number: str, to: str, where: str, depth: int
    ) -> Origin | None:
        named = [key for key in ("from", "value", "expr", "each", "object") if key in entries]
        if len(named) > 1:
            self._read.report(where, f"has both {named[0]} and {named[1]}.", "Keep one.")
            return None
        rows = self._rows(entries.get("rows"), f"{number}.", to, where, depth + 1)
        if "each" in entries:
            path = self._read.text(entries, "each", where)
            return Each(path, self._read.text(entries, "where", where), rows) if path else None
        if "object" in entries or (not named and "rows" in entries):
            return Nested(self._read.text(entries, "object", where), rows)
        if not named:
            fix = "Add from:, value:, expr:, each: or rows:."
            self._read.report(where, "does not say what to write.", fix)
            return None
        if "value" in entries:
            return Fixed(entries["value"].plain)
        if "expr" in entries:
            text = entries["expr"].value
            if isinstance(text, str | int | Decimal):
                return Computed(str(text))
            self._read.report(where, "expr is not an expression.", "Put it in quotes.")
            return None
        return self._paths(entries["from"], where)

    def _paths(self, cell: Cell, where: str) -> Origin | None:
        together = isinstance(cell.value, dict)
        if isinstance(cell.value, dict):
            inner = self._read.keys(cell, where, ("all",), ("all",)).get("all")
        else:
            inner = cell
        paths = self._read.texts(self._read.items(inner, where, "from"), where, "from")
        if not paths:
            return None
        return All(paths) if together else First(paths)

    def _choice(
        self, entries: Entries[str, Cell], key: str, where: str, allowed: tuple[Missing, ...]
    ) -> Missing:
        cell = entries.get(key)
        if cell is None:
            return Missing.STOP
        words = {choice.value: choice for choice in allowed}
        found = words.get("none" if cell.value is None else str(cell.value))
        if found is None:
            what = (
                f"{key} is {cell.value!r}." if isinstance(cell.value, str) else f"{key} is wrong."
            )
            self._read.report(where, what, f"Choose one of {', '.join(words)}.")
        return found or Missing.STOP

    def _using(self, entries: Entries[str, Cell], where: str) -> tuple[Call, ...]:
        calls = []
        for cell in self._read.items(entries.get("using"), where, "using"):
            if isinstance(cell.value, str):
                calls.append(Call(cell.value))
            elif isinstance(cell.value, dict) and len(cell.value) == 1:
                name, argument = next(iter(cell.value.items()))
                extra = argument.plain
                calls.append(Call(name, tuple(extra) if isinstance(extra, list) else (extra,)))
            else:
                fix = "Write a name, or {name: argument}."
                self._read.report(where, "using holds something that is not a function.", fix)
        return tuple(calls)

    def _lookup(self, entries: Entries[str, Cell], where: str) -> tuple[str, str] | None:
        text = self._read.text(entries, "lookup", where)
        if not text:
            return None
        table, dot, column = text.partition(".")
        if not dot or not column or not table:
            self._read.report(where, f"lookup {text!r} is not table.column.")
            return None
        return table, column

    def _contradictions(self, entries: Entries[str, Cell], row: Row) -> None:
        defaulted = Missing.DEFAULT in (row.missing, row.unfound)
        each, origin = isinstance(row.origin, Each), row.origin
        filled = isinstance(origin, Each | Nested)
        fixed, several = isinstance(origin, Fixed), isinstance(origin, All)
        wrong = (
            (defaulted and "default" not in entries, "says default but has none.", "Add default:."),
            ("default" in entries and not defaulted, "has a default that is never used.", ""),
            ("unfound" in entries and "lookup" not in entries, "says unfound without lookup.", ""),
            ("where" in entries and not each, "says where without each.", "Use when."),
            (filled and "using" in entries, "has rows, so using has no value to work on.", ""),
            (filled and "lookup" in entries, "has rows, so lookup has no value to look up.", ""),
            (filled and "rows" not in entries, "has no rows.", "Add rows:."),
            (not filled and "rows" in entries, "has rows beside a value.", "Remove one of them."),
            (fixed and "missing" in entries and not row.when, "is never missing.", ""),
            (
                several and (row.lookup_first or not row.using),
                "takes several values but has no function for them first.",
                "Add using:.",
            ),
        )
        for is_so, what, fix in wrong:
            if is_so:
                self._read.report(row.where, what, fix)
