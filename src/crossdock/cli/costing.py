"""crossdock settlement cost: what the goods cost that a settlement sold."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.ledger import poster_of
from crossdock.cli.options import NEEDS_PERSON, Json, Workspace
from crossdock.cli.settlements import SettlementId, app

if TYPE_CHECKING:
    from crossdock.business.settlements.costs import CostOfSales
    from crossdock.engine.store.settlements import Posting


@app.command("cost")
def cost(
    settlement: SettlementId,
    *,
    post: Annotated[bool, typer.Option("--post", help="Book it, once.")] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """What the goods cost that a settlement sold and TIMS did not ship; and book it."""
    from crossdock.cli import output

    with poster_of(workspace) as poster:
        found = poster.costing.look(settlement)
        posted = poster.costing.post(settlement) if post and not found.missing else []
        wanted = poster.costing.wanted
    if as_json:
        output.show_json({"settlement": settlement, **_data(found, posted)})
    else:
        _draw(found, posted)
        if not wanted:
            output.note("accounts.yaml names no account `cost_of_sales`: nothing is booked.")
    if found.missing:
        raise typer.Exit(NEEDS_PERSON)


def _data(found: "CostOfSales", posted: "list[Posting]") -> dict[str, Any]:
    return {
        "sold": [
            {"month": s.month, "sku": s.sku, "units": s.units, "each": str(s.cost.each.amount),
             "total": s.total.text, "currency": s.cost.each.currency}
            for s in found.sold
        ],
        "missing": [{"sku": sku, "why": why} for sku, why in found.missing.items()],
        "batches": [{"ref": p.ref, "state": p.state, "tims": p.batch_number} for p in posted],
    }  # fmt: skip


def _draw(found: "CostOfSales", posted: "list[Posting]") -> None:
    from crossdock.cli import output

    if found.sold:
        output.table(
            ("month", "SKU", "units", "each", "total", ""),
            [(s.month, s.sku, str(s.units), str(s.cost.each.amount), s.total.text,
              s.cost.each.currency) for s in found.sold],
        )  # fmt: skip
    elif not found.missing:
        output.say("It sold nothing that TIMS did not ship.")
    for sku, why in list(found.missing.items())[:20]:
        output.say(f"{sku or '(no SKU)'}: {why}", "red")
    if found.missing:
        output.note("Add them to costs.csv of the workspace: sku,cost,currency,from")
    for batch in posted:
        output.say(f"{batch.ref}: TIMS batch {batch.batch_number}", "green")
