"""What Amazon's Finances say of a settlement, asked and remembered."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from crossdock.business.settlements import crosscheck
from crossdock.business.settlements.crosscheck import DIFFERS, UNKNOWN, Opinion
from crossdock.connectors.amazon import finance_models as m
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.finances import event_groups, released, summary
from crossdock.engine.store import deposits as store
from crossdock.kernel.errors import RunError
from crossdock.kernel.money import Money
from crossdock.wiring.settling import Settlements

_EARLIER = timedelta(days=2)  # Amazon's group may begin some hours before the file says
_APART = timedelta(hours=36)

T = TypeVar("T")


def cross_check(
    settlements: Settlements, amazon: AmazonClient, settlement_id: str
) -> list[Opinion]:
    """Ask every source; one that does not answer is not known, and keeps no other from it."""
    file = settlements.file(settlement_id)
    total, currency = int(file.detail["total"]), str(file.detail["currency"])
    said = _asked(lambda: summary(amazon, settlement_id))
    net = [_minor(x) for x in said if x.currencyCode == currency]
    opinions = [crosscheck.totals(crosscheck.SUMMARY, total, net)]
    start = datetime.fromisoformat(str(file.detail["start"]))
    end = datetime.fromisoformat(str(file.detail["end"]))
    group = _group(
        _asked(lambda: event_groups(amazon, start - _EARLIER)), start, end, currency, total
    )
    original = group.OriginalTotal if group is not None else None
    found = [] if original is None else [_old_minor(original)]
    opinions.append(crosscheck.totals(crosscheck.GROUP, total, found))
    if group is not None:
        rows = _asked(lambda: released(amazon, group.FinancialEventGroupId))
        ours = settlements.by_order(settlement_id)
        ours.pop("", None)
        theirs = [(t.related("ORDER_ID"), _minor(t.totalAmount)) for t in rows
                  if t.totalAmount.currencyCode == currency]  # fmt: skip
        opinions.append(crosscheck.orders(ours, theirs))
    store.keep_check(settlements.db, settlement_id, settlements.now(), _detail(opinions, group))
    return opinions


def differing(opinions: list[Opinion]) -> list[Opinion]:
    """Those that say something else."""
    return [one for one in opinions if one.verdict == DIFFERS]


def nothing_known(opinions: list[Opinion]) -> bool:
    """Amazon has not said anything yet."""
    return all(one.verdict == UNKNOWN for one in opinions)


def _group(
    groups: list[m.EventGroup], start: datetime, end: datetime, currency: str, total: int
) -> m.EventGroup | None:
    """The group with the settlement's currency and times; of several the one with its total."""
    near = [
        g
        for g in groups
        if g.OriginalTotal is not None
        and g.OriginalTotal.CurrencyCode == currency
        and _near(g.FinancialEventGroupEnd, end)
        and _near(g.FinancialEventGroupStart, start)
    ]
    same = [g for g in near if g.OriginalTotal and _old_minor(g.OriginalTotal) == total]
    return same[0] if len(same) == 1 else near[0] if len(near) == 1 else None


def _near(text: str, moment: datetime) -> bool:
    try:
        return abs(datetime.fromisoformat(text) - moment) <= _APART
    except (ValueError, TypeError):
        return False


def _asked(ask: Callable[[], list[T]]) -> list[T]:
    try:
        return ask()
    except RunError:
        return []  # kept as evidence of the run; the settlement itself does not depend on it


def _minor(amount: m.Currency) -> int:
    return Money(amount.currencyAmount, amount.currencyCode).rounded().minor


def _old_minor(amount: m.OldCurrency) -> int:
    return Money(amount.CurrencyAmount, amount.CurrencyCode).rounded().minor


def _detail(opinions: list[Opinion], group: m.EventGroup | None) -> dict[str, Any]:
    said: dict[str, Any] = {"opinions": [asdict(one) for one in opinions]}
    if group is not None:
        said |= {
            "group": group.FinancialEventGroupId, "trace_id": group.TraceId,
            "account_tail": group.AccountTail, "transfer": group.FundTransferStatus,
            "transferred": group.FundTransferDate,
        }  # fmt: skip
        if group.ConvertedTotal is not None:
            converted = group.ConvertedTotal
            said["converted"] = f"{converted.CurrencyAmount} {converted.CurrencyCode}"
    return said
