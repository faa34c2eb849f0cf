"""crossdock quota plan: how old news can become, and whether that is fresh enough."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.options import Json, Workspace, group

if TYPE_CHECKING:
    from crossdock.wiring.freshness import Line

app = group("Amazon's quotas: what they allow.")


@app.command("plan")
def plan(
    *,
    orders: Annotated[
        float, typer.Option("--orders-a-day", help="In place of the settings.", min=0)
    ] = 0,
    peak: Annotated[
        float, typer.Option("--peak", help="The busiest hour, times the average.", min=0)
    ] = 0,
    skus: Annotated[int, typer.Option("--skus", help="In place of lookups/skus.csv.", min=0)] = 0,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """The worst age of orders, tracking, stock and prices by the quotas, beside the targets."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import house_of, settings_of
    from crossdock.wiring import freshness

    settings = settings_of(workspace)
    with house_of(settings) as house:
        prices = freshness.prices_of(house, skus)
        load = freshness.load_of(
            settings, skus or len(house.stock.skus().rows), orders, peak, prices
        )
        lines = freshness.plan(settings, load, freshness.buckets_of(house))
    good = all(line.ok for line in lines)
    if as_json:
        output.show_json({
            "ok": good, "orders_a_day": load.orders_a_day, "peak": load.peak, "skus": load.skus,
            "prices": load.prices,
            "news": [_data(line) for line in lines],
        })  # fmt: skip
    else:
        output.say(f"{load.orders_a_day:g} orders a day, {load.peak:g} times as many in the "
                   f"busiest hour; {load.skus} SKUs, {load.prices} prices.")  # fmt: skip
        output.table(
            ("news", "worst age", "target", "", "made of"),
            [(line.found.what, _time(line.found.seconds), _time(line.target),
              ("ok", "green") if line.ok else ("too old", "red"), _made_of(line))
             for line in lines],
        )  # fmt: skip
        output.say("Until Amazon is told; what Amazon takes to show it comes on top.")
        for line in lines:
            if line.advice:
                output.note(f"{line.found.what}: {line.advice}")
    if not good:
        raise typer.Exit(NEEDS_PERSON)


def _data(line: "Line") -> dict[str, object]:
    def number(seconds: float) -> float | None:
        return None if math.isinf(seconds) else round(seconds, 1)

    return {
        "news": line.found.what, "ok": line.ok, "worst_seconds": number(line.found.seconds),
        "target_seconds": line.target, "full": line.found.full, "advice": line.advice,
        "terms": [{"what": what, "seconds": number(value)} for what, value in line.found.terms],
    }  # fmt: skip


def _made_of(line: "Line") -> str:
    return "; ".join(f"{what} {_time(value)}" for what, value in line.found.terms if value)


def _time(seconds: float) -> str:
    if math.isinf(seconds):
        return "ever more"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
