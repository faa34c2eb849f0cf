"""crossdock catalogue: what may be listed at Amazon, as what, why, and what Amazon shows of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Workspace, group
from crossdock.cli.session import house_with

if TYPE_CHECKING:
    from crossdock.cli.session import Session
    from crossdock.engine.store.submissions import Submission
    from crossdock.kernel.errors import RunError
    from crossdock.kernel.terms import Term
    from crossdock.wiring.cataloguing import Judged
    from crossdock.wiring.house import House
    from crossdock.wiring.listing import Lister

app = group("The catalogue: which of TIMS's items are listed at Amazon, and how.")

Sku = Annotated[str, typer.Argument(metavar="SKU", help="As Amazon spells it.")]


@app.command("list")
def listed(
    *,
    verdict: Annotated[
        str, typer.Option("--verdict", help="Only these: sell, refuse or ask.")
    ] = "",
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Every SKU: what the gate and the rules say of it, and what Amazon was told. Nothing is
    written, and Amazon is not asked.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import submissions

    with house_with(workspace, "tims") as house:
        desk = house.catalogue
        problems = [str(p) for p in desk.problems]
        items, told = desk.every_item(), submissions.every(house.db)
        rows = [_row(desk.judge(sku, items), told.get(sku)) for sku in sorted(desk.skus().rows)]
        publish = desk.rules.publish
    picked = [r for r in rows if not verdict or r["verdict"] == verdict]
    if as_json:
        output.show_json({"publish": publish, "problems": problems, "skus": picked[:limit]})
    else:
        for problem in problems:
            output.complain(problem)
        output.table(
            ("SKU", "item", "verdict", "row", "as", "Amazon", "why, or what is missing"),
            [(r["sku"], r["item"], r["verdict"], r["row"], r["product_type"], r["state"],
              (r["problem"], "red") if r["problem"] else r["why"]) for r in picked[:limit]],
        )  # fmt: skip
        if not publish:
            output.note("Nothing is written: catalogue.yaml says publish: off.")
        if len(picked) > limit:
            output.note(f"{len(picked) - limit} more; --limit {len(picked)} shows them.")
    if problems or any(r["problem"] for r in rows):
        raise typer.Exit(NEEDS_PERSON)


@app.command("explain")
def explain(sku: Sku, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """Every decision about a SKU with its source: gate, rule, page, restrictions, and each value
    that would be sent.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import submissions

    with house_with(workspace, "tims", "amazon") as house:
        study = _lister(house).study(sku)
        told = submissions.of(house.db, sku)
    plan = study.plan
    if as_json:
        output.show_json(
            {
                "sku": sku,
                "state": told.state if told is not None else "",
                "withheld": told.withheld if told is not None else False,
                "steps": _steps(study.said),
                "problems": [_problem(p) for p in study.problems],
                "would_send": dict(plan.attributes) if plan is not None else {},
                "left_alone": plan.left_alone if plan is not None else "",
            }
        )
    else:
        output.table((sku, "", "source"), [(s.what, s.value, s.source) for s in study.said])
        for problem in study.problems:
            output.trouble(problem)
        output.say(_told(told))
    if study.problems:
        raise typer.Exit(NEEDS_PERSON)


@app.command("check")
def check(sku: Sku, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """What Amazon would say of the listing: its own preview. Nothing is kept there."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.wiring.listing_changes import change_of, preview

    with house_with(workspace, "tims", "amazon") as house:
        study = _lister(house).study(sku)
        plan, said = study.plan, None
        if plan is not None and not plan.refused and not plan.left_alone:
            said = preview(house.amazon, plan, change_of(plan))
    issues = [
        {"code": i.code, "severity": i.severity, "message": i.message,
         "attributes": list(i.attributeNames)} for i in (said.issues if said else ())
    ]  # fmt: skip
    status = said.status if said is not None else "not asked"
    if as_json:
        found = [_problem(p) for p in study.problems]
        output.show_json({"sku": sku, "status": status, "issues": issues, "problems": found})
    else:
        for problem in study.problems:
            output.trouble(problem)
        if plan is not None and plan.refused:
            output.say(f"Not to be sold: {plan.decision.words}")
        if issues:
            output.table(
                ("code", "severity", "attribute", "Amazon says"),
                [(i.code, i.severity, ", ".join(i.attributeNames), i.message)
                 for i in (said.issues if said is not None else ())],
            )  # fmt: skip
        output.say(f"Amazon's preview of {sku}: {status}.")
    if study.problems or status not in ("VALID", "ACCEPTED"):
        raise typer.Exit(NEEDS_PERSON)


@app.command("publish")
def publish(
    skus: Annotated[list[str], typer.Argument(metavar="SKU...", help="As Amazon spells them.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List these SKUs now, or take them off, because a person says so."""
    from crossdock.cli.asking import ask_for
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.cataloguerules import read_catalogue_rules
    from crossdock.wiring.unknownskus import known_skus

    def keys(s: "Session") -> list[str]:
        if not read_catalogue_rules(s.settings.folder).publish:
            raise Misuse("catalogue.yaml says publish: off; nothing is written before it says on")
        return known_skus(s.settings.folder, skus)

    ask_for(workspace, "catalogue", keys, as_json=as_json)


@app.command("drift")
def drift(
    skus: Annotated[
        list[str] | None, typer.Argument(metavar="[SKU...]", help="All, when none is named.")
    ] = None,
    *,
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """What Amazon shows against what TIMS says, SKU by SKU; and listings that no SKU of the table
    stands for.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.wiring.drifting import drift_of

    with house_with(workspace, "tims", "amazon") as house:
        found = drift_of(house.catalogue, _lister(house), skus or ())
    if as_json:
        output.show_json(
            {"compared": found.compared, "differences": list(found.differences)[:limit],
             "unknown": list(found.unknown), "undecided": dict(found.undecided)}
        )  # fmt: skip
    else:
        output.table(
            ("SKU", "what", "TIMS says", "Amazon shows"),
            [(d.sku, d.what, d.tims, d.amazon) for d in found.differences[:limit]],
        )
        for sku, why in sorted(found.undecided.items()):
            output.note(f"{sku} could not be compared: {why}")
        for sku in found.unknown:
            output.note(f"{sku} is listed at Amazon and not in lookups/skus.csv.")
        output.say(f"{found.compared} SKUs compared, {len(found.differences)} differences.")
    if found.differences or found.unknown:
        raise typer.Exit(NEEDS_PERSON)


def _lister(house: "House") -> "Lister":
    from crossdock.wiring.catalogue_runs import SchemasInStore
    from crossdock.wiring.listing import Lister

    return Lister(house.catalogue, house.amazon, SchemasInStore(lambda: house.db))


def _row(judged: "Judged", told: "Submission | None") -> dict[str, Any]:
    decision, rule = judged.decision, judged.rule
    kind = "" if rule is None else "left alone" if rule.leave else rule.product_type
    return {
        "sku": judged.sku,
        "item": judged.number,
        "verdict": decision.verdict.value if decision is not None else "",
        "row": decision.row if decision is not None else "",
        "why": decision.words if decision is not None else "",
        "product_type": kind,
        "requirements": rule.requirements if rule is not None and not rule.leave else "",
        "state": told.state if told is not None else "",
        "asin": told.asin if told is not None else "",
        "problem": judged.problems[0].message if judged.problems else "",
    }


def _steps(said: "tuple[Term, ...]") -> list[dict[str, str]]:
    return [{"what": s.what, "value": s.value, "source": s.source} for s in said]


def _problem(error: "RunError") -> dict[str, Any]:
    return {
        "kind": getattr(error, "kind", ""),
        "message": error.message,
        "remedy": getattr(error, "remedy", ""),
        "evidence": dict(getattr(error, "evidence", {})),
    }


def _told(told: "Submission | None") -> str:
    if told is None:
        return "Amazon was told nothing of it yet."
    took = f", {told.took.total_seconds():.0f} s after it was written" if told.took else ""
    held = f" Withheld from sale: {told.why}" if told.withheld else ""
    return f"Amazon was told: {told.state}{took}.{held}"
