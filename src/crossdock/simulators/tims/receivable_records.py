"""What a customer owes and what was paid on it: invoices, credit memos, receipts."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.fields import money_text, quantity_text
from crossdock.simulators.tims.records import Record

OPEN, PAID, POSTED, REVERSED = "open", "paid", "posted", "reversed"
NOTHING = Decimal(0)


@dataclass(kw_only=True, eq=False)
class Document(Record):
    """An invoice, which asks for money, or a credit memo, which gives it back. `amount` is its
    magnitude, `applied` how much of it is settled.
    """

    number: str
    customer_code: str
    external_system: str | None
    external_ref: str | None
    on: date
    currency: str
    amount: Decimal
    applied: Decimal = NOTHING

    sign = 1

    @property
    def key(self) -> str:
        return self.number

    @property
    def left(self) -> Decimal:
        """What is still open of it."""
        return self.amount - self.applied

    @property
    def status(self) -> str:
        return OPEN if self.left else PAID

    def common(self) -> dict[str, Any]:
        return {
            "CustomerCode": self.customer_code,
            "ExternalSystem": self.external_system,
            "ExternalRef": self.external_ref,
            "CurrencyCode": self.currency,
            "Amount": money_text(self.amount),
            "OpenAmount": money_text(self.left),
            "Status": self.status,
        }


@dataclass(kw_only=True, eq=False)
class Invoice(Document):
    """Bills what was shipped of an order."""

    order_number: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        return {
            "InvoiceNumber": self.number,
            "OrderNumber": self.order_number,
            "InvoiceDate": self.on.isoformat(),
            **self.common(),
            "Lines": [
                {**x, "Qty": quantity_text(x["Qty"]), "Amount": money_text(x["Amount"])}
                for x in self.lines
            ],
        }


@dataclass(kw_only=True, eq=False)
class CreditMemo(Document):
    """Gives money back; of an invoice where it names one."""

    invoice_number: str | None
    reason: str

    sign = -1

    def fields(self) -> dict[str, Any]:
        return {
            "CreditMemoNumber": self.number,
            "InvoiceNumber": self.invoice_number,
            "MemoDate": self.on.isoformat(),
            "ReasonCode": self.reason,
            **self.common(),
        }


@dataclass(kw_only=True, eq=False)
class Receipt(Record):
    """Money that came, or, below zero, went back, and what it settles."""

    number: str
    customer_code: str
    external_system: str
    external_ref: str
    on: date
    currency: str
    amount: Decimal
    account: str
    branch: str | None
    applications: list[dict[str, Any]]
    status: str = POSTED

    @property
    def key(self) -> str:
        return self.number

    @property
    def unapplied(self) -> Decimal:
        """What of it settles nothing yet."""
        return self.amount - sum((x["Amount"] for x in self.applications), NOTHING)

    def fields(self) -> dict[str, Any]:
        return {
            "ReceiptNumber": self.number,
            "CustomerCode": self.customer_code,
            "ExternalSystem": self.external_system,
            "ExternalRef": self.external_ref,
            "ReceiptDate": self.on.isoformat(),
            "CurrencyCode": self.currency,
            "Amount": money_text(self.amount),
            "Unapplied": money_text(self.unapplied),
            "AccountNumber": self.account,
            "Branch": self.branch,
            "Status": self.status,
            "Applications": [
                {**x, **{n: money_text(x[n]) for n in ("Amount", "ShortPayAmount") if n in x}}
                for x in self.applications
            ],
        }
