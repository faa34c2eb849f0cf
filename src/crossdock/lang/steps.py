"""Flows that can run, and the door to them: load, check, compile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock.kernel.operation import Operation
from crossdock.lang.compile import Mapping as RowMapping

Values = Mapping[str, object]
Getter = Callable[[Values], Any]
Predicate = Callable[[Values], bool]


@dataclass(frozen=True, slots=True)
class Link:
    """What a flow sees as `link`: what was stored for this key. The engine's own may hold more."""

    left: str
    right: str | None = None
    version: str | None = None
    hash: str | None = None
    state: str | None = None
    data: Mapping[str, Any] | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DoStep:
    """Carries out an operation with the values taken."""

    name: str
    row: int  # the line in the file
    operation: Operation
    take: tuple[Getter, ...]
    give: str | None
    when: Predicate | None


@dataclass(frozen=True, slots=True)
class MapStep:
    """Makes one value from another; from a dict of them when the mapping has several sources."""

    name: str
    row: int
    mapping: RowMapping
    take: Getter
    give: str
    when: Predicate | None


@dataclass(frozen=True, slots=True)
class EndStep:
    """Ends this record: there is nothing more to do, for the reason in `words`."""

    name: str
    row: int
    words: str
    when: Predicate | None


@dataclass(frozen=True, slots=True)
class LinkStep:
    """Remembers what belongs together. `fields`: left, right, version, hash, state and others."""

    name: str
    row: int
    kind: str
    fields: Mapping[str, Getter]
    when: Predicate | None


Step = DoStep | MapStep | EndStep | LinkStep


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked flow. `link_kind` is the kind of link that stands under `link`, "" for none."""

    name: str
    version: int
    file: str
    about: str
    key: str
    priority: int
    batch: int
    link_kind: str
    steps: tuple[Step, ...]

    @property
    def gives(self) -> tuple[str, ...]:
        """The names under which its steps give values, in their order."""
        given = (s.give for s in self.steps if isinstance(s, DoStep | MapStep))
        return tuple(dict.fromkeys(name for name in given if name is not None))
