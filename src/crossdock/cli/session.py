"""What commands work with: the workspace's settings, its store, or the whole house."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.kernel.errors import Misuse, NeedsPerson

if TYPE_CHECKING:
    from crossdock.engine.store import Database
    from crossdock.engine.store.versions import StoreState
    from crossdock.settings import Settings
    from crossdock.wiring import House


@dataclass(frozen=True, slots=True)
class Session:
    """A workspace and its store."""

    settings: "Settings"
    db: "Database"

    def now(self) -> datetime:
        """Business time."""
        return self.settings.clock().now()


def settings_of(workspace: Path | None, *, tolerate: bool = True) -> "Settings":
    """The settings; by default whatever is wrong with the connections alone is tolerated."""
    from crossdock.settings import find_workspace, read_settings

    return read_settings(find_workspace(workspace), tolerate=tolerate)


@contextmanager
def session(workspace: Path | None) -> Iterator[Session]:
    """The store, ready to be read and written. Its connections end with the block."""
    from crossdock.wiring.privacy import vault_of

    settings = settings_of(workspace)
    with store_of(settings) as (db, state):
        if state.trouble:
            raise NeedsPerson(
                f"the store {settings.shown_store} does not answer: {state.trouble}",
                kind="store-away",
                remedy="Start it, or correct `store` in crossdock.yaml; then: crossdock doctor",
            )
        if not state.ready:
            old = f"has tables of version {state.found}" if state.found else "has no tables yet"
            raise Misuse(f"the store {settings.shown_store} {old}; run `crossdock store migrate`")
        db.vault = vault_of(settings, db, settings.clock())
        yield Session(settings, db)


@contextmanager
def store_of(settings: "Settings") -> Iterator[tuple["Database", "StoreState"]]:
    """The store as it is, whatever its state. A SQLite file that is not there is not made."""
    from crossdock.engine.store import open_database
    from crossdock.engine.store.versions import StoreState, newest, state

    file = settings.store.removeprefix("sqlite:///")
    missing = not settings.shared_store and not Path(file).exists()
    db = open_database(settings.store)
    try:
        yield db, StoreState("", newest()) if missing else state(db)
    finally:
        db.close()


@contextmanager
def house_of(
    settings: "Settings", *, durable: bool = False, shared_quota: bool = True
) -> Iterator["House"]:
    """Everything wired together; closed with the block. `durable` for what runs until stopped."""
    from crossdock import wiring
    from crossdock.cli.logs import to_stderr

    to_stderr()
    with closing(wiring.load(settings, durable=durable, shared_quota=shared_quota)) as house:
        yield house


@contextmanager
def house_with(workspace: Path | None, *needed: str) -> Iterator["House"]:
    """A workspace's house, whose connections to these companies are set up."""
    settings = settings_of(workspace)
    settings.require(*needed)
    with house_of(settings) as house:
        yield house


@contextmanager
def connections_of(settings: "Settings") -> Iterator["House"]:
    """A house to try the connections with: a store that is not ready is left as it is."""
    with store_of(settings) as (_, state):
        ready = state.ready
    with house_of(settings, shared_quota=ready) as house:
        yield house


def who() -> str:
    """The person at the keyboard, for the audit."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "someone"
