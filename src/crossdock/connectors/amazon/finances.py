"""Amazon's second opinion on a settlement: its summary, its event group, its transactions."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final, TypeVar

from pydantic import BaseModel

from crossdock.connectors.amazon import finance_models as m
from crossdock.connectors.amazon.calls import Ask
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.fields import timestamp
from crossdock.kernel.errors import TryAgain

_NEW: Final = "/finances/2024-06-19"
_GROUPS: Final = "/finances/v0/financialEventGroups"
_MOST_PAGES: Final = 200
_RELEASED: Final = frozenset({"RELEASED", "DEFERRED_RELEASED"})

P = TypeVar("P", bound=BaseModel)


def summary(client: AmazonClient, settlement_id: str) -> list[m.Currency]:
    """The net proceeds of a settlement, one for each marketplace; empty when Amazon has none."""
    query = {"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": settlement_id}
    about = f"settlement {settlement_id}"
    pages = _pages(client, m.SummaryResponse, "listSummary", f"{_NEW}/summary", query, about,
                   lambda page: page.nextToken)  # fmt: skip
    return [
        one.netProceeds
        for page in pages
        for one in page.summaries
        if one.netProceeds is not None and _names(one, settlement_id)
    ]


def _names(one: m.Summary, settlement_id: str) -> bool:
    said = [x.relatedIdentifierValue for x in one.relatedIdentifiers
            if x.relatedIdentifierName == "SETTLEMENT_ID"]  # fmt: skip
    return not said or settlement_id in said


def event_groups(client: AmazonClient, since: datetime) -> list[m.EventGroup]:
    """Settlements that began since then, as v0 lists them: the bridge to the bank."""
    query = {"FinancialEventGroupStartedAfter": timestamp(since), "MaxResultsPerPage": "100"}
    pages = _pages(client, m.ListEventGroupsResponse, "listFinancialEventGroups", _GROUPS, query,
                   "settlement groups", lambda page: page.payload.NextToken, "NextToken",
                   alone=True)  # fmt: skip
    return [group for page in pages for group in page.payload.FinancialEventGroupList]


def released(client: AmazonClient, group_id: str) -> list[m.Transaction]:
    """What was released into a group. A sale that was deferred is listed twice, as deferred and as
    released; only what is released counts, each transaction once.
    """
    query = {
        "relatedIdentifierName": "FINANCIAL_EVENT_GROUP_ID", "relatedIdentifierValue": group_id,
    }  # fmt: skip
    pages = _pages(client, m.ListTransactionsResponse, "listTransactions",
                   f"{_NEW}/transactions", query, f"settlement group {group_id}",
                   lambda page: page.payload.nextToken)  # fmt: skip
    found: dict[str, m.Transaction] = {}
    loose = []
    for page in pages:
        for one in page.payload.transactions:
            if one.transactionStatus.upper() not in _RELEASED:
                continue
            if one.transactionId:
                found[one.transactionId] = one
            else:
                loose.append(one)
    return [*found.values(), *loose]


def deferred(client: AmazonClient, after: datetime, before: datetime) -> list[m.Transaction]:
    """What was kept back in that time, released since or not; each transaction once."""
    found: dict[str, m.Transaction] = {}
    for status in ("DEFERRED", "DEFERRED_RELEASED"):
        query = {"postedAfter": timestamp(after), "postedBefore": timestamp(before),
                 "transactionStatus": status}  # fmt: skip
        pages = _pages(client, m.ListTransactionsResponse, "listTransactions",
                       f"{_NEW}/transactions", query, f"{status} transactions",
                       lambda page: page.payload.nextToken)  # fmt: skip
        for page in pages:
            for one in page.payload.transactions:
                found[one.transactionId] = one
    return list(found.values())


def _pages(
    client: AmazonClient, model: type[P], operation: str, path: str, query: Mapping[str, str],
    about: str, token_of: Callable[[P], str | None], token_name: str = "nextToken",  # noqa: S107
    *, alone: bool = False,
) -> Iterator[P]:  # fmt: skip
    """Every page; `alone`: the token goes without the query that it stands for."""
    asked, seen = dict(query), set[str]()
    for _ in range(_MOST_PAGES):
        ask = Ask(operation, "GET", path, asked, about=about)
        page = read(model, client.caller.answer(ask), operation, about)
        yield page
        token = token_of(page)
        if not token:
            return
        if token in seen:
            break
        seen.add(token)
        asked = {token_name: token} if alone else {**query, token_name: token}
    raise TryAgain(f"Amazon's pages of {operation} do not end", about=about, code="repeated_token")
