"""The desk for receivables. Every document is booked in the ledger the moment it is made."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.customers import Customer
from crossdock.simulators.tims.fields import day, many, number, read, record, text
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.ledger import Ledger
from crossdock.simulators.tims.orders import SimSalesOrder
from crossdock.simulators.tims.paging import Filter, Pages, select
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.receivable_records import (
    NOTHING,
    REVERSED,
    CreditMemo,
    Document,
    Invoice,
    Receipt,
)
from crossdock.simulators.tims.records import Table

RECEIVABLE, SALES, RETURNS = "1100", "4010", "4020"
SALES_TAX, WRITTEN_OFF = "2300", "6910"
MOST_APPLICATIONS = 500
_ANY = Decimal("-1000000000000")


class Receivables:
    """Invoices, credit memos and receipts of one company."""

    def __init__(
        self,
        journal: Journal,
        pages: Pages,
        ledger: Ledger,
        customers: Table[Customer],
        zone: str,
        salt: str,
    ) -> None:
        self.invoices: Table[Invoice] = Table("invoice", journal, salt)
        self.memos: Table[CreditMemo] = Table("credit_memo", journal, salt)
        self.receipts: Table[Receipt] = Table("ar_receipt", journal, salt)
        self._pages, self._ledger, self._customers = pages, ledger, customers
        self._clock, self._zone = journal.clock, ZoneInfo(zone)
        self._by_ref: dict[str, list[Invoice]] = {}
        self._locked = ""

    @property
    def today(self) -> date:
        """The business day at the company."""
        return self._clock.now().astimezone(self._zone).date()

    # --- what people do -------------------------------------------------------------------------

    def bill(self, order: SimSalesOrder) -> Invoice:
        """Invoice what the order comes to."""
        totals = order.totals
        made = Invoice(
            number=f"IN-{len(self.invoices.rows) + 1:06}",
            customer_code=order.customer_code,
            external_system=order.external_system,
            external_ref=order.external_ref,
            on=self.today,
            currency=order.header["CurrencyCode"],
            amount=totals.total,
            order_number=order.order_number,
            lines=[
                {
                    "LineNumber": line.line_number,
                    "ItemNumber": line.item_number,
                    "ExternalLineRef": line.external_line_ref,
                    "Qty": line.qty_shipped,
                    "Amount": line.extension - line.discount,
                }
                for line in order.lines
                if line.wanted
            ],
        )
        self._by_ref.setdefault(order.external_ref or "", []).append(made)
        self.invoices.add(made, "invoice.posted")
        sides = [(RECEIVABLE, -totals.total), (SALES, totals.lines + totals.charges)]
        self._book(made.number, made.on, made.currency, [*sides, (SALES_TAX, totals.tax)])
        return made

    def refuse_invoice(self, number: str) -> None:
        """Somebody has locked this invoice; "" unlocks it."""
        self._locked = number

    # --- the desk -------------------------------------------------------------------------------

    def list_invoices(self, call: Call) -> Answer:
        ref = call.query.get("external_ref")
        among = None if ref is None else self._by_ref.get(ref, [])
        return self._pages.answer(call, lambda: select(call, self.invoices, _DOCUMENTS, among))

    def get_invoice(self, call: Call) -> Answer:
        return shown(found(self.invoices.get(call.key), "Invoice", call.key))

    def list_memos(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.memos, _DOCUMENTS))

    def list_receipts(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.receipts, _DOCUMENTS))

    def get_receipt(self, call: Call) -> Answer:
        return shown(found(self.receipts.get(call.key), "Receipt", call.key))

    def create_memo(self, call: Call) -> Answer:
        findings = Findings()
        body = read(call.body, _MEMO, findings, required=_MEMO_NEEDS)
        findings.refuse()
        self._customer(body["CustomerCode"], findings)
        self._open(body["MemoDate"], "/MemoDate", findings)
        invoice = body.get("InvoiceNumber")
        if invoice is not None and self.invoices.get(invoice) is None:
            findings.add(
                "/InvoiceNumber", "invoice_not_found", f"{invoice} is not on file", invoice
            )
        findings.refuse()
        _once(self.memos, body)
        memo = CreditMemo(
            number=f"CM-{len(self.memos.rows) + 1:06}",
            customer_code=body["CustomerCode"],
            external_system=body["ExternalSystem"],
            external_ref=body["ExternalRef"],
            on=body["MemoDate"],
            currency=body["CurrencyCode"],
            amount=body["Amount"],
            invoice_number=invoice,
            reason=body["ReasonCode"],
        )
        self.memos.add(memo, "credit_memo.posted")
        sides = [(RETURNS, -memo.amount), (RECEIVABLE, memo.amount)]
        self._book(memo.number, memo.on, memo.currency, sides)
        return shown(memo, 201)

    def create_receipt(self, call: Call) -> Answer:
        findings = Findings()
        body = read(call.body, _RECEIPT, findings, required=_RECEIPT_NEEDS)
        findings.refuse()
        self._customer(body["CustomerCode"], findings)
        self._open(body["ReceiptDate"], "/ReceiptDate", findings)
        if self._ledger.accounts.get(body["AccountNumber"]) is None:
            words = f"Account {body['AccountNumber']} is not on file"
            findings.add("/AccountNumber", "account_not_found", words, body["AccountNumber"])
        self._applicable(body, findings)
        findings.refuse()
        _once(self.receipts, body)
        receipt = Receipt(
            number=f"RC-{len(self.receipts.rows) + 1:06}",
            customer_code=body["CustomerCode"],
            external_system=body["ExternalSystem"],
            external_ref=body["ExternalRef"],
            on=body["ReceiptDate"],
            currency=body["CurrencyCode"],
            amount=body["Amount"],
            account=body["AccountNumber"],
            branch=body.get("Branch"),
            applications=body["Applications"],
        )
        self._settle(receipt, 1)
        self.receipts.add(receipt)
        self._book(receipt.number, receipt.on, receipt.currency, _sides(receipt))
        return shown(receipt, 201)

    def reverse_receipt(self, call: Call) -> Answer:
        receipt: Receipt = found(self.receipts.get(call.key), "Receipt", call.key)
        findings = Findings()
        body = read(call.body, {"PostingDate": day}, findings, required=("PostingDate",))
        findings.refuse()
        if receipt.status == REVERSED:
            raise Refusal("invalid_status_transition", f"Receipt {call.key} is reversed already")
        self._open(body["PostingDate"], "/PostingDate", findings)
        findings.refuse()
        self._settle(receipt, -1)
        receipt.status = REVERSED
        self.receipts.touch(receipt)
        sides = [(account, -amount) for account, amount in _sides(receipt)]
        self._book(f"reversal of {receipt.number}", body["PostingDate"], receipt.currency, sides)
        return shown(receipt)

    # --- inside ---------------------------------------------------------------------------------

    def _document(self, application: Mapping[str, Any]) -> Document | None:
        if application.get("CreditMemoNumber"):
            return self.memos.get(application["CreditMemoNumber"])
        return self.invoices.get(application.get("InvoiceNumber") or "")

    def _applicable(self, body: Mapping[str, Any], findings: Findings) -> None:
        """A document may be named once; no more than is open, in its own direction."""
        seen: set[str] = set()
        total = NOTHING
        for n, row in enumerate(body["Applications"]):
            at = f"/Applications/{n}"
            document = self._document(row)
            if document is None:
                findings.add(
                    at, "document_not_found", "It is not on file", row.get("InvoiceNumber")
                )
                continue
            if document.number == self._locked:
                findings.add(at, "document_locked", f"{document.number} is locked by somebody")
            if document.number in seen:
                findings.add(at, "named_twice", f"{document.number} is named twice")
            seen.add(document.number)
            total += row["Amount"]
            if (document.customer_code, document.currency) != (
                body["CustomerCode"], body["CurrencyCode"],
            ):  # fmt: skip
                findings.add(at, "other_account", f"{document.number} is another customer's")
            took = row["Amount"] * document.sign + row.get("ShortPayAmount", NOTHING)
            if row["Amount"] * document.sign <= 0 or took > document.left:
                words = f"{document.number} has {document.left} open"
                findings.add(f"{at}/Amount", "over_applied", words, str(row["Amount"]))
            if row.get("ShortPayAmount") and not row.get("ShortPayReason"):
                findings.add(f"{at}/ShortPayReason", "required", "Say why less was paid")
        if body["Applications"] and (
            (body["Amount"] >= 0 and total > body["Amount"])
            or (body["Amount"] < 0 and total != body["Amount"])
        ):
            findings.add("/Amount", "over_applied", f"{total} is applied", str(body["Amount"]))

    def _settle(self, receipt: Receipt, direction: int) -> None:
        for row in receipt.applications:
            document = self._document(row)
            if document is not None:
                took = row["Amount"] * document.sign + row.get("ShortPayAmount", NOTHING)
                document.applied += took * direction
                table = self.memos if isinstance(document, CreditMemo) else self.invoices
                table.touch(document)  # type: ignore[arg-type]

    def _customer(self, code: str, findings: Findings) -> None:
        if self._customers.get(code) is None:
            findings.add("/CustomerCode", "customer_not_found", f"{code} is not on file", code)

    def _open(self, on: date, pointer: str, findings: Findings) -> None:
        if not self._ledger.is_open(on):
            findings.add(pointer, "period_closed", f"Period {on:%Y-%m} is not open", f"{on}")

    def _book(
        self, what: str, on: date, currency: str, sides: Iterable[tuple[str, Decimal]]
    ) -> None:
        self._ledger.book(what, on, currency, sides)


def _sides(receipt: Receipt) -> list[tuple[str, Decimal]]:
    short = sum((x.get("ShortPayAmount", NOTHING) for x in receipt.applications), NOTHING)
    return [
        (receipt.account, -receipt.amount),
        (WRITTEN_OFF, -short),
        (RECEIVABLE, receipt.amount + short),
    ]


def _once(table: Table[Any], body: Mapping[str, Any]) -> None:
    wanted = (body["ExternalSystem"], body["ExternalRef"])
    for row in table:
        if (row.external_system, row.external_ref) == wanted:
            raise Refusal(
                "duplicate_external_ref",
                f"{wanted[0]} {wanted[1]} is {row.number}",
                Id=row.id,
                existing_id=row.id,
                existing_key=row.number,
            )


_COMMON: Mapping[str, Any] = {
    "ExternalSystem": text(100),
    "ExternalRef": text(100),
    "CustomerCode": text(20),
    "CurrencyCode": text(3),
}
_MEMO: Mapping[str, Any] = {
    **_COMMON,
    "MemoDate": day,
    "InvoiceNumber": text(20),
    "Amount": number(2, above=True),
    "ReasonCode": text(30),
}
_MEMO_NEEDS = (*_COMMON, "MemoDate", "Amount", "ReasonCode")
_APPLICATION: Mapping[str, Any] = {
    "InvoiceNumber": text(20),
    "CreditMemoNumber": text(20),
    "Amount": number(2, least=_ANY),
    "ShortPayAmount": number(2),
    "ShortPayReason": text(30),
}
_RECEIPT: Mapping[str, Any] = {
    **_COMMON,
    "ReceiptDate": day,
    "Amount": number(2, least=_ANY),
    "AccountNumber": text(20),
    "Branch": text(20),
    "Applications": many(record(_APPLICATION, ("Amount",)), most=MOST_APPLICATIONS),
}
_RECEIPT_NEEDS = (*_COMMON, "ReceiptDate", "Amount", "AccountNumber", "Applications")
_DOCUMENTS: dict[str, Filter[Any]] = {
    "external_system": lambda row, wanted: row.external_system == wanted,
    "external_ref": lambda row, wanted: row.external_ref == wanted,
    "customer_code": lambda row, wanted: row.customer_code == wanted,
    "status": lambda row, wanted: row.status == wanted,
}
