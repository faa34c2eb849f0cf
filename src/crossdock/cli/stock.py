"""crossdock stock: what Amazon may sell of what TIMS has, why, and whether Amazon shows it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Workspace, group
from crossdock.cli.session import house_with

if TYPE_CHECKING:
    from crossdock.business.stock.model import Offer
    from crossdock.cli.session import Session
    from crossdock.engine.store.bulk import Item
    from crossdock.engine.store.fba import FbaStock
    from crossdock.engine.store.publications import Publication
    from crossdock.kernel.errors import RunError

app = group("Stock: what Amazon may sell of what TIMS has.")


@app.command("explain")
def explain(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="As Amazon spells it.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Every term of the sum that makes a SKU's quantity, with its source."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import fba, publications
    from crossdock.kernel.errors import RunError
    from crossdock.wiring.stock_waits import waits

    with house_with(workspace, "tims") as house:
        (found,) = house.stock.offers([sku])
        told = publications.of(house.db, sku)
        held = fba.every(house.db).get(sku)
        why = waits(house, {sku: found}, {sku: told} if told else {}).get(sku, "")
    if as_json:
        output.show_json(_row(sku, found, told, None, held, why) | {"terms": _terms(found)})
    elif isinstance(found, RunError):
        output.trouble(found)
    else:
        output.table(
            (sku, "", "source"), [(t["what"], t["value"], t["source"]) for t in _terms(found)]
        )
        output.say(_told(told))
        if why:
            output.note(f"{sku} {why}")
    if held is not None and not as_json:
        output.say(_held(held))
    if isinstance(found, RunError):
        raise typer.Exit(NEEDS_PERSON)


@app.command("list")
def listed(
    *,
    differing: Annotated[
        bool, typer.Option("--differing", help="Only what would be written, or cannot be.")
    ] = False,
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Every SKU: what it may offer now, beside what Amazon was told last. Nothing is written."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import bulk, fba, publications
    from crossdock.wiring.stock_waits import waits

    with house_with(workspace, "tims") as house:
        skus = sorted(house.stock.skus().rows)
        rules = house.stock.rules
        told, baskets = publications.every(house.db), bulk.every(house.db)
        mirrored = fba.every(house.db)
        found = dict(zip(skus, house.stock.offers(skus), strict=True))
        why = waits(house, found, told)
        rows = [_row(sku, offer, told.get(sku), baskets.get(sku), mirrored.get(sku),
                     why.get(sku, "")) for sku, offer in found.items()]  # fmt: skip
        others = sorted(mirrored.keys() - set(skus))
        rows += [_row(sku, None, None, None, mirrored[sku]) for sku in others]
    picked = [r for r in rows if not differing or r["problem"] or r["offered"] != r["told"]]
    problems = [str(p) for p in rules.problems]
    if as_json:
        output.show_json({"publish": rules.publish, "problems": problems, "skus": picked[:limit]})
    else:
        for problem in problems:
            output.complain(problem)
        output.table(
            ("SKU", "may offer", "told last", "", "by", "took", "Amazon (FBA)", "problem"),
            [(r["sku"], _number(r["offered"]), _number(r["told"]), r["state"], r["path"],
              r["took"], _number(r["fba"] and r["fba"]["fulfillable"]),
              (r["problem"], "red") if r["problem"] else (r["waits"], "yellow"))
             for r in picked[:limit]],
        )  # fmt: skip
        if not rules.publish:
            output.note("Nothing is written: stock.yaml says publish: off.")
        if len(picked) > limit:
            output.note(f"{len(picked) - limit} more; --limit {len(picked)} shows them.")
    if problems or any(r["problem"] for r in rows):
        raise typer.Exit(NEEDS_PERSON)


@app.command("feeds")
def feeds(*, limit: Limit = 20, as_json: Json = False, workspace: Workspace = None) -> None:
    """Feeds in which many quantities went to Amazon at once, the newest first."""
    from crossdock.cli import output
    from crossdock.cli.session import session
    from crossdock.engine.store import bulk

    with session(workspace) as s:
        waiting, found = bulk.waiting(s.db), bulk.recent(s.db, limit)
    rows = [
        {"feed": f.feed_id, "state": f.state, "messages": f.messages, "refused": f.refused,
         "created": f.created_at, "submitted": f.submitted_at, "done": f.done_at,
         "ended": f.ended_at, "remark": f.remark, "ref": f.ref}
        for f in found
    ]  # fmt: skip
    if as_json:
        output.show_json({"waiting": waiting.count, "feeds": rows})
        return
    output.say(f"{waiting.count} quantities wait for a feed.")
    output.table(
        ("feed", "state", "messages", "refused", "submitted", "took", "remark"),
        [(f.feed_id, f.state, str(f.messages), (str(f.refused), "red" if f.refused else ""),
          f"{f.submitted_at:%Y-%m-%d %H:%M:%S}" if f.submitted_at else "",
          _span(f.submitted_at, f.done_at), f.remark) for f in found],
    )  # fmt: skip


@app.command("publish")
def publish(
    skus: Annotated[list[str], typer.Argument(metavar="SKU...", help="As Amazon spells them.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Count these SKUs now and write what differs, because a person says so."""
    from crossdock.cli.asking import ask_for
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.stockrules import read_stock_rules
    from crossdock.wiring.unknownskus import known_skus

    def keys(s: "Session") -> list[str]:
        if not read_stock_rules(s.settings.folder).publish:
            raise Misuse("stock.yaml says publish: off; nothing is written before it says on")
        return known_skus(s.settings.folder, skus)

    ask_for(workspace, "stock", keys, as_json=as_json)


@app.command("risk")
def risk(
    *,
    days: Annotated[int, typer.Option("--days", help="Sales of so many days.", min=1)] = 30,
    target: Annotated[
        float, typer.Option("--target", help="The probability that is accepted.", min=1e-9, max=0.5)
    ] = 0.01,
    limit: Limit = 50,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """How likely each SKU is sold beyond what is there, and the buffer that would prevent it."""
    from crossdock.cli import output
    from crossdock.wiring import freshness
    from crossdock.wiring.stock_risk import delay_of, risks

    with house_with(workspace, "tims") as house:
        load = freshness.load_of(house.settings, len(house.stock.skus().rows))
        worst = freshness.plan(house.settings, load, freshness.buckets_of(house))[2].found.seconds
        delay = delay_of(house.db, worst)
        found = risks(house.stock, days, delay, target)
    rows = [
        {"sku": r.sku, "sold_a_day": round(r.sold_a_day, 3), "buffer_packs": r.buffer,
         "probability": r.risk.probability, "expected_packs": r.risk.expected,
         "smallest_buffer_packs": r.wanted, "smallest_buffer_units": f"{r.wanted_units:f}"}
        for r in found
    ]  # fmt: skip
    if as_json:
        output.show_json({"delay_seconds": delay.seconds, "delay_from": delay.source,
                          "days": days, "target": target, "skus": rows[:limit]})  # fmt: skip
        return
    output.say(f"Amazon follows TIMS within {delay.seconds:.0f} s ({delay.source}).")
    output.say("When a SKU runs out elsewhere, so likely is it sold at Amazon once more:")
    output.table(
        ("SKU", "sold a day", "buffer", "oversell", "packs expected", f"buffer for {target:g}"),
        [(r.sku, f"{r.sold_a_day:.2f}", str(r.buffer),
          (f"{r.risk.probability:.2%}", "red" if r.risk.probability > target else ""),
          f"{r.risk.expected:.4f}", str(r.wanted)) for r in found[:limit]],
    )  # fmt: skip


def _span(since: "datetime | None", until: "datetime | None") -> str:
    return f"{(until - since).total_seconds():.0f} s" if since and until else ""


def _row(
    sku: str, found: "Offer | RunError | None", told: "Publication | None",
    held: "Item | None" = None, mirrored: "FbaStock | None" = None, waits: str = "",
) -> dict[str, Any]:  # fmt: skip
    from crossdock.kernel.errors import RunError

    took = told.took if told is not None else None
    state = told.state if told is not None else ""
    if held is not None and held.refused is None:
        state = "in a feed" if held.feed else "waits for a feed"
    return {
        "sku": sku,
        "offered": None if found is None or isinstance(found, RunError) else found.quantity,
        "told": told.quantity if told is not None else None,
        "state": state,
        "path": told.path if told is not None else "",
        "took": f"{took.total_seconds():.0f} s" if took is not None else "",
        "submission": told.submission_id if told is not None else "",
        "request": told.request_id if told is not None else "",
        "problem": found.message if isinstance(found, RunError) else "",
        "waits": waits,
        "fba": None if mirrored is None else {
            "location": "Amazon (FBA)", "fulfillable": mirrored.fulfillable,
            "inbound": mirrored.inbound, "reserved": mirrored.reserved,
            "unfulfillable": mirrored.unfulfillable,
            "researching": mirrored.researching, "as_of": mirrored.as_of.isoformat(),
        },
    }  # fmt: skip


def _held(held: "FbaStock") -> str:
    return (
        f"Amazon (FBA) holds {held.fulfillable}; {held.inbound} on the way, {held.reserved} "
        f"reserved, {held.unfulfillable} unfulfillable, {held.researching} being looked for, as of "
        f"{held.as_of:%Y-%m-%d %H:%M} UTC. No part of what the merchant offers."
    )


def _terms(found: "Offer | RunError") -> list[dict[str, str]]:
    from crossdock.kernel.errors import RunError

    terms = () if isinstance(found, RunError) else found.terms
    return [{"what": t.what, "value": t.value, "source": t.source} for t in terms]


def _told(told: "Publication | None") -> str:
    if told is None:
        return "Amazon was told nothing of it yet."
    took = f", {told.took.total_seconds():.0f} s after it was written" if told.took else ""
    way = f" by {told.path}" if told.path else ""
    ids = f" (submission {told.submission_id}" if told.submission_id else ""
    ids += f", request {told.request_id})" if ids and told.request_id else ")" if ids else ""
    return f"Amazon was told {told.quantity}{way}: {told.state}{took}{ids}."


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
