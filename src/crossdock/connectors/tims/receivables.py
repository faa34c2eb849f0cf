"""TIMS's receivables: invoices, credit memos and receipts. Writes may be repeated without harm."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from crossdock.connectors.tims import receivable_models as m
from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.operation import Operation, Repeat

M = TypeVar("M", m.CreditMemo, m.Receipt)


class Receivables:
    """The receivables of one site."""

    def __init__(self, client: TimsClient) -> None:
        self._client = client

    def invoices(
        self,
        system: str,
        *,
        only_open: bool = False,
        ref: str = "",
        since: datetime | None = None,
    ) -> list[m.Invoice]:
        """Invoices of orders that came with this ExternalSystem (and ExternalRef)."""
        status = "open" if only_open else ""
        ask = self._client.wire.invoices(system, status=status, external_ref=ref, since=since)
        found = self._client.all(m.Invoice, ask, f"TIMS invoices of {ref or system}")
        return [x for x in found if x.ExternalSystem == system and ref in ("", x.ExternalRef)]

    def credit_memos(self, system: str) -> list[m.CreditMemo]:
        """Credit memos that carry this ExternalSystem."""
        ask = self._client.wire.credit_memos(system)
        return list(self._client.all(m.CreditMemo, ask, f"TIMS credit memos of {system}"))

    def issue(self, memo: m.NewCreditMemo) -> m.CreditMemo:
        """The credit memo, once, however often this is called with the same reference."""
        wire, about = self._client.wire, f"credit memo {memo.ExternalRef}"
        refs = wire.credit_memos(memo.ExternalSystem, external_ref=memo.ExternalRef)
        found = self._once(m.CreditMemo, wire.new_credit_memo(memo), refs, about)
        same = (found.CustomerCode, found.CurrencyCode, found.Amount)
        if same != (memo.CustomerCode, memo.CurrencyCode, memo.Amount):
            raise _otherwise(found.CreditMemoNumber, memo.ExternalRef, about)
        return found

    def receive(self, receipt: m.NewReceipt) -> m.Receipt:
        """The receipt, once, however often this is called with the same reference."""
        wire, about = self._client.wire, f"receipt {receipt.ExternalRef}"
        refs = wire.receipts(receipt.ExternalSystem, external_ref=receipt.ExternalRef)
        found = self._once(m.Receipt, wire.new_receipt(receipt), refs, about)
        same = (found.CustomerCode, found.CurrencyCode, found.Amount, _said(found.Applications))
        if same != (
            receipt.CustomerCode, receipt.CurrencyCode, receipt.Amount, _said(receipt.Applications),
        ):  # fmt: skip
            raise _otherwise(found.ReceiptNumber, receipt.ExternalRef, about)
        return found

    def find_receipt(self, system: str, ref: str) -> m.Receipt | None:
        """The receipt that carries our reference."""
        ask = self._client.wire.receipts(system, external_ref=ref)
        found = self._client.all(m.Receipt, ask, f"receipt {ref}")
        return next((x for x in found if (x.ExternalSystem, x.ExternalRef) == (system, ref)), None)

    def reverse(self, reversal: m.ReceiptReversal) -> m.Receipt:
        """The receipt, taken back; a repeat finds it so."""
        client, number = self._client, reversal.ReceiptNumber
        about = f"TIMS receipt {number}"
        ask = client.wire.reverse_receipt(number, reversal.PostingDate)
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(m.Receipt, answer, ask, about)
        standing = client.get(m.Receipt, client.wire.receipt(number), about)
        if standing.Status == "reversed":
            return standing
        raise error_of(answer, operation=ask.name, about=about)

    def _once(self, model: type[M], ask: Ask, refs: Ask, about: str) -> M:
        client = self._client
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(model, answer, ask, about)
        if answer.has("duplicate_external_ref") or answer.has("idempotency_mismatch"):
            body = ask.body or {}
            wanted = (body.get("ExternalSystem"), body.get("ExternalRef"))
            for row in client.all(model, refs, about):
                if (row.ExternalSystem, row.ExternalRef) == wanted:
                    return row
        raise error_of(answer, operation=ask.name, about=about)


def receivable_operations(client: TimsClient) -> tuple[Operation, ...]:
    """What a flow can do with receivables."""
    receivables = Receivables(client)
    return (
        Operation(
            "tims.issue_credit_memo",
            takes=(m.NewCreditMemo,), gives=m.CreditMemo, repeat=Repeat.IDEMPOTENCY_KEY,
            run=receivables.issue, about="Issues a credit memo, or adopts the one there is.",
        ),
        Operation(
            "tims.receive",
            takes=(m.NewReceipt,), gives=m.Receipt, repeat=Repeat.IDEMPOTENCY_KEY,
            run=receivables.receive, about="Books a receipt, or adopts the one there is.",
        ),
        Operation(
            "tims.reverse_receipt",
            takes=(m.ReceiptReversal,), gives=m.Receipt, repeat=Repeat.LOOK_FIRST,
            run=receivables.reverse, about="Takes a receipt back; its documents are open again.",
        ),
    )  # fmt: skip


def _said(rows: Sequence[m.Application | m.Applied]) -> list[tuple[object, ...]]:
    return [(x.InvoiceNumber, x.CreditMemoNumber, x.Amount, x.ShortPayAmount or 0) for x in rows]


def _otherwise(number: str, ref: str, about: str) -> NeedsPerson:
    return NeedsPerson(
        f"TIMS has {ref} with other content: {number}",
        kind="posting-conflict",
        remedy="Compare it in TIMS with `crossdock settlement match`.",
        about=about,
    )
