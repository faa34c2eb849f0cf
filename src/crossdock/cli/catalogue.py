"""crossdock catalogue: what may be listed at Amazon, as what, why, and what Amazon shows of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Shop, Workspace, group
from crossdock.cli.session import house_with

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crossdock.cli.session import Session
    from crossdock.engine.store.submissions import Submission
    from crossdock.kernel.errors import RunError
    from crossdock.kernel.terms import Term
    from crossdock.wiring.cataloguing import Judged
    from crossdock.wiring.house import House
    from crossdock.wiring.listing import Lister
    from crossdock.wiring.places import Place, Places

app = group("The catalogue: which of TIMS's items are listed at Amazon, and how.")

Sku = Annotated[str, typer.Argument(metavar="SKU", help="As Amazon spells it.")]


@app.command("list")
def listed(
    *,
    verdict: Annotated[
        str, typer.Option("--verdict", help="Only these: sell, refuse or ask.")
    ] = "",
    marketplace: Shop = "",
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Every SKU in every marketplace: what the gate and the rules say of it, and what Amazon was
    told. Nothing is written, and Amazon is not asked.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import submissions

    with house_with(workspace, "tims") as house:
        desk = house.catalogue
        problems = [str(p) for p in desk.problems]
        items, told = desk.every_item(), submissions.every(house.db, desk.places.first)
        keys = _only(desk.places, marketplace, desk.keys(told=told))
        rows = [_row(desk.judge(key, items), told) for key in keys]
        publish = desk.rules.publish
    picked = [r for r in rows if not verdict or r["verdict"] == verdict]
    if as_json:
        output.show_json({"publish": publish, "problems": problems, "skus": picked[:limit]})
    else:
        for problem in problems:
            output.complain(problem)
        output.table(
            ("SKU", "in", "item", "verdict", "row", "as", "Amazon", "why, or what is missing"),
            [(r["sku"], r["marketplace"], r["item"], r["verdict"], r["row"], r["product_type"],
              r["state"], (r["problem"], "red") if r["problem"] else r["why"])
             for r in picked[:limit]],
        )  # fmt: skip
        if not publish:
            output.note("Nothing is written: catalogue.yaml says publish: off.")
        if len(picked) > limit:
            output.note(f"{len(picked) - limit} more; --limit {len(picked)} shows them.")
    if problems or any(r["problem"] for r in rows):
        raise typer.Exit(NEEDS_PERSON)


@app.command("explain")
def explain(
    sku: Sku, *, marketplace: Shop = "", as_json: Json = False, workspace: Workspace = None
) -> None:
    """Every decision about a SKU with its source: gate, rule, page, restrictions, and each value
    that would be sent; in the account's first marketplace, unless another is named.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import submissions

    with house_with(workspace, "tims", "amazon") as house:
        place = _place(house.catalogue.places, marketplace, sku)
        study = _lister(house).study(place.key)
        told = submissions.of(house.db, place.sku, place.marketplace_id, first=place.first)
    plan = study.plan
    if as_json:
        output.show_json(
            {
                "sku": place.sku,
                "marketplace": place.marketplace_id,
                "state": told.state if told is not None else "",
                "withheld": told.withheld if told is not None else False,
                "steps": _steps(study.said),
                "problems": [_problem(p) for p in study.problems],
                "would_send": dict(plan.attributes) if plan is not None else {},
                "left_alone": plan.left_alone if plan is not None else "",
                "not_here": study.judged.unwanted,
            }
        )
    else:
        output.table(
            (place.sku, place.marketplace_id, "source"),
            [(s.what, s.value, s.source) for s in study.said],
        )
        for problem in study.problems:
            output.trouble(problem)
        output.say(_told(told))
    if study.problems:
        raise typer.Exit(NEEDS_PERSON)


@app.command("check")
def check(
    sku: Sku, *, marketplace: Shop = "", as_json: Json = False, workspace: Workspace = None
) -> None:
    """What Amazon would say of the listing: its own preview, in the account's first marketplace,
    unless another is named. Nothing is kept there.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import submissions
    from crossdock.wiring.listing_changes import change_of, preview

    with house_with(workspace, "tims", "amazon") as house:
        place = _place(house.catalogue.places, marketplace, sku)
        study = _lister(house).study(place.key)
        plan, said = study.plan, None
        if plan is not None and not (plan.refused or plan.left_alone or plan.unwanted):
            told = submissions.of(house.db, place.sku, place.marketplace_id, first=place.first)
            said = preview(house.amazon, plan, change_of(plan, told))
    issues = [
        {"code": i.code, "severity": i.severity, "message": i.message,
         "attributes": list(i.attributeNames)} for i in (said.issues if said else ())
    ]  # fmt: skip
    status = said.status if said is not None else "not asked"
    if as_json:
        found = [_problem(p) for p in study.problems]
        output.show_json({"sku": place.sku, "marketplace": place.marketplace_id,
                          "status": status, "issues": issues, "problems": found})  # fmt: skip
    else:
        for problem in study.problems:
            output.trouble(problem)
        if plan is not None and plan.refused:
            output.say(f"Not to be sold: {plan.decision.words}")
        elif plan is not None and plan.unwanted:
            output.say(f"Not here: {plan.unwanted}")
        if issues:
            output.table(
                ("code", "severity", "attribute", "Amazon says"),
                [(i.code, i.severity, ", ".join(i.attributeNames), i.message)
                 for i in (said.issues if said is not None else ())],
            )  # fmt: skip
        output.say(f"Amazon's preview of {place.words.removeprefix('SKU ')}: {status}.")
    if study.problems or status not in ("VALID", "ACCEPTED"):
        raise typer.Exit(NEEDS_PERSON)


@app.command("publish")
def publish(
    skus: Annotated[list[str], typer.Argument(metavar="SKU...", help="As Amazon spells them.")],
    *,
    marketplace: Shop = "",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List these SKUs now, or take them off, in every marketplace or in one, because a person says
    so.
    """
    from crossdock.cli.asking import ask_for
    from crossdock.engine.store import submissions
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.cataloguerules import read_catalogue_rules
    from crossdock.wiring.places import Places
    from crossdock.wiring.unknownskus import known_skus

    def keys(s: "Session") -> list[str]:
        rules = read_catalogue_rules(s.settings.folder)
        if not rules.publish:
            raise Misuse("catalogue.yaml says publish: off; nothing is written before it says on")
        places = Places(s.settings.amazon.marketplaces)
        told = submissions.every(s.db, places.first)
        named = [*rules.shops, *([marketplace] if marketplace else [])]
        known = known_skus(s.settings.folder, skus)
        return _only(places, marketplace, places.keys(known, named, told))

    ask_for(workspace, "catalogue", keys, as_json=as_json)


@app.command("drift")
def drift(
    skus: Annotated[
        list[str] | None, typer.Argument(metavar="[SKU...]", help="All, when none is named.")
    ] = None,
    *,
    marketplace: Shop = "",
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """What Amazon shows against what TIMS says, SKU by SKU in every marketplace; and listings that
    no SKU of the table stands for.
    """
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import submissions
    from crossdock.wiring.drifting import drift_of

    with house_with(workspace, "tims", "amazon") as house:
        desk = house.catalogue
        told = submissions.every(house.db, desk.places.first)
        wanted = list(dict.fromkeys(skus or ()))
        keys = _only(desk.places, marketplace, desk.keys(wanted or None, told))
        found = drift_of(desk, _lister(house), wanted, keys, told)
    if as_json:
        output.show_json(
            {"compared": found.compared, "differences": list(found.differences)[:limit],
             "unknown": list(found.unknown), "undecided": dict(found.undecided)}
        )  # fmt: skip
    else:
        output.table(
            ("SKU", "in", "what", "TIMS says", "Amazon shows"),
            [(d.sku, d.marketplace, d.what, d.tims, d.amazon) for d in found.differences[:limit]],
        )
        for sku, why in sorted(found.undecided.items()):
            output.note(f"{sku} could not be compared: {why}")
        for sku in found.unknown:
            output.note(f"{sku} is listed at Amazon and not in lookups/skus.csv.")
        output.say(f"{found.compared} listings compared, {len(found.differences)} differences.")
    if found.differences or found.unknown:
        raise typer.Exit(NEEDS_PERSON)


def _lister(house: "House") -> "Lister":
    from crossdock.wiring.catalogue_runs import SchemasInStore
    from crossdock.wiring.listing import Lister

    return Lister(house.catalogue, house.amazon, SchemasInStore(lambda: house.db))


def _only(places: "Places", marketplace: str, keys: "Sequence[str]") -> list[str]:
    """Keys of one marketplace, where one is named."""
    if marketplace:
        _place(places, marketplace, "")
    found = [places.of(key) for key in keys]
    return [p.key for p in found if marketplace in ("", p.marketplace_id)]


def _place(places: "Places", marketplace: str, sku: str) -> "Place":
    """A SKU in the marketplace that is named; a key names one, too."""
    from crossdock.kernel.errors import Misuse

    if not marketplace:
        return places.of(sku)
    if marketplace not in places.marketplace_ids:
        mine = ", ".join(places.marketplace_ids)
        raise Misuse(f"{marketplace} is no marketplace of the account; it has {mine}")
    return places.at(marketplace, sku)


def _row(judged: "Judged", receipts: "Mapping[tuple[str, str], Submission]") -> dict[str, Any]:
    decision, rule, shop = judged.decision, judged.rule, judged.place.marketplace_id
    kind = "" if rule is None else "left alone" if rule.leave else rule.product_type
    told = receipts.get((shop, judged.sku))
    problem = judged.problems[0].message if judged.problems and judged.place.first else judged.fault
    return {
        "sku": judged.sku,
        "marketplace": shop,
        "item": judged.number,
        "verdict": decision.verdict.value if decision is not None else "",
        "row": decision.row if decision is not None else "",
        "why": judged.unwanted or (decision.words if decision is not None else ""),
        "product_type": "not here" if judged.unwanted else kind,
        "requirements": rule.requirements if rule is not None and not rule.leave else "",
        "state": told.state if told is not None else "",
        "asin": told.asin if told is not None else "",
        "problem": problem,
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
