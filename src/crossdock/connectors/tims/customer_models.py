"""A TIMS customer as far as recognising it needs."""

from collections.abc import Mapping
from typing import Any

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.fields import Record, Rows, Words


class ShipTo(Record):
    """An address that a customer has goods sent to."""

    ShipToCode: str = ""
    Address: m.Address | None = None
    TaxExemptCertificate: Mapping[str, Any] | None = None


class CustomerCard(Record):
    """Name, addresses and tax numbers of an account."""

    CustomerCode: str
    CompanyName: Words = None
    CustomerType: Words = None
    BillTo: m.Address | None = None
    ShipTos: Rows[ShipTo] = ()
    IsActive: bool = True
    RowVersion: int = 0
