"""Lineage: where every written value came from."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from crossdock.kernel.ids import fingerprint
from crossdock.kernel.redact import MASK, masked


@dataclass(frozen=True, slots=True)
class Written:
    """One value of the target. A personal value has no `fingerprint`: a hash of a name tells it."""

    target: str  # "lines[1].sku"
    sources: tuple[str, ...]  # paths (or the expression) as written
    base: str  # the part of the source that the paths start from: "orderItems[1]", "" for the whole
    mapping: str
    version: int
    file: str
    line: int
    row: str
    functions: tuple[str, ...]
    lookup: str  # "carriers row 4"
    fingerprint: str


@dataclass(slots=True)
class Trace:
    """Collects what one or more mappings write."""

    written: list[Written] = field(default_factory=list)

    def of(self, target: str) -> Written | None:
        """What wrote that path last."""
        return next((each for each in reversed(self.written) if each.target == target), None)

    def __iter__(self) -> Iterator[Written]:
        return iter(self.written)


def is_personal(path: str) -> bool:
    """True when a part of the path is a personal field."""
    names = path.replace("[]", "").replace("?", "").strip("/").split(".")
    return any(masked({name: "x"}) == {name: MASK} for name in names)


def fingerprint_of(value: object, paths: tuple[str, ...]) -> str:
    """The value's fingerprint, unless it is personal or of a kind without one."""
    if any(is_personal(path) for path in paths):
        return ""
    with suppress(TypeError):
        return fingerprint(value)
    return ""
