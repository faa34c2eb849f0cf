"""A proven settlement into TIMS's ledger, and out again by reversal. Posted batches never change.

What will be posted is written down first; TIMS knows a batch by its reference, so a crash or a lost
reply at any line leaves one batch, and posting again finishes what is missing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from crossdock.business.settlements import proof
from crossdock.business.settlements.journal import Batch
from crossdock.business.settlements.proof import State
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.ledger_models import NewJournalBatch
from crossdock.engine.store import settlements as store
from crossdock.engine.store.settlements import PLANNED, POSTED, REVERSED, Posting
from crossdock.kernel.errors import Misuse, NeedsPerson
from crossdock.wiring.accountmap import FILE
from crossdock.wiring.booking import Books, journal_line
from crossdock.wiring.clearing import Clearer
from crossdock.wiring.costing import Costing
from crossdock.wiring.periods import open_day
from crossdock.wiring.settling import Examined, Settlements, shown

PROOFS = Path("proofs")
MAPS = Path("archive") / "accounts"


class Poster:
    """Posts the settlements of one workspace for one seller."""

    def __init__(
        self,
        settlements: Settlements,
        ledger: Ledger,
        seller: str,
        who: str,
        clearer: Clearer,
        costing: Costing,
    ) -> None:
        self.settlements, self.ledger, self.who = settlements, ledger, who
        self.costing = costing
        self.system, self.clearer = f"AMAZON:SETTLEMENTS:{seller}", clearer
        self.db = settlements.db
        self.books = Books(self.db, ledger, self.system)

    def post(self, settlement_id: str, *, revise: bool = False) -> list[Posting]:
        """Every batch of the settlement stands in the ledger, once. `revise` takes back what was
        posted otherwise and posts it anew as the next revision.
        """
        found = self.settlements.examine(settlement_id)
        must_be_postable(found, self.settlements)
        last = store.newest_revision(store.postings(self.db, settlement_id))
        standing = [p for p in last if p.state != REVERSED]
        revision = last[0].revision if last else 1
        if standing and _differs(standing, found.batches):
            if not revise:
                raise _posted_otherwise(settlement_id, revision)
            self.reverse(settlement_id)
            standing = []
        if last and not standing:
            revision += 1
        if not standing:
            self._plan(found, revision)
        for posting in self._now(settlement_id):
            if posting.state == PLANNED:
                self.books.post(posting)
        return self._now(settlement_id)

    def reverse(self, settlement_id: str) -> list[Posting]:
        """Every batch of the last revision is taken back by a batch of its own; the receipts and
        the cost that were made of it first.
        """
        rows = self._now(settlement_id)
        standing = [p for p in rows if p.state != REVERSED]
        if not standing:
            done = "was reversed already" if rows else "is not posted"
            raise Misuse(f"settlement {settlement_id} {done}; nothing was changed")
        self.clearer.take_back(settlement_id)
        self.costing.take_back(settlement_id)
        for posting in standing:
            self.books.take_back(posting, lambda day: self._open_day(day, settlement_id))
        return self._now(settlement_id)

    def prove(self, settlement_id: str) -> Path:
        """Write the proof of what is posted, or of what would be."""
        rows = self._now(settlement_id)
        found = self.settlements.examine(settlement_id)
        revision = rows[0].revision if rows else 1
        text = rows[0].proof if rows and rows[0].state == POSTED else ""
        path = self.settlements.workspace / PROOFS / f"{settlement_id}-r{revision}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or proof_of(found, revision, self.settlements), encoding="utf-8")
        return path

    def ledger_batches(self, settlement_id: str) -> list[dict[str, object]]:
        """The batches that stand posted, as TIMS shows them now."""
        standing = [p for p in self._now(settlement_id) if p.state == POSTED]
        return [self.ledger.batch(p.batch_number).model_dump(mode="json") for p in standing]

    def _now(self, settlement_id: str) -> list[Posting]:
        return store.newest_revision(store.postings(self.db, settlement_id))

    def _plan(self, found: Examined, revision: int) -> None:
        text = proof_of(found, revision, self.settlements)
        planned: list[Posting] = []
        asked: list[NewJournalBatch] = []
        for batch in found.batches:
            ref = f"{batch.settlement_id}/{batch.part}/r{revision}"
            day = self._open_day(batch.posting_date, batch.settlement_id)
            moved = "" if day == batch.posting_date else f", moved from {batch.month}"
            asked.append(self._to_tims(batch, ref, day, moved))
            planned.append(
                Posting(
                    ref, batch.settlement_id, revision, batch.part, batch.digest, PLANNED, "", "",
                    self.settlements.now(), self.who, text if not planned else "",
                    asked[-1].model_dump(mode="json"),
                )
            )  # fmt: skip
        for one in asked:  # all are tried before any is posted
            check = self.ledger.validate(one)
            if check.Problems:
                raise NeedsPerson(
                    f"TIMS would refuse batch {one.ExternalRef}: {check.Problems[0]}",
                    kind="journal-refused",
                    remedy="Correct accounts.yaml or the chart of accounts in TIMS, then retry.",
                    about=f"settlement {found.summary.settlement_id}",
                    evidence={"problems": [str(p) for p in check.Problems]},
                )
        self._keep_map()
        store.plan(self.db, planned)
        self.clearer.keep(found.summary.settlement_id)

    def _keep_map(self) -> None:
        """The account map as it was, under the digest that proofs name."""
        workspace = self.settlements.workspace
        kept = workspace / MAPS / f"{self.settlements.accounts.digest}.yaml"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes((workspace / FILE).read_bytes())

    def _open_day(self, day: date, settlement_id: str) -> date:
        return open_day(
            self.ledger, day, self.settlements.accounts.closed_period, f"settlement {settlement_id}"
        )

    def _to_tims(self, batch: Batch, ref: str, day: date, moved: str) -> NewJournalBatch:
        return NewJournalBatch(
            ExternalSystem=self.system,
            ExternalRef=ref,
            PostingDate=day,
            Period=f"{day:%Y-%m}",
            CurrencyCode=batch.currency,
            Description=(
                f"Amazon settlement {batch.settlement_id}, {batch.part} in "
                f"{self.settlements.accounts.zone}{moved}"
            ),
            Lines=[
                journal_line(
                    line.target, line.credit - line.debit, batch.currency, memo=line.memo,
                    about="order" if line.order_id else "settlement",
                    reference=line.order_id or batch.settlement_id,
                )
                for line in batch.lines
            ],
        )  # fmt: skip


def proof_of(found: Examined, revision: int, settlements: Settlements) -> str:
    """The proof's text."""
    return proof.text(
        found.reading, found.summary, revision, found.rows, found.batches,
        settlements.accounts, found.identities,
    )  # fmt: skip


def must_be_postable(found: Examined, settlements: Settlements) -> None:
    """Raise the case that a settlement is, when it is one."""
    about, currency = f"settlement {found.summary.settlement_id}", found.summary.currency
    if found.unplaced:
        raise NeedsPerson(
            "; ".join(unplaced_words(found, settlements)),
            kind="settlement-unplaced",
            remedy="Add the label to vocabulary.csv, or a rule to accounts.yaml; retry.",
            about=about,
            evidence={"unplaced": [replace(u) for u in found.unplaced]},
        )
    if found.state is State.INCONSISTENT or found.difference:
        likely = f"; most likely it lacks: {found.likely}" if found.likely else ""
        raise NeedsPerson(
            f"the lines come to {shown(found.reading.total, currency)}, the total says "
            f"{shown(found.summary.total, currency)} {currency}: "
            f"{shown(found.difference, currency)} {currency} is missing{likely}",
            kind="settlement-inconsistent",
            remedy="Wait for Amazon's re-issued file, or open a case with Amazon; post nothing.",
            about=about,
        )
    broken = [i for i in found.identities if not i.holds]
    if broken:
        raise NeedsPerson(
            f"{broken[0].name}: expected {broken[0].expected}, found {broken[0].found}",
            kind="settlement-inconsistent",
            remedy="Look at it with `crossdock settlement show`; post nothing by hand.",
            about=about,
        )


def unplaced_words(found: Examined, settlements: Settlements) -> list[str]:
    """One sentence for each kind of line without a place, with what it most likely is."""
    words = []
    for one in found.unplaced:
        amount = f"{shown(one.amount, found.summary.currency)} {found.summary.currency}"
        where = f"{one.lines} lines from line {one.first_line}, {amount}"
        if one.category is not None:
            words.append(f"no account for {one.category} ({one.triple}; {where})")
            continue
        like = settlements.vocabulary.suggest(one.triple)
        hint = f", most like {like.like}: {like.category}" if like else ""
        words.append(f"unknown label {one.triple} ({where}{hint})")
    return words


def _differs(standing: Sequence[Posting], batches: Sequence[Batch]) -> bool:
    return {p.part: p.digest for p in standing} != {b.part: b.digest for b in batches}


def _posted_otherwise(settlement_id: str, revision: int) -> NeedsPerson:
    return NeedsPerson(
        f"settlement {settlement_id} is posted as revision {revision} with other content: "
        "the account map or the file changed since",
        kind="posting-differs",
        remedy=f"Compare: crossdock settlement preview {settlement_id}. Then reverse and post "
        f"anew: crossdock settlement post {settlement_id} --revise",
        about=f"settlement {settlement_id}",
    )
