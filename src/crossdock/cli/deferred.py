"""crossdock settlement deferred: what Amazon keeps back until after delivery."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Workspace
from crossdock.cli.settlements import app

if TYPE_CHECKING:
    from crossdock.business.settlements.deferred import Accrual, Unknown
    from crossdock.engine.store.settlements import Posting


@app.command("deferred")
def deferred(
    as_of: Annotated[
        datetime,
        typer.Option(
            "--as-of", metavar="DAY", formats=["%Y-%m-%d"], help="The last day of a month."
        ),
    ],
    *,
    post: Annotated[
        bool, typer.Option("--post", help="Book it, and take it back on the next day.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Earned and in no settlement yet: kept back by Amazon at the end of a day, and its accrual."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import house_of, settings_of, who
    from crossdock.connectors.tims.ledger import Ledger
    from crossdock.wiring.deferring import Deferring
    from crossdock.wiring.settling import Settlements

    settings = settings_of(workspace)
    settings.require("amazon", "tims") if post else settings.require("amazon")
    with house_of(settings) as house:
        settlements = Settlements(house.db, settings.folder, house.clock.now)
        seller = settings.amazon.seller_id
        desk = Deferring(settlements, house.amazon, Ledger(house.tims), seller, who())
        found, unknown = desk.look(as_of.date())
        posted = desk.post(as_of.date()) if post and not unknown else []
    if as_json:
        output.show_json({
            "as_of": as_of.date().isoformat(), "accruals": [_row(a) for a in found],
            "unknown": [{"what": u.what, "order": u.order_id} for u in unknown],
            "batches": [{"ref": p.ref, "state": p.state, "tims": p.batch_number,
                         "reversed_by": p.reversed_by} for p in posted],
        })  # fmt: skip
    else:
        _draw(found, unknown, posted)
    if unknown:
        raise typer.Exit(NEEDS_PERSON)


def _row(one: "Accrual") -> dict[str, Any]:
    from crossdock.wiring.settling import shown

    lines = [{"account": str(t), "category": c, "amount": shown(x, one.currency)}
             for t, c, x in one.lines]  # fmt: skip
    return {"currency": one.currency, "orders": one.orders,
            "kept_back": shown(one.total, one.currency),
            "booked_by_invoices": shown(one.by_invoice, one.currency), "lines": lines}  # fmt: skip


def _draw(found: "list[Accrual]", unknown: "list[Unknown]", posted: "list[Posting]") -> None:
    from crossdock.cli import output

    for row in map(_row, found):
        output.say(f"{row['kept_back']} {row['currency']} of {row['orders']} orders, "
                   f"{row['booked_by_invoices']} of it booked by invoices", "bold")  # fmt: skip
        lines = [(x["account"], x["category"], x["amount"]) for x in row["lines"]]
        output.table(("account", "category", row["currency"]), lines)
    for thing in unknown[:20]:
        output.say(f"{thing.what} ({thing.order_id})", "red")
    for batch in posted:
        output.say(f"{batch.ref}: TIMS batch {batch.batch_number}, taken back by "
                   f"{batch.reversed_by}", "green")  # fmt: skip
    if not found:
        output.say("Amazon kept nothing back.")
