"""A seller with many SKUs: the real stock flow, engine and connectors against a simulated Amazon in
this process, with a TIMS that is only a table of numbers. Time is moved by hand.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

from crossdock import business
from crossdock.business.stock.model import Offer
from crossdock.business.stock.rules import Rules
from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.limits import RATE_HEADER, RATES
from crossdock.connectors.http import ReplyLost, Request, Response
from crossdock.engine.dispatcher import Engine
from crossdock.engine.durable import Inline
from crossdock.engine.model import Event
from crossdock.engine.policy import Policy
from crossdock.engine.runner import Runner, Watch
from crossdock.engine.store import Database, bulk, publications
from crossdock.engine.store.publications import SEEN, Publication
from crossdock.engine.store.quotas import StoredBuckets
from crossdock.engine.store.schema import work
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import RunError
from crossdock.kernel.operation import table
from crossdock.lang.flow import compile_flow, load_flow
from crossdock.simulators import wire
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.simulators.server import parse_query
from crossdock.wiring.language import types
from crossdock.wiring.stock_runs import FLOW, stock_bulk, stock_operations
from crossdock.wiring.stocking import StockDesk
from crossdock.wiring.stockrules import StockRules

BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
_FLOW_FILE = Path(business.__file__).parent / "stock" / "flow.yaml"


class Line:
    """Amazon without a socket; remembers what it was asked."""

    def __init__(self, sim: AmazonSim, clock: ManualClock) -> None:
        self.sim, self.clock = sim, clock
        self.calls: list[tuple[datetime, str, str]] = []  # when, method, path
        self.headers: list[tuple[str, dict[str, str]]] = []  # of what went to another host

    def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        app = self.sim.lwa if parts.path == "/auth/o2/token" else self.sim.api
        self.calls.append((self.clock.now(), request.method, parts.path))
        if parts.netloc != "amazon.localhost":
            self.headers.append((request.method, dict(request.headers)))
        reply = app.handle(
            wire.Request(
                request.method, parts.path, parse_query(parts.query), dict(request.headers),
                request.body,
            )
        )  # fmt: skip
        if reply.cut is not None:
            raise ReplyLost(f"{reply.cut.value}", code="reply-lost")
        return Response(reply.status, reply.headers, reply.body)

    def count(self, method: str, part: str) -> int:
        """Requests of that method whose path holds that part."""
        return sum(m == method and part in path for _, m, path in self.calls)


class Numbers(StockDesk):
    """What TIMS has, as numbers."""

    def withheld(self) -> dict[str, str]:
        """Everything may be for sale."""
        return {}

    def __init__(self, clock: ManualClock) -> None:
        self.now = clock.now
        self.wanted: dict[str, int] = {}
        self.switched_on = True

    @property
    def rules(self) -> StockRules:
        return StockRules(Rules([]), self.switched_on)

    def offers(self, wanted: Sequence[str]) -> list[Offer | RunError]:
        return [Offer(sku, self.wanted[sku]) for sku in wanted]


class Depot:
    """One seller, one store, and as many workers as are wanted."""

    def __init__(
        self, db: Database, *, workers: int = 1, watch: Watch | None = None, seed: int = 0
    ) -> None:
        self.db, self.watch = db, watch
        self.clock, self.hands = ManualClock(BEGAN), HandClock(BEGAN)
        self.sim = AmazonSim(self.hands, seed)
        self.seller = self.sim.sellers[0].seller_id
        self.line = Line(self.sim, self.clock)
        self.desk = Numbers(self.clock)
        self.engines = [self.worker(f"w{n}") for n in range(workers)]

    def worker(self, name: str) -> Engine:
        """Another one on the same store."""
        seller = self.sim.sellers[0]
        account = AmazonAccount(
            seller.seller_id, self.sim.client_id, self.sim.client_secret, self.sim.refresh_token,
            marketplace_ids=(seller.marketplaces[0],), endpoint="https://amazon.localhost",
            lwa_endpoint="https://amazon.localhost",
        )  # fmt: skip
        buckets = StoredBuckets(self.db, self.clock.now)
        self.amazon = amazon = AmazonClient(account, self.line, self.clock, buckets)
        operations = table(*stock_operations(self.desk, amazon, lambda: self.db))
        source = load_flow(_FLOW_FILE.read_bytes(), "stock/flow.yaml")
        flow = compile_flow(source, operations, {}, types())
        carrier = stock_bulk(self.desk, amazon, lambda: self.db)
        runner = Runner(
            self.db, {FLOW: flow}, {carrier.name: carrier}, self.clock, Policy(),
            wall=self.clock.now, watch=self.watch,
        )  # fmt: skip
        engine = Engine(self.db, runner, Inline(), self.clock, worker=name, wall=self.clock.now)
        engine.open()
        return engine

    def stands(self, skus: Sequence[str], quantity: int) -> None:
        """Listed, told and seen before."""
        for sku in skus:
            self.sim.listings.offer(sku, quantity)
            self.desk.wanted[sku] = quantity
        beside = {"lead_time_to_ship_max_days": 2}
        rows = [Publication(sku, 1, quantity, SEEN, siblings=beside) for sku in skus]
        with self.db.writing() as connection:
            publications.keep_all(self.db, connection, rows)

    def slow_down(self, operation: str, rate: float) -> None:
        """Amazon allows so many of these calls a second, and we know it."""
        self.sim.api.buckets.rates[operation] = (rate, 1)
        quota = self.amazon.quota
        quota.take(operation, RATES[operation].burst)
        quota.heard(operation, {RATE_HEADER: f"{rate}"})

    def counts(self, wanted: dict[str, int]) -> None:
        """TIMS has other numbers now, and says so."""
        self.desk.wanted |= wanted
        self.engines[0].submit([Event(FLOW, sku, "tims.stock") for sku in wanted])

    def advance(self, span: timedelta) -> None:
        """Time passes."""
        self.clock.advance(span)
        self.hands.at = self.clock.now()

    def turn(self, longest: timedelta = timedelta(minutes=5)) -> None:
        """What is due now, and on to what comes next."""
        for engine in self.engines:
            engine.pump(100_000)
        due = [d for d in (engine.next_due() for engine in self.engines) if d is not None]
        step = min(due) - self.clock.now() if due else longest
        self.advance(max(min(step, longest), timedelta(milliseconds=1)))

    def run(self, most: timedelta = timedelta(hours=3)) -> None:
        """Until nothing waits and no feed is under way."""
        end = self.clock.now() + most
        while self.clock.now() < end:
            self.turn()
            if not self.waits():
                return
        raise AssertionError(f"still at work after {most}")

    def waits(self) -> bool:
        """Something is still to be done, and not by a person."""
        ours = sa.or_(work.c.claim.is_not(None), work.c.case_id.is_(None))
        query = sa.select(work.c.key).where(work.c.flow == FLOW, ours).limit(1)
        with self.db.reading() as connection:
            found = connection.execute(query).first()
        return found is not None or bool(bulk.under_way(self.db))

    def live(self, sku: str) -> int | None:
        """What Amazon sells of it now."""
        item = self.sim.listings.now(self.seller, sku)
        return None if item is None else item.quantity()

    def wrong(self) -> dict[str, tuple[int | None, int]]:
        """SKUs whose live quantity is not the wanted one."""
        found = {sku: (self.live(sku), wanted) for sku, wanted in self.desk.wanted.items()}
        return {sku: pair for sku, pair in found.items() if pair[0] != pair[1]}

    def last_effect(self) -> float:
        """Seconds until the last quantity was live."""
        items = (self.sim.listings.items[self.seller, sku] for sku in self.desk.wanted)
        return max((i.history[-1][0] - BEGAN).total_seconds() for i in items)
