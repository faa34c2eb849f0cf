"""One process works on a SQLite store; PostgreSQL may be shared."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.kernel.errors import Misuse

if TYPE_CHECKING:
    from crossdock.settings import Settings


@contextmanager
def only_worker(settings: "Settings") -> Iterator[bool]:
    """True while this process may work on the store; False when another process does. The system
    ends the lock with its process, so a restart after a crash never waits.
    """
    try:
        import fcntl
    except ImportError:  # not on this system
        yield True
        return
    if settings.shared_store:
        yield True
        return
    path = Path(settings.store.removeprefix("sqlite:///") + ".lock")
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield True


def refuse_second(settings: "Settings", *, alone: bool) -> None:
    """A Misuse that says what to do instead."""
    if not alone:
        raise Misuse(
            f"another process works on {settings.shown_store} already; stop it first, or let "
            "several workers share a PostgreSQL store (`store` in crossdock.yaml)"
        )
