"""Plans: what would be written to Amazon now, before it is, and the approval of exactly that."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossdock.business.pricing.model import PriceOffer
from crossdock.engine.model import Event
from crossdock.engine.store import approvals, price_receipts, publications
from crossdock.engine.store.price_receipts import SEEN
from crossdock.kernel.errors import Misuse, RunError
from crossdock.wiring.price_publisher import DAY, KIND, digest_of, too_far
from crossdock.wiring.price_runs import FLOW as PRICES_FLOW
from crossdock.wiring.pricing import split
from crossdock.wiring.stock_runs import FLOW as STOCK_FLOW

if TYPE_CHECKING:
    from crossdock.wiring.house import House

STOCK = "stock"
_SHORTEST = 6  # letters of a plan's name


@dataclass(frozen=True, slots=True)
class Row:
    """One write that would be made."""

    key: str
    sku: str
    where: str  # the marketplace; empty for stock
    old: str  # what Amazon was told last; empty when it was told nothing
    new: str
    value: str  # what an approval names: the quantity, or the fingerprint of all offers
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be written, and what cannot be."""

    kind: str
    rows: tuple[Row, ...]
    problems: tuple[tuple[str, str, str], ...]  # key, kind of case, words

    @property
    def name(self) -> str:
        """The same for the same writes, and no others."""
        text = "\n".join(
            f"{row.key}\t{row.value}" for row in sorted(self.rows, key=lambda r: r.key)
        )
        return hashlib.sha256(f"{self.kind}\n{text}".encode()).hexdigest()[:12]

    def counts(self) -> Mapping[str, int]:
        """How many rows carry each flag."""
        found: dict[str, int] = {}
        for row in self.rows:
            for flag in row.flags:
                name = flag.split(":")[0]
                found[name] = found.get(name, 0) + 1
        return found


def plan_of(house: "House", kind: str) -> Plan:
    """What would be written now. Nothing is."""
    return PLANS[kind](house)


def apply(house: "House", name: str, who: str) -> tuple[Plan, list[Event]]:
    """Approve the plan of that name, when it is still what would be written; the events that carry
    it out. A Misuse says what has changed since.
    """
    if len(name) < _SHORTEST:
        raise Misuse(
            f"a plan's name has at least {_SHORTEST} letters, as `crossdock plan` prints it"
        )
    plans = [plan_of(house, kind) for kind in PLANS]
    fitting = [plan for plan in plans if plan.rows and plan.name.startswith(name)]
    if not fitting:
        now = ", ".join(f"{p.kind} is {p.name} now" for p in plans if p.rows) or "nothing to write"
        raise Misuse(f"plan {name} is not what would be written any more: {now}; look again")
    plan = fitting[0]
    rows = [(row.key, row.value) for row in plan.rows]
    approvals.approve(house.db, plan.kind, rows, plan.name, who, house.clock.now())
    flow = PRICES_FLOW if plan.kind == KIND else STOCK_FLOW
    hint = {"who": who, "plan": plan.name}
    return plan, [Event(flow, row.key, "person", hint=hint) for row in plan.rows]


def _prices(house: "House") -> Plan:
    desk, now = house.prices, house.clock.now()
    keys, told = desk.every_key(), price_receipts.every(house.db)
    rows, problems = [], []
    for key, found in zip(keys, desk.offers(keys), strict=True):
        shop, sku = split(key)
        if isinstance(found, RunError):
            problems.append((key, getattr(found, "kind", ""), found.message))
            continue
        receipt = told.get((shop, sku))
        digest = digest_of(found)
        if receipt is not None and (receipt.digest, receipt.state) == (digest, SEEN):
            continue
        base = price_receipts.base_of(house.db, sku, shop, now - DAY)
        standing = receipt.price if receipt is not None else None
        move = too_far(found, base if base is not None else standing)
        flags = (*((f"moves: {move}",) if move else ()), *(() if receipt else ("first",)))
        old = "" if receipt is None else f"{receipt.price:f}"
        rows.append(Row(key, sku, shop, old, shown(found), digest, flags))
    return Plan(KIND, tuple(rows), tuple(problems))


def shown(offer: PriceOffer) -> str:
    """All offers of a SKU in one line."""
    parts = [offer.public.price.text]
    if offer.public.discount is not None:
        parts.append(f"sale {offer.public.discount.price.text}")
    for one in offer.offers:
        tiers = ", ".join(f"{t.packs}+ {t.price.text}" for t in one.tiers)
        if one is not offer.public:
            parts.append(f"{one.audience} {one.price.text}" + (f" ({tiers})" if tiers else ""))
        elif tiers:
            parts.append(f"({tiers})")
    return " ".join(parts)


def _stock(house: "House") -> Plan:
    skus, told = sorted(house.stock.skus().rows), publications.every(house.db)
    rows, problems = [], []
    for sku, found in zip(skus, house.stock.offers(skus), strict=True):
        if isinstance(found, RunError):
            problems.append((sku, getattr(found, "kind", ""), found.message))
            continue
        row = told.get(sku)
        if row is not None and row.quantity == found.quantity and row.state == publications.SEEN:
            continue
        old = "" if row is None else str(row.quantity)
        flags = []
        if found.quantity == 0 and (row is None or row.quantity):
            flags.append("to zero")
        if row is None:
            flags.append("first")
        value = str(found.quantity)
        rows.append(Row(sku, sku, "", old, value, value, tuple(flags)))
    return Plan(STOCK, tuple(rows), tuple(problems))


PLANS: Mapping[str, Callable[["House"], Plan]] = {KIND: _prices, STOCK: _stock}
