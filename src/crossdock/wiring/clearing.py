"""Receipts in TIMS for what a posted settlement paid: invoices are settled order by order.

Each receipt is written down before it is sent, with what it takes from the clearing account for
each order; TIMS knows it by its reference. What has no invoice yet is tried again later.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from crossdock.business.settlements import clearing
from crossdock.business.settlements.clearing import REFUND, SALE, OpenInvoice
from crossdock.connectors.tims import receivable_models as m
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.receivables import Receivables
from crossdock.engine.store import receivables as store
from crossdock.engine.store import settlements as posted
from crossdock.engine.store.receivables import (
    DONE,
    MEMO,
    PLANNED,
    RECEIPT,
    REFUSED,
    REVERSED,
    Clears,
    SettledOrder,
    Step,
)
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money
from crossdock.wiring.periods import open_day
from crossdock.wiring.settling import Settlements, shown

SIZES = (200, 20, 1)
"""Documents in one receipt. What TIMS refuses is looked at again and sent in smaller receipts, so
that one document that cannot be settled keeps no other from being settled.
"""


@dataclass(frozen=True, slots=True)
class _Take:
    """A document to settle, and for which order."""

    customer: str
    order_id: str
    kind: str
    document: str
    amount: int


class Clearer:
    """Settles the receivables of one seller's orders."""

    def __init__(
        self,
        settlements: Settlements,
        ledger: Ledger,
        receivables: Receivables,
        systems: Sequence[str],
        seller: str,
        who: str,
    ) -> None:
        """`systems` are the ExternalSystems of the orders, one per marketplace."""
        self.settlements, self.ledger, self.receivables = settlements, ledger, receivables
        self.systems, self.who, self.db = systems, who, settlements.db
        self.system = f"AMAZON:SETTLEMENTS:{seller}"

    def keep(self, settlement_id: str) -> list[SettledOrder]:
        """Read the settlement's orders from its file and remember them."""
        accounts, currency = self.settlements.accounts, self._currency(settlement_id)
        zone = ZoneInfo(accounts.zone)
        rows = (
            (line, placed, line.posted.astimezone(zone).date())
            for line, placed in self.settlements.lines(settlement_id)
            if line.posted is not None
        )
        kept = [
            SettledOrder(
                settlement_id, one.key.order_id, one.key.kind, currency, one.amount, one.to_clear,
                one.posted.isoformat(), one.first_line,
            )
            for one in clearing.by_order(rows, accounts)
        ]  # fmt: skip
        store.keep_settled(self.db, settlement_id, kept)
        return kept

    def clear(self, settlement_id: str) -> tuple[int, int]:
        """Settle what can be settled now: (orders whose money found its document, orders that
        wait). Repeating it changes nothing until TIMS has more invoices.
        """
        rows = posted.newest_revision(posted.postings(self.db, settlement_id))
        if not rows or any(p.state != posted.POSTED for p in rows):
            return 0, 0  # nothing of it stands on the clearing account
        kept = store.settled(self.db, settlement_id) or self.keep(settlement_id)
        wanted = [row for row in kept if row.to_clear and row.amount]
        if self.settlements.accounts.receipts == "none":
            return 0, 0
        for size in SIZES:
            self._finish(settlement_id)
            rest = self._rest(settlement_id, wanted)
            if not rest or not self._plan(settlement_id, rows[0].revision, rest, size):
                return len(wanted) - len(rest), len(rest)
        refused = self._finish(settlement_id)
        rest = self._rest(settlement_id, wanted)
        if refused:
            raise NeedsPerson(
                f"TIMS refused {len(refused)} receipts of settlement {settlement_id}: {refused[0]}",
                kind="receipt-refused",
                remedy=f"See crossdock settlement match --settlement {settlement_id}; then retry.",
                about=f"settlement {settlement_id}",
                evidence={"refused": refused[:20], "settled": len(wanted) - len(rest)},
            )
        return len(wanted) - len(rest), len(rest)

    def take_back(self, settlement_id: str) -> int:
        """Reverse the settlement's receipts; their documents are open again. How many."""
        self._finish(settlement_id)
        done = [s for s in self._steps(settlement_id, DONE) if s.kind == RECEIPT]
        for step in done:
            day = self._day(date.fromisoformat(str(step.content["ReceiptDate"])), settlement_id)
            self.receivables.reverse(m.ReceiptReversal(ReceiptNumber=step.number, PostingDate=day))
            store.mark(self.db, step.ref, REVERSED)
        return len(done)

    # --- planning

    def _rest(
        self, settlement_id: str, wanted: Sequence[SettledOrder]
    ) -> dict[tuple[str, str], int]:
        """What no receipt takes yet, by order and kind."""
        took = store.cleared_by_order(self.db, settlement_id)
        return {
            (row.order_id, row.kind): left
            for row in wanted
            if (left := row.amount - took.get((settlement_id, row.order_id, row.kind), 0))
        }

    def _plan(
        self, settlement_id: str, revision: int, rest: Mapping[tuple[str, str], int], size: int
    ) -> bool:
        """Write down the receipts for what can be settled; False when there is nothing."""
        invoices = self._invoices({order for order, _ in rest})
        currency, day = self._currency(settlement_id), self._ended(settlement_id)
        memos = self._memos() if any(kind == REFUND for _, kind in rest) else []
        takes: list[_Take] = []
        for (order, kind), amount in sorted(rest.items()):
            mine = [i for i in invoices.get(order, []) if i.CurrencyCode == currency]
            if kind == SALE and amount > 0:
                parts, _ = clearing.spread(amount, [_open(i) for i in mine])
                takes += [_Take(i.customer, order, kind, i.number, part) for i, part in parts]
            elif kind == REFUND and amount < 0 and mine:
                memo = self._memo(settlement_id, order, amount, mine[0], memos, day)
                if memo:
                    takes.append(_Take(mine[0].CustomerCode, order, kind, memo, amount))
        planned = False
        for customer in sorted({take.customer for take in takes}):
            mine_ = [take for take in takes if take.customer == customer]
            for n in range(0, len(mine_), size):
                part = mine_[n : n + size]
                self._plan_receipt(settlement_id, revision, customer, part, currency, day)
                planned = True
        return planned

    def _plan_receipt(
        self, settlement_id: str, revision: int, customer: str, takes: Sequence[_Take],
        currency: str, day: date,
    ) -> None:  # fmt: skip
        account = self.settlements.accounts.clearing
        if account is None:
            raise ValueError("clear mode without a clearing account passed the lint")
        number = 1 + sum(s.kind == RECEIPT for s in store.steps(self.db, settlement_id))
        ref = f"{settlement_id}/receipt/r{revision}.{number}"
        content = m.NewReceipt(
            ExternalSystem=self.system, ExternalRef=ref, CustomerCode=customer, ReceiptDate=day,
            CurrencyCode=currency, Amount=_exact(sum(t.amount for t in takes), currency),
            AccountNumber=account.account, Branch=account.branch or None,
            Applications=tuple(
                m.Application(
                    InvoiceNumber=t.document if t.kind == SALE else None,
                    CreditMemoNumber=t.document if t.kind == REFUND else None,
                    Amount=_exact(t.amount, currency),
                )
                for t in takes
            ),
        )  # fmt: skip
        step = self._step(ref, settlement_id, revision, RECEIPT, content.model_dump(mode="json"))
        clears = [Clears(t.order_id, t.kind, t.document, t.amount) for t in takes]
        store.plan(self.db, step, clears)  # False: another worker was quicker, look again

    def _memo(
        self, settlement_id: str, order: str, amount: int, invoice: m.Invoice,
        memos: Sequence[m.CreditMemo], day: date,
    ) -> str:  # fmt: skip
        """The credit memo that a refund settles; empty when it has to wait for a person."""
        ref, currency = f"{settlement_id}/{order}/refund", invoice.CurrencyCode
        owed = _exact(-amount, currency)
        ours = [x for x in memos if (x.ExternalSystem, x.ExternalRef) == (self.system, ref)]
        staffs = [
            x
            for x in memos
            if x.ExternalSystem != self.system
            and (x.InvoiceNumber == invoice.InvoiceNumber or x.ExternalRef == order)
        ]
        for memo in [*ours, *staffs]:
            if memo.OpenAmount == owed:
                return memo.CreditMemoNumber
        # One of another amount, or settled by somebody else: a second one would give the money
        # back twice.
        if ours or staffs or self.settlements.accounts.refunds == "wait":
            return ""
        content = m.NewCreditMemo(
            ExternalSystem=self.system, ExternalRef=ref, CustomerCode=invoice.CustomerCode,
            InvoiceNumber=invoice.InvoiceNumber, MemoDate=day, CurrencyCode=currency, Amount=owed,
            ReasonCode="amazon_refund",
        )  # fmt: skip
        step = self._step(ref, settlement_id, 0, MEMO, content.model_dump(mode="json"))
        if not store.plan(self.db, step):
            return ""  # it was issued before and TIMS shows it no more: a person looks at it
        return self._send_memo(step)

    # --- sending

    def _finish(self, settlement_id: str) -> list[str]:
        """Send what is written down and not known to have arrived; what TIMS refused of it."""
        refused = []
        for step in self._steps(settlement_id, PLANNED):
            if step.kind == MEMO:
                self._send_memo(step)
                continue
            try:
                receipt = self.receivables.receive(m.NewReceipt.model_validate(dict(step.content)))
            except NeedsPerson as error:
                if error.kind != "tims-refused":
                    raise
                store.mark(self.db, step.ref, REFUSED)
                refused.append(f"{step.ref}: {error.message}")
                continue
            store.mark(self.db, step.ref, DONE, receipt.ReceiptNumber)
        return refused

    def _send_memo(self, step: Step) -> str:
        memo = self.receivables.issue(m.NewCreditMemo.model_validate(dict(step.content)))
        store.mark(self.db, step.ref, DONE, memo.CreditMemoNumber)
        return memo.CreditMemoNumber

    # --- reading

    def _invoices(self, orders: set[str]) -> dict[str, list[m.Invoice]]:
        """Every invoice of these orders: the open ones in one reading, the others by name."""
        found: dict[str, list[m.Invoice]] = defaultdict(list)
        for system in self.systems:
            for invoice in self.receivables.invoices(system, only_open=True):
                if invoice.ExternalRef in orders:
                    found[invoice.ExternalRef].append(invoice)
        for order in sorted(orders - set(found)):
            for system in self.systems if order else ():
                found[order] += self.receivables.invoices(system, ref=order)
        return found

    def _memos(self) -> list[m.CreditMemo]:
        """Credit memos, ours and those that staff issued, but for what receipts of ours settled:
        those are the memos of other refunds.
        """
        systems = [self.system, *self.systems]
        found = [memo for system in systems for memo in self.receivables.credit_memos(system)]
        spent = store.settled_documents(self.db, REFUND)
        return [memo for memo in found if memo.OpenAmount or memo.CreditMemoNumber not in spent]

    def _steps(self, settlement_id: str, state: str = "") -> list[Step]:
        return [s for s in store.steps(self.db, settlement_id) if state in ("", s.state)]

    def _step(
        self, ref: str, settlement_id: str, revision: int, kind: str, content: dict[str, object]
    ) -> Step:
        now = self.settlements.now()
        return Step(ref, settlement_id, revision, kind, PLANNED, "", now, self.who, content)

    def _currency(self, settlement_id: str) -> str:
        return str(self.settlements.file(settlement_id).detail["currency"])

    def _ended(self, settlement_id: str) -> date:
        return self._day(self.settlements.ended(settlement_id), settlement_id)

    def _day(self, day: date, settlement_id: str) -> date:
        policy = self.settlements.accounts.closed_period
        return open_day(self.ledger, day, policy, f"settlement {settlement_id}")


def _exact(minor: int, currency: str) -> Decimal:
    return Decimal(shown(minor, currency))


def _open(invoice: m.Invoice) -> OpenInvoice:
    def minor(amount: Decimal) -> int:
        return Money(amount, invoice.CurrencyCode).minor

    return OpenInvoice(
        invoice.InvoiceNumber, invoice.CustomerCode, invoice.ExternalRef or "",
        minor(invoice.Amount), minor(invoice.OpenAmount), invoice.InvoiceDate,
    )  # fmt: skip
