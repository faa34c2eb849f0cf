"""crossdock flow: what is done with records, as data."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import NEEDS_PERSON, Json, Workspace, group
from crossdock.kernel.errors import Misuse, nearest

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.engine.store.history import Moment
    from crossdock.wiring import House

app = group("Flows: what is done with records, written as data.")


@app.command("list")
def listed(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """The flows of this workspace, the most urgent first."""
    from crossdock import wiring
    from crossdock.cli import output
    from crossdock.cli.session import settings_of

    found = wiring.language_of(settings_of(workspace)).flows
    flows = sorted(found.values(), key=lambda f: (f.priority, f.name))
    rows = [
        {"name": f.name, "version": f.version, "key": f.key, "priority": f.priority,
         "batch": f.batch, "steps": [s.name for s in f.steps], "file": f.file, "about": f.about}
        for f in flows
    ]  # fmt: skip
    if as_json:
        output.show_json({"flows": rows})
        return
    columns = ("name", "version", "key", "priority", "batch", "steps", "about")
    output.table(columns, [[_cell(row[c]) for c in columns] for row in rows])


def _cell(value: Any) -> str:
    return str(len(value)) if isinstance(value, list) else str(value)


@app.command("check")
def check(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """Check every flow, mapping, lookup table and rule file; all problems at once."""
    from crossdock import wiring
    from crossdock.cli import output
    from crossdock.cli.running import older
    from crossdock.cli.session import settings_of

    settings = settings_of(workspace)
    problems, behind = wiring.check_workspace(settings), older(settings)
    if as_json:
        found = [{"worker": o.worker, "pid": o.pid, "files": o.files} for o in behind]
        output.show_json({"ok": not problems, "problems": problems, "older": found})
    elif problems:
        for problem in problems:
            output.say(str(problem))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        output.complain(f"{count}. Correct the files, then: crossdock flow check")
    else:
        output.say("Flows, mappings, lookup tables and rules are in order.", "green")
    if not as_json:
        for each in behind:
            output.note(f"Worker {each}. Start it again to use them.")
    if problems:
        raise typer.Exit(NEEDS_PERSON)


@app.command("run")
def run(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="The flow's name.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="The record's key in that flow.")],
    *,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for the result.")
    ] = 60.0,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Run one key now: by the worker that is running, else by this command."""
    from crossdock.cli import output
    from crossdock.cli.session import house_of, settings_of

    settings = settings_of(workspace)
    settings.require()
    with house_of(settings) as house:
        if flow not in house.flows:
            fix = nearest(flow, list(house.flows))
            raise Misuse(f"no flow is called {flow!r}. {fix} See `crossdock flow list`")
        ended = _run(house, flow, key, wait)
    if as_json:
        output.show_json({"flow": flow, "key": key, "outcome": ended})
    elif ended is None:
        output.complain(f"{flow} {key} has not ended yet. Look: crossdock run list --flow {flow}")
    else:
        output.say(f"{flow} {key}: {ended.what}: {ended.words}")
    if ended is None or ended.what.startswith("case"):
        raise typer.Exit(NEEDS_PERSON)


def _run(house: "House", flow: str, key: str, wait: float) -> "Moment | None":
    from datetime import UTC, datetime

    from crossdock.cli import output, queries
    from crossdock.cli.locks import only_worker
    from crossdock.cli.session import who
    from crossdock.engine.model import Event

    event = Event(flow, key, queries.PERSON, hint={"who": who()})
    since = house.clock.now()
    with only_worker(house.settings) as alone:
        shared = house.settings.shared_store
        beating = any(w.alive for w in queries.worker_rows(house.db, datetime.now(UTC)))
        here = not beating if shared else alone
        if here:
            output.note("No worker is running; this command does what is due.")
            house.engine.open()
        house.engine.submit([event])
        return _ended(house, flow, key, since, wait, here=here)


def _ended(
    house: "House", flow: str, key: str, since: "datetime", wait: float, *, here: bool
) -> "Moment | None":
    import time

    from crossdock.cli import queries

    deadline = time.monotonic() + wait
    while True:
        if here:
            house.engine.pump()
        ended = queries.last_outcome(house.db, flow, key, since)
        if ended is not None or time.monotonic() >= deadline:
            return ended
        time.sleep(0.1)
