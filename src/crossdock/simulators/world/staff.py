"""The rehearsal company's people: the warehouse in TIMS, and the person at Seller Central.

What they will do with an order is drawn before it exists; only when they do it depends on when
the sales order comes.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.tims import Package, SimSalesOrder, TimsSim
from crossdock.simulators.world.catalogue import Carrier, Catalogue
from crossdock.simulators.world.scenario import Scenario

Later = Callable[[float, str, str, Callable[[], None]], None]  # seconds, what, key, deed
PICKED_ON = frozenset({"Picking", "PartiallyShipped", "Shipped", "Invoiced", "Completed"})
STRANGER = Carrier("BOBS", "", "Bob's Trucks", "Local", "BOB######")
"""A carrier that is in nobody's lookup table."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What staff will do with one order."""

    pick_after: float
    ship_after: float
    parts: int  # shipments
    packages: int  # per shipment
    carrier: Carrier
    tracking_seed: str
    correct_after: float | None = None
    void: str = ""  # "", "at once", "late"
    cancel_after: float | None = None  # in TIMS, instead of picking it
    answers: bool = True  # a buyer's wish to cancel is granted
    answer_after: float = 60.0
    close_after: float = 300.0


def plan(order_id: str, scenario: Scenario, goods: Catalogue, seed: str) -> Plan:
    """The plan for an order of that id."""
    dice = random.Random(f"{seed}/staff/{order_id}")
    stranger = dice.random() < scenario.unknown_carrier
    weights = (50, 25, 15, 4, 4, 2)
    carrier = dice.choices(goods.carriers, weights[: len(goods.carriers)])[0]
    void = ""
    if (point := dice.random()) < scenario.voided_before_confirm:
        void = "at once"
    elif point < scenario.voided_before_confirm + scenario.voided_late:
        void = "late"
    return Plan(
        pick_after=dice.uniform(0.1, 1) * scenario.pick_after,
        ship_after=dice.uniform(0.1, 1) * scenario.ship_after,
        parts=2 if dice.random() < scenario.partial_shipment else 1,
        packages=dice.choice((2, 3)) if dice.random() < scenario.multi_package else 1,
        carrier=STRANGER if stranger else carrier,
        tracking_seed=f"{seed}/tracking/{order_id}",
        correct_after=_maybe(dice, scenario.corrected_tracking, 60, 240),
        void=void,
        cancel_after=_maybe(dice, scenario.tims_cancel, 10, 90),
        answers=dice.random() < 0.75,
        answer_after=dice.uniform(0.2, 1) * scenario.answer_after,
        close_after=dice.uniform(240, 480),
    )


def _maybe(dice: random.Random, chance: float, least: float, most: float) -> float | None:
    strikes, value = dice.random() < chance, dice.uniform(least, most)
    return value if strikes else None


class Staff:
    """Looks at TIMS's list now and then and does what is to be done."""

    def __init__(self, amazon: AmazonSim, tims: TimsSim, goods: Catalogue, later: Later) -> None:
        self._amazon, self._tims, self._goods, self._later = amazon, tims, goods, later
        self.plans: dict[str, Plan] = {}  # by Amazon order id
        self._busy: set[str] = set()  # sales orders with a deed to come
        self._over: set[str] = set()
        self._parcels: dict[str, random.Random] = {}

    def round(self) -> None:
        """Take on every sales order that waits for a person."""
        for number, order in self._tims.orders.items():
            if number in self._over or number in self._busy:
                continue
            if order.status in ("Cancelled", "Completed"):
                self._over.add(number)
                continue
            self._take_on(order)

    def has_work(self) -> bool:
        """True while an order is in hand or waits for the next round."""
        return bool(self._busy) or any(
            number not in self._over and self._wants_us(order)
            for number, order in self._tims.orders.items()
        )

    def answer_buyer(self, order_id: str) -> None:
        """The person at Seller Central grants the buyer's wish, unless it is being packed."""
        if not self.plans[order_id].answers:
            return
        sale = self._sale(order_id)
        if sale is not None and sale.status in PICKED_ON:
            return
        if self._amazon.orders[order_id].status == "UNSHIPPED":
            self._amazon.cancel(order_id, by="MERCHANT", reason="Buyer requested cancellation")

    # --- one order ------------------------------------------------------------------------------

    def _wants_us(self, order: SimSalesOrder) -> bool:
        if order.external_ref not in self.plans:
            return False
        if order.status == "PartiallyShipped":
            return any(line.qty_allocated for line in order.lines)
        return order.status in ("Allocated", "Picking", "Shipped", "Invoiced")

    def _take_on(self, order: SimSalesOrder) -> None:
        if not self._wants_us(order):
            return
        do = self.plans[str(order.external_ref)]
        if order.status == "Allocated":
            if do.cancel_after is not None:
                self._soon(order, do.cancel_after, "cancel in TIMS", self._cancel)
            else:
                self._soon(order, do.pick_after, "pick", self._pick)
        elif order.status in ("Picking", "PartiallyShipped"):
            self._soon(order, do.ship_after, "ship", self._ship)
        else:
            self._soon(order, do.close_after, "invoice and complete", self._close)

    def _soon(
        self, order: SimSalesOrder, after: float, what: str, deed: Callable[[SimSalesOrder], None]
    ) -> None:
        self._busy.add(order.order_number)

        def act() -> None:
            self._busy.discard(order.order_number)
            deed(order)

        self._later(after, what, order.order_number, act)

    def _pick(self, order: SimSalesOrder) -> None:
        self._tims.pick(order.order_number)
        self._take_on(order)

    def _cancel(self, order: SimSalesOrder) -> None:
        self._tims.cancel_order(order.order_number, "damaged in the warehouse")
        order_id = str(order.external_ref)

        def at_amazon() -> None:
            if self._amazon.orders[order_id].status == "UNSHIPPED":
                self._amazon.cancel(order_id, by="MERCHANT", reason="No inventory")

        wait = self.plans[order_id].answer_after
        self._later(wait, "cancel at Amazon", order_id, at_amazon)

    def _close(self, order: SimSalesOrder) -> None:
        if order.status == "Shipped":
            self._tims.invoice(order.order_number)
        self._tims.complete(order.order_number)

    # --- parcels --------------------------------------------------------------------------------

    def _ship(self, order: SimSalesOrder) -> None:
        do = self.plans[str(order.external_ref)]
        posted = [s for s in order.shipments if self._tims.shipments[s].status == "posted"]
        packs = self._packs(order)
        if do.parts > 1 and not posted and len(packs) > 1:
            packs = packs[: len(packs) // 2]
        parcels = [self._parcel(do, part) for part in _shares(packs, do.packages)]
        if not parcels:
            raise ValueError(f"nothing of {order.order_number} is ready to be shipped")
        number = self._tims.ship(order.order_number, parcels)
        first = len(order.shipments) == 1
        if first and do.void == "at once":
            self._tims.void_shipment(number)
        elif first and do.void == "late":
            self._busy.add(order.order_number)
            self._later(150, "void", number, lambda: self._void(order, number))
            return
        elif first and do.correct_after is not None:
            self._later(do.correct_after, "correct tracking", number, lambda: self._correct(number))
        self._take_on(order)

    def _void(self, order: SimSalesOrder, number: str) -> None:
        self._busy.discard(order.order_number)
        self._tims.void_shipment(number)
        self._take_on(order)

    def _correct(self, number: str) -> None:
        shipment = self._tims.shipments[number]
        order = self._tims.orders[shipment.order_number]
        do = self.plans[str(order.external_ref)]
        self._tims.correct_tracking(number, "1", self._tracking(do))

    def _packs(self, order: SimSalesOrder) -> list[dict[int, Decimal]]:
        """What can be shipped, pack by pack: units by line number."""
        sizes = self._pack_sizes(order)
        ready: dict[str, list[int]] = defaultdict(list)  # item -> one line number per unit
        for line in order.lines:
            item = (line.external_line_ref or "").partition("#")[0]
            ready[item] += [line.line_number] * int(line.qty_allocated)
        packs = []
        for item, units in ready.items():
            size = sizes.get(item, 1)
            for start in range(0, len(units) - size + 1, size):
                pack: dict[int, Decimal] = defaultdict(Decimal)
                for number in units[start : start + size]:
                    pack[number] += 1
                packs.append(dict(pack))
        return packs

    def _pack_sizes(self, order: SimSalesOrder) -> Mapping[str, int]:
        lines = self._amazon.orders[str(order.external_ref)].lines
        return {x.order_item_id: self._goods.sku(x.line.sku).units_per_pack for x in lines}

    def _parcel(self, do: Plan, packs: list[dict[int, Decimal]]) -> Package:
        lines: dict[int, Decimal] = defaultdict(Decimal)
        for pack in packs:
            for number, units in pack.items():
                lines[number] += units
        carrier = do.carrier
        return Package(carrier.code, carrier.name, carrier.service, self._tracking(do), dict(lines))

    def _tracking(self, do: Plan) -> str:
        dice = self._parcels.setdefault(do.tracking_seed, random.Random(do.tracking_seed))
        signs = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTUVWXYZ"}
        return "".join(dice.choice(signs.get(x, x)) for x in do.carrier.tracking)

    def _sale(self, order_id: str) -> SimSalesOrder | None:
        return next((o for o in self._tims.orders.values() if o.external_ref == order_id), None)


def _shares(packs: list[dict[int, Decimal]], parcels: int) -> list[list[dict[int, Decimal]]]:
    """The packs in so many parcels, or fewer when there are not enough."""
    count = min(parcels, len(packs))
    return [packs[start::count] for start in range(count)]
