"""The end of the demo: Amazon pays, and what it paid stands in TIMS's ledger, proven."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PATIENCE = 120.0  # seconds until every settlement must be posted


def crossdock(folder: Path, *words: str) -> tuple[int, Any]:
    """One command, as a person would give it; its exit status and what it says."""
    command = [sys.executable, "-m", "crossdock.cli", *words, "--json", "--workspace", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}


def settle(console: Console, folder: Path, call: Callable[..., Any], control: str) -> bool:
    """Close the settlements, wait until they are posted, and check each from outside."""
    paid = call(control, "close_settlements", {})
    crossdock(folder, "settlement", "sync")
    began, posted = time.monotonic(), dict[str, str]()
    while time.monotonic() - began < PATIENCE:
        _, found = crossdock(folder, "settlement", "list")
        posted = {r["settlement"]: r["posting"] for r in found.get("settlements", [])}
        if all(posted.get(number) == "posted" for number in paid):
            break
        time.sleep(0.5)
    table = Table(title="Amazon's settlements in TIMS's ledger")
    for heading in ("settlement", "Amazon pays", "posted", "proof checked again", ""):
        table.add_column(heading)
    good = bool(paid)
    for number, said in sorted(paid.items()):
        _, made = crossdock(folder, "settlement", "prove", number)
        status, checked = crossdock(folder, "settlement", "verify", made.get("proof", "-"))
        holds = status == 0 and checked.get("ledger") is True
        fine = holds and posted.get(number) == "posted"
        good = good and fine
        words = "holds" if holds else "; ".join(checked.get("faults", ["not posted"]))[:60]
        table.add_row(number, f"{said['total']} {said['currency']}", posted.get(number, "no"),
                      words, "[green]ok[/]" if fine else "[red]NO[/]")  # fmt: skip
    console.print(table)
    ledger = call(control, "ledger")
    banked = _bank_is_right(console, paid, ledger)
    cleared = _invoices_are_settled(console, folder, ledger)
    statement = folder / "bank.ofx"
    statement.write_text(call(control, "bank_statement")["ofx"], "utf-8")
    crossdock(folder, "bank", "import", str(statement))
    arrived = _deposits_are_found(console, folder, paid, call(control, "ledger"))
    return good and banked and cleared and arrived


def _deposits_are_found(
    console: Console, folder: Path, paid: dict[str, Any], ledger: dict[str, Any]
) -> bool:
    """Nothing is in transit any more; the bank account has what Amazon sent."""
    from decimal import Decimal

    _, said = crossdock(folder, "bank", "list")
    right = not said["waiting"]
    for currency in sorted({one["currency"] for one in paid.values()}):
        totals = [Decimal(s["total"]) for s in paid.values() if s["currency"] == currency]
        pays = sum((t for t in totals if t > 0), Decimal(0))
        accounts = {a: Decimal(v) for a, v in ledger.get(currency, {}).items()}
        fine = accounts.get("1050", 0) == 0 and -accounts.get("1000", Decimal(0)) == pays
        right = right and fine
        console.print(
            f"  {currency}: {-accounts.get('1000', Decimal(0))} found on the bank statement, "
            f"{-accounts.get('1050', Decimal(0))} in transit: {'ok' if fine else 'NO'}"
        )
    return right


def _invoices_are_settled(console: Console, folder: Path, ledger: dict[str, Any]) -> bool:
    """What stands on TIMS's clearing account is exactly what the match lists as open."""
    from decimal import Decimal

    _, said = crossdock(folder, "settlement", "match", "--limit", "100000")
    open_orders = Counter(row["state"] for row in said["listed"])
    words = ", ".join(f"{n} {state}" for state, n in sorted(open_orders.items())) or "none open"
    matched = said["orders"] - len(said["listed"])
    console.print(
        f"  {matched} of {said['orders']} orders are billed, settled and cleared; {words}"
    )
    right = True
    for currency, expected in said["clearing"].items():
        have = Decimal(ledger.get(currency, {}).get("1150", 0))
        fine = have == Decimal(expected)
        right = right and fine
        console.print(f"  {currency}: clearing account {have}: {'ok' if fine else 'NO'}")
    return right


def _bank_is_right(console: Console, paid: dict[str, Any], ledger: dict[str, Any]) -> bool:
    """The truth of both companies: what TIMS's ledger has in transit is what Amazon pays."""
    from decimal import Decimal

    right = True
    for currency in sorted({said["currency"] for said in paid.values()}):
        totals = [Decimal(s["total"]) for s in paid.values() if s["currency"] == currency]
        pays = sum((t for t in totals if t > 0), Decimal(0))
        owes = -sum((t for t in totals if t < 0), Decimal(0))
        accounts = {a: Decimal(v) for a, v in ledger.get(currency, {}).items()}
        have = (-accounts.get("1050", Decimal(0)), accounts.get("2150", Decimal(0)))
        fine = have == (pays, owes) and not accounts.get("1190") and not sum(accounts.values())
        right = right and fine
        console.print(
            f"  {currency}: Amazon pays {pays}, in transit in TIMS {have[0]}; carried forward "
            f"{accounts.get('1190', Decimal(0))}; tax passed through "
            f"{accounts.get('2200', Decimal(0))}: {'ok' if fine else 'NO'}"
        )
    return right
