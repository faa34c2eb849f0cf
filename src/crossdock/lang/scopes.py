"""What names mean: in a mapping's rows, and in a flow's steps."""

from collections.abc import Mapping

from crossdock.lang.expression import NOTHING_KNOWN, Known
from crossdock.lang.paths import Found, Getter, Path, getter, getter_at, resolve
from crossdock.lang.types import Type, fields_of, given_values


class RowNames:
    """Names of a mapping row. Its scope is (this part of the source, the whole, the position)."""

    def __init__(self, here: Type, root: Type) -> None:
        self.here, self.root = here, root

    def find(self, path: Path, known: Known = NOTHING_KNOWN) -> Found:
        path = self._plain(path)
        if self._is_position(path):
            return Found(int, "")
        if path.rooted:
            under = frozenset(k.removeprefix("root.") for k in known if k.startswith("root."))
            return resolve(self.root, path.steps, under)
        return resolve(self.here, path.steps, known)

    def getter(self, path: Path, *, loud: bool = True) -> Getter:
        path = self._plain(path)
        if self._is_position(path):
            return lambda scope: scope[2]
        start, index = (self.root, 1) if path.rooted else (self.here, 0)
        return getter_at(index, start, path.steps, loud=loud, shown=path.text)

    def _plain(self, path: Path) -> Path:
        """`root.a` in an expression is what `/a` is elsewhere."""
        is_root = not path.rooted and len(path.steps) > 1 and path.steps[0].name == "root"
        if is_root and "root" not in fields_of(self.here):
            return Path(path.text, True, path.steps[1:])
        return path

    def _is_position(self, path: Path) -> bool:
        if path.rooted or [step.name for step in path.steps] != ["position"]:
            return False
        return "position" not in fields_of(self.here)


class StepNames:
    """Names of a flow step: the values given so far. Its scope is the dict of values."""

    def __init__(self, values: Mapping[str, Type]) -> None:
        self.values = dict(values)
        self._type = given_values(values)

    def find(self, path: Path, known: Known = NOTHING_KNOWN) -> Found:
        return resolve(self._type, path.steps, known)

    def getter(self, path: Path) -> Getter:
        return getter(self._type, path.steps, loud=True, shown=path.text)
