"""A settlement on its way: archived, read, proven, placed. Nothing here touches the ledger."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.business.settlements import journal, proof
from crossdock.business.settlements.accounts import Accounts
from crossdock.business.settlements.categories import Vocabulary
from crossdock.business.settlements.full import lines
from crossdock.business.settlements.journal import Batch, Placed, Unplaced
from crossdock.business.settlements.model import Group, GroupKey, Line, Reading, Summary
from crossdock.business.settlements.older import converted, is_older
from crossdock.business.settlements.proof import Identity, Neighbour, State
from crossdock.business.settlements.reader import read
from crossdock.engine.store import Database
from crossdock.engine.store import settlements as store
from crossdock.engine.store.settlements import SeenFile
from crossdock.kernel.errors import ConfigError, Misuse, NeedsPerson
from crossdock.wiring.accountmap import read_accounts, read_vocabulary

ARCHIVE = Path("archive") / "settlements"


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that is known of a settlement before it is posted."""

    file: SeenFile
    reading: Reading
    summary: Summary
    rows: tuple[Placed, ...]
    unplaced: tuple[Unplaced, ...]
    batches: tuple[Batch, ...]  # empty while something is unplaced or does not tie
    identities: tuple[Identity, ...]
    notices: tuple[str, ...]  # worth knowing, blocks nothing
    sums: Mapping[str, int]  # by category
    difference: int  # total - lines, minor units
    likely: str  # the line that most likely lacks

    @property
    def state(self) -> State:
        """Of the file."""
        return State(self.file.state)


class Settlements:
    """The settlements of one workspace."""

    def __init__(self, db: Database, workspace: Path, now: Callable[[], datetime]) -> None:
        self.db, self.workspace, self.now = db, workspace, now

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Amazon's labels."""
        return read_vocabulary(self.workspace)

    @cached_property
    def accounts(self) -> Accounts:
        """The account map; a ConfigError with every problem when it is not sound."""
        accounts, problems = read_accounts(self.workspace, self.vocabulary)
        if problems:
            raise ConfigError(problems)
        return accounts

    # --- files

    def take(self, path: Path, source: str, charset: str = "") -> tuple[SeenFile, bool]:
        """Archive a file with its hash, read it and remember it; whether it is new. What cannot be
        read is archived all the same, and raised with every faulty line.
        """
        sha256 = _hash_of(path)
        with path.open("rb") as stream:
            older = is_older(stream.read(1 << 16))
        if older:
            return self._take_older(path, sha256, source, charset)
        kept = self._archive(path, sha256)
        with kept.open("rb") as stream:
            reading = read(stream, charset=charset)
        summary = reading.summary
        if not reading.usable or summary is None:
            first = reading.faults[0] if reading.faults else "no control record"
            raise NeedsPerson(
                f"{path.name}: {reading.count.rejected or len(reading.faults)} faults; {first}",
                kind="settlement-unreadable",
                remedy="Download the report from Amazon again and import the untouched file.",
                about=f"settlement file {path.name}",
                evidence={"faults": [str(f) for f in reading.faults], "sha256": sha256},
            )
        state = State.CONSISTENT if reading.total == summary.total else State.INCONSISTENT
        sums = proof.category_sums(reading, self.vocabulary)
        detail = {
            "currency": summary.currency, "total": summary.total, "lines": reading.count.accepted,
            "start": summary.start.isoformat(), "end": summary.end.isoformat(),
            "deposit": summary.deposit.isoformat(), "sum": reading.total, "charset": charset,
            "reserve": sums.get("reserve_current", 0),
        }  # fmt: skip
        at = kept.relative_to(self.workspace).as_posix()
        file = SeenFile(sha256, summary.settlement_id, self.now(), source, at, state.value, detail)
        other = [f for f in store.files(self.db, file.settlement_id)
                 if f.detail["currency"] != summary.currency]  # fmt: skip
        if other:  # no re-issue: a settlement has one currency
            raise NeedsPerson(
                f"settlement {file.settlement_id} was seen in {other[0].detail['currency']}, and "
                f"this file is in {summary.currency}",
                kind="settlement-unreadable",
                remedy="Ask Amazon which of both files is right; neither was changed or posted.",
                about=f"settlement file {path.name}",
                evidence={"faults": [], "sha256": sha256, "other": other[0].sha256},
            )
        new = store.seen(self.db, file, State.SUPERSEDED.value)
        return file, new

    def _take_older(
        self, path: Path, original: str, source: str, charset: str
    ) -> tuple[SeenFile, bool]:
        """Flat file V1: archived as it came, and read in the form of today."""
        self._archive(path, original)
        with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
            today = Path(folder) / path.name
            with path.open("rb") as old, today.open("wb") as new:
                new.writelines(converted(old))
            return self.take(today, f"{source} V1 {original[:12]}", charset)

    def file(self, settlement_id: str) -> SeenFile:
        """The file that counts: the newest that is not superseded."""
        found = store.files(self.db, settlement_id)
        if not found:
            raise Misuse(f"no settlement {settlement_id} is known; see: crossdock settlement list")
        valid = [f for f in found if f.state != State.SUPERSEDED.value]
        return (valid or found)[0]

    def ended(self, settlement_id: str) -> date:
        """Its last day in the map's zone."""
        end = datetime.fromisoformat(str(self.file(settlement_id).detail["end"]))
        return end.astimezone(ZoneInfo(self.accounts.zone)).date()

    def from_source(self, source: str) -> SeenFile | None:
        """The file that came from there, if it was taken before."""
        return next((f for f in store.files(self.db) if f.source == source), None)

    def path(self, file: SeenFile) -> Path:
        """Where its bytes lie; refused when they are not what was archived."""
        path = self.workspace / file.path
        if not path.exists() or _hash_of(path) != file.sha256:
            raise NeedsPerson(
                f"the archived file {file.path} is gone or was changed",
                kind="settlement-archive",
                remedy="Restore it from a backup, or import the file from Amazon again.",
                about=f"settlement {file.settlement_id}",
            )
        return path

    # --- looking

    def examine(self, settlement_id: str) -> Examined:
        """Read again from the archive, prove and place."""
        file, accounts = self.file(settlement_id), self.accounts
        charset = str(file.detail.get("charset", ""))
        path = self.path(file)
        with path.open("rb") as stream:
            reading = read(stream, zone=ZoneInfo(accounts.zone), charset=charset,
                           by_sku=accounts.by_sku)  # fmt: skip
        summary = reading.summary
        if summary is None or not reading.usable:
            raise Misuse(f"{file.path} can no longer be read: {reading.faults[:1]}")
        groups = (
            self._by_order(path, charset)
            if accounts.presentation == "order"
            else ((key, group, "") for key, group in reading.groups.items())
        )
        rows = journal.placed(groups, self.vocabulary, accounts)
        unplaced = journal.unplaced(rows)
        ties = reading.total == summary.total
        batches = journal.batches(summary, rows, accounts) if ties and not unplaced else ()
        sums = proof.category_sums(reading, self.vocabulary)
        before = self.neighbour(file)
        identities = proof.of_file(reading)
        if batches:
            identities += proof.of_journal(summary, rows, batches, accounts)
        difference = summary.total - reading.total
        return Examined(
            file, reading, summary, rows, unplaced, batches, tuple(identities),
            tuple(_notices(summary, sums, before)), sums, difference,
            proof.likely_missing(difference, sums, before) if difference else "",
        )  # fmt: skip

    def neighbour(self, file: SeenFile) -> Neighbour | None:
        """The settlement that ended last before this one began, in the same currency."""
        start = datetime.fromisoformat(str(file.detail["start"]))
        found = [
            Neighbour(f.settlement_id, end, int(f.detail["total"]), int(f.detail["reserve"]))
            for f in store.files(self.db)
            if f.state != State.SUPERSEDED.value
            and f.settlement_id != file.settlement_id
            and f.detail["currency"] == file.detail["currency"]
            and (end := datetime.fromisoformat(str(f.detail["end"]))) <= start
        ]
        return max(found, key=lambda one: one.end, default=None)

    def lines(self, settlement_id: str) -> Iterator[tuple[Line, Placed]]:
        """Every line of the file with its category and account."""
        file = self.file(settlement_id)
        with self.path(file).open("rb") as stream:
            for row in lines(stream, charset=str(file.detail.get("charset", ""))):
                if isinstance(row, Line):
                    yield row, self._place(row)

    def by_order(self, settlement_id: str) -> dict[str, int]:
        """Each order's sum in minor units; what names no order under the empty text."""
        found: dict[str, int] = {}
        for line, _ in self.lines(settlement_id):
            found[line.order_id] = found.get(line.order_id, 0) + line.amount
        return found

    def _place(self, line: Line) -> Placed:
        group = Group(line.amount, 1, line.number)
        order_id = line.order_id if self.accounts.presentation == "order" else ""
        key = self._key(line)
        return journal.placed([(key, group, order_id)], self.vocabulary, self.accounts)[0]

    def _key(self, line: Line) -> GroupKey:
        if line.posted is None:
            raise Misuse(f"line {line.number} has no time")
        month = f"{line.posted.astimezone(ZoneInfo(self.accounts.zone)):%Y-%m}"
        sku = line.sku if self.accounts.by_sku else ""
        return GroupKey(line.triple, line.marketplace, line.fulfilment, sku, month)

    def _by_order(self, path: Path, charset: str) -> list[tuple[GroupKey, Group, str]]:
        found: dict[tuple[GroupKey, str], list[int]] = {}
        with path.open("rb") as stream:
            for row in lines(stream, charset=charset):
                if isinstance(row, Line):
                    one = found.setdefault((self._key(row), row.order_id), [0, 0, row.number])
                    one[0] += row.amount
                    one[1] += 1
        return [(key, Group(*one), order) for (key, order), one in sorted(found.items())]

    def _archive(self, path: Path, sha256: str) -> Path:
        folder = self.workspace / ARCHIVE
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{sha256}.txt"
        if not kept.exists():
            # A crash leaves either the whole file under its name or nothing.
            with path.open("rb") as source, tempfile.NamedTemporaryFile(
                dir=folder, delete=False
            ) as copy:  # fmt: skip
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
            Path(copy.name).replace(kept)
        return kept


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error


def _notices(summary: Summary, sums: dict[str, int], before: Neighbour | None) -> Iterator[str]:
    if before is None:
        yield "The settlement before it is not known, so nothing was rolled forward."
        return
    for identity in proof.with_neighbour(summary, sums, before):
        if not identity.holds:
            yield f"{identity.name}: expected {identity.expected}, found {identity.found}"


def shown(minor: int, currency: str) -> str:
    """An amount for people: 582.89."""
    from crossdock.kernel.money import Money, digits_of

    amount: Any = Money.parse(minor, currency).amount.scaleb(-digits_of(currency))
    return Money(amount, currency).text
