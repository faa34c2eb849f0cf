"""crossdock doctor: is everything in order, and if not, what is the next command?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.options import NEEDS_PERSON, Json, Workspace

if TYPE_CHECKING:
    from crossdock.cli.findings import Finding
    from crossdock.settings import Settings


def doctor(
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not call Amazon and TIMS.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Look at settings, store, workers, inbox, cases, quotas, clock and connections."""
    from crossdock.cli import examine, output
    from crossdock.cli.findings import finding, print_findings
    from crossdock.kernel.errors import ConfigError

    try:
        settings = _settings(workspace)
    except ConfigError as error:
        found = [
            finding(f"{p.file}, {p.where}", ok=False, words=p.what, fix=p.fix)
            for p in error.problems
        ]
    else:
        found = _examined(settings, examine.settings(settings), offline=offline)
    if as_json:
        output.show_json({"ok": all(f.ok for f in found), "findings": found})
    else:
        print_findings(found)
    if not all(f.ok for f in found):
        raise typer.Exit(NEEDS_PERSON)


def _settings(workspace: Path | None) -> "Settings":
    from crossdock.cli.session import settings_of

    return settings_of(workspace)


def _examined(settings: "Settings", found: "list[Finding]", *, offline: bool) -> "list[Finding]":
    from datetime import UTC, datetime

    from crossdock.cli import examine, output
    from crossdock.cli.session import store_of

    with store_of(settings) as (db, state):
        found.append(examine.store(settings, state))
        if state.ready:
            found += examine.work(db, settings.clock(), datetime.now(UTC))
            found += examine.freshness(settings)
    found += examine.flows(settings)
    found += examine.running(settings)
    if not offline:
        output.note("Trying the connections ...")
        found += examine.connections(settings)
    return found
