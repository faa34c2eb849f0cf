"""A checked mapping to closures. The fast way knows nothing of problems; when a value stops it, the
same rows are walked again to collect every problem at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.kernel.errors import ConfigError, NeedsPerson
from crossdock.lang.check import Tables, Types, plan_mapping
from crossdock.lang.functions import FUNCTIONS, Functions
from crossdock.lang.leaves import SKIP, Run, Scope, leaf_run, left_out
from crossdock.lang.lineage import Trace
from crossdock.lang.mapping import MappingSource
from crossdock.lang.paths import MAX_ELEMENTS, Getter, TooMany
from crossdock.lang.plan import EachPlan, LeafPlan, MappingPlan, NestedPlan, RecordPlan, RowPlan
from crossdock.lang.retelling import STOPS, Retelling, RowResult, gone
from crossdock.lang.types import Type

KIND = "mapping-stopped"
SHOWN = 10  # problems told in one message


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mapping makes of a sample: the value if it came to one, and every row's result."""

    value: Any
    rows: tuple[RowResult, ...]

    @property
    def problems(self) -> tuple[RowResult, ...]:
        """Rows that could not write."""
        return tuple(row for row in self.rows if row.problem)


class Mapping:
    """A mapping that can run. It takes one value; with several sources, a dict of them by name."""

    def __init__(self, plan: MappingPlan) -> None:
        self.plan = plan
        self.source: MappingSource = plan.source
        self.name, self.version = plan.source.name, plan.source.version
        self.takes: tuple[Type, ...] = plan.takes
        self.gives: Type = plan.gives
        self._build = _record_run(plan.record)

    def apply(self, value: Any, trace: Trace | None = None) -> Any:
        """The target value. NeedsPerson names every row that could not write."""
        if trace is not None:
            return self._slowly(value, trace)
        try:
            return self._build((value, value, 0))
        except STOPS:
            return self._slowly(value, Trace())

    def preview(self, value: Any) -> Preview:
        """What each row makes of a sample; never raises for what a record holds."""
        told, made = self._told(value)
        failed = any(row.problem for row in told.results)
        return Preview(None if failed else made, tuple(told.results))

    def _told(self, value: Any) -> tuple[Retelling, Any]:
        told = Retelling(self.source)
        return told, told.record(self.plan.record, (value, value, 0), "", "")

    def _slowly(self, value: Any, trace: Trace) -> Any:
        told, made = self._told(value)
        problems = [row for row in told.results if row.problem]
        if problems:
            raise self._stopped(problems)
        trace.written.extend(told.written)
        return made

    def _stopped(self, problems: list[RowResult]) -> NeedsPerson:
        shown = "; ".join(f"{each.where}: {each.problem}" for each in problems[:SHOWN])
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        kinds = [each.kind for each in problems if each.kind not in ("", KIND)]
        remedies = dict.fromkeys(each.remedy for each in problems[:SHOWN] if each.remedy)
        rows = [
            {"row": each.row, "line": each.line, "target": each.target, "path": each.path}
            for each in problems
        ]
        return NeedsPerson(
            f"{self.source.file}: {shown}{more}",
            kind=kinds[0] if kinds else KIND,
            remedy=" ".join(remedies) or f"Correct the record or {self.source.file}, then retry.",
            evidence={"mapping": self.name, "version": self.version, "rows": rows},
        )


def compile_mapping(
    source: MappingSource,
    types: Types,
    functions: Functions = FUNCTIONS,
    tables: Tables | None = None,
) -> Mapping:
    """A mapping that can run; ConfigError with all problems when it cannot."""
    plan, problems = plan_mapping(source, types, functions, tables)
    if plan is None:
        raise ConfigError(problems)
    return Mapping(plan)


def _record_run(plan: RecordPlan) -> Run:
    rows = tuple((group[0].argument, _group_run(group)) for group in plan.rows)
    target: Callable[..., Any] = plan.target

    def record(scope: Scope) -> Any:
        values = {}
        for argument, run in rows:
            value = run(scope)
            if value is not SKIP:
                values[argument] = value
        return target(**values)

    return record


def _group_run(group: tuple[RowPlan, ...]) -> Run:
    runs = tuple((plan.when, _row_run(plan)) for plan in group)
    if len(runs) == 1 and runs[0][0] is None:
        return runs[0][1]
    otherwise = left_out(group[-1])

    def choose(scope: Scope) -> Any:
        for when, run in runs:
            if when is None or when(scope):
                return run(scope)
        return otherwise

    return choose


def _row_run(plan: RowPlan) -> Run:
    if isinstance(plan, LeafPlan):
        return leaf_run(plan)
    return _each_run(plan) if isinstance(plan, EachPlan) else _nested_run(plan)


def _each_run(plan: EachPlan) -> Run:
    get, where, build, path = plan.source.get, plan.where, plan.build, plan.source.path
    record = _record_run(plan.record)

    def each(scope: Scope) -> Any:
        elements = get(scope)
        if elements is None:
            return gone(plan, path)
        if len(elements) > MAX_ELEMENTS:
            raise TooMany(path)
        root = scope[1]
        built: list[Any] = []
        for element in elements:
            inner = (element, root, len(built) + 1)
            if where is None or where(inner):
                built.append(record(inner))
        return build(built)

    return each


def _nested_run(plan: NestedPlan) -> Run:
    record = _record_run(plan.record)
    if plan.source is None:
        return record
    get: Getter = plan.source.get
    path = plan.source.path

    def nested(scope: Scope) -> Any:
        part = get(scope)
        return gone(plan, path) if part is None else record((part, scope[1], scope[2]))

    return nested
