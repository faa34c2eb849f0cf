"""crossdock serve and crossdock worker: run until told to stop."""

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossdock.cli.options import Json, Workspace
from crossdock.kernel.errors import ConfigError

if TYPE_CHECKING:
    from crossdock.settings import Settings
    from crossdock.wiring import House


def serve(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """Work, receive webhooks and notifications, and listen, until Ctrl-C."""
    with _opened(workspace) as (settings, house, stop):
        from crossdock.console import server

        listener = server.bound(settings.listen.host, settings.listen.port)
        house.start()
        try:
            served = server.serve(house, listener)
            try:
                _announce("serving", served.url, settings.worker, as_json=as_json)
                stop.wait()
            finally:
                served.stop()
        finally:
            house.stop()
    _announce("stopped", served.url, settings.worker, as_json=as_json)


def worker(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """Work only, beside others on a PostgreSQL store, until Ctrl-C."""
    with _opened(workspace) as (settings, house, stop):
        _announce("working", settings.shown_store, settings.worker, as_json=as_json)
        house.work(stop)
    _announce("stopped", settings.shown_store, settings.worker, as_json=as_json)


@contextmanager
def _opened(
    workspace: Path | None,
) -> "Iterator[tuple[Settings, House, threading.Event]]":
    """A house whose runs survive crashes, once everything about it is in order."""
    from crossdock.cli.locks import only_worker, refuse_second
    from crossdock.cli.running import noted
    from crossdock.cli.session import house_of, settings_of

    settings = settings_of(workspace, tolerate=False)
    with stopping() as stop, only_worker(settings) as alone:
        refuse_second(settings, alone=alone)
        with noted(settings), house_of(settings, durable=True) as house:
            _ready(house)
            _spare_the_collector(house)
            yield settings, house, stop


def _ready(house: "House") -> None:
    """Nothing is opened or listened on while a flow or mapping is wrong. A row of a table that
    cannot be used is told, and holds only the records that need it.
    """
    from crossdock.cli.output import note

    if house.problems:
        raise ConfigError(house.problems)
    for problem in house.row_problems:
        note(f"Records that need it will wait: {problem}")


def _spare_the_collector(house: "House") -> None:
    """Programs and the house itself stay until the end: the garbage collector need not walk them
    again and again while orders come and go. And a batch of orders is no garbage, so it looks less
    often; an eighth less CPU per order (docs/decisions/0005-what-it-costs.md).
    """
    _ = house.engine
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _announce(state: str, at: str, name: str, *, as_json: bool) -> None:
    import json
    import sys

    from crossdock.cli.output import note

    if as_json:  # one document a line: this command does not end by itself
        sys.stdout.write(json.dumps({"state": state, "at": at, "worker": name}) + "\n")
        sys.stdout.flush()
    elif state == "stopped":
        note("Stopped; what was under way is taken up at the next start.")
    else:
        note(f"Worker {name} is {state} at {at}. Ctrl-C stops it in order.")


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set on the first Ctrl-C or TERM; a second one ends at once, as always."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def told(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in (int(signal.SIGINT), int(signal.SIGTERM)):
        before[number] = signal.signal(number, told)
    try:
        yield stop
    finally:
        for number, old in before.items():
            signal.signal(number, old)
