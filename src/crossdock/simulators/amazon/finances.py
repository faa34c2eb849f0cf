"""Finances: the same settlements as their reports, told in another way."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.replies import answer, invalid
from crossdock.simulators.amazon.settlements import Settlements, SimSettlement, lines_of
from crossdock.simulators.amazon.state import SHIPPED, SimOrder, parse_timestamp, timestamp
from crossdock.simulators.wire import Reply

_PAGE = 500


class Finances:
    """The desk for money. `lies` are added to what is told of a settlement."""

    def __init__(self, company: Company, settlements: Settlements) -> None:
        self._company, self._settlements = company, settlements
        self.lies: dict[str, Decimal] = {}

    def list_summary(self, call: Call) -> Reply:
        """listSummary, by settlement."""
        query = call.request.query
        if query.get("relatedIdentifierName") != "SETTLEMENT_ID":
            raise invalid("relatedIdentifierName must be SETTLEMENT_ID here")
        wanted = query.get("relatedIdentifierValue", "")
        rows = [self._summary(s) for s in self._settlements.closed if s.settlement_id == wanted]
        return answer(200, {"summaries": rows})

    def list_transactions(self, call: Call) -> Reply:
        """listTransactions, by group, or what is kept back."""
        query = call.request.query
        if query.get("transactionStatus", "").startswith("DEFERRED"):
            rows = list(self._deferred(query))
        elif query.get("relatedIdentifierName") != "FINANCIAL_EVENT_GROUP_ID":
            raise invalid("relatedIdentifierName must be FINANCIAL_EVENT_GROUP_ID here")
        else:
            group = query.get("relatedIdentifierValue", "")
            rows = [
                row for s in self._settlements.closed if group_of(s) == group
                for row in self._transactions(s)
            ]  # fmt: skip
        start = int(query.get("nextToken", "0"))
        payload: dict[str, object] = {"transactions": rows[start : start + _PAGE]}
        if start + _PAGE < len(rows):
            payload["nextToken"] = str(start + _PAGE)
        return answer(200, {"payload": payload})

    def list_groups(self, call: Call) -> Reply:
        """listFinancialEventGroups."""
        after = call.request.query.get("FinancialEventGroupStartedAfter")
        since = parse_timestamp(after) if after else None
        rows = [
            self._group(s) for s in self._settlements.closed if since is None or s.start >= since
        ]
        return answer(200, {"payload": {"FinancialEventGroupList": rows}})

    def _deferred(self, query: Mapping[str, str]) -> Iterator[dict[str, object]]:
        """Sales that are, or were, kept back until some days after they were shipped."""
        after, before = (parse_timestamp(query[n]) for n in ("postedAfter", "postedBefore"))
        now, wait = self._company.now(), self._settlements.deferred_for
        for order in self._company.orders.values():
            posted = order.updated
            if not wait or order.status != SHIPPED or not after <= posted <= before:
                continue
            status = "DEFERRED" if posted + wait > now else "DEFERRED_RELEASED"
            if status == query["transactionStatus"]:
                yield _kept_back(order, status, posted + wait)

    # --- inside ---------------------------------------------------------------------------------

    def _total(self, settlement: SimSettlement) -> Decimal:
        return settlement.total + self.lies.get(settlement.settlement_id, Decimal(0))

    def _summary(self, settlement: SimSettlement) -> dict[str, object]:
        named = {"relatedIdentifierName": "SETTLEMENT_ID",
                 "relatedIdentifierValue": settlement.settlement_id}  # fmt: skip
        return {
            "netProceeds": _amount(self._total(settlement), settlement.currency),
            "relatedIdentifiers": [named],
            "periodStart": timestamp(settlement.start),
            "periodEnd": timestamp(settlement.end),
            "breakdowns": [],
        }

    def _group(self, settlement: SimSettlement) -> dict[str, object]:
        total = self._total(settlement)
        money = {"CurrencyCode": settlement.currency, "CurrencyAmount": float(total)}
        return {
            "FinancialEventGroupId": group_of(settlement),
            "ProcessingStatus": "Closed",
            "FundTransferStatus": "Succeeded" if total > 0 else "Unknown",
            "OriginalTotal": money,
            "FundTransferDate": timestamp(settlement.end),
            "TraceId": trace_of(settlement),
            "AccountTail": "0001",
            "FinancialEventGroupStart": timestamp(settlement.start),
            "FinancialEventGroupEnd": timestamp(settlement.end),
        }

    def _transactions(self, settlement: SimSettlement) -> list[dict[str, object]]:
        """One for each order and kind of event, and one for each other line."""
        by_order: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for n, line in enumerate(settlement.lines):
            order = line.order.order_id if line.order else ""
            by_order[order or f"#{n}", line.kind[0]] += line.amount
        lie = self.lies.get(settlement.settlement_id, Decimal(0))
        rows: list[dict[str, object]] = []
        for n, ((order, kind), amount) in enumerate(by_order.items()):
            named = [{"relatedIdentifierName": "FINANCIAL_EVENT_GROUP_ID",
                      "relatedIdentifierValue": group_of(settlement)}]  # fmt: skip
            if not order.startswith("#"):
                named.append({"relatedIdentifierName": "ORDER_ID",
                              "relatedIdentifierValue": order})  # fmt: skip
            row: dict[str, object] = {
                "relatedIdentifiers": named,
                "transactionType": "Shipment" if kind == "Order" else kind,
                "transactionId": f"{settlement.settlement_id}-{n}",
                "transactionStatus": "RELEASED",
                "postedDate": timestamp(settlement.end),
                "totalAmount": _amount(amount + (lie if n == 0 else 0), settlement.currency),
            }
            rows.append(row)
            if kind == "Order" and n % 3 == 0:  # it was deferred once, and is listed as that too
                rows.append({**row, "transactionId": f"{settlement.settlement_id}-{n}d",
                             "transactionStatus": "DEFERRED"})  # fmt: skip
        return rows


def group_of(settlement: SimSettlement) -> str:
    """The group's id; it does not tell the settlement's number."""
    return f"G{int(settlement.settlement_id) * 7919 % 10**12:012}"


def trace_of(settlement: SimSettlement) -> str:
    """What the bank writes beside the deposit."""
    return f"T{int(settlement.settlement_id) * 104729 % 10**12:012}"


def _amount(amount: Decimal, currency: str) -> dict[str, object]:
    return {"currencyCode": currency, "currencyAmount": float(amount)}


_BREAKDOWNS = {
    ("ItemPrice", "Principal"): "OurPricePrincipal",
    ("ItemPrice", "Tax"): "OurPriceTax",
    ("ItemPrice", "Shipping"): "ShippingPrincipal",
    ("ItemPrice", "ShippingTax"): "ShippingTax",
    ("ItemPrice", "GiftWrap"): "GiftwrapPrincipal",
    ("ItemPrice", "GiftWrapTax"): "GiftwrapTax",
    ("Promotion", "Principal"): "OurPriceDiscount",
    ("Promotion", "Shipping"): "ShippingDiscount",
}
"""Finances name things otherwise than the report."""


def _kept_back(order: SimOrder, status: str, matures: datetime) -> dict[str, object]:
    currency, total = order.marketplace.currency, Decimal(0)
    leaves: list[dict[str, object]] = []
    for line in lines_of(order):
        _, family, label = line.kind
        total += line.amount
        name = _BREAKDOWNS.get((family, label), label)
        leaves.append({"breakdownType": name, "breakdownAmount": _amount(line.amount, currency),
                       "breakdowns": []})  # fmt: skip
    network = "AFN" if order.fulfilled_by == "AMAZON" else "MFN"
    return {
        "transactionId": f"D-{order.order_id}", "transactionType": "Shipment",
        "transactionStatus": status, "postedDate": timestamp(order.updated),
        "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID",
                                "relatedIdentifierValue": order.order_id}],
        "totalAmount": _amount(total, currency),
        "marketplaceDetails": {"marketplaceId": order.marketplace.id,
                               "marketplaceName": order.marketplace.name},
        "contexts": [{"contextType": "DeferredContext", "deferralReason": "DD7",
                      "maturityDate": timestamp(matures)}],
        "items": [{"contexts": [{"contextType": "ProductContext", "fulfillmentNetwork": network}],
                   "breakdowns": [{"breakdownType": "Sales",
                                   "breakdownAmount": _amount(total, currency),
                                   "breakdowns": leaves}]}],
    }  # fmt: skip
