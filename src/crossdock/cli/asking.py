"""Asking for keys to be looked at now, because a person says so: the same for every noun."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.cli.session import Session, session, who

if TYPE_CHECKING:
    from crossdock.engine.model import Event

KeysOf = Callable[[Session], Sequence[str]]


def ask_for(workspace: Path | None, flow: str, keys_of: KeysOf, *, as_json: bool) -> None:
    """Let a flow look at these keys; `keys_of` refuses by a Misuse where nothing may be written."""
    from crossdock.cli import queries
    from crossdock.engine.model import Event

    with session(workspace) as s:
        keys, hint = list(dict.fromkeys(keys_of(s))), {"who": who()}
        events = [Event(flow, key, queries.PERSON, hint=hint) for key in keys]
        ask(s, events, ", ".join(keys), as_json=as_json)


def ask(s: Session, events: "Sequence[Event]", words: str, *, as_json: bool) -> bool:
    """Hand the events to whoever works on the store, and say so; whether somebody does."""
    from crossdock.cli import output, queries

    alive = queries.ask(s.db, events, s.now())
    if as_json:
        output.show_json({"asked": [event.key for event in events], "worker_alive": alive})
        return alive
    output.say(f"Asked for {words}.")
    nobody(alive)
    return alive


def nobody(alive: bool) -> None:
    """A word where no worker runs."""
    from crossdock.cli import output

    if not alive:
        output.note("No worker is running; it will be done when one is: crossdock serve")
