"""crossdock stock oversold: what was sold that was not there, each with its reason."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Workspace
from crossdock.cli.session import house_with
from crossdock.cli.stock import app

if TYPE_CHECKING:
    from crossdock.business.stock.oversell import Explained


@app.command("oversold")
def oversold(
    sku: Annotated[str, typer.Argument(metavar="[SKU]", help="One SKU alone.")] = "",
    *,
    days: Annotated[
        int, typer.Option("--days", help="Bought within so many days.", min=1, max=45)
    ] = 7,
    limit: Limit = 50,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Lines that TIMS had too little for: the timeline, whose delay it was, what prevents it."""
    from crossdock.business.stock.oversell import Verdict
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.wiring.oversold import oversold as find

    with house_with(workspace, "tims") as house:
        found = find(house.stock, house.db, days, sku)
    if as_json:
        output.show_json({"days": days, "lines": [_row(one) for one in found[:limit]]})
    else:
        for one in found[:limit]:
            _print(one)
        _sum_up(found, days, limit)
    if any(one.verdict is Verdict.RULE for one in found):
        raise typer.Exit(NEEDS_PERSON)


def _print(one: "Explained") -> None:
    from crossdock.cli import output

    sale = one.sale
    output.say(f"{sale.sku}: {sale.packs} of order {sale.order_id} ({sale.order_number})")
    output.say(f"  {one.verdict.value}: {one.words}", "" if one.unavoidable else "red")
    for moment in one.timeline:
        output.say(f"    {moment.at:%Y-%m-%d %H:%M:%S}  {moment.what}")
    if one.buffer:
        output.say(f"  {one.buffer} packs more kept back would have prevented it.")


def _sum_up(found: "list[Explained]", days: int, limit: int) -> None:
    from collections import Counter

    from crossdock.cli import output

    if not found:
        output.say(f"Nothing was oversold in {days} days.", "green")
        return
    counts = Counter(one.verdict.value for one in found)
    words = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
    output.say(f"{len(found)} lines in {days} days: {words}.")
    if len(found) > limit:
        output.note(f"{len(found) - limit} more; --limit {len(found)} shows them.")


def _row(one: "Explained") -> dict[str, Any]:
    sale = one.sale
    return {
        "sku": sale.sku, "order": sale.order_id, "sales_order": sale.order_number,
        "packs": sale.packs, "units": f"{sale.units:f}", "bought_at": sale.bought_at.isoformat(),
        "verdict": one.verdict.name.lower(), "words": one.words, "unavoidable": one.unavoidable,
        "not_excluded": [other.name.lower() for other in one.others],
        "buffer_packs": one.buffer,
        "timeline": [{"at": m.at.isoformat(), "what": m.what} for m in one.timeline],
    }  # fmt: skip
