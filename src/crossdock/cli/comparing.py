"""crossdock settlement compare: Seller Central's date range report as a second source."""

from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.options import Json, Workspace
from crossdock.cli.settlements import app, settlements_of


@app.command("compare")
def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Date range report, CSV.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Settlements beside Seller Central's date range report, order by order. Nothing is posted."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.wiring.secondsource import compare_range
    from crossdock.wiring.settling import shown

    with settlements_of(workspace) as settlements:
        found = compare_range(settlements, file)
    if as_json:
        output.show_json({"settlements": [
            {"settlement": c.settlement_id, "known": c.known, "total": c.total, "theirs": c.theirs,
             "apart": [{"order": a.order_id, "ours": a.ours, "theirs": a.theirs} for a in c.apart]}
            for c in found
        ]})  # fmt: skip
    for one in found if not as_json else ():
        if not one.known:
            output.say(f"{one.settlement_id}: we have no file of it", "yellow")
            continue
        money = one.currency
        if one.total == one.theirs and not one.apart:
            output.say(f"{one.settlement_id}: {shown(one.total, money)} {money} in both", "green")
            continue
        output.say(f"{one.settlement_id}: {shown(one.total, money)} {money} here, "
                   f"{shown(one.theirs, money)} there", "red")  # fmt: skip
        for apart in one.apart[:20]:
            output.say(f"  {apart.order_id}: {shown(apart.ours, money)} here, "
                       f"{shown(apart.theirs, money)} there")  # fmt: skip
    if any(not c.known or c.total != c.theirs or c.apart for c in found):
        raise typer.Exit(NEEDS_PERSON)
