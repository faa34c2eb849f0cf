"""crossdock world: both companies on this machine, for rehearsals."""

import json
from typing import Annotated, Any

import typer

from crossdock.cli.options import Json, Workspace, group
from crossdock.kernel.errors import Misuse, NeedsPerson

app = group("The rehearsal world: both companies on this machine, with their faults.")
CONTROL = "CROSSDOCK_WORLD"
_CONTROL_PORT = 8799


@app.command("start", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def start(
    context: typer.Context,
    *,
    people: Annotated[
        bool, typer.Option("--people", help="With people who buy and staff who ship.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same world.")] = 0,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, help="How fast its clock runs.")
    ] = 1.0,
    control_port: Annotated[
        int, typer.Option("--control-port", help="Where `world faults` speaks to it.")
    ] = _CONTROL_PORT,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Run Amazon, TIMS and an SQS queue on loopback until Ctrl-C."""
    del workspace
    words = [
        "--seed", str(seed), "--speed", str(speed), "--control-port", str(control_port),
        *(["--people"] if people else []), *(["--json"] if as_json else []), *context.args,
    ]  # fmt: skip
    try:
        from crossdock.simulators.world import process
    except ImportError as error:
        raise Misuse(
            f"the rehearsal world needs {error.name}; run: pip install 'crossdock[world]'"
        ) from None
    code = process.main(words)
    if code:
        raise typer.Exit(int(code))


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
        str, typer.Option("--company", help="Whose: amazon or tims; else the one that knows it.")
    ] = "",
    off: Annotated[
        bool, typer.Option("--off", help="Switch these off; without names, all.")
    ] = False,
    world: Annotated[
        str, typer.Option("--world", envvar=CONTROL, help="The world's control address.")
    ] = f"http://127.0.0.1:{_CONTROL_PORT}",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Show the faults of a running world, or switch some on or off."""
    del workspace
    from crossdock.cli import output

    if company not in ("", "amazon", "tims"):
        raise Misuse(f"no company is called {company!r}; use --company amazon or tims")
    rows = [{**_fault(text), **({"on": False} if off else {})} for text in names or []]
    asked: dict[str, Any] = {"faults": rows, **({"company": company} if company else {})}
    if off and not rows:
        asked["quiet"] = True
    known = _spoken(world, asked if rows or off else None)
    if as_json:
        output.show_json(known)
    else:
        _print(known)


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


def _spoken(world: str, asked: dict[str, Any] | None) -> Any:
    from crossdock.connectors.http import Network, Request
    from crossdock.kernel.errors import TryAgain

    url = f"{world.rstrip('/')}/_world/faults"
    body = json.dumps(asked).encode() if asked is not None else b""
    request = Request(
        "POST" if asked is not None else "GET", url, {"content-type": "application/json"}, body
    )
    try:
        response = Network().send(request)
    except TryAgain:
        raise NeedsPerson(
            f"no rehearsal world answers at {world}",
            kind="world-away",
            remedy="Start one with `crossdock world start`, or name its address with --world.",
        ) from None
    if not response.ok:
        raise Misuse(f"the world refused: {response.body.decode(errors='replace')[:500].strip()}")
    return response.json()


def _print(known: Any) -> None:
    from crossdock.cli import output

    rows = []
    for company, described in sorted(known.items()):
        if isinstance(described, list):
            rows += [_cells(company, row) for row in described if isinstance(row, dict)]
    if rows:
        output.table(("company", "fault", "on", "chance", "hits", "about"), rows)
    else:
        output.say("No faults are on.", "green")


def _cells(company: str, row: dict[str, Any]) -> list[str]:
    return [
        company, str(row.get("fault", row.get("name", ""))), "on" if row.get("on") else "off",
        str(row.get("chance", "")), str(row.get("struck", "")), str(row.get("about", "")),
    ]  # fmt: skip
