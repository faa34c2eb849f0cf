"""Checks a settlement proof again, from the report's own bytes: python -m crossdock.verifier.

Imports nothing of Crossdock on purpose, so that no mistake can sit on both sides. It reads slowly
and plainly: every amount as a Decimal, every line by the names of its columns.
"""

import csv
import hashlib
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

SECTIONS = ("[rows]", "[journal]", "[identities]", "[end]")
_AMOUNT = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_DATES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2}"), "%d.%m.%Y %H:%M:%S"),
    (re.compile(r"\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}"), "%Y/%m/%d %H:%M:%S"),
)
Key = tuple[str, ...]


class Proof:
    """A proof, taken apart; nothing in it is believed yet."""

    def __init__(self, text: str) -> None:
        body, _, seal = text.rpartition("sha256\t")
        self.sealed = hashlib.sha256(body.encode()).hexdigest() == seal.strip()
        self.head: dict[str, str] = {}
        self.parts: dict[str, list[list[str]]] = {name: [] for name in SECTIONS}
        into: str | None = None
        for line in body.splitlines():
            if line in self.parts:
                into = line
            elif into is None:
                name, _, value = line.partition("\t")
                self.head[name] = value
            else:
                self.parts[into].append(line.split("\t"))


def verify(
    proof_text: str, report: bytes, posted: Iterable[Mapping[str, Any]] | None = None
) -> list[str]:
    """What does not hold, in words; empty when all does. `posted` are TIMS's batches as TIMS shows
    them, newest revision only; without them the ledger itself is not looked at.
    """
    proof = Proof(proof_text)
    try:
        found = [*_seal(proof, report), *_file(proof, report), *_journal(proof)]
        if posted is not None:
            found += _ledger(proof, posted)
    except (ValueError, KeyError, IndexError, ArithmeticError) as error:
        return [f"the proof or the report cannot be read: {type(error).__name__}: {error}"]
    return found


def _seal(proof: Proof, report: bytes) -> Iterator[str]:
    if not proof.sealed:
        yield "the proof was changed after it was written"
    if hashlib.sha256(report).hexdigest() != proof.head["file-sha256"]:
        yield "this is not the report that was proven"
    for holds, name, expected, was in proof.parts["[identities]"]:
        if holds != "true" or expected != was:
            yield f"the proof itself says: {name}: expected {expected}, found {was}"


def _file(proof: Proof, report: bytes) -> Iterator[str]:
    digits = 0 if proof.head["currency"] == "JPY" else 2
    sums: dict[Key, int] = defaultdict(int)
    lines: dict[Key, int] = defaultdict(int)
    control: list[int] = []
    zone = ZoneInfo(proof.head["zone"])
    for row in _rows(report):
        if row["total-amount"] and not row["amount"]:
            control.append(_minor(row["total-amount"], digits))
            continue
        key = (
            _month(row["posted-date-time"] or row["posted-date"], zone),
            *(row[n] for n in ("transaction-type", "amount-type", "amount-description")),
            row["marketplace-name"], row["fulfillment-id"],
        )  # fmt: skip
        sums[key] += _minor(row["amount"], digits)
        lines[key] += 1
    total = int(proof.head["total"])
    if control != [total]:
        yield f"the report's control record says {control}, the proof {total}"
    if sum(sums.values()) != total:
        yield f"the report's lines add up to {sum(sums.values())}, not to {total}"
    if sum(lines.values()) != int(proof.head["accepted-lines"]):
        yield f"the report has {sum(lines.values())} lines, not {proof.head['accepted-lines']}"
    proven: dict[Key, int] = defaultdict(int)
    counted: dict[Key, int] = defaultdict(int)
    for *said, number, amount in proof.parts["[rows]"]:
        proven[tuple(said[:6])] += int(amount)
        counted[tuple(said[:6])] += int(number)
    for key in sorted(set(sums) | set(proven)):
        if sums.get(key) != proven.get(key) or lines.get(key) != counted.get(key):
            words = " / ".join(key)
            yield f"{words}: the report has {sums.get(key)}, the proof {proven.get(key)}"


def _journal(proof: Proof) -> Iterator[str]:
    head = proof.head
    total, carry = int(head["total"]), head["carry-forward"]
    bank = head["bank"] if total > 0 else head["payable"]
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for *said, _, text in proof.parts["[rows]"]:
        if not said[7] or not said[6]:
            yield f"{' / '.join(said[1:4])} has no account"
        expected[said[0], said[7]] += int(text)
    booked: dict[tuple[str, str], int] = defaultdict(int)
    balance: dict[str, int] = defaultdict(int)
    for part, _, place, _, _, text in proof.parts["[journal]"]:
        booked[part[:7], place] += int(text)
        balance[part] += int(text)
    yield from (f"batch {part} is off by {off}" for part, off in sorted(balance.items()) if off)
    closing = max(balance, default="")[:7]
    if total:
        expected[closing, bank] -= total
    carried = 0
    for month in sorted({m for m, _ in [*booked, *expected]}):
        moved = sum(a for (m, p), a in expected.items() if m == month and (p, m) != (bank, closing))
        expected[month, carry] += carried
        carried += moved
        if month != closing:
            expected[month, carry] -= carried
    for where in sorted(set(booked) | set(expected)):
        if booked.get(where, 0) != expected.get(where, 0):
            month, place = where
            yield (
                f"{month} account {place}: the rows make {expected.get(where, 0)}, "
                f"the journal has {booked.get(where, 0)}"
            )


def _ledger(proof: Proof, posted: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    digits = 0 if proof.head["currency"] == "JPY" else 2
    want: dict[Key, int] = defaultdict(int)
    for part, _, place, _, order, text in proof.parts["[journal]"]:
        want[part, place, order] += int(text)
    have: dict[Key, int] = defaultdict(int)
    for batch in posted:
        settlement, _, rest = str(batch["ExternalRef"]).partition("/")
        part, _, _ = rest.partition("/")
        if (
            settlement != proof.head["settlement"]
            or batch["CurrencyCode"] != proof.head["currency"]
        ):
            yield f"batch {batch['ExternalRef']} does not belong to this settlement"
        for line in batch["Lines"]:
            dimensions = line.get("Dimensions") or {}
            pairs = ",".join(f"{k}={v}" for k, v in sorted(dimensions.items()))
            place = "|".join((line["AccountNumber"], line.get("Branch") or "", pairs))
            amount = _minor(str(line.get("Credit") or "0"), digits) - _minor(
                str(line.get("Debit") or "0"), digits
            )
            order = (line.get("ReferenceId") or "") if line.get("ReferenceType") == "order" else ""
            have[part, place, order] += amount
    for key in sorted(set(want) | set(have)):
        if want.get(key, 0) != have.get(key, 0):
            words = " ".join(part for part in key if part)
            yield f"ledger {words}: proven {want.get(key, 0)}, posted {have.get(key, 0)}"


def _rows(report: bytes) -> Iterator[dict[str, str]]:
    try:
        text = report.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = report.decode("cp1252")
    names: list[str] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if stripped[:1] == ["settlement-id"]:
            names = stripped
        elif sum(map(bool, stripped)) > 1:
            row = dict(zip(names, stripped, strict=False))
            yield {name: row.get(name, "") for name in {*names, *_NEEDED}}


_NEEDED = (
    "total-amount", "amount", "posted-date-time", "posted-date", "marketplace-name",
    "fulfillment-id", "transaction-type", "amount-type", "amount-description",
)  # fmt: skip


def _minor(text: str, digits: int) -> int:
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount")
    scaled = Decimal(text.replace(",", ".")).scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} is finer than the smallest coin")
    return int(scaled)


def _month(text: str, zone: ZoneInfo) -> str:
    for pattern, form in _DATES:
        if found := pattern.match(text):
            moment = datetime.strptime(found.group().replace("T", " "), form).replace(tzinfo=UTC)
            return f"{moment.astimezone(zone):%Y-%m}"
    raise ValueError(f"{text!r} is not a time")


def main(arguments: list[str]) -> int:
    """PROOF REPORT [BATCHES.json]: prints what does not hold; exit status 1 when anything."""
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: python -m crossdock.verifier PROOF REPORT [BATCHES.json]\n")
        return 2
    posted = json.loads(Path(arguments[2]).read_text()) if len(arguments) == 3 else None
    found = verify(Path(arguments[0]).read_text(), Path(arguments[1]).read_bytes(), posted)
    sys.stdout.write("".join(f"{line}\n" for line in found) or "Everything holds.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
