"""Files of a workspace, read again when they have changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from crossdock.kernel.errors import ConfigError, TryAgain

T = TypeVar("T")


class Watched(Generic[T]):
    """What some files say together, read again when one of them has changed."""

    def __init__(self, paths: Callable[[], tuple[Path, ...]], read: Callable[[], T]) -> None:
        self._paths, self._read = paths, read
        self._known: tuple[object, T] | None = None

    def get(self) -> tuple[object, T]:
        """A stamp of the files' state, and what they say."""
        stamp = tuple(_state(path) for path in self._paths())
        known = self._known
        if known is None or known[0] != stamp:
            known = self._known = (stamp, self._read())
        return known


def _state(path: Path) -> object:
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def or_wait(read: Callable[[], T]) -> T:
    """What follows from files; a TryAgain where one cannot be read, so that nothing moves on."""
    try:
        return read()
    except ConfigError as error:
        told = error.problems[0]
        raise TryAgain(str(told), about=told.file, code="table") from error
