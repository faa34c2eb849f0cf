"""The ledger's part of the wire format; `Wire` is made of it."""

from datetime import date

from crossdock.connectors.tims import ledger_models as m
from crossdock.connectors.tims.ask import Ask, body_of, create_ask, read_ask, segment


class LedgerAsks:
    """What is asked of TIMS's general ledger."""

    def gl_accounts(self) -> Ask:
        """The chart of accounts."""
        return read_ask("/gl/accounts", query={"limit": "1000"}, scope="gl:read")

    def gl_periods(self) -> Ask:
        """Fiscal periods, open and closed."""
        return read_ask("/gl/periods", query={"limit": "1000"}, scope="gl:read")

    def journal_batch(self, number: str) -> Ask:
        """A batch by TIMS's number."""
        return read_ask("/gl/journal_batches/{BatchNumber}", number, scope="gl:read")

    def journal_batches_by_ref(self, external_system: str, external_ref: str) -> Ask:
        """Batches that carry our reference."""
        query = {"external_system": external_system, "external_ref": external_ref}
        return read_ask("/gl/journal_batches", query=query, scope="gl:read")

    def new_journal_batch(self, batch: m.NewJournalBatch) -> Ask:
        """Post a batch; its reference is what a repeat is recognised by."""
        key = f"gl-{batch.ExternalSystem}-{batch.ExternalRef}"
        return create_ask("/gl/journal_batches", body_of(batch), key, scope="gl:write")

    def validate_journal_batch(self, batch: m.NewJournalBatch) -> Ask:
        """The same checks; nothing is stored."""
        path = "/gl/journal_batches/validate"
        return Ask("POST", path, path, body=body_of(batch), scope="gl:write")

    def reverse_journal_batch(self, number: str, day: date) -> Ask:
        """A batch with the sides swapped."""
        return Ask(
            "POST",
            "/gl/journal_batches/{BatchNumber}/reverse",
            f"/gl/journal_batches/{segment(number)}/reverse",
            headers={"idempotency-key": f"gl-reverse-{number}"},
            body={"PostingDate": day.isoformat()},
            scope="gl:write",
            writes=True,
        )
