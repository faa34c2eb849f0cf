"""crossdock connection: are we let in, and to everything that is needed?"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import NEEDS_PERSON, Json, Workspace, group

if TYPE_CHECKING:
    from crossdock.settings import Settings

app = group("The accounts at Amazon and TIMS.")


class System(StrEnum):
    """Who is at the other end."""

    AMAZON = "amazon"
    TIMS = "tims"


@app.command("list")
def listed(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """Which accounts this workspace speaks for; calls nobody."""
    from crossdock.cli import output
    from crossdock.cli.session import settings_of

    settings = settings_of(workspace)
    rows = [_row(system, settings) for system in System]
    if as_json:
        output.show_json({"connections": rows})
        return
    columns = ("system", "account", "address", "hears through", "state")
    output.table(columns, [[row[c] for c in columns] for row in rows])
    if any(row["problems"] for row in rows):
        output.note("What is missing: crossdock connection test SYSTEM")


def _row(system: System, settings: "Settings") -> dict[str, Any]:
    from crossdock.cli.output import span

    problems = settings.problems_of(system)
    state = f"{len(problems)} settings to put right" if problems else "configured"
    shared = {"system": system.value, "state": state, "problems": problems}
    if system is System.AMAZON:
        a = settings.amazon
        shops = ", ".join(a.marketplaces)
        return {
            **shared,
            "account": f"{a.seller_id} in {a.region}: {shops}" if a.seller_id else "-",
            "address": a.endpoint or f"the published endpoint of {a.region}",
            "hears through": f"sqs and a sweep every {span(a.sweep.every)}" if a.queue
            else f"a sweep every {span(a.sweep.every)}",
        }  # fmt: skip
    t = settings.tims
    return {
        **shared,
        "account": t.company or "-",
        "address": t.url or "-",
        "hears through": f"webhooks and a feed every {span(t.feed.every)}" if t.webhook
        else f"a feed every {span(t.feed.every)}",
    }  # fmt: skip


@app.command("test")
def try_out(
    system: Annotated[System, typer.Argument(metavar="amazon|tims", help="Which one to try.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Sign in and look around, writing nothing: what is missing, in words."""
    from crossdock.cli import output
    from crossdock.cli.findings import finding, findings_of, print_findings
    from crossdock.cli.session import connections_of, settings_of

    settings = settings_of(workspace)
    wrong = settings.problems_of(system)
    if wrong:
        found = [finding(f"{p.file}, {p.where}", ok=False, words=p.what, fix=p.fix) for p in wrong]
    else:
        output.note(f"Trying {system.value} ...")
        with connections_of(settings) as house:
            check = house.check_amazon if system is System.AMAZON else house.check_tims
            found = findings_of(check())
    if as_json:
        output.show_json({"system": system, "ok": all(f.ok for f in found), "findings": found})
    else:
        print_findings(found)
    if not all(f.ok for f in found):
        raise typer.Exit(NEEDS_PERSON)
