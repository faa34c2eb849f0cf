"""crossdock plan: what would be written to Amazon, before it is, and its approval."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Shop, Workspace, group

if TYPE_CHECKING:
    from crossdock.wiring.planning import Plan

app = group("Plans: what would be written to Amazon, looked at before it is.")


@app.command("prices")
def prices(*, limit: Limit = 100, as_json: Json = False, workspace: Workspace = None) -> None:
    """Every price that would be written now, what moves far, and what cannot be priced."""
    _show("prices", limit, as_json=as_json, workspace=workspace)


@app.command("stock")
def stock(*, limit: Limit = 100, as_json: Json = False, workspace: Workspace = None) -> None:
    """Every quantity that would be written now, what goes to zero, and what cannot be counted."""
    _show("stock", limit, as_json=as_json, workspace=workspace)


@app.command("catalogue")
def catalogue(
    *, marketplace: Shop = "", limit: Limit = 100, as_json: Json = False,
    workspace: Workspace = None,
) -> None:  # fmt: skip
    """Every listing that would be made, changed or taken off now, in which marketplace, and what
    cannot be decided.
    """
    _show("catalogue", limit, as_json=as_json, workspace=workspace, shop=marketplace)


@app.command("held")
def held(*, limit: Limit = 100, as_json: Json = False, workspace: Workspace = None) -> None:
    """What waits for an approval, and why."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import session
    from crossdock.engine.store import approvals

    with session(workspace) as s:
        rows = approvals.held(s.db)
    data = [{"kind": r.kind, "key": r.key, "old": r.old or "", "why": r.why,
             "since": r.since.isoformat()} for r in rows[:limit]]  # fmt: skip
    if as_json:
        output.show_json({"count": len(rows), "held": data})
    elif rows:
        output.table(("", "key", "now", "why", "since"),
                     [(r["kind"], r["key"], r["old"], r["why"], r["since"][:16])
                      for r in data])  # fmt: skip
        output.say(f"Look: crossdock plan {rows[0].kind}; then: crossdock plan apply HASH")
    else:
        output.say("Nothing waits for an approval.")
    if rows:
        raise typer.Exit(NEEDS_PERSON)


@app.command("apply")
def apply(
    name: Annotated[str, typer.Argument(metavar="HASH", help="As `crossdock plan` printed it.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Approve a plan, when it is still what would be written: exactly that is carried out."""
    from crossdock.cli import output, queries
    from crossdock.cli.asking import nobody
    from crossdock.cli.session import house_with, who
    from crossdock.wiring import planning

    with house_with(workspace, "tims") as house:
        plan, events = planning.apply(house, name, who())
        alive = queries.ask(house.db, events, house.clock.now())
    if as_json:
        output.show_json({"plan": plan.name, "kind": plan.kind, "approved": len(plan.rows),
                          "worker_alive": alive})  # fmt: skip
        return
    output.say(f"Approved {len(plan.rows)} changes of {plan.kind}, for a day.", "green")
    nobody(alive)


def _show(kind: str, limit: int, *, as_json: bool, workspace: Path | None, shop: str = "") -> None:
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import house_with
    from crossdock.wiring.planning import plan_of

    needed = ("tims", "amazon") if kind == "catalogue" else ("tims",)
    with house_with(workspace, *needed) as house:
        plan = plan_of(house, kind)
    if as_json:
        output.show_json(_data(plan, limit, shop))
    else:
        _draw(plan, limit, shop)
    if plan.problems:
        raise typer.Exit(NEEDS_PERSON)


def _data(plan: "Plan", limit: int, shop: str) -> dict[str, Any]:
    """`shop` shows its own rows alone; the name and the counts are the whole plan's."""
    shown = [r for r in plan.rows if shop in ("", r.where)]
    rows = [{"key": r.key, "sku": r.sku, "marketplace": r.where, "told_last": r.old or None,
             "new": r.new, "flags": list(r.flags)} for r in shown[:limit]]  # fmt: skip
    problems = [
        {"key": p.key, "kind": p.kind, "words": p.words, "remedy": p.remedy}
        for p in plan.problems[:limit]
    ]
    return {"plan": plan.name, "kind": plan.kind, "changes": len(plan.rows),
            "counts": dict(plan.counts()), "rows": rows, "problems": problems,
            "problem_count": len(plan.problems)}  # fmt: skip


def _draw(plan: "Plan", limit: int, shop: str) -> None:
    from crossdock.cli import output

    if plan.rows:
        shown = [r for r in plan.rows if shop in ("", r.where)]
        flagged = sorted(shown, key=lambda r: (not r.flags, r.key))
        output.table(
            ("SKU", "marketplace", "told last", "would be", ""),
            [(r.sku, r.where, r.old, r.new, (", ".join(r.flags), "yellow"))
             for r in flagged[:limit]],
        )  # fmt: skip
        if len(shown) > limit:
            output.note(f"{len(shown) - limit} more; --limit {len(shown)} shows them.")
        counts = ", ".join(f"{n} {flag}" for flag, n in sorted(plan.counts().items()))
        output.say(f"{len(plan.rows)} changes" + (f", of them {counts}" if counts else ""), "bold")
        output.say(f"To approve exactly these: crossdock plan apply {plan.name}")
    else:
        output.say("Nothing would be written.")
    for problem in plan.problems[:20]:
        output.say(f"{problem.key}: {problem.words} ({problem.kind})", "red")
        if problem.remedy:
            output.note(f"  {problem.remedy}")
    if len(plan.problems) > 20:
        output.note(f"{len(plan.problems) - 20} more cannot be decided; --json shows them.")
