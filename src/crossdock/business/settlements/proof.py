"""What must be true of a settlement and its journal, and the proof that says so in plain text.

The proof is re-checked by `crossdock.verifier`, which shares no code with what wrote it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from crossdock.business.settlements.accounts import Accounts
from crossdock.business.settlements.categories import Vocabulary
from crossdock.business.settlements.journal import Batch, Placed
from crossdock.business.settlements.model import Reading, Summary


class State(Enum):
    """Whether a file may be posted."""

    CONSISTENT = "consistent"  # it ties to the cent
    INCONSISTENT = "inconsistent"  # it does not; posting is blocked, the difference is shown
    SUPERSEDED = "superseded"  # Amazon issued the same settlement again


@dataclass(frozen=True, slots=True)
class Identity:
    """Something that must be equal."""

    name: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether it is."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The settlement before, of the same seller and currency."""

    settlement_id: str
    end: datetime
    total: int
    reserve: int  # its Current Reserve Amount, usually below zero


def of_file(reading: Reading) -> list[Identity]:
    """What must hold before anything else is looked at."""
    count, summary = reading.count, reading.summary
    parts = count.header + count.summary + count.accepted + count.rejected + count.blank
    found = [
        Identity("every physical line is accounted for", str(count.physical), str(parts)),
        Identity("no line is rejected", "0", str(count.rejected)),
    ]
    if summary is not None:
        found.append(
            Identity("the lines add up to the total", str(summary.total), str(reading.total))
        )
    return found


def of_journal(
    summary: Summary, rows: Sequence[Placed], batches: Sequence[Batch], accounts: Accounts
) -> list[Identity]:
    """What must hold of the journal as a whole and of each batch."""
    found = [
        Identity(f"batch {batch.part} balances", "0", str(sum(x.amount for x in batch.lines)))
        for batch in batches
    ]
    moved = {accounts.bank, accounts.payable, accounts.carry_forward}
    booked: dict[object, int] = defaultdict(int)
    for batch in batches:
        for line in batch.lines:
            booked[line.target] += line.amount
    rows_by_target: dict[object, int] = defaultdict(int)
    for row in rows:
        rows_by_target[row.target] += row.group.amount
    bank = accounts.bank if summary.total > 0 else accounts.payable
    paid = booked[bank] - rows_by_target[bank]
    found.append(Identity("the bank line is the total", str(-summary.total), str(paid)))
    if accounts.carry_forward != bank:
        left = booked[accounts.carry_forward] - rows_by_target[accounts.carry_forward]
        found.append(Identity("what is carried forward ends at zero", "0", str(left)))
    for target, amount in sorted(rows_by_target.items(), key=lambda pair: str(pair[0])):
        if target not in moved:
            name = f"account {target} gets what its lines add up to"
            found.append(Identity(name, str(amount), str(booked[target])))
    return found


def with_neighbour(
    summary: Summary, sums: dict[str, int], before: Neighbour | None
) -> list[Identity]:
    """The roll-forward; nothing when the settlement before is not known."""
    if before is None:
        return []
    owed = str(min(before.total, 0))
    return [
        Identity(
            f"it starts where {before.settlement_id} ends",
            before.end.isoformat(),
            summary.start.isoformat(),
        ),
        Identity(
            f"the reserve of {before.settlement_id} comes back",
            str(-before.reserve),
            str(sums.get("reserve_previous", 0)),
        ),
        Identity(
            f"what {before.settlement_id} owed is carried here",
            owed,
            str(sums.get("carry_forward_negative_balance", 0)),
        ),
    ]


def category_sums(reading: Reading, vocabulary: Vocabulary) -> dict[str, int]:
    """The amount of each category; unknown labels are the category "unknown"."""
    sums: dict[str, int] = defaultdict(int)
    for key, group in reading.groups.items():
        sums[vocabulary.category(key.triple) or "unknown"] += group.amount
    return dict(sums)


def likely_missing(difference: int, sums: dict[str, int], before: Neighbour | None) -> str:
    """The line that most likely lacks, when total - lines is `difference`; empty: no idea."""
    if before is not None and difference == -before.reserve and "reserve_previous" not in sums:
        return f"Previous Reserve Amount Balance of settlement {before.settlement_id}"
    if before is not None and before.total < 0 and difference == before.total:
        return f"Payable to Amazon, carried from settlement {before.settlement_id}"
    if "reserve_current" not in sums and difference < 0:
        return "Current Reserve Amount"
    return ""


def text(
    reading: Reading,
    summary: Summary,
    revision: int,
    rows: Iterable[Placed],
    batches: Sequence[Batch],
    accounts: Accounts,
    identities: Sequence[Identity],
) -> str:
    """The proof. Amounts are minor units, a credit positive; its last line seals what is above."""
    body = "\n".join(
        [
            *_head(reading, summary, revision, accounts),
            *_rows(rows),
            *_journal(batches),
            "[identities]",
            *("\t".join((str(i.holds).lower(), i.name, i.expected, i.found)) for i in identities),
            "[end]",
            "",
        ]
    )
    return f"{body}sha256\t{hashlib.sha256(body.encode()).hexdigest()}\n"


def _head(reading: Reading, summary: Summary, revision: int, accounts: Accounts) -> Iterator[str]:
    count = reading.count
    yield "crossdock settlement proof\t1"
    for name, value in (
        ("settlement", summary.settlement_id),
        ("revision", revision),
        ("currency", summary.currency),
        ("start", summary.start.isoformat()),
        ("end", summary.end.isoformat()),
        ("total", summary.total),
        ("file-sha256", reading.sha256),
        ("accounts-digest", accounts.digest),
        ("zone", accounts.zone),
        ("physical-lines", count.physical),
        ("accepted-lines", count.accepted),
        ("bank", _place(accounts.bank)),
        ("payable", _place(accounts.payable)),
        ("carry-forward", _place(accounts.carry_forward)),
    ):
        yield f"{name}\t{value}"


def _rows(rows: Iterable[Placed]) -> Iterator[str]:
    yield "[rows]"
    sums: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        key = row.key
        said: tuple[str, ...] = (
            key.month, *key.triple, key.marketplace, key.fulfilment, row.category or "",
            _place(row.target) if row.target else "",
        )  # fmt: skip
        one = sums.setdefault(said, [0, 0])
        one[0] += row.group.lines
        one[1] += row.group.amount
    for said, (lines, amount) in sorted(sums.items()):
        yield "\t".join((*said, str(lines), str(amount)))


def _journal(batches: Iterable[Batch]) -> Iterator[str]:
    yield "[journal]"
    for batch in batches:
        for line in batch.lines:
            yield "\t".join(
                (batch.part, batch.posting_date.isoformat(), _place(line.target), line.memo,
                 line.order_id, str(line.amount))
            )  # fmt: skip


def _place(target: object) -> str:
    account, branch = getattr(target, "account", ""), getattr(target, "branch", "")
    dimensions = getattr(target, "dimensions", ())
    return "|".join((account, branch, ",".join(f"{k}={v}" for k, v in dimensions)))
