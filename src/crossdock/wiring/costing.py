"""Cost of goods sold: out of the stock that lies at Amazon, once for each posted settlement."""

from datetime import date
from zoneinfo import ZoneInfo

from crossdock.business.settlements.costs import (
    CostOfSales,
    Sold,
    by_batch,
    cost_of_sales,
)
from crossdock.business.settlements.journal import month_end
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.ledger_models import NewJournalBatch
from crossdock.engine.store import settlements as store
from crossdock.engine.store.settlements import PLANNED, POSTED, REVERSED, Posting
from crossdock.kernel.errors import Misuse, NeedsPerson
from crossdock.wiring.booking import Books, journal_line
from crossdock.wiring.costfile import FILE, read_costs
from crossdock.wiring.periods import open_day
from crossdock.wiring.settling import Settlements


class Costing:
    """Books the cost of what one seller's settlements sold."""

    def __init__(self, settlements: Settlements, ledger: Ledger, seller: str, who: str) -> None:
        self.settlements, self.ledger, self.who = settlements, ledger, who
        self.db, self.system = settlements.db, f"AMAZON:COGS:{seller}"
        self.books = Books(self.db, ledger, self.system)

    @property
    def wanted(self) -> bool:
        """The account map names where cost goes."""
        return self.settlements.accounts.cost_of_sales is not None

    def look(self, settlement_id: str) -> CostOfSales:
        """What the settlement sold and what it cost, from its file."""
        accounts = self.settlements.accounts
        zone = ZoneInfo(accounts.zone)
        rows = (
            (line, placed, line.posted.astimezone(zone).date())
            for line, placed in self.settlements.lines(settlement_id)
            if line.posted is not None
        )
        return cost_of_sales(rows, accounts, read_costs(self.settlements.workspace))

    def post(self, settlement_id: str) -> list[Posting]:
        """Booked once, after the settlement itself; nothing while a single cost is missing."""
        settlement = store.newest_revision(store.postings(self.db, settlement_id))
        if not self.wanted or not settlement or any(p.state != POSTED for p in settlement):
            return []
        rows = self._now(settlement_id)
        if not rows or all(p.state == REVERSED for p in rows):
            revision = rows[0].revision + 1 if rows else 1
            found = self.look(settlement_id)
            if found.missing:
                raise _missing(settlement_id, found.missing)
            store.plan(self.db, [
                self._posting(settlement_id, revision, part, currency, piece)
                for (month, currency), sold in by_batch(found.sold).items()
                for part, piece in self._pieces(month, sold)
            ])  # fmt: skip
        for row in self._now(settlement_id):
            if row.state == PLANNED:
                self.books.post(row)
        return self._now(settlement_id)

    def take_back(self, settlement_id: str) -> int:
        """Out of the ledger again; how many batches."""
        rows = [p for p in self._now(settlement_id) if p.state != REVERSED]
        for row in rows:
            self.books.take_back(row, lambda day: self._open_day(day, settlement_id))
        return len(rows)

    def _now(self, settlement_id: str) -> list[Posting]:
        return store.newest_revision(store.postings(self.db, _key(settlement_id)))

    def _pieces(self, month: str, sold: list[Sold]) -> list[tuple[str, list[Sold]]]:
        """Under TIMS's line limit, with one line for the stock in each piece."""
        room = self.settlements.accounts.line_limit - 1
        pieces = [sold[n : n + room] for n in range(0, len(sold), room)]
        return [(month if n == 1 else f"{month}.{n}", piece) for n, piece in enumerate(pieces, 1)]

    def _posting(
        self, settlement_id: str, revision: int, part: str, currency: str, sold: list[Sold]
    ) -> Posting:
        accounts = self.settlements.accounts
        if accounts.cost_of_sales is None or accounts.inventory is None:
            raise Misuse("accounts.yaml names no account `inventory` beside `cost_of_sales`")
        ref = f"{_key(settlement_id)}/{part}-{currency}/r{revision}"
        day = self._open_day(self._day(settlement_id, part), settlement_id)
        total = sum(one.total.minor for one in sold)
        lines = [
            journal_line(
                accounts.cost_of_sales, -one.total.minor, currency,
                memo=f"{one.units} x {one.sku} at {one.cost.each.amount}", about="sku",
                reference=one.sku,
            )
            for one in sold
        ]  # fmt: skip
        lines.append(
            journal_line(
                accounts.inventory, total, currency, memo=f"sold, {part}", about="settlement",
                reference=settlement_id,
            )
        )  # fmt: skip
        batch = NewJournalBatch(
            ExternalSystem=self.system, ExternalRef=ref, PostingDate=day, Period=f"{day:%Y-%m}",
            CurrencyCode=currency, Lines=tuple(lines),
            Description=f"Cost of goods sold, Amazon settlement {settlement_id}, {part}",
        )  # fmt: skip
        return Posting(
            ref, _key(settlement_id), revision, f"{part}-{currency}", "", PLANNED, "", "",
            self.settlements.now(), self.who, "", batch.model_dump(mode="json"),
        )  # fmt: skip

    def _day(self, settlement_id: str, part: str) -> date:
        """The day on which the settlement's own batch of that month was dated, or the month's
        last.
        """
        return min(month_end(part[:7]), self.settlements.ended(settlement_id))

    def _open_day(self, day: date, settlement_id: str) -> date:
        policy = self.settlements.accounts.closed_period
        return open_day(self.ledger, day, policy, f"cost of settlement {settlement_id}")


def _missing(settlement_id: str, missing: dict[str, str]) -> NeedsPerson:
    sku, why = next(iter(missing.items()))
    return NeedsPerson(
        f"{len(missing)} SKUs have no cost: {sku or '(no SKU)'} ({why})",
        kind="cost-missing",
        remedy=f"Add them to {FILE} (sku,cost,currency,from); then retry, or: "
        f"crossdock settlement cost {settlement_id} --post",
        about=f"cost of settlement {settlement_id}",
        evidence={"missing": [f"{s}: {w}" for s, w in list(missing.items())[:100]]},
    )


def _key(settlement_id: str) -> str:
    return f"cogs/{settlement_id}"
