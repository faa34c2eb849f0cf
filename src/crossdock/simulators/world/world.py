"""The rehearsal world: both companies, the people who buy and the staff who ship, on one clock."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.listing_records import OFFER
from crossdock.simulators.clock import Clock
from crossdock.simulators.faults import Faults
from crossdock.simulators.tims import TimsSim
from crossdock.simulators.world import people
from crossdock.simulators.world.bank import statement_of
from crossdock.simulators.world.catalogue import Sku, catalogue
from crossdock.simulators.world.counter import Counter as Shop
from crossdock.simulators.world.givebacks import give_back
from crossdock.simulators.world.oversells import Witness
from crossdock.simulators.world.people import Move, Purchase, purchases
from crossdock.simulators.world.pricebook import stock_prices
from crossdock.simulators.world.scenario import Scenario
from crossdock.simulators.world.shelves import beside
from crossdock.simulators.world.staff import Staff, plan
from crossdock.simulators.world.trade import describe, more_items, pages
from crossdock.simulators.world.truth import Truth, look
from crossdock.simulators.world.verdict import Verdict, judge

PLENTY = 1_000_000
LISTED = "2025-03-01T00:00:00Z"  # when the offers were made by hand
DONE, TOO_LATE = "done", "too late"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did, or came too late to do."""

    at: datetime
    what: str
    key: str
    outcome: str


class World:
    """Both companies and everybody in them. Nothing happens but in `step`.

    The same seed and scenario, and the same calls at the same times, give the same world.
    """

    def __init__(
        self,
        seed: int,
        clock: Clock,
        scenario: Scenario | None = None,
        *,
        limits: bool = True,
        people_come: bool = True,
    ) -> None:
        self.seed, self.clock, self.scenario = seed, clock, scenario or Scenario()
        self._began_with = self.scenario
        self.began = clock.now()
        self.goods = catalogue(
            seed,
            scarce=self.scenario.back_orders,
            unlisted=self.scenario.unlisted_skus,
            inactive=self.scenario.inactive_items,
        )
        self.amazon = AmazonSim(clock, seed, limits=limits)
        self.tims = TimsSim(clock, seed, limits=limits)
        self.staff = Staff(self.amazon, self.tims, self.goods, self._later)
        self.counter, self.witness = Shop(self), Witness(self)
        self.deeds: list[Deed] = []
        self._given_back: set[str] = set()  # orders that were looked at for it
        self.planned: dict[str, Purchase] = {}  # by Amazon order id
        self._heap: list[tuple[datetime, int, str, str, Callable[[], None]]] = []
        self._queued = 0
        self._waves = 0
        self._to_come = 0  # deeds in the heap that are not rounds
        self._settle_amazon()
        self._stock_tims()
        self.stood = {sku.sku: self._list(sku) for sku in self.goods.skus}
        self._schedule(self.scenario.staff_round, "round", "", self._round)
        if people_come:
            self.start_people(self.scenario)

    # --- the run of things ----------------------------------------------------------------------

    def step(self) -> datetime | None:
        """Do everything that is due; when the next thing is due."""
        now = self.clock.now()
        self.witness.look()
        while self._heap and self._heap[0][0] <= now:
            _, _, what, key, deed = heapq.heappop(self._heap)
            if what == "round":
                deed()
            else:
                self._to_come -= 1
                self._do(what, key, deed)
        self.witness.look()
        return self.next_at()

    def next_at(self) -> datetime | None:
        """When somebody does something, or a notification or webhook leaves."""
        times = (
            self._heap[0][0] if self._heap else None,
            self.amazon.next_notification_at(),
            self.tims.next_webhook_at(),
        )
        return min((at for at in times if at is not None), default=None)

    def people_done(self) -> bool:
        """True when nobody has anything left to do for now."""
        return not self._to_come and not self.staff.has_work()

    def start_people(self, scenario: Scenario) -> int:
        """Let the buyers of a scenario come, from now on, and its faults begin; how many orders
        they will place.
        """
        self.scenario = scenario
        self._waves += 1
        self.load_faults(scenario.amazon_faults, scenario.tims_faults)
        seed = f"{self.seed}" if self._waves == 1 else f"{self.seed}/wave {self._waves}"
        coming = purchases(scenario, self.goods, seed)
        if again := [one.order_id for one in coming if one.order_id in self.planned]:
            raise ValueError(f"order id {again[0]} was drawn before: take another seed")
        if self._waves == 1:
            self._limit_stock(coming)
            self._schedule_staff()
        for one in coming:
            self.planned[one.order_id] = one
            self.staff.plans[one.order_id] = plan(one.order_id, scenario, self.goods, seed)
            self._schedule(one.at, "place", one.order_id, partial(self._place, one))
        return len(coming)

    def load_faults(
        self, amazon: Sequence[Mapping[str, Any]] = (), tims: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Set faults; `after` counts from now. An unknown name is a ValueError."""
        passed = (self.clock.now() - self.began).total_seconds()
        for company, rows in ((self.amazon, amazon), (self.tims, tims)):
            company.faults.load({**row, "after": passed + row.get("after", 0)} for row in rows)

    def quiet(self) -> None:
        """Switch every fault off, lift holds and fill the shelves, so that things can settle."""
        self.amazon.faults.quiet()
        self.tims.faults.quiet()
        self._lift_holds()
        self._restock()

    # --- looking --------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """What both companies know now."""
        return look(self.amazon, self.tims, self.clock.now())

    def verdict(self, cases: Sequence[Mapping[str, Any]] = ()) -> Verdict:
        """Whether both companies agree; `cases` are those that stand open (key, kind, flow)."""
        requests = sum(self.amazon.counts.values())
        return judge(self.truth(), self.goods, cases, amazon_requests=requests)

    def lookup_files(self) -> dict[str, str]:
        """The lookup tables that match the catalogue: CSV by file name."""
        return self.goods.lookup_files(open_customers=not self._began_with.shops_on_file)

    def sku_table_rows(self) -> list[dict[str, str]]:
        """The SKU table, row by row."""
        header, *rows = self.lookup_files()["skus.csv"].splitlines()
        return [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]

    def close_settlements(self) -> dict[str, Any]:
        """Buyers who give something back do it now; then Amazon settles. What it pays, by
        settlement.
        """
        give_back(self.amazon, self.scenario, f"{self.seed}", self._given_back)
        closed = self.amazon.close_settlements()
        return {s.settlement_id: {"total": f"{s.total:f}", "currency": s.currency} for s in closed}

    def bank_statement(self) -> str:
        """What the bank says has arrived, as OFX."""
        return statement_of(self.amazon.settlements.closed)

    def ledger(self) -> dict[str, Any]:
        """TIMS's trial balance, credits less debits, by currency."""
        ledger = self.tims.ledger
        currencies = sorted({batch.currency for batch in ledger.batches})
        return {
            currency: {a: f"{v:f}" for a, v in ledger.trial_balance(currency=currency).items()}
            for currency in currencies
        }

    def status(self) -> dict[str, Any]:
        """How things stand, in numbers."""
        return {
            "now": self.clock.now().isoformat(),
            "began": self.began.isoformat(),
            "scenario": self.scenario.name,
            "planned": len(self.planned),
            "placed": len(self.amazon.orders),
            "people_done": self.people_done(),
            "to_come": self._to_come,
            "notifications_waiting": len(self.amazon.notifications.outbox),
            "next_webhook_at": _text(self.tims.next_webhook_at()),
            "amazon_orders": dict(Counter(o.status for o in self.amazon.orders.values())),
            "sales_orders": dict(Counter(o.status for o in self.tims.orders.values())),
            "shipments": dict(Counter(s.status for s in self.tims.shipments.values())),
            "confirmed_packages": sum(len(o.packages) for o in self.amazon.orders.values()),
            "amazon_requests": _counts(self.amazon.counts),
            "tims_requests": _counts(self.tims.counts),
            "faults": {"amazon": _struck(self.amazon.faults), "tims": _struck(self.tims.faults)},
        }

    # --- deeds ----------------------------------------------------------------------------------

    def _do(self, what: str, key: str, deed: Callable[[], None]) -> None:
        try:
            deed()
        except ValueError:  # the other side was faster: shipped, picked, cancelled already
            outcome = TOO_LATE
        else:
            outcome = DONE
        self.deeds.append(Deed(self.clock.now(), what, key, outcome))

    def _later(self, after: float, what: str, key: str, deed: Callable[[], None]) -> None:
        self._schedule(after, what, key, deed)

    def _schedule(self, after: float, what: str, key: str, deed: Callable[[], None]) -> None:
        self._queued += 1
        if what != "round":
            self._to_come += 1
        at = self.clock.now() + timedelta(seconds=after)
        heapq.heappush(self._heap, (at, self._queued, what, key, deed))

    def _round(self) -> None:
        self.staff.round()
        self._schedule(self.scenario.staff_round, "round", "", self._round)

    def _place(self, one: Purchase) -> None:
        if self.scenario.only_what_shows:
            self._must_show(one)
        self.amazon.place_order(
            one.lines,
            buyer=one.buyer,
            marketplace=one.shop.marketplace_id,
            business=one.business,
            fulfilled_by=one.fulfilled_by,
            pending=one.pending,
            order_id=one.order_id,
        )
        for move in one.moves:
            self._schedule(move.after, move.what, one.order_id, partial(self._move, one, move))

    def _must_show(self, one: Purchase) -> None:
        seller = self.amazon.sellers[0].seller_id
        for line in one.lines:
            listing = self.amazon.listings.now(seller, line.sku)
            wanted = sum(x.quantity for x in one.lines if x.sku == line.sku)
            if listing is None or (listing.quantity() or 0) < wanted:
                raise ValueError(f"Amazon does not show {wanted} of {line.sku}")

    def _move(self, one: Purchase, move: Move) -> None:
        amazon, order_id = self.amazon, one.order_id
        if move.what == people.AUTHORISE:
            amazon.authorise(order_id)
        elif move.what == people.CANCEL:
            amazon.cancel(order_id, by=move.by)
        elif move.what == people.SHIP_BY_AMAZON:
            amazon.ship_by_amazon(order_id)
        elif move.what == people.CHANGE_ADDRESS and move.address is not None:
            amazon.change_address(order_id, move.address)
        elif move.what == people.CHANGE_QUANTITY:
            line = amazon.orders[order_id].lines[0]
            amazon.change_line_quantity(order_id, line.order_item_id, line.quantity + move.by_units)
        elif move.what == people.REQUEST_CANCEL:
            amazon.request_cancel(order_id)
            wait = self.staff.plans[order_id].answer_after
            answer = self.staff.answer_buyer
            self._schedule(wait, "answer buyer", order_id, lambda: answer(order_id))

    # --- how it begins --------------------------------------------------------------------------

    def _settle_amazon(self) -> None:
        scenario, amazon = self.scenario, self.amazon
        amazon.discount_sign = scenario.discount_sign
        amazon.envelope = scenario.envelope
        amazon.notifications.outbox.usual_delay = timedelta(seconds=scenario.notification_delay)
        for operation, (rate, burst) in scenario.amazon_rates.items():
            amazon.api.buckets.rates[operation] = (float(rate), int(burst))

    def _list(self, sku: Sku) -> dict[tuple[str, str], Any]:
        """A listing that somebody made by hand; what stands beside its quantity and prices."""
        listing = self.amazon.listings.offer(sku.sku, prices=self.goods.prices_of(sku))
        for rows in (listing.submitted, listing.live):
            for row in rows.get(OFFER, ()):
                row["start_at"] = {"value": LISTED}
        return beside(listing.live)

    def _stock_tims(self) -> None:
        tims, said = self.tims, describe(self.goods, self.seed)
        tims.close_location("MAIN")
        for place in self.goods.places:
            tims.add_location(place.location_id, place.name)
        for shop in self.goods.shops if self.scenario.shops_on_file else ():
            tims.add_customer(shop.customer_code, shop.customer_name)
        for product in self.goods.products:
            tims.add_item(
                product.item, product.description, uoms={product.uom: 1}, details=said[product.item]
            )
            if not product.active:
                tims.deactivate_item(product.item)
            for place in self.goods.places:
                tims.set_stock(product.item, place.location_id, PLENTY)
        stock_prices(tims, self.goods, self.seed)
        more_items(tims)
        pages(self.amazon, self.goods, said, self.seed)

    def _limit_stock(self, coming: Sequence[Purchase]) -> None:
        """Of scarce items there is about half of what will be asked for."""
        wanted: Counter[str] = Counter()
        for one in coming:
            for line in one.lines:
                sku = self.goods.sku(line.sku)
                wanted[sku.product.item] += line.quantity * sku.units_per_pack
        for product in self.goods.products:
            if product.scarce and product.active:
                for place in self.goods.places:
                    units = int(Decimal(wanted[product.item]) * place.share / 2)
                    self._count(product.item, place.location_id, units)

    def _schedule_staff(self) -> None:
        scenario = self.scenario
        self._schedule(scenario.restock_after, "restock", "", self._restock)
        if scenario.counter_sales:
            opened = self.counter.open(scenario.counter_sales, scenario.span, f"{self.seed}")
            for after, number in opened:
                serve = partial(self.counter.serve, number)
                self._schedule(after, "counter", f"{number}", serve)
        code = self.goods.shops[0].customer_code
        if (window := scenario.credit_hold) is not None:
            tims = self.tims
            self._schedule(window.after, "credit hold", code, lambda: tims.put_on_credit_hold(code))
            self._schedule(window.after + window.lasts, "lift hold", code, self._lift_holds)
        sleeping = [product.item for product in self.goods.products if not product.active]
        if scenario.reactivate_after is not None and sleeping:
            item = sleeping[0]
            wake = self.tims.reactivate_item
            self._schedule(scenario.reactivate_after, "reactivate", item, lambda: wake(item))

    def remove_shops(self) -> int:
        """Staff take the marketplaces' customers off the file, to be opened again; how many."""
        on_file = self.tims.customers
        codes = [s.customer_code for s in self.goods.shops if s.customer_code in on_file]
        for code in codes:
            self.tims.remove_customer(code)
        return len(codes)

    def _lift_holds(self) -> None:
        for shop in self.goods.shops:
            customer = self.tims.customers.get(shop.customer_code)
            if customer is not None and customer.on_credit_hold:
                self.tims.lift_credit_hold(shop.customer_code)

    def _restock(self) -> None:
        for product in self.goods.products:
            if product.scarce:
                for place in self.goods.places:
                    self._count(product.item, place.location_id, PLENTY)

    def _count(self, item: str, location_id: str, units: int) -> None:
        if self.tims.on_hand(item, location_id) != units:
            self.tims.set_stock(item, location_id, units)


def _counts(counts: Mapping[tuple[str, int], int]) -> dict[str, int]:
    return {f"{operation} {status}": n for (operation, status), n in sorted(counts.items())}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _struck(faults: Faults) -> dict[str, int]:
    return {fault.name: fault.struck for fault in faults.all()}
