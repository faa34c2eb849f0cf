"""Customers, keyed by a code."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import (
    address,
    anything,
    flag,
    many,
    money_text,
    number,
    one_of,
    read,
    record,
    text,
)
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.paging import Pages, select
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.records import Record, Table

_SHIP_TO = record(
    {
        "ShipToCode": text(20),
        "Address": address,
        "DefaultLocationId": text(20),
        "TaxJurisdiction": text(40),
        "TaxExemptCertificate": anything,
    },
    required=("ShipToCode", "Address"),
)
_CHANGEABLE = {
    "CompanyName": text(),
    "ContactName": text(),
    "Email": text(254),
    "Phone": text(40),
    "BillTo": address,
    "ShipTos": many(_SHIP_TO),
    "TermsCode": text(20),
    "PriceClass": text(20),
    "DiscountCode": text(20),
    "CreditLimit": number(2),
    "IsBlanketPoRequired": flag,
    "CustomerType": one_of("retail", "commercial", "marketplace"),
    "ExternalRefs": many(text(100)),
}
_NEW = {"CustomerCode": text(20), **_CHANGEABLE}
_READ_ONLY = {"Id", "OnCreditHold", "CreatedAt", "UpdatedAt", "RowVersion", "IsActive"}
_ABSENT: dict[str, Any] = {
    "CompanyName": None,
    "ContactName": None,
    "Email": None,
    "Phone": None,
    "BillTo": None,
    "ShipTos": [],
    "TermsCode": None,
    "PriceClass": None,
    "DiscountCode": None,
    "CreditLimit": None,
    "IsBlanketPoRequired": False,
    "CustomerType": "commercial",
    "ExternalRefs": [],
}


@dataclass(kw_only=True, eq=False)
class Customer(Record):
    """An account. `said` holds the fields that callers write, as TIMS spells them."""

    customer_code: str
    said: dict[str, Any] = field(default_factory=dict)
    on_credit_hold: bool = False
    hold_lifted_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.customer_code

    @property
    def company_name(self) -> str:
        return str(self.said.get("CompanyName") or "")

    def has_ship_to(self, code: str) -> bool:
        """True when the account has a delivery address of that code."""
        return any(x["ShipToCode"] == code for x in self.said.get("ShipTos") or ())

    def fields(self) -> dict[str, Any]:
        body = {"CustomerCode": self.customer_code, **_ABSENT, **self.said}
        if isinstance(body["CreditLimit"], Decimal):
            body["CreditLimit"] = money_text(body["CreditLimit"])
        return {**body, "OnCreditHold": self.on_credit_hold}


class Customers:
    """The desk for customers."""

    def __init__(self, journal: Journal, pages: Pages, salt: str) -> None:
        self.table: Table[Customer] = Table("customer", journal, salt)
        self._pages = pages

    def list(self, call: Call) -> Answer:
        filters = {
            "external_ref": lambda customer, wanted: (
                wanted in (customer.said.get("ExternalRefs") or ())
            )
        }
        return self._pages.answer(call, lambda: select(call, self.table, filters))

    def get(self, call: Call) -> Answer:
        return shown(self._named(call.key))

    def create(self, call: Call) -> Answer:
        findings = Findings()
        said = read(call.body, _NEW, findings, required=("CompanyName",), read_only=_READ_ONLY)
        findings.refuse()
        code = said.pop("CustomerCode", None) or self._next_code()
        known = self.table.get(code)
        if known is not None:
            raise Refusal(
                "duplicate_customer_code",
                f"Customer {code} is already on file",
                existing_id=known.id,
                existing_key=code,
            )
        customer = self.table.add(Customer(customer_code=code, said=said), "customer.updated")
        return shown(customer, 201)

    def change(self, call: Call) -> Answer:
        """A merge patch: fields named are replaced, null empties them, the rest stays."""
        customer = self._named(call.key)
        customer.must_match(call.if_match)
        findings = Findings()
        read_only = _READ_ONLY | {"CustomerCode"}
        said = read(call.body, _CHANGEABLE, findings, read_only=read_only)
        if "CompanyName" in call.body and call.body["CompanyName"] is None:
            findings.add("/CompanyName", "required", "CompanyName is required")
        findings.refuse()
        emptied = {name for name, value in call.body.items() if value is None}
        kept = {name: x for name, x in customer.said.items() if name not in emptied}
        customer.said = {**kept, **said}
        self.table.touch(customer, "customer.updated")
        return shown(customer)

    def _named(self, code: str) -> Customer:
        customer: Customer = found(self.table.get(code), "Customer", code, "customer_not_found")
        return customer

    def _next_code(self) -> str:
        number_ = len(self.table.rows) + 10001
        while f"C{number_}" in self.table.rows:
            number_ += 1
        return f"C{number_}"
