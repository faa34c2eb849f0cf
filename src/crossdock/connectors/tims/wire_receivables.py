"""The receivables' part of the wire format; `Wire` is made of it."""

from datetime import date, datetime

from crossdock.connectors.tims import receivable_models as m
from crossdock.connectors.tims.ask import Ask, body_of, create_ask, read_ask, segment
from crossdock.connectors.tims.fields import rfc3339

_MOST = {"limit": "1000"}


class ReceivableAsks:
    """What is asked of TIMS's receivables."""

    def invoices(
        self,
        external_system: str,
        *,
        status: str = "",
        external_ref: str = "",
        since: datetime | None = None,
    ) -> Ask:
        """Invoices of orders that carry our reference, or that changed since."""
        query = _query(external_system, status, external_ref)
        changed = {"updated_since": rfc3339(since)} if since is not None else {}
        return read_ask("/invoices", query=query | changed, scope="ar:read")

    def credit_memos(
        self, external_system: str, *, status: str = "", external_ref: str = ""
    ) -> Ask:
        """Credit memos that carry our reference."""
        query = _query(external_system, status, external_ref)
        return read_ask("/credit_memos", query=query, scope="ar:read")

    def receipts(self, external_system: str, *, external_ref: str = "") -> Ask:
        """Receipts that carry our reference."""
        query = _query(external_system, "", external_ref)
        return read_ask("/ar_receipts", query=query, scope="ar:read")

    def receipt(self, number: str) -> Ask:
        """A receipt by TIMS's number."""
        return read_ask("/ar_receipts/{ReceiptNumber}", number, scope="ar:read")

    def new_credit_memo(self, memo: m.NewCreditMemo) -> Ask:
        """Its reference is what a repeat is recognised by."""
        key = f"cm-{memo.ExternalSystem}-{memo.ExternalRef}"
        return create_ask("/credit_memos", body_of(memo), key, scope="ar:write")

    def new_receipt(self, receipt: m.NewReceipt) -> Ask:
        """Its reference is what a repeat is recognised by."""
        key = f"rc-{receipt.ExternalSystem}-{receipt.ExternalRef}"
        return create_ask("/ar_receipts", body_of(receipt), key, scope="ar:write")

    def reverse_receipt(self, number: str, day: date) -> Ask:
        """The receipt is taken back."""
        return Ask(
            "POST",
            "/ar_receipts/{ReceiptNumber}/reverse",
            f"/ar_receipts/{segment(number)}/reverse",
            headers={"idempotency-key": f"rc-reverse-{number}"},
            body={"PostingDate": day.isoformat()},
            scope="ar:write",
            writes=True,
        )


def _query(external_system: str, status: str, external_ref: str) -> dict[str, str]:
    said = {"external_system": external_system, "status": status, "external_ref": external_ref}
    return _MOST | {name: value for name, value in said.items() if value}
