"""crossdock case: what waits for a person."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Workspace, group

if TYPE_CHECKING:
    from crossdock.engine.model import Case
    from crossdock.engine.store.history import Moment
    from crossdock.settings import Settings

app = group("What waits for a person: message, remedy, evidence.")
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")]
PAGES = "docs/operate"


@app.command("list")
def listed(
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind.")] = None,
    state: Annotated[
        str, typer.Option("--state", help="open, resolved or all.", metavar="STATE")
    ] = "open",
    limit: Limit = 100,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """The open cases, grouped by kind with their counts."""
    from crossdock.cli import output
    from crossdock.cli.session import session
    from crossdock.engine.store import cases
    from crossdock.kernel.errors import Misuse

    if state not in ("open", "resolved", "all"):
        raise Misuse(f"{state!r} is not a state; use --state open, resolved or all")
    with session(workspace) as s:
        wanted = None if state == "all" else state
        found = cases.listed(s.db, state=wanted, kind=kind, limit=limit)
        counts, now = cases.counts(s.db), s.now()
    if as_json:
        output.show_json({"open": counts, "cases": found})
    elif not found:
        output.say(f"No {state} cases." if state != "all" else "No cases.", "green")
    else:
        _print_groups(found, counts, now)


def _print_groups(found: "list[Case]", counts: dict[str, int], now: Any) -> None:
    from crossdock.cli import output

    for kind in dict.fromkeys(c.kind for c in found):
        mine = [c for c in found if c.kind == kind]
        output.say(f"{kind}: {counts.get(kind, 0)} open  ({PAGES}/{kind}.md)", "bold")
        output.table(
            ("case", "flow", "key", "age", "times", "message"),
            [
                (c.id, c.flow, c.key, output.ago(c.opened_at, now), str(c.times), c.message)
                for c in mine
            ],
        )
        output.say("")
    output.say("Next: crossdock case show CASE, or crossdock case retry --kind KIND")


@app.command("show")
def show(
    case_id: CaseId,
    *,
    personal: Annotated[
        bool, typer.Option("--show-personal", help="Also print an unreadable message as it came.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """A case: message, remedy, evidence, timeline, and the page that explains it."""
    from crossdock.cli import output, queries
    from crossdock.cli.session import session
    from crossdock.engine.store import cases
    from crossdock.kernel.redact import masked

    with session(workspace) as s:
        case, moments = queries.case_story(s.db, case_id)
        kept = cases.kept(s.db, case.key)
    page = f"{PAGES}/{case.kind}.md"
    evidence = masked(case.evidence)
    if as_json:
        shown = {**output.plain(case), "evidence": evidence, "page": page, "timeline": moments}
        shown["kept_message"] = kept if personal else kept is not None
        output.show_json(shown)
        return
    _print_case(case, page, evidence, moments)
    if kept is not None:
        hidden = f"{len(kept)} characters are kept; --show-personal prints them"
        output.say(f"\nThe message as it came: {kept if personal else hidden}")


def _print_case(case: "Case", page: str, evidence: object, moments: "list[Moment]") -> None:
    import json

    from crossdock.cli import output, queries, timeline

    about = f"{case.about}: " if case.about else ""
    output.say(f"{about}{case.message}", "bold")
    facts = {
        "kind": f"{case.kind} ({case.state})", "what to do": case.remedy, "page": page,
        "record": f"{case.flow} {case.key}, at step {case.step}",
        "opened": f"{output.moment(case.opened_at)} UTC, seen {case.times} times",
        "run": case.run_id, "request": case.request_id, "code": case.code,
        "resolution": case.resolution or "",
    }  # fmt: skip
    output.table(("", ""), [((k, "dim"), v) for k, v in facts.items() if v])
    if evidence:
        output.say("\nEvidence")
        output.say(json.dumps(output.plain(evidence), indent=2, ensure_ascii=False))
    output.say("\nTimeline")
    timeline.draw(moments)
    if case.state == "open":
        output.say(f"\nNext: {queries.next_step(case)}")


@app.command("retry")
def retry(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Case ids.")] = None,
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="All open ones of a kind.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All open ones.")] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Let the records of cases run again, now."""
    from crossdock.cli import output, queries
    from crossdock.cli.session import session, who
    from crossdock.engine.store import cases

    with session(workspace) as s:
        chosen = queries.chosen_cases(s.db, ids or [], kind, every=every)
        names = [c.id for c in chosen]
        moved = cases.retry(s.db, names, who=who(), now=s.now())
    if as_json:
        output.show_json({"retried": names})
    else:
        output.say(f"{moved} records will run again. Look: crossdock case list")


@app.command("edit")
def edit(
    case_id: CaseId,
    *,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE",
            help="A value that a step gives, e.g. new_sales_order.LocationId=W2; may be repeated.",
        ),
    ] = None,
    dropped: Annotated[
        list[str] | None,
        typer.Option("--unset", metavar="PATH", help="Forget a value set so; may be repeated."),
    ] = None,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:  # fmt: skip
    """Set values for this record alone, or forget them again, then let it run."""
    from crossdock.cli import output
    from crossdock.cli.session import session, who
    from crossdock.engine.store import cases
    from crossdock.kernel.errors import Misuse

    if not values and not dropped:
        raise Misuse(f"say what to change: --set {_EXAMPLE}, or --unset PATH")
    edits, gone = dict(_edit(text) for text in values or []), dropped or []
    with session(workspace) as s:
        flow = cases.get(s.db, case_id).flow
        _refuse_unknown(edits, flow, s.settings)
        cases.retry(s.db, [case_id], who=who(), now=s.now(), edits=edits, dropped=gone)
    if as_json:
        output.show_json({"retried": [case_id], "edits": edits, "dropped": gone})
    else:
        said = [f"Set {', '.join(edits)}"] * bool(edits) + [f"Forgot {', '.join(gone)}"] * bool(
            gone
        )
        output.say(f"{'. '.join(said)}; the record will run again.")
        output.note(f"Look: crossdock case show {case_id}")


_EXAMPLE = "new_sales_order.LocationId=W2"


def _edit(text: str) -> tuple[str, str]:
    from crossdock.kernel.errors import Misuse

    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or "." not in path or not all(path.split(".")):
        raise Misuse(
            f"{text!r} is not PATH=VALUE; name a step's value and a field in it: --set {_EXAMPLE}"
        )
    return path, value


def _refuse_unknown(edits: dict[str, str], flow: str, settings: "Settings") -> None:
    """A Misuse when no step of the flow gives what an edit would change: nobody would notice it."""
    from crossdock.kernel.errors import ConfigError, Misuse
    from crossdock.wiring import language_of

    if not edits:
        return
    language = language_of(settings)
    if language.problems:
        raise ConfigError(language.problems)
    names = language.flows[flow].gives if flow in language.flows else ()
    for path in edits:
        name = path.partition(".")[0]
        if name not in names:
            known = ", ".join(names) or "nothing"
            raise Misuse(f"no step of {flow} gives {name!r}. Can be set: {known}")


@app.command("resolve")
def resolve(
    case_id: CaseId,
    *,
    reason: Annotated[
        str, typer.Option("--reason", help="What was done instead; kept in the audit.")
    ],
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Close a case without running it: someone settled it elsewhere."""
    from crossdock.cli import output
    from crossdock.cli.session import session, who
    from crossdock.engine.store import cases
    from crossdock.kernel.errors import Misuse

    if not reason.strip():
        raise Misuse("a case is resolved with a reason: --reason 'shipped by hand'")
    with session(workspace) as s:
        if cases.get(s.db, case_id).state != "open":
            raise Misuse(f"{case_id} is resolved already; see `crossdock case show {case_id}`")
        done = cases.resolve(s.db, case_id, who=who(), why=reason.strip(), now=s.now())
    if as_json:
        output.show_json(done)
    else:
        output.say(f"Closed {case_id}: {done.resolution}")
