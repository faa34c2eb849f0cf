"""How likely each SKU is sold beyond what is there: measured sales and measured delays together."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from crossdock.business.stock.model import Part
from crossdock.business.stock.risk import Risk, oversell, smallest_buffer
from crossdock.connectors.tims.models import SalesOrder
from crossdock.engine.store import Database, publications
from crossdock.wiring.stock_runs import EVERY
from crossdock.wiring.stocking import StockDesk

_AMAZON = "AMAZON:"
_CANCELLED = "Cancelled"
LEAST_MEASURED = 5  # publications, before their delay is believed


@dataclass(frozen=True, slots=True)
class Delay:
    """From a change in TIMS until Amazon shows it, and where that number comes from."""

    seconds: float
    measured: int  # publications; zero: it is the plan's worst case

    @property
    def source(self) -> str:
        """In words."""
        if self.measured:
            return f"19 of 20 of {self.measured} publications, and the next look at TIMS"
        return "the quota plan's worst case: too few publications were measured"


@dataclass(frozen=True, slots=True)
class SkuRisk:
    """A SKU with the item that it shares, in packs of its own."""

    sku: str
    sold_a_day: float
    buffer: int
    risk: Risk
    wanted: int  # the smallest buffer for the target, in packs
    wanted_units: Decimal  # the same as stock.yaml writes it


def delay_of(db: Database, worst: float) -> Delay:
    """What nineteen of twenty publications took, with the time until TIMS is looked at; the worst
    case of the plan while too little is measured.
    """
    took = sorted(
        p.took.total_seconds() for p in publications.every(db).values() if p.took is not None
    )
    if len(took) < LEAST_MEASURED:
        return Delay(worst, 0)
    return Delay(took[min(len(took) * 19 // 20, len(took) - 1)] + EVERY.total_seconds(), len(took))


def risks(desk: StockDesk, days: int, delay: Delay, target: float) -> list[SkuRisk]:
    """Every SKU that has a rule, the riskiest first. Sales are those of Amazon's orders in TIMS
    within so many days; several SKUs of one item share its sales.
    """
    units = _sold(desk, days)
    found = []
    for sellable, rule in desk.ruled():
        rates = [_packs(part, units) / (days * 86_400) for part in sellable.parts]
        buffers = [int(rule.buffer // part.units) for part in sellable.parts]
        rate, buffer = max(rates), min(buffers)
        most = max(part.units for part in sellable.parts)
        wanted = smallest_buffer(rate, delay.seconds, target)
        found.append(
            SkuRisk(
                sellable.sku, rate * 86_400, buffer, oversell(rate, delay.seconds, buffer),
                wanted, wanted * most,
            )
        )  # fmt: skip
    return sorted(found, key=lambda r: (-r.risk.probability, r.sku))


def _packs(part: Part, units: dict[str, Decimal]) -> float:
    return float(units.get(part.item, Decimal(0)) / part.units)


def _sold(desk: StockDesk, days: int) -> dict[str, Decimal]:
    """Item -> base units in Amazon's orders that changed within so many days."""
    since = desk.now() - timedelta(days=days)
    found: dict[str, Decimal] = defaultdict(Decimal)
    asked = desk.tims.wire.sales_orders_since(since)
    for page in desk.tims.pages(SalesOrder, asked, "TIMS sales orders"):
        for order in page.data:
            late = order.OrderDate is not None and order.OrderDate < since.date()
            if late or not (order.ExternalSystem or "").startswith(_AMAZON):
                continue
            for line in order.Lines if order.Status != _CANCELLED else ():
                for item, quantity in desk.base_units(
                    line.ItemNumber, line.Uom, line.QtyOrdered - line.QtyCancelled
                ):
                    found[item] += quantity
    return dict(found)
