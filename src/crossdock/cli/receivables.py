"""crossdock settlement clear|match|check: between what Amazon paid and what TIMS has billed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from crossdock.cli.ledger import poster_of
from crossdock.cli.options import Json, Limit, Workspace
from crossdock.cli.settlements import SettlementId, app

if TYPE_CHECKING:
    from datetime import date

    from crossdock.business.settlements.matching import OrderPicture


@app.command("clear")
def clear(settlement: SettlementId, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """Settle TIMS's invoices with what the settlement paid, and credit its refunds."""
    from crossdock.cli import output

    with poster_of(workspace) as poster:
        poster.settlements.file(settlement)  # a Misuse when there is none of that number
        done, waiting = poster.clearer.clear(settlement)
    if as_json:
        output.show_json({"settlement": settlement, "settled": done, "waiting": waiting})
        return
    output.say(f"{done} sales and refunds are settled in TIMS.", "green")
    if waiting:
        output.say(f"{waiting} wait for an invoice or a credit memo.", "yellow")
        output.note(f"Which: crossdock settlement match --settlement {settlement}")


@app.command("match")
def match(
    *,
    order: Annotated[str, typer.Option("--order", help="Amazon's order id.")] = "",
    settlement: Annotated[str, typer.Option("--settlement", help="Only its orders.")] = "",
    state: Annotated[str, typer.Option("--state", help="Such as 'not paid yet'.")] = "",
    limit: Limit = 50,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Three ways: what TIMS billed, what Amazon settled, what is cleared; and how old it is."""
    from crossdock.business.settlements.matching import MATCHED, STATES
    from crossdock.cli import output
    from crossdock.kernel.errors import Misuse, nearest
    from crossdock.wiring.matching import pictures

    if state and state not in STATES:
        raise Misuse(f"{state!r} is no state. {nearest(state, STATES)}")
    with poster_of(workspace) as poster:
        now = poster.settlements.now()
        day = now.astimezone(ZoneInfo(poster.settlements.accounts.zone)).date()
        found = pictures(poster.clearer, now, order=order, settlement=settlement)
    picked = [p for p in found if state in ("", p.state)]
    listed = [p for p in picked if state or order or p.state != MATCHED]
    listed.sort(key=lambda p: (-p.days(day), p.order_id))
    if as_json:
        output.show_json(_data(found, listed[:limit], day))
        return
    _draw_ageing(found, day)
    _draw_orders(listed[:limit], day)
    if len(listed) > limit:
        output.note(f"{len(listed) - limit} more; --limit {len(listed)} shows them.")


def _data(found: "list[OrderPicture]", listed: "list[OrderPicture]", day: "date") -> dict[str, Any]:
    from crossdock.business.settlements.matching import ageing

    return {
        "orders": len(found),
        "clearing": {
            currency: _shown(sum(p.to_clear - p.cleared for p in found if p.currency == currency),
                             currency)
            for currency in sorted({p.currency for p in found})
        },
        "ageing": [
            {"state": state, "currency": currency, "age": age, "orders": n,
             "difference": _shown(amount, currency)}
            for (state, currency), row in sorted(ageing(found, day).items())
            for age, (n, amount) in row.items()
        ],
        "listed": [_row(one, day) for one in listed],
    }  # fmt: skip


def _row(one: "OrderPicture", day: "date") -> dict[str, Any]:
    def money(amount: int) -> str:
        return _shown(amount, one.currency)

    return {
        "order": one.order_id, "currency": one.currency, "state": one.state, "days": one.days(day),
        "billed": money(one.billed), "unpaid": money(one.unpaid), "settled": money(one.sale),
        "refunded": money(one.refund), "credited": money(one.credited),
        "claims": money(one.claim + one.repaid), "fees": money(one.fees),
        "cleared": money(one.cleared), "clearing": money(one.to_clear - one.cleared),
        "difference": money(one.difference),
        "invoices": list(one.invoices), "settlements": list(one.settlements),
    }  # fmt: skip


def _draw_ageing(found: "list[OrderPicture]", day: "date") -> None:
    from crossdock.business.settlements.matching import AGES, MATCHED, OLDEST, ageing
    from crossdock.cli import output

    good = sum(one.state == MATCHED for one in found)
    output.say(f"{good} of {len(found)} orders match.", "green" if good == len(found) else "")
    names = [*(name for _, name in AGES), OLDEST]
    rows = []
    for (state, currency), row in sorted(ageing(found, day).items()):
        cells = [
            f"{row[name][0]}: {_shown(row[name][1], currency)}" if name in row else ""
            for name in names
        ]
        rows.append((state, currency, *cells))
    if rows:
        output.table(("orders: difference", "", *names), rows)


def _draw_orders(listed: "list[OrderPicture]", day: "date") -> None:
    from crossdock.cli import output

    rows = [_row(one, day) for one in listed]
    if rows:
        output.table(
            ("order", "state", "days", "billed", "settled", "refunded", "credited", "cleared",
             "difference", "", "invoices"),
            [(r["order"] or "(no order)", (r["state"], "yellow"), str(r["days"]), r["billed"],
              r["settled"], r["refunded"], r["credited"], r["cleared"], r["difference"],
              r["currency"], ", ".join(r["invoices"])) for r in rows],
        )  # fmt: skip


def _figure(text: str, currency: str) -> str:
    """Minor units as an amount; other words as they are."""
    is_amount = text.removeprefix("-").isdigit()
    return f"{_shown(int(text), currency)} {currency}" if is_amount else text


def _shown(amount: int, currency: str) -> str:
    from crossdock.wiring.settling import shown

    return shown(amount, currency)


@app.command("check")
def check(settlement: SettlementId, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """Ask Amazon's Finances what they say of a settlement: total, group, each order."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import house_of, settings_of
    from crossdock.wiring.crosschecking import cross_check, differing, nothing_known
    from crossdock.wiring.settling import Settlements

    settings = settings_of(workspace)
    settings.require("amazon")
    with house_of(settings) as house:
        settlements = Settlements(house.db, settings.folder, house.clock.now)
        currency = str(settlements.file(settlement).detail["currency"])
        opinions = cross_check(settlements, house.amazon, settlement)
    if as_json:
        output.show_json({"settlement": settlement, "opinions": [asdict(o) for o in opinions]})
    for one in opinions if not as_json else ():
        ours, theirs = (_figure(text, currency) for text in (one.ours, one.theirs))
        words = f"{one.source}: {one.verdict} (file {ours}"
        words += f", Finances {theirs})" if theirs else ")"
        output.say(words, "red" if one.verdict == "differs" else "")
        for detail in one.detail:
            output.say(f"  {detail} (minor units)")
    if nothing_known(opinions) and not as_json:
        output.note("Amazon knows nothing of it, or not any more; or the role is missing.")
    if differing(opinions):
        raise typer.Exit(NEEDS_PERSON)
