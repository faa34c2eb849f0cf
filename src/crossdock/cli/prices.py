"""crossdock price: what Amazon asks for each SKU, why, and whether Amazon shows it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Shop, Workspace, group
from crossdock.cli.session import house_with

if TYPE_CHECKING:
    from crossdock.business.pricing.model import PriceOffer
    from crossdock.cli.session import Session
    from crossdock.engine.store.price_receipts import PriceReceipt
    from crossdock.kernel.errors import RunError
    from crossdock.wiring.price_fees import Found

app = group("Prices: what Amazon asks for each SKU, by rules over TIMS's prices.")


@app.command("explain")
def explain(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="As Amazon spells it.")],
    *,
    marketplace: Shop = "",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Every term of a SKU's prices, with its source."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import price_receipts
    from crossdock.kernel.errors import Misuse, RunError
    from crossdock.wiring.pricing import key_of, split

    with house_with(workspace, "tims") as house:
        keys = [key_of(marketplace, sku)] if marketplace else house.prices.every_key([sku])
        if not keys:
            raise Misuse("prices.yaml names no price list for any marketplace")
        offers = house.prices.offers(keys)
        told = {r.marketplace_id: r for r in price_receipts.of_sku(house.db, sku)}
    found = [(split(key)[0], offer) for key, offer in zip(keys, offers, strict=True)]
    if as_json:
        output.show_json([_row(sku, shop, o, told.get(shop)) | {"terms": _terms(o)}
                          for shop, o in found])  # fmt: skip
    else:
        for shop, offer in found:
            if isinstance(offer, RunError):
                output.trouble(offer, f"{shop}: ")
                continue
            rows = [(t["what"], t["value"], t["source"]) for t in _terms(offer)]
            output.table((f"{sku} in {shop}", "", "source"), rows)
            output.say(_told(told.get(shop)))
    if any(isinstance(offer, RunError) for _, offer in found):
        raise typer.Exit(NEEDS_PERSON)


@app.command("list")
def listed(
    *,
    marketplace: Shop = "",
    differing: Annotated[
        bool, typer.Option("--differing", help="Only what would be written, or cannot be.")
    ] = False,
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Every price: what it should be, beside what Amazon was told last. Nothing is written."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.engine.store import price_receipts
    from crossdock.wiring.pricing import split

    with house_with(workspace, "tims") as house:
        rules, told = house.prices.rules, price_receipts.every(house.db)
        keys = [
            k for k in house.prices.every_key() if not marketplace or split(k)[0] == marketplace
        ]
        offers = house.prices.offers(keys)
    rows = [
        _row(split(key)[1], split(key)[0], offer, told.get(split(key)))
        for key, offer in zip(keys, offers, strict=True)
    ]
    picked = [r for r in rows if not differing or r["problem"] or r["price"] != r["told"]]
    problems = [str(p) for p in rules.problems]
    if as_json:
        output.show_json({"publish": rules.publish, "problems": problems, "prices": picked[:limit]})
    else:
        for problem in problems:
            output.complain(problem)
        output.table(
            ("SKU", "marketplace", "price", "offers", "told last", "", "problem"),
            [(r["sku"], r["marketplace"], r["price"] or "", r["shown"], r["told"] or "", r["state"],
              (r["problem"], "red")) for r in picked[:limit]],
        )  # fmt: skip
        if rules.publish != "on":
            output.note(f"prices.yaml says publish: {rules.publish}.")
        if len(picked) > limit:
            output.note(f"{len(picked) - limit} more; --limit {len(picked)} shows them.")
    if problems or any(r["problem"] for r in rows):
        raise typer.Exit(NEEDS_PERSON)


@app.command("fees")
def fees(
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, help="Settlements that ended within so many days.")
    ] = 180,
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """What Amazon kept of each SKU's sales, beside the fees that its floor reckons with."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.wiring.price_fees import settled_fees

    with house_with(workspace, "tims") as house:
        found = settled_fees(
            house, days, progress=lambda file: output.note(f"settlement {file.settlement_id}")
        )
    rows = [_fees(one) for one in sorted(found, key=lambda f: (not f.too_low, f.kept.sku))]
    if as_json:
        output.show_json({"days": days, "skus": rows[:limit]})
    elif rows:
        output.table(
            ("SKU", "marketplace", "packs sold", "for", "Amazon took", "the floor says", "more",
             ""),
            [(r["sku"], r["marketplace"], str(r["packs"]), r["price"], r["settled"], r["reckoned"],
              (r["more"], "red" if r["too_low"] else ""), r["remark"]) for r in rows[:limit]],
        )  # fmt: skip
    else:
        output.say(f"No settlement of the last {days} days that ties has a sale of yours.")
    if any(one.too_low for one in found):
        output.note("Raise fees, or fee, of the floor in prices.yaml where more is red.")
        raise typer.Exit(NEEDS_PERSON)


def _fees(found: "Found") -> dict[str, Any]:
    kept, rule = found.kept, found.rule
    floor = rule.floor if rule is not None else None
    few = "" if kept.enough else "too few to tell"
    remark = few or ("" if floor is not None else "no floor of a rule")
    reckoned = "" if floor is None else f"{(floor.fee_share * 100).normalize():f} % + {floor.fee:f}"
    return {
        "sku": kept.sku, "marketplace": kept.marketplace_id, "currency": kept.currency,
        "packs": kept.packs, "price": kept.price.text, "share": f"{kept.share:f}",
        "each": kept.each.text,
        "settled": f"{(kept.share * 100).normalize():f} % + {kept.each.text}",
        "reckoned": reckoned, "rule": rule.where if rule is not None else "",
        "more": kept.above(floor).text if floor is not None else "", "too_low": found.too_low,
        "remark": remark,
    }  # fmt: skip


@app.command("publish")
def publish(
    skus: Annotated[list[str], typer.Argument(metavar="SKU...", help="As Amazon spells them.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Look at these SKUs' prices now and write what differs, because a person says so."""
    from crossdock.cli.asking import ask_for
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.pricerules import read_price_rules
    from crossdock.wiring.pricing import key_of
    from crossdock.wiring.unknownskus import known_skus

    def keys(s: "Session") -> list[str]:
        rules = read_price_rules(s.settings.folder)
        if rules.publish == "off":
            raise Misuse("prices.yaml says publish: off; nothing is written before it says on")
        known = known_skus(s.settings.folder, skus)
        return [key_of(shop, sku) for sku in known for shop in rules.lists]

    ask_for(workspace, "prices", keys, as_json=as_json)


def _row(
    sku: str, shop: str, found: "PriceOffer | RunError", told: "PriceReceipt | None"
) -> dict[str, Any]:
    from crossdock.kernel.errors import RunError
    from crossdock.wiring.planning import shown

    wrong = isinstance(found, RunError)
    took = told.took if told is not None else None
    return {
        "sku": sku, "marketplace": shop,
        "price": None if isinstance(found, RunError) else found.public.price.text,
        "currency": None if isinstance(found, RunError) else found.public.price.currency,
        "shown": "" if isinstance(found, RunError) else shown(found),
        "floor": None if isinstance(found, RunError) or not found.floor else found.floor.text,
        "told": None if told is None else f"{told.price:f}",
        "state": "" if told is None else told.state,
        "submission": "" if told is None else told.submission_id,
        "request": "" if told is None else told.request_id,
        "took_seconds": None if took is None else round(took.total_seconds()),
        "problem": str(getattr(found, "message", "")) if wrong else "",
        "kind": str(getattr(found, "kind", "")) if wrong else "",
    }  # fmt: skip


def _terms(found: "PriceOffer | RunError") -> list[dict[str, str]]:
    from crossdock.kernel.errors import RunError

    if isinstance(found, RunError):
        return []
    return [{"what": t.what, "value": t.value, "source": t.source} for t in found.terms]


def _told(told: "PriceReceipt | None") -> str:
    if told is None:
        return "Amazon was told no price yet."
    when = f" at {told.sent_at:%Y-%m-%d %H:%M:%S} UTC" if told.sent_at else ""
    ids = f", submission {told.submission_id}" if told.submission_id else ""
    ids += f", request {told.request_id}" if told.request_id else ""
    return f"Amazon was told {told.price:f}{when} ({told.state}{ids})."
