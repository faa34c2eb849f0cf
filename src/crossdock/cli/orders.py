"""crossdock order: what became of Amazon's orders."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.options import Json, Limit, Workspace, group
from crossdock.kernel.errors import Misuse

if TYPE_CHECKING:
    from crossdock.cli.queries import OrderStory

app = group("What became of Amazon's orders.")
_AMAZON_ID = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")


@app.command("list")
def listed(
    *,
    limit: Limit = 50,
    state: Annotated[
        str | None,
        typer.Option("--state", help="linked, kept, reserved, cancelled, over, 'not in TIMS'."),
    ] = None,
    with_case: Annotated[
        bool, typer.Option("--with-case", help="Only orders that wait for a person.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """The newest orders: TIMS number, state, age, open case."""
    from crossdock.cli import output, queries
    from crossdock.cli.session import session

    with session(workspace) as s:
        rows = queries.order_rows(s.db, limit=limit, state=state, with_case=with_case)
        now = s.now()
    if as_json:
        output.show_json({"orders": rows})
    elif not rows:
        output.say("No orders yet. See whether anything arrives: crossdock doctor")
    else:
        output.table(
            ("order", "TIMS", "state", "changed", "open case"),
            [
                (r.order, r.tims or "-", r.state, f"{output.ago(r.changed_at, now)} ago",
                 (f"{r.case_kind} {r.case}" if r.case else "", "yellow"))
                for r in rows
            ],
        )  # fmt: skip


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Amazon's order id or TIMS's number.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """An order's timeline: every event, call with its request id, value written, and case."""
    from crossdock.cli import output, queries
    from crossdock.cli.session import session

    with session(workspace) as s:
        story = queries.order_story(s.db, name)
    if as_json:
        output.show_json(story)
    else:
        _draw(story)


def _draw(story: "OrderStory") -> None:
    from crossdock.cli import output, queries, timeline

    tims = f" -> TIMS {story.tims}" if story.tims else ""
    output.say(f"Amazon {story.order}{tims}: {story.state}", "bold")
    if story.shipments:
        output.say(f"Shipments: {', '.join(story.shipments)}")
    output.say("")
    timeline.draw(story.moments)
    for case in story.cases:
        output.say("")
        output.say(f"Waits for a person: {case.message}", "yellow")
        output.say(f"{case.remedy} Then: {queries.next_step(case)}")


@app.command("sync")
def sync(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Amazon order ids; none: search for changes."),
    ] = None,
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Look at orders now: these, or whatever Amazon says has changed."""

    from crossdock.cli import output, queries
    from crossdock.cli.asking import ask
    from crossdock.cli.session import session, who
    from crossdock.engine.model import FEED, Event

    with session(workspace) as s:
        hint = {"who": who()}
        keys = list(dict.fromkeys(ids or []))
        wrong = [key for key in keys if not _AMAZON_ID.fullmatch(key)]
        if wrong:
            raise Misuse(f"{wrong[0]!r} is not an Amazon order id, such as 111-1234567-1234567")
        asked = [Event(queries.ORDERS, key, queries.PERSON, hint=hint) for key in keys]
        sweep = Event(FEED, queries.AMAZON_SWEEP, queries.PERSON, hint=hint)
        words = ", ".join(keys) or "a search for changed orders"
        alive = ask(s, asked or [sweep], words, as_json=as_json)
    if alive and keys and not as_json:
        output.note(f"Look: crossdock order show {keys[0]}")
