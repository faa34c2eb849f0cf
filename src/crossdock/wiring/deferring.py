"""Accrual of what Amazon keeps back, at the end of a day, taken back on the next."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from crossdock.business.settlements.deferred import Accrual, Deferral, Part, Unknown, accruals
from crossdock.connectors.amazon import finance_models as m
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.finances import deferred
from crossdock.connectors.tims.ledger import Ledger
from crossdock.connectors.tims.ledger_models import NewJournalBatch
from crossdock.engine.store import settlements as store
from crossdock.engine.store.settlements import PLANNED, POSTED, Posting
from crossdock.kernel.errors import Misuse, NeedsPerson
from crossdock.kernel.money import Money
from crossdock.wiring.booking import Books, journal_line
from crossdock.wiring.settling import Settlements

REACH = timedelta(days=90)  # nothing is kept back longer; Amazon answers 180 days


class Deferring:
    """The accruals of one seller."""

    def __init__(
        self,
        settlements: Settlements,
        amazon: AmazonClient,
        ledger: Ledger,
        seller: str,
        who: str,
    ) -> None:
        self.settlements, self.amazon = settlements, amazon
        self.who, self.db = who, settlements.db
        self.system = f"AMAZON:DEFERRED:{seller}"
        self.books = Books(self.db, ledger, self.system)

    def look(self, day: date) -> tuple[list[Accrual], list[Unknown]]:
        """What Amazon kept back at the end of that day in the map's zone."""
        accounts = self.settlements.accounts
        end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(accounts.zone))
        moment = end.astimezone(UTC) - timedelta(seconds=1)
        if moment > self.settlements.now():
            raise Misuse(f"{day} is not over yet in {accounts.zone}")
        found = [_deferral(t) for t in deferred(self.amazon, moment - REACH, moment)]
        return accruals(found, moment, day, accounts, self._categories())

    def post(self, day: date) -> list[Posting]:
        """Book it on that day and take it back on the next, once, however often this is called."""
        if self.settlements.accounts.deferred is None:
            raise Misuse("accounts.yaml names no account `deferred` among its roles")
        key = f"deferred/{day}"
        if not store.postings(self.db, key):
            found, unknown = self.look(day)
            if unknown:
                raise NeedsPerson(
                    f"{unknown[0].what} ({unknown[0].order_id}), {len(unknown)} in all",
                    kind="deferred-unplaced",
                    remedy="Add the label to deferred.csv of the workspace, or a rule to "
                    "accounts.yaml; then again.",
                    about=f"deferred money of {day}",
                    evidence={"unknown": [f"{u.what}: {u.amount} {u.order_id}" for u in unknown]},
                )
            store.plan(self.db, [self._posting(key, one) for one in found if one.lines])
        for row in store.postings(self.db, key):
            if row.state == PLANNED:
                self.books.post(row)
        for row in store.postings(self.db, key):
            if row.state == POSTED:
                self.books.take_back(row, lambda day: day + timedelta(days=1))
        return store.postings(self.db, key)

    def _posting(self, key: str, one: Accrual) -> Posting:
        lines = [
            journal_line(
                target, amount, one.currency, memo=category, about="deferred",
                reference=one.day.isoformat(),
            )
            for target, category, amount in one.lines
        ]  # fmt: skip
        ref = f"{key}/{one.currency}/r1"
        batch = NewJournalBatch(
            ExternalSystem=self.system, ExternalRef=ref, PostingDate=one.day,
            Period=f"{one.day:%Y-%m}", CurrencyCode=one.currency,
            Description=f"Kept back by Amazon at the end of {one.day}, {one.orders} orders; "
            "taken back the next day", Lines=tuple(lines),
        )  # fmt: skip
        return Posting(
            ref, key, 1, one.currency, "", PLANNED, "", "", self.settlements.now(), self.who, "",
            batch.model_dump(mode="json"),
        )  # fmt: skip

    def _categories(self) -> dict[str, str]:
        shipped = resources.files("crossdock.business.settlements") / "deferred.csv"
        rows = list(csv.DictReader(shipped.read_text("utf-8").splitlines()))
        own = self.settlements.workspace / "deferred.csv"
        if own.exists():
            rows += csv.DictReader(own.read_text("utf-8").splitlines())
        return {row["breakdown"]: row["category"] for row in rows}


def _deferral(said: m.Transaction) -> Deferral:
    currency = said.totalAmount.currencyCode
    context = next((c for c in said.contexts if c.maturityDate), None)
    product = next((c for item in said.items for c in item.contexts if c.fulfillmentNetwork), None)
    return Deferral(
        said.transactionId, said.related("ORDER_ID"), said.transactionStatus.upper(),
        datetime.fromisoformat(said.postedDate),
        datetime.fromisoformat(context.maturityDate) if context else None,
        currency, _minor(said.totalAmount), tuple(_parts(said)),
        said.marketplaceDetails.marketplaceName if said.marketplaceDetails else "",
        product.fulfillmentNetwork if product else "",
    )  # fmt: skip


def _parts(said: m.Transaction) -> Iterator[Part]:
    """The leaves of the breakdowns; of a transaction without any, itself."""
    tops = [b for item in said.items for b in item.breakdowns] or list(said.breakdowns)
    if not tops:
        yield Part(said.transactionType, _minor(said.totalAmount))
    while tops:
        one = tops.pop(0)
        if one.breakdowns:
            tops += one.breakdowns
        elif one.breakdownAmount is not None:
            yield Part(one.breakdownType, _minor(one.breakdownAmount))


def _minor(amount: m.Currency) -> int:
    return Money(amount.currencyAmount, amount.currencyCode).rounded().minor
