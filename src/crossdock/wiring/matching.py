"""The three-way match, from TIMS's documents and what the store knows of settlements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from crossdock.business.settlements.clearing import CLAIM, FEE, REFUND, REPAID, SALE
from crossdock.business.settlements.matching import OrderPicture
from crossdock.connectors.tims import receivable_models as m
from crossdock.engine.store import receivables as store
from crossdock.kernel.money import Money
from crossdock.wiring.clearing import Clearer

LOOK_BACK = timedelta(days=180)


def pictures(
    clearer: Clearer, now: datetime, *, order: str = "", settlement: str = ""
) -> list[OrderPicture]:
    """Every order that TIMS billed or Amazon settled within the last half year, or of which
    something is open, however old; or one order, or those of one settlement.
    """
    if order:
        rows, billed = store.settled_orders(clearer.db, {order}), _billed(clearer, ref=order)
    elif settlement:
        named = {row.order_id for row in store.settled(clearer.db, settlement)}
        rows, billed = store.settled_orders(clearer.db, named), _open(clearer)
        billed = [i for i in billed if i.ExternalRef in named]
    else:
        since = now - LOOK_BACK
        rows = store.settled_since(clearer.db, since.date().isoformat())
        recent = _billed(clearer, since=since)
        known = {i.InvoiceNumber for i in recent}
        billed = recent + [i for i in _open(clearer) if i.InvoiceNumber not in known]
        more = {i.ExternalRef or "" for i in billed} - {row.order_id for row in rows}
        rows += store.settled_orders(clearer.db, more)
    # Paid long ago, or for a settlement: such an invoice is asked for by its order.
    missing = {row.order_id for row in rows if row.to_clear} - {i.ExternalRef for i in billed}
    for ref in sorted(missing - {"", order}):
        billed += _billed(clearer, ref=ref)
    found = _Pictures()
    found.settled(rows, store.cleared_by_order(clearer.db))
    found.billed(billed)
    found.credited(
        memo
        for system in (clearer.system, *clearer.systems)
        for memo in clearer.receivables.credit_memos(system)
    )
    return found.all()


def _billed(clearer: Clearer, *, ref: str = "", since: datetime | None = None) -> list[m.Invoice]:
    return [
        invoice
        for system in clearer.systems
        for invoice in clearer.receivables.invoices(system, ref=ref, since=since)
    ]


def _open(clearer: Clearer) -> list[m.Invoice]:
    return [
        invoice
        for system in clearer.systems
        for invoice in clearer.receivables.invoices(system, only_open=True)
    ]


class _Pictures:
    """Collects what is known of each order. One order is in one currency."""

    def __init__(self) -> None:
        self._by_order: dict[tuple[str, str], OrderPicture] = {}
        self._order_of: dict[str, tuple[str, str]] = {}  # invoice number -> order, currency

    def settled(
        self, rows: Iterable[store.SettledOrder], took: dict[tuple[str, str, str], int]
    ) -> None:
        for row in rows:
            one = self._of(row.order_id, row.currency, date.fromisoformat(row.posted))
            cleared = took.get((row.settlement_id, row.order_id, row.kind), 0)
            added: dict[str, int] = defaultdict(int, {row.kind: row.amount})
            self._by_order[row.order_id, row.currency] = replace(
                one,
                sale=one.sale + added[SALE], refund=one.refund + added[REFUND],
                claim=one.claim + added[CLAIM], repaid=one.repaid + added[REPAID],
                fees=one.fees + added[FEE], cleared=one.cleared + cleared,
                to_clear=one.to_clear + (row.amount if row.to_clear else 0),
                settlements=(*one.settlements, row.settlement_id)
                if row.settlement_id not in one.settlements else one.settlements,
            )  # fmt: skip

    def billed(self, invoices: Iterable[m.Invoice]) -> None:
        for invoice in invoices:
            order, currency = invoice.ExternalRef or "", invoice.CurrencyCode
            one = self._of(order, currency, invoice.InvoiceDate)
            self._order_of[invoice.InvoiceNumber] = (order, currency)
            self._by_order[order, currency] = replace(
                one,
                billed=one.billed + _minor(invoice.Amount, currency),
                unpaid=one.unpaid + _minor(invoice.OpenAmount, currency),
                invoices=(*one.invoices, invoice.InvoiceNumber),
            )

    def credited(self, memos: Iterable[m.CreditMemo]) -> None:
        """A memo belongs to the order of its invoice, or to the one that its reference names."""
        for memo in memos:
            key = self._order_of.get(memo.InvoiceNumber or "")
            for part in (memo.ExternalRef or "").split("/"):
                key = key or ((part, memo.CurrencyCode) if part else None)
                key = key if key in self._by_order else None
            if key is not None:
                one = self._by_order[key]
                more = _minor(memo.Amount, memo.CurrencyCode)
                self._by_order[key] = replace(one, credited=one.credited + more)

    def all(self) -> list[OrderPicture]:
        return [self._by_order[key] for key in sorted(self._by_order)]

    def _of(self, order: str, currency: str, day: date) -> OrderPicture:
        one = self._by_order.get((order, currency)) or OrderPicture(order, currency, since=day)
        return replace(one, since=min(one.since or day, day))


def _minor(amount: Decimal, currency: str) -> int:
    return Money(amount, currency).minor
