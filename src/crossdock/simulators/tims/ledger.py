"""The general ledger: accounts, periods and journal batches that balance and never change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import (
    anything,
    day,
    many,
    money_text,
    number,
    read,
    record,
    text,
)
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.ledger_chart import CHART
from crossdock.simulators.tims.paging import Filter, Pages, select
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.records import Record, Table

MOST_LINES = 5000
POSTED, REVERSED = "Posted", "Reversed"
NOTHING = Decimal(0)


@dataclass(kw_only=True, eq=False)
class Account(Record):
    """An account of the chart."""

    account_number: str
    name: str
    type: str

    @property
    def key(self) -> str:
        return self.account_number

    def fields(self) -> dict[str, Any]:
        return {
            "AccountNumber": self.account_number,
            "Name": self.name,
            "Type": self.type,
            "CurrencyCode": None,
        }


@dataclass(kw_only=True, eq=False)
class Period(Record):
    """A month."""

    period: str
    start: date
    end: date
    status: str = "open"

    @property
    def key(self) -> str:
        return self.period

    def fields(self) -> dict[str, Any]:
        return {
            "Period": self.period,
            "Start": self.start.isoformat(),
            "End": self.end.isoformat(),
            "Status": self.status,
        }


@dataclass(kw_only=True, eq=False)
class JournalBatch(Record):
    """A posted batch. `lines` are as they were sent."""

    batch_number: str
    external_system: str | None
    external_ref: str | None
    posting_date: date
    currency: str
    description: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    status: str = POSTED
    reverses: str | None = None
    reversed_by: str | None = None

    @property
    def key(self) -> str:
        return self.batch_number

    def fields(self) -> dict[str, Any]:
        return {
            "BatchNumber": self.batch_number,
            "Status": self.status,
            "ExternalSystem": self.external_system,
            "ExternalRef": self.external_ref,
            "PostingDate": self.posting_date.isoformat(),
            "Period": f"{self.posting_date:%Y-%m}",
            "CurrencyCode": self.currency,
            "Description": self.description,
            "ReversesBatch": self.reverses,
            "ReversedBy": self.reversed_by,
            "Lines": [
                {**x, "Debit": money_text(x["Debit"]), "Credit": money_text(x["Credit"])}
                for x in self.lines
            ],
        }


class Ledger:
    """The desk for the ledger, and its truth."""

    def __init__(self, journal: Journal, pages: Pages, salt: str) -> None:
        self.accounts: Table[Account] = Table("gl_account", journal, salt)
        self.periods: Table[Period] = Table("gl_period", journal, salt)
        self.batches: Table[JournalBatch] = Table("gl_batch", journal, salt)
        self._pages = pages
        for account, name, kind in CHART:
            self.accounts.add(Account(account_number=account, name=name, type=kind))
        for year in range(2025, 2028):
            for month in range(1, 13):
                start = date(year, month, 1)
                end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
                self.periods.add(Period(period=f"{start:%Y-%m}", start=start, end=end))

    # --- what people do and see -----------------------------------------------------------------

    def close_period(self, period: str) -> None:
        """Nothing is posted into it any more."""
        self._set(period, "closed")

    def is_open(self, on: date) -> bool:
        """Whether that day takes entries."""
        period = self.periods.get(f"{on:%Y-%m}")
        return period is not None and period.status == "open"

    def book(
        self, what: str, on: date, currency: str, sides: Iterable[tuple[str, Decimal]]
    ) -> None:
        """A subledger's entry: accounts with credits above and debits below zero."""
        moved = [(account, amount) for account, amount in sides if amount]
        if sum((amount for _, amount in moved), NOTHING):
            raise ValueError(f"{what} does not balance")
        lines: list[dict[str, Any]] = [
            {"AccountNumber": account, "Debit": max(-amount, NOTHING),
             "Credit": max(amount, NOTHING), "Memo": what}
            for account, amount in moved
        ]  # fmt: skip
        if lines:
            self.batches.add(
                JournalBatch(
                    batch_number=self._next(), external_system=None, external_ref=None,
                    posting_date=on, currency=currency, description=what, lines=lines,
                )
            )  # fmt: skip

    def open_period(self, period: str) -> None:
        """It takes entries again."""
        self._set(period, "open")

    def trial_balance(self, period: str = "", currency: str = "") -> dict[str, Decimal]:
        """Credits less debits by account, of one period and currency or of all."""
        sums: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        for batch in self.batches:
            if period in ("", f"{batch.posting_date:%Y-%m}") and currency in ("", batch.currency):
                for line in batch.lines:
                    sums[line["AccountNumber"]] += line["Credit"] - line["Debit"]
        return {account: amount for account, amount in sorted(sums.items()) if amount}

    # --- the desk -------------------------------------------------------------------------------

    def list_accounts(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.accounts, {}))

    def list_periods(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.periods, {}))

    def list(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.batches, _FILTERS))

    def get(self, call: Call) -> Answer:
        return shown(found(self.batches.get(call.key), "Journal batch", call.key))

    def validate(self, call: Call) -> Answer:
        self._checked(call.body)
        return Answer(200, b"{}")

    def create(self, call: Call) -> Answer:
        body = self._checked(call.body)
        batch = JournalBatch(
            batch_number=self._next(),
            external_system=body["ExternalSystem"],
            external_ref=body["ExternalRef"],
            posting_date=body["PostingDate"],
            currency=body["CurrencyCode"],
            description=body.get("Description", ""),
            lines=body["Lines"],
        )
        return shown(self.batches.add(batch, "gl.batch_posted"), 201)

    def reverse(self, call: Call) -> Answer:
        batch: JournalBatch = found(self.batches.get(call.key), "Journal batch", call.key)
        findings = Findings()
        body = read(call.body, {"PostingDate": day}, findings, required=("PostingDate",))
        findings.refuse()
        if batch.reversed_by or batch.reverses:
            what = f"reversed by {batch.reversed_by}" if batch.reversed_by else "a reversal itself"
            raise Refusal("invalid_status_transition", f"Batch {call.key} is {what}")
        self._open(body["PostingDate"], findings)
        findings.refuse()
        back = JournalBatch(
            batch_number=self._next(),
            external_system=None,
            external_ref=None,
            posting_date=body["PostingDate"],
            currency=batch.currency,
            description=f"Reversal of {batch.batch_number}",
            lines=[{**x, "Debit": x["Credit"], "Credit": x["Debit"]} for x in batch.lines],
            reverses=batch.batch_number,
        )
        self.batches.add(back, "gl.batch_posted")
        batch.status, batch.reversed_by = REVERSED, back.batch_number
        self.batches.touch(batch)
        return shown(back, 201)

    # --- inside ---------------------------------------------------------------------------------

    def _checked(self, sent: Any) -> dict[str, Any]:
        findings = Findings()
        body = read(sent, _BATCH, findings, required=_NEEDED)
        findings.refuse()
        self._open(body["PostingDate"], findings)
        if body["Period"] != f"{body['PostingDate']:%Y-%m}":
            findings.add(
                "/Period", "not_a_choice", "The period of the posting date", body["Period"]
            )
        self._lines(body["Lines"], findings)
        findings.refuse()
        system, ref = body["ExternalSystem"], body["ExternalRef"]
        for batch in self.batches:
            if (batch.external_system, batch.external_ref) == (system, ref):
                raise Refusal(
                    "duplicate_external_ref",
                    f"{system} {ref} is batch {batch.batch_number}",
                    Id=batch.id,
                    existing_id=batch.id,
                    existing_key=batch.batch_number,
                )
        return body

    def _open(self, on: date, findings: Findings) -> None:
        if not self.is_open(on):
            findings.add("/PostingDate", "period_closed", f"Period {on:%Y-%m} is not open", f"{on}")

    def _lines(self, lines: Sequence[dict[str, Any]], findings: Findings) -> None:
        balance = NOTHING
        for n, line in enumerate(lines):
            account = self.accounts.get(line["AccountNumber"])
            if account is None:
                findings.add(
                    f"/Lines/{n}/AccountNumber", "account_not_found",
                    f"Account {line['AccountNumber']} is not on file", line["AccountNumber"],
                )  # fmt: skip
            debit, credit = line["Debit"], line["Credit"]
            if bool(debit) == bool(credit):
                findings.add(f"/Lines/{n}", "one_side", "Exactly one of Debit and Credit")
            balance += debit - credit
        if not lines:
            findings.add("/Lines", "required", "At least one line")
        if balance:
            findings.add("/Lines", "unbalanced_journal", f"Debits less credits are {balance}")

    def _next(self) -> str:
        return f"JB-{len(self.batches.rows) + 1:06}"

    def _set(self, period: str, status: str) -> None:
        record_of = self.periods.get(period)
        if record_of is None:
            raise ValueError(f"there is no period {period}")
        record_of.status = status
        self.periods.touch(record_of)


_LINE: Mapping[str, Any] = {
    "AccountNumber": text(20),
    "Branch": text(20),
    "Debit": number(2),
    "Credit": number(2),
    "Memo": text(200),
    "ReferenceType": text(30),
    "ReferenceId": text(100),
    "Dimensions": anything,
}
_BATCH: Mapping[str, Any] = {
    "ExternalSystem": text(100),
    "ExternalRef": text(100),
    "PostingDate": day,
    "Period": text(7),
    "CurrencyCode": text(3),
    "Description": text(200),
    "Lines": many(record(_LINE, ("AccountNumber", "Debit", "Credit")), most=MOST_LINES),
}
_NEEDED = (
    "ExternalSystem", "ExternalRef", "PostingDate", "Period", "CurrencyCode", "Lines",
)  # fmt: skip
_FILTERS: dict[str, Filter[JournalBatch]] = {
    "external_system": lambda row, wanted: row.external_system == wanted,
    "external_ref": lambda row, wanted: row.external_ref == wanted,
    "status": lambda row, wanted: row.status == wanted,
}
