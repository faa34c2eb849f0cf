"""What Amazon says of money (Finances 2024-06-19 and the event groups of v0).

Amounts are JSON numbers at Amazon; they become exact decimals here.
"""

from pydantic import BaseModel, ConfigDict

from crossdock.connectors.amazon.exact import Exactly


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Currency(_Said):
    """An amount of the 2024 version."""

    currencyCode: str
    currencyAmount: Exactly


class OldCurrency(_Said):
    """An amount of v0."""

    CurrencyCode: str
    CurrencyAmount: Exactly


class Related(_Said):
    """An identifier that belongs to a transaction or summary."""

    relatedIdentifierName: str
    relatedIdentifierValue: str


class Summary(_Said):
    """What a settlement came to."""

    netProceeds: Currency | None = None
    relatedIdentifiers: tuple[Related, ...] = ()


class SummaryResponse(_Said):
    """A page of summaries."""

    summaries: tuple[Summary, ...] = ()
    nextToken: str | None = None


class Breakdown(_Said):
    """A kind of money, and what it is made of."""

    breakdownType: str = ""
    breakdownAmount: Currency | None = None
    breakdowns: "tuple[Breakdown, ...]" = ()


class Context(_Said):
    """More about a transaction or item; which fields there are depends on its kind."""

    contextType: str = ""
    deferralReason: str = ""
    maturityDate: str = ""
    fulfillmentNetwork: str = ""
    sku: str = ""


class TransactionItem(_Said):
    """One thing that was sold."""

    breakdowns: tuple[Breakdown, ...] = ()
    contexts: tuple[Context, ...] = ()


class Marketplace(_Said):
    """Where it was sold."""

    marketplaceId: str = ""
    marketplaceName: str = ""


class Transaction(_Said):
    """Something that moved money. The status tells whether it has been released."""

    transactionId: str = ""
    transactionType: str = ""
    transactionStatus: str = ""
    postedDate: str = ""
    relatedIdentifiers: tuple[Related, ...] = ()
    totalAmount: Currency
    items: tuple[TransactionItem, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    contexts: tuple[Context, ...] = ()
    marketplaceDetails: Marketplace | None = None

    def related(self, name: str) -> str:
        """The identifier of that name; empty when there is none."""
        found = (x.relatedIdentifierValue for x in self.relatedIdentifiers
                 if x.relatedIdentifierName == name)  # fmt: skip
        return next(found, "")


class TransactionsPayload(_Said):
    """A page of transactions; it may be empty and not be the last."""

    nextToken: str | None = None
    transactions: tuple[Transaction, ...] = ()


class ListTransactionsResponse(_Said):
    """Amazon wraps the page."""

    payload: TransactionsPayload = TransactionsPayload()


class EventGroup(_Said):
    """A settlement, as v0 names it. It does not name the settlement's number."""

    FinancialEventGroupId: str
    ProcessingStatus: str = ""
    FundTransferStatus: str = ""
    OriginalTotal: OldCurrency | None = None
    ConvertedTotal: OldCurrency | None = None
    FundTransferDate: str = ""
    TraceId: str = ""
    AccountTail: str = ""
    FinancialEventGroupStart: str = ""
    FinancialEventGroupEnd: str = ""


class EventGroupsPayload(_Said):
    """A page of groups."""

    NextToken: str | None = None
    FinancialEventGroupList: tuple[EventGroup, ...] = ()


class ListEventGroupsResponse(_Said):
    """Amazon wraps the page."""

    payload: EventGroupsPayload = EventGroupsPayload()
