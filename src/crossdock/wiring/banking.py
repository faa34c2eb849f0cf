"""Bank statements: their entries are found to be settlements, and booked out of transit.

A deposit is booked once for each entry: written down first, known to TIMS by its reference. Where
the bank keeps another currency, two batches meet on the exchange account; the rate is what the bank
gave, nobody computes one.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path

from crossdock.business.settlements.accounts import Target
from crossdock.business.settlements.deposits import PERSON, Arrived, Doubt, Match, Paid, matched
from crossdock.business.settlements.proof import State
from crossdock.connectors.bank.model import Unreadable
from crossdock.connectors.bank.statements import read_statement
from crossdock.connectors.bank.table import Writing
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.ledger_models import NewJournalBatch
from crossdock.engine.store import deposits as store
from crossdock.engine.store import settlements as posted
from crossdock.engine.store.deposits import BankEntry, Deposit
from crossdock.engine.store.settlements import PLANNED, REVERSED, Posting
from crossdock.kernel.errors import Misuse
from crossdock.kernel.money import Money
from crossdock.wiring.booking import Books, journal_line
from crossdock.wiring.periods import open_day
from crossdock.wiring.settling import Settlements, shown


class Banking:
    """The bank accounts of one workspace."""

    def __init__(
        self, settlements: Settlements, ledger: Ledger | None, seller: str, who: str
    ) -> None:
        """Without a ledger entries are matched and not booked."""
        self.settlements, self.ledger, self.who = settlements, ledger, who
        self.db, self.system = settlements.db, f"AMAZON:DEPOSITS:{seller}"
        self.books = Books(self.db, ledger, self.system) if ledger is not None else None

    def take(self, path: Path, writing: Writing) -> tuple[int, int]:
        """Remember a statement's entries: (in the file, new ones). A Misuse names the place of
        what cannot be read; nothing of such a file is kept.
        """
        try:
            found = read_statement(path, writing)
        except Unreadable as error:
            raise Misuse(f"{path.name}, {error}") from error
        now = self.settlements.now()
        rows = [
            BankEntry(
                e.id, e.account, e.day.isoformat(), Money(e.amount, e.currency).minor, e.currency,
                _ours(e.text), e.reference, path.name, now,
            )
            for e in found
        ]  # fmt: skip
        return len(rows), store.keep(self.db, rows)

    def expected(self) -> list[Paid]:
        """Settlements whose money no entry was found for."""
        done = {row.settlement_id for row in store.deposits(self.db)}
        traces = store.checks(self.db)
        return [
            Paid(
                f.settlement_id, int(f.detail["total"]), str(f.detail["currency"]),
                datetime.fromisoformat(str(f.detail["deposit"])).date(),
                str(traces.get(f.settlement_id, {}).get("trace_id") or ""),
            )
            for f in posted.files(self.db)
            if f.state == State.CONSISTENT.value
            and int(f.detail["total"]) > 0
            and f.settlement_id not in done
        ]  # fmt: skip

    def match(self) -> tuple[list[Match], list[Doubt]]:
        """Find what is certain; what could be several things is told. `book` follows."""
        done = {row.entry_id for row in store.deposits(self.db)}
        free = [
            Arrived(e.id, e.amount, e.currency, date.fromisoformat(e.day), e.text)
            for e in store.entries(self.db)
            if e.id not in done
        ]
        found, doubts = matched(self.expected(), free)
        for match in found:
            self._keep(match)
        return found, doubts

    def assign(self, entry_id: str, settlement_ids: Sequence[str]) -> Match:
        """A person says so. In one currency the amounts have to agree. `book` follows."""
        entry = self._entry(entry_id)
        expected = {p.settlement_id: p for p in self.expected()}
        missing = [s for s in settlement_ids if s not in expected]
        if missing:
            raise Misuse(f"settlement {missing[0]} waits for no money; see: crossdock bank list")
        if any(d.entry_id == entry_id for d in store.deposits(self.db)):
            raise Misuse(f"entry {entry_id} pays another settlement; crossdock bank release first")
        currencies = {expected[s].currency for s in settlement_ids}
        total = sum(expected[s].amount for s in settlement_ids)
        if len(currencies) != 1:
            raise Misuse("settlements of several currencies cannot be one entry")
        if currencies == {entry.currency} and total != entry.amount:
            left = shown(entry.amount - total, entry.currency)
            raise Misuse(f"the entry is {left} {entry.currency} more than the settlements; "
                         "nothing was matched")  # fmt: skip
        match = Match(tuple(settlement_ids), (entry_id,), PERSON)
        self._keep(match)
        return match

    def release(self, entry_id: str) -> int:
        """Undo a match; what was booked is taken back first."""
        self._entry(entry_id)
        rows = posted.newest_revision(posted.postings(self.db, f"deposit/{entry_id}"))
        for row in [r for r in rows if r.state != REVERSED]:
            if self.books is None:
                raise Misuse("it is booked in TIMS, and TIMS is not connected here")
            self.books.take_back(row, partial(self._day, about=row.ref))
        return store.release(self.db, entry_id)

    # --- the ledger

    def book(self) -> int:
        """Book every match that is not booked yet; how many batches were posted."""
        accounts = self.settlements.accounts
        if self.books is None or accounts.deposit in (None, accounts.bank):
            return 0
        problems: list[Misuse] = []
        of_entry: dict[str, list[str]] = {}
        for row in store.deposits(self.db):
            of_entry.setdefault(row.entry_id, []).append(row.settlement_id)
        known = {e.id: e for e in store.entries(self.db)}
        for entry_id, settlement_ids in of_entry.items():
            standing = posted.newest_revision(posted.postings(self.db, f"deposit/{entry_id}"))
            if not standing or all(p.state == REVERSED for p in standing):
                revision = standing[0].revision + 1 if standing else 1
                try:
                    self._plan(known[entry_id], settlement_ids, revision)
                except Misuse as error:  # it keeps no other from being booked
                    problems.append(error)
        done = 0
        for posting in posted.postings(self.db):
            if posting.state == PLANNED and posting.settlement_id.startswith("deposit/"):
                self.books.post(posting)
                done += 1
        if problems:
            raise problems[0]
        return done

    def _plan(self, entry: BankEntry, settlement_ids: Sequence[str], revision: int) -> None:
        accounts = self.settlements.accounts
        if accounts.deposit is None:
            return
        files = [self.settlements.file(s) for s in settlement_ids]
        currency = str(files[0].detail["currency"])
        day = self._day(date.fromisoformat(entry.day), f"bank entry {entry.id}")
        if currency == entry.currency:
            sides = [(currency, entry.amount, accounts.deposit, accounts.bank)]
        else:
            exchange = accounts.exchange
            if exchange is None:
                raise Misuse(
                    f"settlement {settlement_ids[0]} is in {currency} and the bank in "
                    f"{entry.currency}: name the account `exchange` among the roles of "
                    "accounts.yaml, then: crossdock bank match"
                )
            total = sum(int(f.detail["total"]) for f in files)
            sides = [
                (currency, total, exchange, accounts.bank),
                (entry.currency, entry.amount, accounts.deposit, exchange),
            ]
        what = ", ".join(settlement_ids)
        posted.plan(self.db, (
            self._posting(entry, revision, part, what, day, *side)
            for part, side in enumerate(sides, 1)
        ))  # fmt: skip

    def _posting(
        self, entry: BankEntry, revision: int, part: int, what: str, day: date, currency: str,
        amount: int, debited: Target, credited: Target,
    ) -> Posting:  # fmt: skip
        line = partial(
            journal_line, currency=currency, memo=f"Amazon {what}"[:200], about="deposit",
            reference=entry.id,
        )  # fmt: skip
        ref = f"deposit/{entry.id}/{part}/r{revision}"
        batch = NewJournalBatch(
            ExternalSystem=self.system, ExternalRef=ref, PostingDate=day, Period=f"{day:%Y-%m}",
            CurrencyCode=currency, Description=f"Deposit of Amazon settlement {what}"[:200],
            Lines=(line(debited, -amount), line(credited, amount)),
        )  # fmt: skip
        return Posting(
            ref, f"deposit/{entry.id}", revision, str(part), "", PLANNED, "", "",
            self.settlements.now(), self.who, "", batch.model_dump(mode="json"),
        )  # fmt: skip

    def _day(self, day: date, about: str) -> date:
        if self.ledger is None:
            return day
        return open_day(self.ledger, day, self.settlements.accounts.closed_period, about)

    def _keep(self, match: Match) -> None:
        now = self.settlements.now()
        store.match(self.db, [
            Deposit(entry, settlement, match.how, self.who, now)
            for entry in match.entries for settlement in match.settlements
        ])  # fmt: skip

    def _entry(self, entry_id: str) -> BankEntry:
        found = next((e for e in store.entries(self.db) if e.id == entry_id), None)
        if found is None:
            raise Misuse(f"no bank entry {entry_id} is known; see: crossdock bank list")
        return found


def _ours(text: str) -> str:
    """Other people's payments are none of our business: only what names Amazon is kept."""
    plain = text.casefold()
    return text if any(word in plain for word in ("amazon", "amzn")) else ""
