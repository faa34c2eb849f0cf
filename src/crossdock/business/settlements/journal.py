"""From a settlement to balanced journal batches: one part per month, each under the line limit.

A positive amount is money for the seller: it credits its account. The bank line is the control
record's total and nothing else; what the lines add up to has to meet it, there is no plug.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from crossdock.business.settlements.accounts import Accounts, Target
from crossdock.business.settlements.categories import Vocabulary
from crossdock.business.settlements.model import Group, GroupKey, Summary, Triple


@dataclass(frozen=True, slots=True)
class Placed:
    """A group of lines and where it belongs; without a target it blocks."""

    key: GroupKey
    group: Group
    category: str | None
    target: Target | None
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """Minor units; a credit is positive, a debit negative."""

    target: Target
    amount: int
    memo: str
    order_id: str = ""

    @property
    def debit(self) -> int:
        """In minor units, zero when it is a credit."""
        return max(-self.amount, 0)

    @property
    def credit(self) -> int:
        """In minor units, zero when it is a debit."""
        return max(self.amount, 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """What TIMS posts as one. `part` is the month, and a number where a month needs several."""

    settlement_id: str
    part: str  # "2026-06", "2026-06.2"
    posting_date: date
    currency: str
    lines: tuple[JournalLine, ...]

    @property
    def month(self) -> str:
        """The fiscal month, "2026-06"."""
        return self.part.partition(".")[0]

    @property
    def digest(self) -> str:
        """Names the content: the same lines give the same digest, byte for byte."""
        lines = [
            [str(x.target), x.target.dimensions, x.amount, x.memo, x.order_id] for x in self.lines
        ]
        day = self.posting_date.isoformat()
        said = [self.settlement_id, self.part, day, self.currency, lines]
        return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Lines that nobody has said the place of."""

    triple: Triple
    category: str | None  # None: the labels are unknown; otherwise the category has no account
    amount: int
    lines: int
    first_line: int
    marketplace: str
    fulfilment: str


def placed(
    groups: Iterable[tuple[GroupKey, Group, str]], vocabulary: Vocabulary, accounts: Accounts
) -> tuple[Placed, ...]:
    """Each group with its category and account; (key, sums, order id or empty)."""
    found = []
    for key, group, order_id in groups:
        category = vocabulary.category(key.triple)
        target = None
        if category is not None:
            target = accounts.target(category, key.marketplace, key.fulfilment, key.sku)
        found.append(Placed(key, group, category, target, order_id))
    return tuple(found)


def unplaced(rows: Iterable[Placed]) -> tuple[Unplaced, ...]:
    """What a person has to place before anything can be posted."""
    found: dict[tuple[object, ...], Unplaced] = {}
    for row in rows:
        if row.target is not None:
            continue
        key = (row.key.triple, row.category, row.key.marketplace, row.key.fulfilment)
        one, group = found.get(key), row.group
        found[key] = Unplaced(
            row.key.triple, row.category,
            group.amount + (one.amount if one else 0),
            group.lines + (one.lines if one else 0),
            min(group.first_line, one.first_line) if one else group.first_line,
            row.key.marketplace, row.key.fulfilment,
        )  # fmt: skip
    return tuple(found.values())


def batches(summary: Summary, rows: Iterable[Placed], accounts: Accounts) -> tuple[Batch, ...]:
    """The journal. Every row must be placed; a ValueError otherwise."""
    last = summary.end.astimezone(ZoneInfo(accounts.zone)).date()
    months: dict[str, dict[tuple[Target, str, str], int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if row.target is None:
            raise ValueError(f"{row.key.triple} is not placed")
        memo = row.category or ""
        months[row.key.month][row.target, memo, row.order_id] += row.group.amount
    closing = max([f"{last:%Y-%m}", *months])
    months.setdefault(closing, {})  # the bank line needs its month, even when nothing moved in it
    found: list[Batch] = []
    carried = 0
    for month in sorted(months):
        lines = [
            JournalLine(target, amount, memo, order_id)
            for (target, memo, order_id), amount in sorted(months[month].items())
            if amount
        ]
        moved = sum(line.amount for line in lines)
        if carried:
            lines.append(JournalLine(accounts.carry_forward, carried, "carried from last month"))
        carried += moved
        if month == closing:
            lines += _bank(summary, accounts)
            day = last if f"{last:%Y-%m}" == month else month_end(month)
        else:
            if carried:
                lines.append(JournalLine(accounts.carry_forward, -carried, "carried to next month"))
            day = month_end(month)
        found += _under_limit(summary, month, day, lines, accounts)
    return tuple(batch for batch in found if batch.lines)


def _bank(summary: Summary, accounts: Accounts) -> list[JournalLine]:
    if not summary.total:
        return []
    target = accounts.bank if summary.total > 0 else accounts.payable
    words = "paid by Amazon" if summary.total > 0 else "owed to Amazon"
    return [JournalLine(target, -summary.total, words)]


def _under_limit(
    summary: Summary, month: str, day: date, lines: list[JournalLine], accounts: Accounts
) -> Iterator[Batch]:
    """Pieces that balance on their own; what a piece lacks is carried to the next."""
    room = accounts.line_limit - 2
    if len(lines) <= accounts.line_limit:
        yield Batch(summary.settlement_id, month, day, summary.currency, tuple(lines))
        return
    pieces = [lines[n : n + room] for n in range(0, len(lines), room)]
    carried = 0
    for n, piece in enumerate(pieces, 1):
        balanced = list(piece)
        if carried:
            balanced.append(JournalLine(accounts.carry_forward, carried, "carried from last batch"))
        carried += sum(line.amount for line in piece)
        if carried and n < len(pieces):
            balanced.append(JournalLine(accounts.carry_forward, -carried, "carried to next batch"))
        yield Batch(summary.settlement_id, f"{month}.{n}", day, summary.currency, tuple(balanced))


def month_end(month: str) -> date:
    """The last day of "2026-06"."""
    year, number = int(month[:4]), int(month[5:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return following - timedelta(days=1)
