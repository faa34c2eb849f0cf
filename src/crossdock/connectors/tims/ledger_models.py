"""TIMS's general ledger, under TIMS's own field names."""

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from crossdock.connectors.tims.fields import Draft, Exact, Record, Rows, Words


class GlAccount(Record):
    """An account of the chart."""

    AccountNumber: str
    Name: str = ""
    Type: str = ""  # asset, liability, equity, income, expense
    CurrencyCode: Words = None  # None: any
    IsActive: bool = True


class GlPeriod(Record):
    """A fiscal period; nothing is posted into a closed one."""

    Period: str
    Start: date
    End: date
    Status: str  # open | closed


class JournalLine(Draft):
    """One side of an entry; exactly one of Debit and Credit is above zero."""

    AccountNumber: str
    Branch: Words = None
    Debit: Exact
    Credit: Exact
    Memo: Words = None
    ReferenceType: Words = None
    ReferenceId: Words = None
    Dimensions: Mapping[str, str] = Field(default_factory=dict)


class NewJournalBatch(Draft):
    """A batch to post; it balances on its own, in one currency."""

    ExternalSystem: str
    ExternalRef: str
    PostingDate: date
    Period: str
    CurrencyCode: str
    Description: Words = None
    Lines: tuple[JournalLine, ...]


class PostedLine(Record):
    """A line as TIMS keeps it."""

    AccountNumber: str
    Branch: Words = None
    Debit: Exact
    Credit: Exact
    Memo: str | None = ""
    ReferenceType: Words = None
    ReferenceId: Words = None
    Dimensions: Mapping[str, str] | None = None


class JournalBatch(Record):
    """A batch in the ledger."""

    BatchNumber: str
    Status: str  # Posted | Reversed
    ExternalSystem: Words = None
    ExternalRef: Words = None
    PostingDate: date
    Period: str
    CurrencyCode: str
    Description: str | None = ""
    ReversesBatch: Words = None
    ReversedBy: Words = None
    RowVersion: int
    Lines: Rows[PostedLine]


class JournalBatchCheck(Record):
    """What TIMS would refuse; nothing when it is empty."""

    Problems: tuple[str, ...] = ()


class BatchReversal(Draft):
    """Take a batch back on that day."""

    BatchNumber: str
    PostingDate: date
