"""Customers of TIMS as fingerprints, and the account of a buyer."""

import base64
import csv
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from crossdock.business.customers import rules
from crossdock.business.customers.model import ONE, Account, Buyer, Known
from crossdock.business.customers.rules import COMPANY, Mark
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.customer_models import CustomerCard
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.engine.feeds import Change, Feed, Reading
from crossdock.engine.store import Database, customers
from crossdock.kernel.errors import ConfigError, NeedsPerson
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.language import table_path
from crossdock.wiring.privacy import fingerprint

TIMS_CUSTOMERS, FLOW = "tims.customers", "customers"
_TABLE = "business_buyers.csv"
_EVERY = timedelta(minutes=5)


def customers_feed(tims: TimsClient, workspace: Path) -> Feed:
    """Customers that changed in TIMS. Silent while every marketplace books on one customer."""

    def read(mark: str | None) -> Reading:
        if not _wanted(workspace):
            return Reading([], None)
        found = changed_keys(tims, Watermark("customer", int(mark or 0)))
        return Reading([Change(FLOW, key) for key in found.keys], str(found.until), found.more)

    return Feed(TIMS_CUSTOMERS, _EVERY, read, "Customers that changed in TIMS.")


def _wanted(workspace: Path) -> bool:
    path = table_path(workspace, "customers", _TABLE)
    lines = [x for x in path.read_text("utf-8-sig").splitlines() if not x.startswith("#")]
    return any(row.get("rule") not in ("", ONE, None) for row in csv.DictReader(lines))


def customer_operations(tims: TimsClient, store: Callable[[], Database]) -> tuple[Operation, ...]:
    """Looking a customer up, knowing it from then on, and finding a buyer's account."""

    def card(code: str) -> CustomerCard | None:
        return tims.find(CustomerCard, tims.wire.customer(code), f"TIMS customer {code}")

    def remember(code: str, found: CustomerCard | None) -> Known:
        if found is None or not found.IsActive or found.CustomerType == "marketplace":
            customers.forget(store(), code)  # gone, closed, or a marketplace's own account
            return Known(code, 0)
        marks = _hidden(store(), _marks_of(found))
        customers.remember(store(), code, marks, found.RowVersion)
        return Known(code, len(marks))

    def account(buyer: Buyer) -> Account | None:
        if buyer.rule == ONE or not buyer.is_company:
            return None
        told = rules.marks(buyer.company, buyer.postal_code, buyer.country, buyer.tax_id)
        hidden = _hidden(store(), told)
        code = next((_code(buyer.prefix, mark) for kind, mark in hidden if kind == COMPANY), "")
        return rules.choose(buyer, customers.carrying(store(), hidden), code)

    return (
        Operation("tims.get_customer_card", takes=(str,), gives=CustomerCard | None,
                  repeat=Repeat.READ, run=card,
                  about="A customer with its addresses and tax numbers, if there is one."),
        Operation("customers.remember", takes=(str, CustomerCard | None), gives=Known,
                  repeat=Repeat.ABSOLUTE, run=remember,
                  about="Keeps what a customer is recognised by, as fingerprints."),
        Operation("customers.account", takes=(Buyer,), gives=Account | None, repeat=Repeat.READ,
                  run=account, about="The TIMS customer that a business buyer is."),
    )  # fmt: skip


def _marks_of(card: CustomerCard) -> list[Mark]:
    addresses = [card.BillTo, *(x.Address for x in card.ShipTos)]
    found: list[Mark] = []
    for ship_to in card.ShipTos:
        number = (ship_to.TaxExemptCertificate or {}).get("Number")
        found += rules.marks(None, None, None, str(number) if number else None)
    for address in addresses:
        if address is not None:
            found += rules.marks(card.CompanyName, address.PostalCode, address.Country, None)
    return found


def _hidden(db: Database, marks: Iterable[Mark]) -> list[tuple[str, str]]:
    vault: Any = db.vault
    try:
        return [(mark.kind, fingerprint(vault.master, mark.kind, mark.text)) for mark in marks]
    except ConfigError as error:
        raise NeedsPerson(
            str(error.problems[0]),
            kind="privacy-key-missing",
            remedy="Set privacy.key on every worker, then retry.",
        ) from error


def _code(prefix: str, mark: str) -> str:
    """The same company gets the same code, however often it is asked."""
    short = base64.b32encode(bytes.fromhex(mark)).decode()[:8]
    return f"{prefix}{short}"[:20]
