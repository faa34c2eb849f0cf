"""A checked mapping: rows with everything looked up, ready to be compiled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.lang.mapping import MappingSource, Row
from crossdock.lang.paths import Getter
from crossdock.lang.types import Type

Convert = Callable[[Any], Any]


class Stop(Exception):
    """A row cannot write its value. The words hold no value of the record."""

    def __init__(self, what: str, *, remedy: str = "", kind: str = "", path: str = "") -> None:
        super().__init__(what)
        self.what, self.remedy, self.kind, self.path = what, remedy, kind, path


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: the path (or expression) as written, and how to get it."""

    path: str
    get: Getter


@dataclass(frozen=True, slots=True)
class LeafPlan:
    """A row that writes one value. `together`: the sources are several arguments of `work`."""

    row: Row
    argument: str
    sources: tuple[Source, ...]
    together: bool
    constant: object
    work: tuple[tuple[str, Convert], ...]  # functions and the lookup by name, in order
    convert: Convert | None
    default: object
    when: Getter | None


@dataclass(frozen=True, slots=True)
class EachPlan:
    """A row that writes a list of records."""

    row: Row
    argument: str
    source: Source
    where: Getter | None
    record: "RecordPlan"
    build: Convert
    default: object  # an empty list
    when: Getter | None


@dataclass(frozen=True, slots=True)
class NestedPlan:
    """A row that writes one record. Without `source` it is made from the same part."""

    row: Row
    argument: str
    source: Source | None
    record: "RecordPlan"
    default: None
    when: Getter | None


RowPlan = LeafPlan | EachPlan | NestedPlan


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """A target type and its rows; of the rows of one target the first that applies wins."""

    target: Type
    rows: tuple[tuple[RowPlan, ...], ...]


@dataclass(frozen=True, slots=True)
class MappingPlan:
    """A whole mapping. `takes` are the types of the sources in order."""

    source: MappingSource
    takes: tuple[Type, ...]
    gives: Type
    record: RecordPlan
