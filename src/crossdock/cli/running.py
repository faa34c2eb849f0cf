"""What a running `serve` or `worker` read when it started, so that others can tell it is older."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from crossdock.kernel.ids import fingerprint

if TYPE_CHECKING:
    from crossdock.settings import Settings

_PATTERN = ".running-*.json"


@dataclass(frozen=True, slots=True)
class Older:
    """A worker that runs files as they were; `files` are those that have changed since."""

    worker: str
    pid: int
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.worker} (process {self.pid}) still runs the older {', '.join(self.files)}"


@contextmanager
def noted(settings: "Settings") -> Iterator[None]:
    """While the block lasts, others can see which versions this process works with."""
    path = settings.folder / f".running-{fingerprint(settings.worker)[:16]}.json"
    told = {"worker": settings.worker, "pid": os.getpid(), "files": _digests(settings)}
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError:  # a folder that cannot be written: nobody can be told
        yield
        return
    with file:
        _locked(file, exclusive=True)
        file.truncate(0)
        file.write(json.dumps(told))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def older(settings: "Settings") -> list[Older]:
    """The workers of this folder that run, and have not read what is in the files now."""
    now = _digests(settings)
    found = []
    for path in sorted(settings.folder.glob(_PATTERN)):
        told = _told(path)
        if told is None:
            continue
        then = told["files"]
        changed = sorted(n for n in now.keys() | then.keys() if now.get(n) != then.get(n))
        if changed:
            found.append(Older(told["worker"], told["pid"], tuple(changed)))
    return found


def _told(path: Path) -> dict[str, Any] | None:
    """What a process says that still runs; its lock ended with it otherwise."""
    with suppress(OSError, ValueError), path.open(encoding="utf-8") as file:
        if not _locked(file, exclusive=False):
            found: dict[str, Any] = json.load(file)
            return found
    return None


def _locked(file: IO[str], *, exclusive: bool) -> bool:
    """Whether the lock could be had at once."""
    try:
        import fcntl
    except ImportError:  # not on this system: what is written there counts
        return False
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _digests(settings: "Settings") -> dict[str, str]:
    from crossdock.wiring.language import program_files

    files = {"crossdock.yaml": settings.folder / "crossdock.yaml"}
    files |= program_files(settings.folder)
    found = {}
    for name, path in files.items():
        with suppress(OSError):
            found[name] = fingerprint(path.read_text(encoding="utf-8", errors="replace"))
    return found
