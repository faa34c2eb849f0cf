"""crossdock privacy: what personal data is held, for how long, and the proof that it is gone."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.options import Json, Workspace, group

if TYPE_CHECKING:
    from crossdock.engine.store.vault import Held, Vault

app = group("Personal data: what is held, until when, and the proof that it is gone.")


@app.command("report")
def report(*, as_json: Json = False, workspace: Workspace = None) -> None:
    """What is held, why, until when; what was destroyed, when and by whom."""
    from crossdock.cli import output
    from crossdock.cli.session import session

    with session(workspace) as s:
        vault = _vault(s.db.vault)
        now, keep = s.now(), s.settings.privacy.keep
        rows = _classes(vault.held(), now)
        purges = _purges(s.db)
        masks = s.settings.tims.environment == "test" and not s.settings.privacy.real_people_in_test
    kept = f"{keep.days} days"
    if as_json:
        output.show_json({"keep": kept, "key_id": vault.key_id, "held": rows, "purges": purges,
                          "test_company_gets_made_up_people": masks})  # fmt: skip
        return
    output.say(f"Personal data is sealed, each record under a key of its own, for {kept} at most. "
               f"Master key {vault.key_id}.")  # fmt: skip
    output.say("Orders, addresses and buyers are handed from Amazon to TIMS and not stored; "
               "evidence and logs are masked.")  # fmt: skip
    if not rows:
        output.say("Nothing is held, and nothing ever was.", "green")
        return
    output.table(
        ("what", "held", "overdue", "destroyed", "oldest held", "next to be destroyed"),
        [(r["what"], str(r["held"]), (str(r["overdue"]), "red" if r["overdue"] else ""),
          str(r["destroyed"]), _day(r["oldest"]), _day(r["next"])) for r in rows],
    )  # fmt: skip
    for purge in purges[:10]:
        output.say(f"{output.moment(purge['at'])} UTC: {purge['keys']} keys destroyed by "
                   f"{purge['who']}")  # fmt: skip
    if any(r["overdue"] for r in rows):
        output.note("Destroy what is overdue: crossdock privacy purge")


@app.command("purge")
def purge(
    *,
    record: Annotated[
        str, typer.Option("--record", help="This one at once: orders/112-1234567-1234567.")
    ] = "",
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Destroy the keys whose time is over, or one record's at once. It cannot be undone."""
    from crossdock.cli import output
    from crossdock.cli.session import session, who

    with session(workspace) as s:
        many = _vault(s.db.vault).purge(who(), subject=record, now=s.now())
    if as_json:
        output.show_json({"destroyed": many})
    else:
        nothing = f"nothing is held for {record}" if record else "nothing is due"
        gone = f"{many} keys are destroyed; what they sealed is unreadable everywhere"
        output.say(f"{gone if many else nothing.capitalize()}.")


@app.command("find")
def find(
    words: Annotated[str, typer.Argument(metavar="TEXT", help="A name, a street, an e-mail.")],
    *,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Where a text stands: every table, every file of the workspace, every sealed value."""
    from crossdock.cli import output
    from crossdock.cli.options import NEEDS_PERSON
    from crossdock.cli.session import session
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.personal import find_text

    if len(words.strip()) < 3:
        raise Misuse("say at least three characters")
    with session(workspace) as s:
        places = find_text(s.db, _vault(s.db.vault), s.settings.folder, words)
    if as_json:
        output.show_json({"text_found": bool(places), "places": places})
    elif places:
        output.table(("where", "times", ""), [(p.where, str(p.times), p.how) for p in places])
    else:
        output.say("It stands nowhere: no table, no file, no sealed value.", "green")
    if places:
        raise typer.Exit(NEEDS_PERSON)


@app.command("key")
def key(
    *,
    new: Annotated[
        bool, typer.Option("--new", help="Make one; it is printed, not stored.")
    ] = False,
    rotate_from: Annotated[
        Path | None, typer.Option("--rotate-from", metavar="FILE", help="Holds the older key.")
    ] = None,
    as_json: Json = False,
    workspace: Workspace = None,
) -> None:
    """The master key: make one, or wrap every living key anew after it was changed."""
    from crossdock.cli import output
    from crossdock.cli.session import session
    from crossdock.engine.store.vault import Vault
    from crossdock.kernel.errors import Misuse
    from crossdock.wiring.privacy import decoded, new_key

    if new:
        made = new_key()
        output.show_json({"PRIVACY_KEY": made}) if as_json else output.say(f"PRIVACY_KEY={made}")
        return
    with session(workspace) as s:
        vault, many = _vault(s.db.vault), 0
        if rotate_from is not None:
            try:
                text = rotate_from.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise Misuse(f"{rotate_from} cannot be read: {error}") from error
            old = decoded(text, str(rotate_from))
            many = vault.rotate(Vault(s.db, lambda: old, s.now, s.settings.privacy.keep))
    if as_json:
        output.show_json({"key_id": vault.key_id, "rotated": many})
    else:
        output.say(f"Master key {vault.key_id}; {many} keys were wrapped anew.")


def _vault(vault: "Vault | None") -> "Vault":
    from crossdock.kernel.errors import Misuse

    if vault is None:
        raise Misuse("this store has no vault")
    return vault


def _classes(held: "list[Held]", now: datetime) -> list[dict[str, Any]]:
    words = {"message": "messages that could not be read"}
    rows: dict[str, dict[str, Any]] = {}
    for one in held:
        kind = one.subject.partition("/")[0]
        row = rows.setdefault(kind, {
            "what": words.get(kind, f"values that people set in cases of {kind}"),
            "held": 0, "overdue": 0, "destroyed": 0, "oldest": None, "next": None,
        })  # fmt: skip
        if one.destroyed_at is not None:
            row["destroyed"] += 1
            continue
        row["held"] += 1
        row["overdue"] += one.destroy_after <= now
        row["oldest"] = min(row["oldest"] or one.created_at, one.created_at)
        row["next"] = min(row["next"] or one.destroy_after, one.destroy_after)
    return [rows[kind] for kind in sorted(rows)]


def _purges(db: Any) -> list[dict[str, Any]]:
    from crossdock.engine.store import audits

    rows = audits.listed(db, did="personal data destroyed", limit=100)
    return [{"at": r.at, "who": r.who, "keys": (r.detail or {}).get("keys", 0)} for r in rows]


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else ""
