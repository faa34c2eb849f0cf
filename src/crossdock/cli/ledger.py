"""crossdock settlement preview|post|reverse|prove|verify: between a proven file and the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Workspace
from crossdock.cli.settlements import SettlementId, app, settlements_of

if TYPE_CHECKING:
    from crossdock.engine.store.settlements import Posting
    from crossdock.wiring.posting import Poster

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@contextmanager
def poster_of(workspace: Path | None) -> Iterator["Poster"]:
    """What posts, connected to TIMS."""
    from crossdock.cli.session import house_of, settings_of, who
    from crossdock.wiring import settlement_runs
    from crossdock.wiring.settling import Settlements

    settings = settings_of(workspace)
    settings.require("tims")
    with house_of(settings) as house:
        settlements = Settlements(house.db, settings.folder, house.clock.now)
        amazon = settings.amazon
        yield settlement_runs.poster_of(
            settlements, house.tims, amazon.seller_id, amazon.marketplaces, who()
        )


@app.command("preview")
def preview(
    settlement: SettlementId, *, as_json: Json = False, workspace: Workspace = None
) -> None:
    """The journal as it would be posted, beside what is posted."""
    from crossdock.cli import output
    from crossdock.engine.store import settlements as store
    from crossdock.wiring.posting import unplaced_words
    from crossdock.wiring.settling import shown

    with settlements_of(workspace) as settlements:
        found = settlements.examine(settlement)
        rows = store.newest_revision(store.postings(settlements.db, settlement))
        blocked = unplaced_words(found, settlements)
    posted = _posted_amounts([p for p in rows if p.state == "posted"])
    currency, data = found.summary.currency, []
    for batch in found.batches:
        for number, line in enumerate(batch.lines, 1):
            key = (batch.part, line.target.account, line.target.branch, line.memo, line.order_id)
            data.append({
                "entry": f"{settlement}/{batch.part}:{number}", "date": batch.posting_date,
                "account": str(line.target), "memo": line.memo, "order": line.order_id,
                "debit": shown(line.debit, currency) if line.debit else "",
                "credit": shown(line.credit, currency) if line.credit else "",
                "posted": posted.pop(key, ""),
            })  # fmt: skip
    gone = [{"entry": "/".join(k), "posted": v} for k, v in posted.items()]
    if as_json:
        output.show_json({"currency": currency, "lines": data, "only_posted": gone,
                          "blocked": blocked, "difference": found.difference})  # fmt: skip
        return
    for words in blocked:
        output.say(f"Blocks posting: {words}", "red")
    if found.difference:
        output.say(f"{shown(found.difference, currency)} {currency} is missing.", "red")
    output.table(
        ("entry", "date", "account", "what", "debit", "credit", "posted"),
        [(str(r["entry"]), str(r["date"]), str(r["account"]), f"{r['memo']} {r['order']}".strip(),
          str(r["debit"]).rjust(12), str(r["credit"]).rjust(12), str(r["posted"])) for r in data],
    )  # fmt: skip
    for row in gone:
        output.say(f"only posted: {row['entry']} {row['posted']}", "yellow")


@app.command("post")
def post(
    settlement: SettlementId,
    *,
    revise: Annotated[
        bool, typer.Option("--revise", help="Reverse what was posted otherwise, and post anew.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Post the journal to TIMS, once, however often this is called."""
    with poster_of(workspace) as poster:
        _print_postings(poster.post(settlement, revise=revise), as_json=as_json)


@app.command("reverse")
def reverse(
    settlement: SettlementId, *, as_json: Json = False, workspace: Workspace = None
) -> None:
    """Take back what is posted, by batches with the sides swapped."""
    with poster_of(workspace) as poster:
        _print_postings(poster.reverse(settlement), as_json=as_json)


@app.command("prove")
def prove(settlement: SettlementId, *, as_json: Json = False, workspace: Workspace = None) -> None:
    """Write the proof as plain text: hashes, sums and every identity."""
    from crossdock.cli import output

    with poster_of(workspace) as poster:
        path = poster.prove(settlement)
    if as_json:
        output.show_json({"proof": path.as_posix()})
    else:
        output.say(f"Wrote {path}", "green")
        output.note(f"Check it: crossdock settlement verify {path}")


@app.command("verify")
def verify(
    proof: Annotated[Path, typer.Argument(metavar="PROOF", help="A proof file.")],
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask TIMS what is posted.")
    ] = False,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Check a proof against the archived file and TIMS's ledger, by a program of its own."""
    from crossdock import verifier
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.kernel.errors import Misuse

    try:
        text = proof.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{proof} cannot be read: {error}") from error
    settlement = verifier.Proof(text).head.get("settlement", "")
    posted: list[dict[str, object]] | None = None
    with settlements_of(workspace) as settlements:
        report = settlements.path(settlements.file(settlement)).read_bytes()
    if not offline:
        with poster_of(workspace) as poster:
            posted = poster.ledger_batches(settlement) or None
    found = verifier.verify(text, report, posted)
    if as_json:
        output.show_json({"holds": not found, "ledger": posted is not None, "faults": found})
    else:
        for words in found:
            output.complain(words)
        if not found:
            looked = "file and ledger" if posted is not None else "file; nothing is posted yet"
            output.say(f"Everything holds ({looked}).", "green")
    if found:
        raise typer.Exit(NEEDS_PERSON)


def _posted_amounts(rows: "list[Posting]") -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for row in rows:
        for line in row.content["Lines"]:
            order = line["ReferenceId"] if line["ReferenceType"] == "order" else ""
            key = (row.part, line["AccountNumber"], line.get("Branch") or "", line["Memo"], order)
            debit = str(line["Debit"])
            is_debit = any(digit in debit for digit in "123456789")
            found[key] = f"D {debit}" if is_debit else f"C {line['Credit']}"
    return found


def _print_postings(rows: "list[Posting]", *, as_json: bool) -> None:
    from crossdock.cli import output

    data: list[dict[str, Any]] = [
        {"ref": p.ref, "state": p.state, "tims": p.batch_number, "reversed_by": p.reversed_by}
        for p in rows
    ]
    if as_json:
        output.show_json({"batches": data})
        return
    for row in data:
        back = f", taken back by {row['reversed_by']}" if row["reversed_by"] else ""
        output.say(f"{row['ref']}: {row['state']} as TIMS batch {row['tims']}{back}", "green")


@app.command("sync")
def sync(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """Look now whether Amazon has new settlement reports."""
    from crossdock.cli import output, queries
    from crossdock.cli.asking import ask
    from crossdock.cli.session import session, who
    from crossdock.engine.model import FEED, Event
    from crossdock.wiring.settlement_runs import AMAZON_SETTLEMENTS

    with session(workspace) as s:
        look = Event(FEED, AMAZON_SETTLEMENTS, queries.PERSON, hint={"who": who()})
        alive = ask(s, [look], "a look at Amazon's settlement reports", as_json=as_json)
    if alive and not as_json:
        output.note("Look: crossdock settlement list")
