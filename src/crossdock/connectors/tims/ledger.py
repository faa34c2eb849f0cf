"""TIMS's general ledger: writes that may be repeated without harm."""

from collections.abc import Iterable

from crossdock.connectors.tims import ledger_models as m
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.operation import Operation, Repeat


class Ledger:
    """The ledger of one site."""

    def __init__(self, client: TimsClient) -> None:
        self._client = client

    def accounts(self) -> tuple[m.GlAccount, ...]:
        """The chart of accounts."""
        return self._client.all(m.GlAccount, self._client.wire.gl_accounts(), "TIMS accounts")

    def periods(self) -> tuple[m.GlPeriod, ...]:
        """Fiscal periods."""
        return self._client.all(m.GlPeriod, self._client.wire.gl_periods(), "TIMS periods")

    def batch(self, number: str) -> m.JournalBatch:
        """A batch by TIMS's number."""
        ask = self._client.wire.journal_batch(number)
        return self._client.get(m.JournalBatch, ask, f"TIMS batch {number}")

    def find(self, external_system: str, external_ref: str) -> m.JournalBatch | None:
        """The batch that carries our reference."""
        ask = self._client.wire.journal_batches_by_ref(external_system, external_ref)
        wanted = (external_system, external_ref)
        for batch in self._client.all(m.JournalBatch, ask, external_ref):
            if (batch.ExternalSystem, batch.ExternalRef) == wanted:
                return batch
        return None

    def validate(self, batch: m.NewJournalBatch) -> m.JournalBatchCheck:
        """What TIMS would refuse, all of it; nothing is stored."""
        ask = self._client.wire.validate_journal_batch(batch)
        about = f"journal {batch.ExternalRef}"
        answer = self._client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return m.JournalBatchCheck()
        if answer.status not in (409, 422):
            raise error_of(answer, operation=ask.name, about=about)
        if answer.has("period_closed") or answer.has("duplicate_external_ref"):
            # The first has a case of its own; of the second `post` finds out what it means.
            if answer.has("duplicate_external_ref"):
                return m.JournalBatchCheck()
            raise error_of(answer, operation=ask.name, about=about)
        return m.JournalBatchCheck(Problems=tuple(str(p) for p in answer.parts) or (str(answer),))

    def post(self, batch: m.NewJournalBatch) -> m.JournalBatch:
        """The batch in the ledger, once, however often this is called with the same reference."""
        client, about = self._client, f"journal {batch.ExternalRef}"
        ask = client.wire.new_journal_batch(batch)
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(m.JournalBatch, answer, ask, about)
        if not (answer.has("duplicate_external_ref") or answer.has("idempotency_mismatch")):
            raise error_of(answer, operation=ask.name, about=about)
        found = self.find(batch.ExternalSystem, batch.ExternalRef)
        if found is None or not _same(found, batch):
            number = found.BatchNumber if found is not None else "a batch that is not to be found"
            raise NeedsPerson(
                f"TIMS has {batch.ExternalRef} with other content: {number}",
                kind="posting-conflict",
                remedy="Compare the batch in TIMS with `crossdock settlement preview`.",
                about=about,
                request_id=answer.trace_id,
                code=answer.code,
            )
        return found

    def reverse(self, reversal: m.BatchReversal) -> m.JournalBatch:
        """The batch that takes it back; a repeat gives the same one."""
        client, number = self._client, reversal.BatchNumber
        standing = self.batch(number)
        if standing.ReversedBy:
            return self.batch(standing.ReversedBy)
        about = f"TIMS batch {number}"
        ask = client.wire.reverse_journal_batch(number, reversal.PostingDate)
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(m.JournalBatch, answer, ask, about)
        standing = self.batch(number)
        if standing.ReversedBy:
            return self.batch(standing.ReversedBy)
        raise error_of(answer, operation=ask.name, about=about)


def ledger_operations(client: TimsClient) -> tuple[Operation, ...]:
    """What a flow can do with the ledger."""
    ledger = Ledger(client)
    return (
        Operation(
            "tims.validate_journal_batch",
            takes=(m.NewJournalBatch,), gives=m.JournalBatchCheck, repeat=Repeat.READ,
            run=ledger.validate, about="Asks TIMS what it would refuse of a journal.",
        ),
        Operation(
            "tims.get_journal_batch",
            takes=(str,), gives=m.JournalBatch, repeat=Repeat.READ,
            run=ledger.batch, about="A journal batch by its number.",
        ),
        Operation(
            "tims.post_journal_batch",
            takes=(m.NewJournalBatch,), gives=m.JournalBatch, repeat=Repeat.IDEMPOTENCY_KEY,
            run=ledger.post, about="Posts a journal batch, or adopts the one already posted.",
        ),
        Operation(
            "tims.reverse_journal_batch",
            takes=(m.BatchReversal,), gives=m.JournalBatch, repeat=Repeat.LOOK_FIRST,
            run=ledger.reverse, about="Takes a posted journal batch back.",
        ),
    )  # fmt: skip


def _same(found: m.JournalBatch, batch: m.NewJournalBatch) -> bool:
    return (
        (found.PostingDate, found.CurrencyCode) == (batch.PostingDate, batch.CurrencyCode)
        and _said(found.Lines) == _said(batch.Lines)
    )  # fmt: skip


def _said(lines: Iterable[m.PostedLine | m.JournalLine]) -> list[tuple[object, ...]]:
    return [
        (x.AccountNumber, x.Branch, x.Debit, x.Credit, x.Memo or "", x.ReferenceId,
         dict(x.Dimensions or {})) for x in lines
    ]  # fmt: skip
