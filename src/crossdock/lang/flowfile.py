"""A flow file as written: steps with their places. Loading never raises; what is wrong is kept in
`problems` and reported by the checker together with everything else.
"""

from collections.abc import Mapping as Entries
from dataclasses import dataclass, field, replace

from crossdock.kernel.errors import Problem
from crossdock.lang.document import Cell, read_document
from crossdock.lang.reading import NAME, Reader
from crossdock.lang.upgrade import upgraded

TOP_KEYS = (
    "flow", "version", "language", "about", "key", "priority", "batch", "link", "steps",
)  # fmt: skip
STEP_KEYS = ("name", "about", "when", "do", "map", "end", "link", "take", "give")
KINDS = ("do", "map", "end", "link")
MOST_STEPS = 100
MOST_BATCH = 100


@dataclass(frozen=True, slots=True)
class StepSource:
    """One step as written. `what` is the operation, mapping or words; `fields` are a link's."""

    name: str
    line: int
    where: str  # "line 12, step create"
    kind: str  # do | map | end | link
    what: str
    when: str = ""
    take: tuple[str, ...] = ()
    give: str = ""
    fields: Entries[str, str] = field(default_factory=dict)
    about: str = ""


@dataclass(frozen=True, slots=True)
class FlowSource:
    """A flow file as written."""

    file: str
    name: str
    version: int
    about: str
    key: str
    priority: int
    batch: int
    link: str
    steps: tuple[StepSource, ...]
    line: int = 1
    problems: tuple[Problem, ...] = ()


def load_flow(text: str | bytes, file: str) -> FlowSource:
    """Read a flow file; never raises."""
    cell, problems = read_document(text, file)
    reader = Reader(file)
    reader.problems.extend(problems)
    if cell is None or cell.value is None:
        if not problems:
            reader.report("line 1", "is empty.", "A flow begins with flow: <name>.")
        return FlowSource(file, "", 1, "", "", 50, 100, "", (), 1, tuple(reader.problems))
    return _Loader(reader).load(upgraded(cell, reader))


class _Loader:
    def __init__(self, reader: Reader) -> None:
        self._read = reader

    def load(self, cell: Cell) -> FlowSource:
        where, read = f"line {cell.line}", self._read
        top = read.keys(cell, where, TOP_KEYS, ("flow", "steps"))
        batch = read.whole(top, "batch", where, MOST_BATCH)
        if batch > MOST_BATCH:
            read.report(where, f"batch is {batch}.", f"A batch has at most {MOST_BATCH} records.")
        source = FlowSource(
            file=read.file,
            name=read.name(top, "flow", where),
            version=read.whole(top, "version", where, 1),
            about=read.text(top, "about", where),
            key=read.text(top, "key", where),
            priority=read.whole(top, "priority", where, 50),
            batch=batch,
            link=read.name(top, "link", where),
            steps=self._steps(top.get("steps"), where),
            line=cell.line,
        )
        return replace(source, problems=tuple(read.problems))

    def _steps(self, cell: Cell | None, where: str) -> tuple[StepSource, ...]:
        if cell is None:
            return ()
        if not isinstance(cell.value, list) or not cell.value:
            self._read.report(
                where, "steps is not a list of steps.", "Write - {name: ..., do: ...}."
            )
            return ()
        if len(cell.value) > MOST_STEPS:
            self._read.report(where, f"has more than {MOST_STEPS} steps.", "Split the flow.")
        steps = (self._step(inner, number) for number, inner in enumerate(cell.value, 1))
        return tuple(step for step in steps if step is not None)

    def _step(self, cell: Cell, number: int) -> StepSource | None:
        place = f"line {cell.line}, step {number}"
        if not isinstance(cell.value, dict):
            self._read.report(place, "is not a step.", "Write {name: ..., do: ...}.")
            return None
        named = cell.value.get("name")
        where = f"line {cell.line}, step {named.value if named else number}"
        entries = self._read.keys(cell, where, STEP_KEYS, ("name",))
        kinds = [kind for kind in KINDS if kind in entries]
        if len(kinds) != 1:
            shown = " and ".join(kinds)
            what = f"has both {shown}." if kinds else "does not say what to do."
            self._read.report(where, what, "A step has one of do:, map:, end: and link:.")
            return None
        return self._of_kind(entries, kinds[0], cell.line, where)

    def _of_kind(
        self, entries: Entries[str, Cell], kind: str, line: int, where: str
    ) -> StepSource | None:
        read = self._read
        for key in ("take", "give") if kind in ("end", "link") else ():
            if key in entries:
                read.report(where, f"has {key}, which {kind} has no use for.", f"Remove {key}.")
        give = read.text(entries, "give", where)
        if give and (not NAME.fullmatch(give) or "." in give):
            read.report(where, f"give {give!r} is not a name.", "Use letters, digits and _.")
            give = ""
        fields = self._link(entries["link"], where) if kind == "link" else {}
        what = fields.pop("kind", "") if kind == "link" else read.text(entries, kind, where)
        take = entries.get("take")
        cells = take.value if take and isinstance(take.value, list) else [take] if take else []
        return StepSource(
            name=read.name(entries, "name", where),
            line=line,
            where=where,
            kind=kind,
            what=what,
            when=read.text(entries, "when", where),
            take=read.texts(cells, where, "take"),
            give=give,
            fields=fields,
            about=read.text(entries, "about", where),
        )

    def _link(self, cell: Cell, where: str) -> dict[str, str]:
        if not isinstance(cell.value, dict) or "kind" not in cell.value:
            self._read.report(where, "link has no kind.", "Write link: {kind: ..., right: ...}.")
            return {}
        return {name: self._read.text(cell.value, name, where) for name in cell.value}
