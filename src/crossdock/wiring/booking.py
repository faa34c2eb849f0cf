"""Batches that were written down, on their way into TIMS's ledger and out of it again.

TIMS knows a batch by its reference, so posting again finishes what a crash or a lost reply left.
"""

from collections.abc import Callable
from datetime import date

from crossdock.business.settlements.accounts import Target
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.ledger_models import BatchReversal, JournalLine, NewJournalBatch
from crossdock.engine.store import Database
from crossdock.engine.store import settlements as store
from crossdock.engine.store.settlements import PLANNED, POSTED, REVERSED, Posting
from crossdock.wiring.settling import shown


class Books:
    """The batches that carry one ExternalSystem."""

    def __init__(self, db: Database, ledger: Ledger, system: str) -> None:
        self.db, self.ledger, self.system = db, ledger, system

    def post(self, row: Posting) -> None:
        """Into the ledger, once."""
        batch = self.ledger.post(NewJournalBatch.model_validate(dict(row.content)))
        store.mark(self.db, row.ref, POSTED, batch_number=batch.BatchNumber)

    def take_back(self, row: Posting, day_of: Callable[[date], date]) -> None:
        """Out again, by a batch with the sides swapped on the day that follows from its own. What
        never arrived is only marked.
        """
        number, back = row.batch_number, ""
        if row.state == PLANNED:  # its reply may have been lost: TIMS knows
            stored = self.ledger.find(self.system, row.ref)
            number = stored.BatchNumber if stored is not None else ""
        if number:
            day = day_of(date.fromisoformat(str(row.content["PostingDate"])))
            asked = BatchReversal(BatchNumber=number, PostingDate=day)
            back = self.ledger.reverse(asked).BatchNumber
        store.mark(self.db, row.ref, REVERSED, batch_number=number, reversed_by=back)


def journal_line(
    target: Target, amount: int, currency: str, *, memo: str, about: str, reference: str
) -> JournalLine:
    """A line as TIMS takes it; `amount` in minor units, a credit above zero and a debit below.
    `about` and `reference` say what it is about.
    """
    return JournalLine(
        AccountNumber=target.account, Branch=target.branch or None,
        Debit=shown(max(-amount, 0), currency), Credit=shown(max(amount, 0), currency),
        Memo=memo, ReferenceType=about, ReferenceId=reference,
        Dimensions=dict(target.dimensions),
    )  # fmt: skip
