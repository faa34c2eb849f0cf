"""Plans: what would be written to Amazon now, before it is, and the approval of exactly that."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from crossdock.business.catalogue.model import Plan as Listing
from crossdock.business.pricing.model import PriceOffer
from crossdock.engine.model import Event
from crossdock.engine.store import approvals, price_receipts, publications, submissions
from crossdock.engine.store.price_receipts import SEEN
from crossdock.engine.store.submissions import Submission
from crossdock.kernel.errors import Misuse, RunError
from crossdock.wiring.catalogue_runs import SchemasInStore
from crossdock.wiring.listing import Lister
from crossdock.wiring.listing_changes import Change, change_of
from crossdock.wiring.listing_publisher import DELETED, approved_as
from crossdock.wiring.price_publisher import DAY, KIND, digest_of, too_far
from crossdock.wiring.price_runs import FLOW as PRICES_FLOW
from crossdock.wiring.pricing import split
from crossdock.wiring.stock_runs import FLOW as STOCK_FLOW

if TYPE_CHECKING:
    from crossdock.wiring.house import House

STOCK, LISTINGS = "stock", "catalogue"
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


class Unsettled(NamedTuple):
    """A key for which nothing can be planned, and what a person has to do."""

    key: str
    kind: str  # of the case that it is or would be
    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be written, and what cannot be."""

    kind: str
    rows: tuple[Row, ...]
    problems: tuple[Unsettled, ...]

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
    plan = _named(house, name)
    rows = [(row.key, row.value) for row in plan.rows]
    approvals.approve(house.db, plan.kind, rows, plan.name, who, house.clock.now())
    hint = {"who": who, "plan": plan.name}
    return plan, [Event(FLOWS[plan.kind], row.key, "person", hint=hint) for row in plan.rows]


def _named(house: "House", name: str) -> Plan:
    seen = []
    for kind in PLANS:
        if _is_used(house, kind):
            plan = plan_of(house, kind)
            if plan.rows and plan.name.startswith(name):
                return plan
            seen.append(plan)
    now = ", ".join(f"{p.kind} is {p.name} now" for p in seen if p.rows) or "nothing to write"
    raise Misuse(f"plan {name} is not what would be written any more: {now}; look again")


def _is_used(house: "House", kind: str) -> bool:
    """Amazon is asked of listings only where the workspace lists."""
    return kind != LISTINGS or bool(house.catalogue.rules.rules)


def _prices(house: "House") -> Plan:
    desk, now = house.prices, house.clock.now()
    keys, told = desk.every_key(), price_receipts.every(house.db)
    rows, problems = [], []
    if not keys:  # TIMS is asked of prices only where the workspace prices
        return Plan(KIND, (), ())
    for key, found in zip(keys, desk.offers(keys), strict=True):
        shop, sku = split(key)
        if isinstance(found, RunError):
            problems.append(_unsettled(key, found))
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


def _unsettled(key: str, error: RunError) -> Unsettled:
    return Unsettled(key, getattr(error, "kind", ""), error.message, getattr(error, "remedy", ""))


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
            problems.append(_unsettled(sku, found))
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


def _catalogue(house: "House") -> Plan:
    """What would be listed, changed or taken off the list. Amazon is asked what it shows."""
    lister = Lister(house.catalogue, house.amazon, SchemasInStore(lambda: house.db))
    told = submissions.every(house.db, house.catalogue.places.first)
    keys = house.catalogue.keys(told=told)
    rows, problems = [], []
    for key, note in zip(keys, lister.plan_many([(key,) for key in keys]), strict=True):
        found = note.result
        if isinstance(found, RunError):
            problems.append(_unsettled(key, found))
        elif isinstance(found, Listing):
            try:
                rows += _listing_row(found, told.get((found.marketplace_id, found.sku)))
            except RunError as error:
                problems.append(_unsettled(key, error))
    return Plan(LISTINGS, tuple(rows), tuple(problems))


def _listing_row(found: Listing, told: Submission | None) -> list[Row]:
    shown, key, shop = found.shown, found.key, found.marketplace_id
    if found.left_alone:
        return []
    if found.refused or found.unwanted:
        ours = found.refused or (told is not None and told.ours)
        if shown is None or not found.delete or not ours:
            return []  # not listed; or the stock rules offer none of it
        return [Row(key, found.sku, shop, "listed", "taken off", DELETED, ("delisted",))]
    change = change_of(found, told)
    if change.nothing:
        return []
    flags = (*(("first",) if shown is None else ()), *(("taken away",) if change.dropped else ()))
    old = "listed" if shown is not None else ""
    words = _changed(found, change)
    return [Row(key, found.sku, shop, old, words, approved_as(found, change), flags)]


def _changed(found: Listing, change: Change) -> str:
    """What is said anew, and what is taken away."""
    said = ", ".join(sorted(change.names))
    if not said and not change.takes_only:
        said = f"{found.product_type}, page {found.asin or 'new'}"
    gone = f"without {', '.join(change.dropped)}" if change.dropped else ""
    return "; ".join(part for part in (said, gone) if part)


PLANS: Mapping[str, Callable[["House"], Plan]] = {
    KIND: _prices, STOCK: _stock, LISTINGS: _catalogue,
}  # fmt: skip
FLOWS: Mapping[str, str] = {KIND: PRICES_FLOW, STOCK: STOCK_FLOW, LISTINGS: LISTINGS}
