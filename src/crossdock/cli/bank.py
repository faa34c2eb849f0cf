"""crossdock bank: statements, and which settlement each deposit is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Workspace, group

if TYPE_CHECKING:
    from crossdock.business.settlements.deposits import Doubt, Match
    from crossdock.wiring.banking import Banking

app = group("Bank statements: Amazon's deposits found and booked out of transit.")
EntryId = Annotated[str, typer.Argument(metavar="ENTRY", help="As `bank list` shows it.")]


@contextmanager
def banking_of(workspace: Path | None, *, connected: bool = True) -> Iterator["Banking"]:
    """The workspace's bank accounts; connected to TIMS where a deposit account is named."""
    from crossdock.cli.session import house_of, settings_of, who
    from crossdock.connectors.tims.ledger import Ledger
    from crossdock.wiring.banking import Banking
    from crossdock.wiring.settling import Settlements

    settings = settings_of(workspace)
    if connected:
        settings.require("tims")
    with house_of(settings) as house:
        settlements = Settlements(house.db, settings.folder, house.clock.now)
        ledger = Ledger(house.tims) if connected else None
        yield Banking(settlements, ledger, settings.amazon.seller_id, who())


@app.command("import")
def import_file(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="OFX, CAMT.053 or CSV.")],
    *,
    dates: Annotated[str, typer.Option("--dates", help="CSV: YMD, MDY or DMY.")] = "",
    decimal: Annotated[str, typer.Option("--decimal", help="CSV: point or comma.")] = "point",
    currency: Annotated[str, typer.Option("--currency", help="CSV without a currency.")] = "",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Read statements and match what is certain. The same file twice changes nothing."""
    from crossdock.cli import output
    from crossdock.connectors.bank.table import DATES, Writing
    from crossdock.kernel.errors import Misuse

    if dates not in ("", *DATES) or decimal not in ("point", "comma"):
        raise Misuse("--dates is YMD, MDY or DMY; --decimal is point or comma")
    writing = Writing(dates, "." if decimal == "point" else ",", currency.upper())
    rows = []
    with banking_of(workspace) as banking:
        for path in files:
            many, new = banking.take(path, writing)
            rows.append({"file": path.as_posix(), "entries": many, "new": new})
        found, doubts = banking.match()
        if as_json:
            output.show_json({"files": rows, **_said(found, doubts)})
        for row in rows if not as_json else ():
            output.say(f"{row['file']}: {row['entries']} entries, {row['new']} of them new")
        if not as_json:
            _draw(found, doubts)
        banking.book()


@app.command("match")
def match(
    entry: Annotated[
        str, typer.Argument(metavar="ENTRY", help="Of the bank, as `bank list` shows it.")
    ] = "",
    settlements: Annotated[
        list[str] | None, typer.Argument(metavar="SETTLEMENT", help="What it pays.")
    ] = None,
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Match what is certain; or say yourself which settlements an entry pays."""
    from crossdock.cli import output
    from crossdock.kernel.errors import Misuse

    if entry and not settlements:
        raise Misuse("say which settlements it pays: crossdock bank match ENTRY SETTLEMENT...")
    with banking_of(workspace) as banking:
        if settlements:
            banking.assign(entry, settlements)
        found, doubts = banking.match()
        banking.book()
    if as_json:
        output.show_json({"assigned": settlements or [], **_said(found, doubts)})
        return
    if settlements:
        output.say(f"{', '.join(settlements)}: {entry} (person)", "green")
    if found or doubts or not settlements:
        _draw(found, doubts)


@app.command("release")
def release(entry: EntryId, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """Undo a match; its journal is reversed."""
    from crossdock.cli import output

    with banking_of(workspace) as banking:
        many = banking.release(entry)
    if as_json:
        output.show_json({"entry": entry, "released": many})
    else:
        output.say(f"{entry} pays no settlement now; {many} wait for their money again.")


@app.command("list")
def listed(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also entries that are not Amazon's.")
    ] = False,
    limit: Limit = 50,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Settlements that wait for their money, and entries that may be Amazon's."""
    from crossdock.cli import output
    from crossdock.engine.store import deposits as store
    from crossdock.wiring.settling import shown

    with banking_of(workspace, connected=False) as banking:
        waiting = banking.expected()
        paid: dict[str, list[str]] = {}
        for row in store.deposits(banking.db):
            paid.setdefault(row.entry_id, []).append(row.settlement_id)
        entries = [
            e for e in store.entries(banking.db)
            if every or e.id in paid or "amazon" in e.text.casefold() or "amzn" in e.text.casefold()
        ][:limit]  # fmt: skip
    expected = [
        {"settlement": p.settlement_id, "amount": shown(p.amount, p.currency),
         "currency": p.currency, "deposit": p.deposit.isoformat(), "trace_id": p.trace_id}
        for p in waiting
    ]  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"entry": e.id, "day": e.day, "amount": shown(e.amount, e.currency),
         "currency": e.currency, "text": e.text, "pays": paid.get(e.id, [])}
        for e in entries
    ]  # fmt: skip
    if as_json:
        output.show_json({"waiting": expected, "entries": rows})
        return
    if expected:
        output.say("Wait for their money:", "bold")
        output.table(("settlement", "deposit", "amount", ""),
                     [(p["settlement"], p["deposit"], p["amount"], p["currency"])
                      for p in expected])  # fmt: skip
    output.table(("entry", "day", "amount", "", "text", "pays"),
                 [(r["entry"], r["day"], r["amount"], r["currency"], r["text"],
                   ", ".join(r["pays"]) or ("nothing yet", "yellow")) for r in rows])  # fmt: skip


def _said(found: "list[Match]", doubts: "list[Doubt]") -> dict[str, Any]:
    return {
        "matched": [{"settlements": list(m.settlements), "entries": list(m.entries),
                     "how": m.how} for m in found],
        "doubts": [{"settlement": d.settlement_id, "candidates": [list(c) for c in d.candidates]}
                   for d in doubts],
    }  # fmt: skip


def _draw(found: "list[Match]", doubts: "list[Doubt]") -> None:
    from crossdock.cli import output

    for one in found:
        output.say(f"{', '.join(one.settlements)}: {', '.join(one.entries)} ({one.how})", "green")
    for doubt in doubts:
        many = " or ".join(", ".join(c) for c in doubt.candidates)
        output.say(f"{doubt.settlement_id} could be {many}.", "yellow")
        output.note(f"Decide: crossdock bank match ENTRY {doubt.settlement_id}")
    if not found and not doubts:
        output.say("Nothing new to match.")
