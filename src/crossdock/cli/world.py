"""crossdock world: both companies on this machine, for rehearsals."""

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Workspace, group
from crossdock.kernel.errors import Misuse, NeedsPerson, nearest

if TYPE_CHECKING:
    from crossdock.simulators.world.process import Process

app = group("The rehearsal world: both companies on this machine, with their faults.")
CONTROL = "CROSSDOCK_WORLD"
_FIRST_PORT = 8801
_COMPANIES = ("amazon", "tims")


@app.command("start")
def start(
    *,
    people: Annotated[
        bool, typer.Option("--people", help="With people who buy and staff who ship.")
    ] = False,
    orders: Annotated[
        int | None, typer.Option("--orders", min=1, help="How many orders people place.")
    ] = None,
    span: Annotated[
        float | None, typer.Option("--span", min=1, help="World seconds in which they do.")
    ] = None,
    scenario: Annotated[
        str, typer.Option("--scenario", help="calm, everyday, stormy, or JSON.")
    ] = "everyday",
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same world.")] = 7,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, help="World seconds per second.")
    ] = 1.0,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65530, help="The first of five ports; 0: any.")
    ] = _FIRST_PORT,
    limits: Annotated[
        bool, typer.Option("--limits/--no-limits", help="Quotas at both companies.")
    ] = True,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Run Amazon, TIMS and an SQS queue on loopback until Ctrl-C.

    With --workspace DIR, a workspace that is connected to this world is made there.
    """
    from crossdock.cli.rehearsal import make_workspace, refuse_real
    from crossdock.cli.serving import stopping

    if workspace is not None:
        refuse_real(workspace)
    process = _process(scenario, {"orders": orders, "span": span}, seed, speed, port, limits=limits)
    with stopping() as stop:
        process.start()
        try:
            if workspace is not None:
                make_workspace(workspace, process.ready, process.world.lookup_files())
            if people:
                with process.server.lock:
                    process.world.start_people(process.world.scenario)
            _announce(process.ready, workspace, as_json=as_json)
            stop.wait()
        finally:
            process.stop()


def _process(
    scenario: str, given: Mapping[str, Any], seed: int, speed: float, port: int, *, limits: bool
) -> "Process":
    try:
        from crossdock.simulators.world.process import Process
        from crossdock.simulators.world.scenario import from_dict, preset
    except ImportError as error:
        raise Misuse(
            f"the rehearsal world needs {error.name}; run: pip install 'crossdock[world]'"
        ) from None
    from dataclasses import replace

    try:
        wanted = from_dict(json.loads(scenario)) if scenario[:1] == "{" else preset(scenario)
        wanted = replace(wanted, **{name: x for name, x in given.items() if x is not None})
        return Process(seed, speed, wanted, port=port, limits=limits)
    except (ValueError, TypeError, OSError) as error:
        raise Misuse(f"the world cannot begin: {error}") from None


def _announce(ready: Mapping[str, Any], made: Path | None, *, as_json: bool) -> None:
    import sys

    from crossdock.cli import output

    if as_json:  # one document a line: this command does not end by itself
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        return
    for name, at in (
        ("Amazon", ready["amazon"]["endpoint"]), ("Login with Amazon", ready["amazon"]["lwa"]),
        ("TIMS", ready["tims"]["url"]), ("SQS", ready["sqs"]["url"]),
        ("Control", ready["control"]),
    ):  # fmt: skip
        output.say(f"{name:18} {at}")
    if made is not None:
        output.say(f"Next: crossdock serve --workspace {made}")
    output.note("Ctrl-C ends this world.")


@app.command("faults")
def faults(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FAULT[:KEY=VALUE,...]]...",
            help="E.g. reply_lost_after_write:chance=0.02,operations=confirmShipment",
        ),
    ] = None,
    *,
    company: Annotated[
        str, typer.Option("--company", help="amazon or tims; else each one that knows the fault.")
    ] = "",
    off: Annotated[
        bool, typer.Option("--off", help="Switch these off; without names, all.")
    ] = False,
    world: Annotated[
        str, typer.Option("--world", envvar=CONTROL, help="The world's control address.")
    ] = f"http://127.0.0.1:{_FIRST_PORT}",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Show the faults of a running world, or switch some on or off."""
    del workspace
    from crossdock.cli import output

    if company and company not in _COMPANIES:
        raise Misuse(f"no company is called {company!r}; use --company amazon or tims")
    rows = [{**_fault(text), "on": not off} for text in names or []]
    known = _asked(world, "GET", "faults")
    if rows:
        known = _asked(world, "POST", "faults", _by_company(rows, known, company))
    elif off:
        _asked(world, "POST", "quiet", {})
        known = _asked(world, "GET", "faults")
    if as_json:
        output.show_json(known)
    else:
        _print(known)


def _by_company(
    rows: list[dict[str, Any]], known: Mapping[str, Any], company: str
) -> dict[str, list[dict[str, Any]]]:
    asked: dict[str, list[dict[str, Any]]] = {name: [] for name in _COMPANIES}
    for row in rows:
        knowing = [
            c for c in _COMPANIES if company in ("", c) and row["fault"] in known[c]["known"]
        ]
        if not knowing:
            valid = [f for c in _COMPANIES if company in ("", c) for f in known[c]["known"]]
            raise Misuse(f"no fault is called {row['fault']!r}. {nearest(row['fault'], valid)}")
        for name in knowing:
            asked[name].append(row)
    return asked


def _fault(text: str) -> dict[str, Any]:
    """ "silence:chance=0.1,operations=getOrder+searchOrders" as the world reads it."""
    name, _, rest = text.partition(":")
    row: dict[str, Any] = {"fault": name}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise Misuse(f"{part!r} is not KEY=VALUE; for example silence:chance=0.1,lasts=60")
        row[key] = value.split("+") if key == "operations" else _number_or_text(value)
    return row


def _number_or_text(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _asked(world: str, method: str, what: str, body: object = None) -> Any:
    from crossdock.connectors.http import Network, Request
    from crossdock.kernel.errors import TryAgain

    content = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if content else {}
    url = f"{world.rstrip('/')}/_world/{what}"
    try:
        with closing(Network()) as network:
            response = network.send(Request(method, url, headers, content))
    except TryAgain:
        raise NeedsPerson(
            f"no rehearsal world answers at {world}",
            kind="world-away",
            remedy="Start one with `crossdock world start`, or name its address with --world.",
        ) from None
    if not response.ok:
        said = response.body.decode(errors="replace")[:500].strip()
        raise Misuse(f"the world refused: {said}; `crossdock world faults` shows what it knows")
    return response.json()


def _print(known: Mapping[str, Any]) -> None:
    from crossdock.cli import output

    rows: list[list[output.Cell]] = []
    for company in _COMPANIES:
        set_now = {row["fault"]: row for row in known[company]["set"]}
        for name, about in sorted(known[company]["known"].items()):
            row = set_now.get(name, {})
            on: output.Cell = ("on", "yellow") if row.get("on") else "off"
            chance = f"{row['chance']:g}" if row else ""
            rows.append([company, name, on, chance, str(row.get("struck", "")), about])
    output.table(("company", "fault", "", "chance", "hits", "about"), rows)
