"""Flows: load, check, compile."""

from collections.abc import Mapping

from crossdock.kernel.errors import ConfigError, Problem
from crossdock.lang.check import Types
from crossdock.lang.flowcheck import FlowChecker, Mappings, Operations
from crossdock.lang.flowfile import FlowSource, StepSource, load_flow
from crossdock.lang.functions import FUNCTIONS, Functions
from crossdock.lang.reading import Reader
from crossdock.lang.steps import (
    DoStep,
    EndStep,
    Flow,
    Getter,
    Link,
    LinkStep,
    MapStep,
    Predicate,
    Step,
)
from crossdock.lang.types import Type

__all__ = [
    "GIVEN", "DoStep", "EndStep", "Flow", "FlowSource", "Getter", "Link", "LinkStep", "MapStep",
    "Predicate", "Step", "StepSource", "check_flow", "compile_flow", "load_flow",
]  # fmt: skip

GIVEN: Mapping[str, Type] = {"key": str, "link": Link | None, "hint": Mapping[str, str]}
"""Values that every record has before its first step."""


def check_flow(
    source: FlowSource,
    operations: Operations,
    mappings: Mappings,
    types: Types,
    *,
    functions: Functions = FUNCTIONS,
    given: Mapping[str, Type] = GIVEN,
) -> list[Problem]:
    """Everything that is wrong with a flow, in the order of the file; empty when it can run.

    A mapping may be handed in as loaded or as compiled.
    """
    return _checked(source, operations, mappings, types, functions, given)[1]


def compile_flow(
    source: FlowSource,
    operations: Operations,
    mappings: Mappings,
    types: Types,
    *,
    functions: Functions = FUNCTIONS,
    given: Mapping[str, Type] = GIVEN,
) -> Flow:
    """A flow that can run; ConfigError with all problems when it cannot. Mappings are compiled."""
    steps, problems = _checked(source, operations, mappings, types, functions, given)
    if problems:
        raise ConfigError(problems)
    links = [step.kind for step in steps if isinstance(step, LinkStep)]
    return Flow(
        source.name, source.version, source.file, source.about, source.key,
        source.priority, source.batch, source.link or next(iter(links), ""), steps,
    )  # fmt: skip


def _checked(
    source: FlowSource,
    operations: Operations,
    mappings: Mappings,
    types: Types,
    functions: Functions,
    given: Mapping[str, Type],
) -> tuple[tuple[Step, ...], list[Problem]]:
    report = Reader(source.file)
    report.problems.extend(source.problems)
    checker = FlowChecker(source, operations, mappings, types, functions, dict(given), report)
    steps = checker.steps()
    return steps, sorted_by_line(report.problems)


def sorted_by_line(problems: list[Problem]) -> list[Problem]:
    """In the order of the file."""
    return sorted(problems, key=_line)


def _line(problem: Problem) -> int:
    digits = "".join(filter(str.isdigit, problem.where.partition(",")[0]))
    return int(digits or 0)
