"""Files that people keep, read again when they have changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Watched(Generic[T]):
    """What a file says, read again when the file has changed."""

    def __init__(self, path: Callable[[], Path], read: Callable[[], T]) -> None:
        self._path, self._read = path, read
        self._known: tuple[object, T] | None = None

    def get(self) -> tuple[object, T]:
        """A stamp of the file's state, and what it says."""
        try:
            state = self._path().stat()
            stamp: object = (state.st_mtime_ns, state.st_size, state.st_ino)
        except FileNotFoundError:
            stamp = None
        known = self._known
        if known is None or known[0] != stamp:
            known = self._known = (stamp, self._read())
        return known
