"""Amazon pays: settlements made of what was shipped, and their reports as flat files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from crossdock.simulators.amazon.company import Company
from crossdock.simulators.amazon.people import Line
from crossdock.simulators.amazon.state import SHIPPED, SimOrder

COLUMNS = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date",
    "total-amount", "currency", "transaction-type", "order-id", "merchant-order-id",
    "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description",
    "amount", "fulfillment-id", "posted-date", "posted-date-time", "order-item-code",
    "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
)  # fmt: skip
_KEPT_FEE = Decimal("0.20")
_CENT, _REFERRAL, _ADVERTISING = Decimal("0.01"), Decimal("0.15"), Decimal("0.02")
_KEPT = Decimal("0.10")  # the share that Amazon holds back until the next settlement
_MOMENT = timedelta(seconds=1)  # an order's own time may be some milliseconds ahead
_DATES = {"USD": "%Y-%m-%d %H:%M:%S UTC", "JPY": "%Y/%m/%d %H:%M:%S UTC"}  # others: with dots
_COMMA = frozenset({"EUR", "SEK", "PLN", "BRL", "TRY"})
_OTHER = "other-transaction"
_MOST_KEPT_FEE = Decimal("5.00")  # of the referral fee when a sale is given back
REFUND, CLAIM, CHARGEBACK = "Refund", "A-to-z Guarantee Refund", "Chargeback Refund"


@dataclass(frozen=True, slots=True)
class SettledLine:
    """One amount of a settlement."""

    kind: tuple[str, str, str]  # transaction-type, amount-type, amount-description
    amount: Decimal
    posted: datetime
    order: SimOrder | None = None
    item_id: str = ""
    bought: Line | None = None


@dataclass(frozen=True, slots=True)
class SimSettlement:
    """What Amazon paid, or is owed, for a while."""

    settlement_id: str
    start: datetime
    end: datetime
    currency: str
    lines: tuple[SettledLine, ...]

    @property
    def total(self) -> Decimal:
        """What the lines come to."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def reserve(self) -> Decimal:
        """What is held back in it, zero or below."""
        return sum(
            (x.amount for x in self.lines if x.kind[2] == "Current Reserve Amount"), Decimal(0)
        )


class Settlements:
    """Every settlement of the first seller."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._began = company.now()
        self._settled: set[str] = set()
        self._events: list[tuple[str, SettledLine]] = []  # currency and line, not settled yet
        self.closed: list[SimSettlement] = []
        self.deferred_for = timedelta(0)  # a sale is paid so long after it was shipped

    def give_back(
        self, order: SimOrder, share: Decimal = Decimal(1), kind: str = REFUND
    ) -> Decimal:
        """The buyer gets that share of the order back; what the seller is charged for the goods.
        The sale itself may be settled earlier or later.
        """
        now, back = self._company.now().replace(microsecond=0), Decimal(0)
        for item in order.lines:
            if item.cancelled_by is not None:
                continue
            line = item.line
            goods = _rounded(line.unit_price * line.quantity * share)
            rebate = _rounded(line.discount * share)
            tax = _rounded((line.tax - line.discount_tax) * share)
            fee = _rounded((goods - rebate) * _REFERRAL)
            amounts = [
                ((kind, "ItemPrice", "Principal"), rebate - goods if kind != REFUND else -goods),
                ((kind, "ItemPrice", "Tax"), -tax),
                ((kind, "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"), tax),
                ((kind, "ItemFees", "Commission"), fee),
                ((kind, "ItemFees", "RefundCommission"),
                 -min(_MOST_KEPT_FEE, _rounded(fee * _KEPT_FEE))),
            ]  # fmt: skip
            if kind == REFUND:
                amounts.append(((kind, "Promotion", "Principal"), rebate))
            back += goods - rebate
            self._events += [
                (order.marketplace.currency,
                 SettledLine(which, amount, now, order, item.order_item_id, line))
                for which, amount in amounts if amount
            ]  # fmt: skip
        return back

    def make_good(self, order: SimOrder, amount: Decimal) -> None:
        """Amazon pays a claim itself after all."""
        now = self._company.now().replace(microsecond=0)
        item = order.lines[0]
        line = SettledLine(
            (_OTHER, _OTHER, "SAFE-T Reimbursement"), amount, now, order, item.order_item_id,
            item.line,
        )  # fmt: skip
        self._events.append((order.marketplace.currency, line))

    def close(self) -> list[SimSettlement]:
        """Settle what was shipped since the last time, each currency on its own."""
        now = self._company.now().replace(microsecond=0)
        orders = [
            order
            for order in self._company.orders.values()
            if order.status == SHIPPED
            and order.order_id not in self._settled
            and order.updated - _MOMENT + self.deferred_for <= now
        ]
        made: list[SimSettlement] = []
        sold_in = {order.marketplace.currency for order in orders}
        for currency in sorted(sold_in | {currency for currency, _ in self._events}):
            mine = [order for order in orders if order.marketplace.currency == currency]
            made.append(self._closed(mine, currency, now, len(self.closed) + len(made)))
            self._events = [event for event in self._events if event[0] != currency]
            self._settled |= {order.order_id for order in mine}
        self.closed += made
        return made

    def _closed(
        self, orders: list[SimOrder], currency: str, now: datetime, before_it: int
    ) -> SimSettlement:
        before = [s for s in self.closed if s.currency == currency]
        lines = [line for order in orders for line in lines_of(order)]
        lines += [line for at, line in self._events if at == currency]
        sold = sum((x.amount for x in lines if x.kind[2] == "Principal"), Decimal(0))
        if before and before[-1].reserve:
            lines.append(_other("Previous Reserve Amount Balance", -before[-1].reserve, now))
        if before and before[-1].total < 0:
            lines.append(_other("Payable to Amazon", before[-1].total, now))
        fee = ("ServiceFee", "Cost of Advertising", "TransactionTotalAmount")
        lines.append(SettledLine(fee, -_rounded(sold * _ADVERTISING), now))
        lines.append(_other("Subscription Fee", Decimal("-39.99"), now))
        lines.append(_other("Current Reserve Amount", -_rounded(sold * _KEPT), now))
        start = before[-1].end if before else self._began.replace(microsecond=0)
        number = f"{28_471_000_000 + self._company.seed % 900 * 1000 + before_it}"
        return SimSettlement(number, start, now, currency, tuple(lines))


def lines_of(order: SimOrder) -> Iterator[SettledLine]:
    """An order's amounts; the marketplace keeps the tax that it collected."""
    for item in order.lines:
        if item.cancelled_by is not None:
            continue
        line = item.line
        tax = line.tax - line.discount_tax
        amounts = (
            (("Order", "ItemPrice", "Principal"), line.unit_price * line.quantity),
            (("Order", "ItemPrice", "Tax"), tax),
            (("Order", "ItemPrice", "Shipping"), line.shipping),
            (("Order", "ItemPrice", "ShippingTax"), line.shipping_tax),
            (("Order", "ItemPrice", "GiftWrap"), line.gift_wrap),
            (("Order", "ItemPrice", "GiftWrapTax"), line.gift_wrap_tax),
            (("Order", "Promotion", "Principal"), -line.discount),
            (("Order", "Promotion", "Shipping"), -line.shipping_discount),
            (("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"), -tax),
            (("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Shipping"),
             -line.shipping_tax),
            (("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Giftwrap"),
             -line.gift_wrap_tax),
            (("Order", "ItemFees", "Commission"),
             -_rounded((line.unit_price * line.quantity - line.discount) * _REFERRAL)),
        )  # fmt: skip
        for kind, amount in amounts:
            if amount:
                yield SettledLine(kind, amount, order.updated, order, item.order_item_id, line)


def _other(label: str, amount: Decimal, at: datetime) -> SettledLine:
    return SettledLine((_OTHER, _OTHER, label), amount, at)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def file_of(settlement: SimSettlement) -> bytes:
    """The report: flat file V2, written as that currency's marketplace writes it."""
    form = _DATES.get(settlement.currency, "%d.%m.%Y %H:%M:%S UTC")

    def money(amount: Decimal) -> str:
        coin = Decimal(1) if settlement.currency == "JPY" else _CENT
        text = f"{amount.quantize(coin):f}"
        return text.replace(".", ",") if settlement.currency in _COMMA else text

    def row(cells: dict[str, str]) -> str:
        mine = {"settlement-id": settlement.settlement_id, **cells}
        return "\t".join(mine.get(name, "") for name in COLUMNS)

    control = {
        "settlement-start-date": settlement.start.strftime(form),
        "settlement-end-date": settlement.end.strftime(form),
        "deposit-date": (settlement.end + timedelta(days=2)).strftime(form),
        "total-amount": money(settlement.total),
        "currency": settlement.currency,
    }
    rows: Iterable[str] = (row(_cells(line, money(line.amount), form)) for line in settlement.lines)
    return "\n".join(["\t".join(COLUMNS), row(control), *rows, ""]).encode()


def _cells(line: SettledLine, amount: str, form: str) -> dict[str, str]:
    kind, family, label = line.kind
    at = line.posted.strftime(form)
    cells = {
        "transaction-type": kind, "amount-type": family, "amount-description": label,
        "amount": amount, "posted-date": at.partition(" ")[0], "posted-date-time": at,
    }  # fmt: skip
    if line.order is not None and line.bought is not None:
        cells |= {
            "order-id": line.order.order_id,
            "marketplace-name": line.order.marketplace.name,
            "fulfillment-id": "AFN" if line.order.fulfilled_by == "AMAZON" else "MFN",
            "order-item-code": line.item_id,
            "sku": line.bought.sku,
            "quantity-purchased": str(line.bought.quantity),
        }
    return cells
