"""crossdock run: what the engine did, run by run."""

from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.options import Json, Limit, Workspace, group
from crossdock.kernel.errors import Misuse

if TYPE_CHECKING:
    from crossdock.settings import Settings

app = group("What the engine did, run by run.")
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `run list` shows it.")]


@app.command("list")
def listed(
    *,
    limit: Limit = 50,
    flow: Annotated[str | None, typer.Option("--flow", help="Only runs of this flow.")] = None,
    feeds: Annotated[
        bool, typer.Option("--feeds", help="Also the turns of schedules and change feeds.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """The newest runs with their results."""
    from crossdock.cli import output
    from crossdock.cli.session import session
    from crossdock.engine.store import history

    with session(workspace) as s:
        rows = history.runs(s.db, limit=limit, flow=flow, feeds=feeds)
        if not rows and flow is not None:
            _refuse_unknown(flow, s.settings)
    if as_json:
        output.show_json({"runs": rows})
    elif not rows:
        output.say("No runs yet. See whether anything arrives: crossdock doctor")
    else:
        output.table(
            ("run", "flow", "state", "started (UTC)", "took", "records", "results", "worker"),
            [
                (r.id, r.flow, r.state, output.moment(r.started_at),
                 f"{(r.finished_at - r.started_at).total_seconds():.2f} s" if r.finished_at else "",
                 str(r.records), _results(r.results), r.worker)
                for r in rows
            ],
        )  # fmt: skip


def _refuse_unknown(flow: str, settings: "Settings") -> None:
    from crossdock import wiring
    from crossdock.engine.model import FEED

    valid = [FEED, *wiring.language_of(settings).flow_sources]
    if flow not in valid:
        raise Misuse(f"no flow is called {flow!r}; valid: {', '.join(sorted(valid))}")


@app.command("show")
def show(run_id: RunId, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """One run and what became of each of its records."""
    from crossdock.cli import output, queries
    from crossdock.cli.session import session

    with session(workspace) as s:
        story = queries.run_story(s.db, run_id)
    if as_json:
        output.show_json(story)
        return
    run = story.run
    output.say(f"Run {run.id} of flow {run.flow} version {run.version}: {run.state}", "bold")
    output.say(f"By worker {run.worker}, started {output.moment(run.started_at)} UTC")
    if story.records:
        output.table(
            ("key", "result", "at step", "words"),
            [(r["key"], r["result"], r["step"], r["words"]) for r in story.records],
        )
    else:
        output.say("No record has an outcome yet." if run.state == "running" else "Nothing new.")


@app.command("retry")
def retry(
    run_id: RunId,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also the records that went through.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Look again, now, at the records that a run left undone."""
    from crossdock.cli import output, queries
    from crossdock.cli.session import session, who

    with session(workspace) as s:
        keys = queries.retry_run(s.db, run_id, every=every, who=who(), now=s.now())
    if as_json:
        output.show_json({"run": run_id, "asked": keys})
    elif keys:
        output.say(f"{len(keys)} records will run again. Look: crossdock run list")
    else:
        output.say("Nothing was left undone; --all looks at every record again.")


def _results(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {result}" for result, n in sorted(counts.items()))
