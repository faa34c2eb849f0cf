"""Rows that write one value, as closures from a scope to that value."""

from collections.abc import Callable
from typing import Any

from crossdock.kernel.redact import MASK
from crossdock.lang.lineage import is_personal
from crossdock.lang.lookups import LookupRow, LookupTable
from crossdock.lang.mapping import Computed, Missing, Row
from crossdock.lang.paths import Absent, Getter
from crossdock.lang.plan import Convert, LeafPlan, RowPlan, Stop

Scope = tuple[Any, Any, int]  # this part of the source, the whole, the position in its list
Run = Callable[[Scope], Any]


class _Skip:
    """The target field is left out."""


SKIP = _Skip()


class Ended(Exception):
    """A lookup that found nothing decided the row's value; later functions are passed by."""

    def __init__(self, value: object) -> None:
        super().__init__("ended")
        self.value = value


class LookupStep:
    """One step of a row: a key to a cell of a table."""

    __slots__ = ("_column", "_default", "_path", "_row", "_to_text", "table")

    def __init__(
        self,
        table: LookupTable,
        column: str,
        to_text: Convert | None,
        row: Row,
        path: str,
        default: object,
    ) -> None:
        self.table, self._column, self._to_text = table, column, to_text
        self._row, self._path, self._default = row, path, default

    def find(self, value: Any) -> LookupRow | None:
        """The row of that key."""
        return self.table.find(self._to_text(value) if self._to_text else value)

    def __call__(self, value: Any) -> str:
        found = self.find(value)
        if found is not None:
            if found.faults:
                self._usable(found)
            return found.cells[self._column]
        if not self.table.readable:
            raise self._unreadable()
        if self._row.unfound is Missing.STOP:
            raise self._unfound(value)
        raise Ended(self._default if self._row.unfound is Missing.DEFAULT else None)

    def _usable(self, found: LookupRow) -> None:
        """A cell that cannot be used is a question, whatever `unfound` says."""
        fault = found.fault(self._column)
        if fault is not None:
            what = "cannot be used." if self._is_personal() else fault.what
            raise Stop(
                f"{fault.file}: {fault.where}: {what}",
                remedy=f"In {fault.file}, {fault.where}: {fault.fix} Then press Retry.",
                kind=self._row.kind or self.table.kind,
                path=self._path,
            )

    def _unreadable(self) -> Stop:
        fix = f"Correct {self.table.file}: crossdock flow check. Then press Retry."
        return Stop(f"{self.table.file} cannot be read", remedy=fix, path=self._path)

    def _is_personal(self) -> bool:
        return any(map(is_personal, self._path.split()))

    def _unfound(self, value: Any) -> Stop:
        key = self._to_text(value) if self._to_text else value
        name = MASK if self._is_personal() else repr(key)
        table = self.table
        return Stop(
            f"lookup table {table.name} has no {table.key} {name}",
            remedy=f"Add {name} to {table.file}, column {table.key}, then press Retry.",
            kind=self._row.kind or table.kind,
            path=self._path,
        )


def leaf_run(plan: LeafPlan) -> Run:
    """The row's value, whatever its condition says; `when` is the group's business."""
    fetch = fetch_of(plan)
    steps = tuple(step for _, step in plan.work) + ((plan.convert,) if plan.convert else ())
    gone = when_missing(plan)
    if not plan.sources and not steps:
        constant = plan.constant
        return lambda _: constant
    run = _through(fetch, steps, gone) if steps else _plain(plan, fetch, gone)
    if not any(isinstance(step, LookupStep) for step in steps):
        return run

    def looking(scope: Scope) -> Any:
        try:
            return run(scope)
        except Ended as ended:
            return ended.value

    return looking


def _plain(plan: LeafPlan, fetch: Getter, gone: Callable[[], Any]) -> Run:
    if plan.row.missing is Missing.NONE:
        return fetch

    def plain(scope: Scope) -> Any:
        value = fetch(scope)
        return gone() if value is None else value

    return plain


def _through(fetch: Getter, steps: tuple[Convert, ...], gone: Callable[[], Any]) -> Run:
    """The value through all steps; the first that gives nothing ends it."""
    first, rest = steps[0], steps[1:]

    def run(scope: Scope) -> Any:
        value = fetch(scope)
        if value is None:
            return gone()
        value = first(value)
        for step in rest:
            if value is None:
                break
            value = step(value)
        return gone() if value is None else value

    return run


def fetch_of(plan: LeafPlan) -> Getter:
    """What the row starts from; None when there is nothing."""
    gets = tuple(source.get for source in plan.sources)
    if plan.together:
        return _all_of(plan)
    if not gets:
        constant = plan.constant
        return lambda _: constant
    if isinstance(plan.row.origin, Computed) and plan.row.missing is not Missing.STOP:
        return _quiet(gets[0])
    if len(gets) == 1:
        return gets[0]

    def first(scope: Scope) -> Any:
        for get in gets:
            value = get(scope)
            if value is not None:
                return value
        return None

    return first


def _quiet(get: Getter) -> Getter:
    """An expression says Absent; a row that knows what to do then takes it for nothing."""

    def quiet(scope: Scope) -> Any:
        try:
            return get(scope)
        except Absent:
            return None

    return quiet


def _all_of(plan: LeafPlan) -> Getter:
    """A tuple of arguments, or None when one that must be there is not."""
    parts = tuple((source.get, source.path.endswith("?")) for source in plan.sources)

    def together(scope: Scope) -> Any:
        values = []
        for get, may_lack in parts:
            value = get(scope)
            if value is None and not may_lack:
                return None
            values.append(value)
        return tuple(values)

    return together


def when_missing(plan: LeafPlan) -> Callable[[], Any]:
    """What `missing:` says."""
    row = plan.row
    if row.missing is not Missing.STOP:
        value = left_out(plan)
        return lambda: value
    shown = " or ".join(source.path for source in plan.sources) or "the value"

    def stop() -> Any:
        raise absent(shown)

    return stop


def absent(path: str) -> Stop:
    """Nothing where something is needed."""
    remedy = (
        f"Give {path} a value where it comes from, or say in the row what is written without it "
        "(missing: none, missing: skip or default:), then press Retry."
    )
    return Stop(f"{path} is absent", remedy=remedy, path=path)


def left_out(plan: RowPlan) -> Any:
    """What a row writes that has nothing to write, or whose condition is not met."""
    missing = plan.row.missing
    if missing is Missing.NONE:
        return None
    if missing is Missing.DEFAULT:
        return plan.default
    return SKIP
