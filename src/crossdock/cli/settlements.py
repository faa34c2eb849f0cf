"""crossdock settlement: what Amazon paid, proven and posted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Limit, Workspace, group

if TYPE_CHECKING:
    from crossdock.business.settlements.journal import Placed
    from crossdock.business.settlements.model import Line
    from crossdock.wiring.settling import Settlements

app = group("What Amazon paid: read, proven to the cent, posted to TIMS's ledger.")
SettlementId = Annotated[str, typer.Argument(metavar="SETTLEMENT", help="Amazon's settlement id.")]


@contextmanager
def settlements_of(workspace: Path | None) -> Iterator["Settlements"]:
    """The workspace's settlements; no connection is made."""
    from crossdock.cli.session import session
    from crossdock.wiring.settling import Settlements

    with session(workspace) as s:
        yield Settlements(s.db, s.settings.folder, s.now)


@app.command("import")
def import_file(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="As Amazon gave them.")],
    *,
    charset: Annotated[str, typer.Option("--charset", help="When not UTF-8: cp1252, cp932.")] = "",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Archive, read and prove settlement files. One bad file never stops the others."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.kernel.errors import NeedsPerson
    from crossdock.wiring.settling import shown

    rows: list[dict[str, Any]] = []
    with settlements_of(workspace) as settlements:
        for path in files:
            try:
                file, new = settlements.take(path, "file", charset)
            except NeedsPerson as error:
                faults = list(error.evidence.get("faults", []))  # type: ignore[call-overload]
                rows.append({"file": path.as_posix(), "state": "rejected", "faults": faults})
                output.complain(f"{path.name}: {error.message}. {error.remedy}")
                for fault in faults[1:10]:
                    output.complain(f"  {fault}")
                continue
            rows.append({"file": path.as_posix(), "settlement": file.settlement_id,
                         "state": file.state, "new": new, "sha256": file.sha256})  # fmt: skip
            currency = str(file.detail["currency"])
            amount = f"{shown(int(file.detail['total']), currency)} {currency}"
            again = "" if new else " (seen before)"
            if not as_json:
                words = f"{amount}, {file.detail['lines']} lines, {file.state}{again}"
                good = file.state == "consistent"
                output.say(f"{file.settlement_id}: {words}", "green" if good else "red")
                output.note(f"Next: crossdock settlement show {file.settlement_id}")
    if as_json:
        output.show_json({"files": rows})
    if any(row["state"] in ("rejected", "inconsistent") for row in rows):
        raise typer.Exit(NEEDS_PERSON)


@app.command("list")
def listed(*, limit: Limit = 50, as_json: Json = False, workspace: Workspace = None) -> None:
    """Every settlement file that was seen, newest first, with what was posted of it."""
    from crossdock.cli import output
    from crossdock.engine.store import deposits, receivables
    from crossdock.engine.store import settlements as store
    from crossdock.wiring.settling import shown

    with settlements_of(workspace) as settlements:
        files = store.files(settlements.db)[:limit]
        posted = store.postings(settlements.db)
        arrived = {d.settlement_id for d in deposits.deposits(settlements.db)}
        waiting = receivables.waiting(settlements.db)
    rows = []
    for file in files:
        mine = store.newest_revision([p for p in posted if p.settlement_id == file.settlement_id])
        states = "/".join(sorted({p.state for p in mine})) or "not posted"
        currency = str(file.detail["currency"])
        rows.append({
            "settlement": file.settlement_id, "state": file.state, "posting": states,
            "total": shown(int(file.detail["total"]), currency), "currency": currency,
            "start": file.detail["start"], "end": file.detail["end"],
            "lines": file.detail["lines"], "sha256": file.sha256, "source": file.source,
            "deposit": "arrived" if file.settlement_id in arrived else "",
            "orders_waiting": waiting.get(file.settlement_id, 0),
        })  # fmt: skip
    if as_json:
        output.show_json({"settlements": rows})
    elif not rows:
        output.say("No settlements yet. By hand: crossdock settlement import FILE")
    else:
        output.table(
            ("settlement", "from", "to", "total", "", "lines", "file", "ledger", "bank",
             "orders that wait"),
            [(r["settlement"], r["start"][:10], r["end"][:10], r["total"], r["currency"],
              str(r["lines"]), (r["state"], "" if r["state"] == "consistent" else "yellow"),
              r["posting"], r["deposit"],
              (str(r["orders_waiting"] or ""), "yellow")) for r in rows],
        )  # fmt: skip


@app.command("show")
def show(settlement: SettlementId, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """One page: what it is made of, whether it ties, what blocks it, what was posted."""
    from crossdock.cli import output, statement
    from crossdock.engine.store import settlements as store

    with settlements_of(workspace) as settlements:
        found = settlements.examine(settlement)
        posted = store.postings(settlements.db, settlement)
        if as_json:
            output.show_json(statement.as_data(found, posted, settlements))
        else:
            statement.draw(found, posted, settlements)


@app.command("lines")
def lines(
    settlement: SettlementId,
    *,
    order: Annotated[str, typer.Option("--order", help="Amazon's order id.")] = "",
    sku: Annotated[str, typer.Option("--sku", help="Seller SKU.")] = "",
    category: Annotated[str, typer.Option("--category", help="Such as referral_fee.")] = "",
    limit: Limit = 200,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """The file's lines with their category and account."""
    from itertools import islice

    with settlements_of(workspace) as settlements:
        currency = settlements.examine(settlement).summary.currency
        wanted = (
            (line, at)
            for line, at in settlements.lines(settlement)
            if order in ("", line.order_id)
            and sku in ("", line.sku)
            and category in ("", at.category or "unknown")
        )
        _print_lines(list(islice(wanted, limit)), currency, as_json=as_json)


@app.command("explain")
def explain(
    entry: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY",
            help="A ledger line, SETTLEMENT/PART:N as preview numbers it, or a line of the file, "
            "SETTLEMENT#LINE.",
        ),
    ],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """From a ledger line to the file's lines that make it, and back."""
    from crossdock.cli import output
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.settling import shown
    from crossdock.wiring.tracing import ledger_line_of, lines_behind

    with settlements_of(workspace) as settlements:
        if "#" in entry:
            settlement, _, number = entry.partition("#")
            if not number.isdigit():
                raise Misuse(f"{entry!r}: a line of the file is SETTLEMENT#LINE")
            line, placed, ref = ledger_line_of(settlements, settlement, int(number))
            currency = settlements.examine(settlement).summary.currency
            if not as_json:
                output.say(f"goes to {ref}" if ref else "has no place in the ledger yet", "bold")
            _print_lines([(line, placed)], currency, as_json=as_json, ledger=ref)
            return
        found, target = lines_behind(settlements, entry)
        currency = settlements.examine(entry.partition("/")[0]).summary.currency
        if not as_json:
            total = shown(sum(line.amount for line, _ in found), currency)
            output.say(f"{entry}: {target} {total} {currency}, {len(found)} lines", "bold")
        _print_lines(found, currency, as_json=as_json, ledger=entry)


@app.command("accounts")
def accounts(
    *,
    init: Annotated[
        bool, typer.Option("--init", help="Write an empty account map to fill in.")
    ] = False,
    version: Annotated[
        str, typer.Option("--version", metavar="DIGEST", help="Print the map as it once was.")
    ] = "",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Check accounts.yaml: duplicates, unreachable rules, catch-alls, empty targets."""
    from importlib import resources

    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import settings_of
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.accountmap import FILE, read_accounts, read_vocabulary

    folder = settings_of(workspace).folder
    if init:
        path = folder / FILE
        if path.exists():
            raise Misuse(f"{path} is there already")
        template = resources.files("crossdock.cli") / "templates" / FILE
        path.write_text(template.read_text("utf-8"), encoding="utf-8")
        output.say(f"Wrote {path}. Fill in the accounts, then: crossdock settlement accounts")
        return
    kept = _kept_maps(folder)
    if version:
        fitting = [text for digest, text in kept.items() if digest.startswith(version)]
        if len(fitting) != 1:
            raise Misuse(f"{len(fitting)} kept maps begin with {version!r}: {', '.join(kept)}")
        output.say(fitting[0])
        return
    found, problems = read_accounts(folder, read_vocabulary(folder))
    if as_json:
        output.show_json({"digest": found.digest, "rules": len(found.rules), "versions": list(kept),
                          "problems": [str(p) for p in problems]})  # fmt: skip
    else:
        for problem in problems:
            output.complain(str(problem))
        if not problems:
            output.say(f"{len(found.rules)} rules, nothing wrong.", "green")
        output.say(f"This is version {found.digest[:12]}; {len(kept)} were posted with.")
    if problems:
        raise typer.Exit(NEEDS_PERSON)


def _kept_maps(folder: Path) -> dict[str, str]:
    """The account maps that something was posted with, by digest."""
    from crossdock.wiring.posting import MAPS

    return {p.stem: p.read_text("utf-8") for p in sorted((folder / MAPS).glob("*.yaml"))}


def _print_lines(
    found: "list[tuple[Line, Placed]]", currency: str, *, as_json: bool, ledger: str = ""
) -> None:
    from crossdock.cli import output
    from crossdock.wiring.settling import shown

    rows = [
        {
            "line": line.number, "posted": line.posted, "order": line.order_id, "sku": line.sku,
            "label": str(line.triple), "category": at.category or "unknown",
            "account": str(at.target) if at.target else "", "amount": shown(line.amount, currency),
        }
        for line, at in found
    ]  # fmt: skip
    if as_json:
        output.show_json({"currency": currency, "ledger": ledger, "lines": rows})
        return
    output.table(
        ("line", "posted", "order", "SKU", "label", "category", "account", currency),
        [(str(r["line"]), f"{r['posted']:%Y-%m-%d}" if r["posted"] else "", str(r["order"]),
          str(r["sku"]), str(r["label"]), str(r["category"]), str(r["account"]), str(r["amount"]))
         for r in rows],
    )  # fmt: skip
