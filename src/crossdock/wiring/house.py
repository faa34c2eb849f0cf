"""A house: one workspace, its store, its connections and its engine."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.events import Queue, SqsQueue
from crossdock.connectors.http import Transport
from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.client import TimsClient
from crossdock.engine.dispatcher import Engine
from crossdock.engine.durable import DbosDurable, Durable, Inline
from crossdock.engine.intake import Intake
from crossdock.engine.model import Event
from crossdock.engine.runner import Runner, Watch
from crossdock.engine.store import Database, open_database, submissions
from crossdock.engine.store.quotas import StoredBuckets
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import ConfigError, Problem
from crossdock.kernel.operation import Operation, table
from crossdock.kernel.quota import Buckets, MemoryBuckets
from crossdock.lang.compile import Mapping as RowMapping
from crossdock.wiring.accounts import (
    amazon_account,
    buckets_of,
    network_of,
    policy_of,
    tims_account,
)
from crossdock.wiring.catalogue_runs import ITEMS as CATALOGUE_ITEMS
from crossdock.wiring.catalogue_runs import catalogue_feeds, catalogue_operations
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.costfile import cost_problems
from crossdock.wiring.customer_runs import customer_operations, customers_feed
from crossdock.wiring.fba_runs import fba_feed
from crossdock.wiring.feeds import feeds_of
from crossdock.wiring.freshness_watch import freshness_feed
from crossdock.wiring.health import health, metrics
from crossdock.wiring.intakes import AmazonQueue, published_by, receive_webhook
from crossdock.wiring.itembook import news_of
from crossdock.wiring.language import Language, read_language
from crossdock.wiring.livetables import LiveFlows, tables_feed
from crossdock.wiring.operations import every_operation
from crossdock.wiring.price_runs import ITEMS as PRICE_ITEMS
from crossdock.wiring.price_runs import price_feeds, price_operations, price_pending
from crossdock.wiring.pricing import PriceDesk
from crossdock.wiring.privacy import vault_of
from crossdock.wiring.purging import purge_feed
from crossdock.wiring.rulechecks import rule_problems
from crossdock.wiring.settlement_runs import (
    receivables_feed,
    settlement_feed,
    settlement_operations,
)
from crossdock.wiring.shortages import history_feed, remember_shelves, shortage_operations
from crossdock.wiring.stock_guard import StockGuard
from crossdock.wiring.stock_negative import negative_feed
from crossdock.wiring.stock_runs import (
    TIMS_ITEMS,
    publishes,
    stock_bulk,
    stock_feeds,
    stock_operations,
)
from crossdock.wiring.stocking import StockDesk
from crossdock.wiring.subscribing import Subscriber

if TYPE_CHECKING:
    from crossdock.settings import Settings

log = structlog.get_logger("crossdock")

Watching = Watch


class House:
    """Everything of one workspace, wired together. Nothing runs until `start` or `engine.pump`."""

    def __init__(
        self,
        settings: "Settings",
        *,
        transport: Transport | None = None,
        queue: Queue | None = None,
        durable: Durable | None = None,
        clock: Clock | None = None,
        database: Database | None = None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        watch: Watch | None = None,
        one_thread: bool = False,
        shared_quota: bool = True,
    ) -> None:
        """`shared_quota` counts calls in the store, together with whoever works on it; without it
        looking at the connections needs no store.
        """
        self.settings = settings
        self._one_thread = one_thread
        self.clock = clock or settings.clock()
        self._database, self._shared_quota = database, shared_quota
        own = network_of(self.clock)  # opens nothing before it sends
        self._transport, self._close_network = transport or own, own.close
        self._queue = queue
        self.durable = durable or Inline()
        self._wall, self._watch = wall, watch
        self._intakes: list[Intake] = []
        self._subscriber: Subscriber | None = None
        self.amazon_account: AmazonAccount = amazon_account(settings)
        self.tims_account: TimsAccount = tims_account(settings)

    @cached_property
    def db(self) -> Database:
        """The store. Its tables are made, or brought to this version, when it is first used."""
        self._database = self._database or open_database(self.settings.store)
        self._database.migrate()
        if self._database.vault is None:
            self._database.vault = vault_of(self.settings, self._database, self.clock)
        return self._database

    # --- connections

    @cached_property
    def buckets(self) -> Buckets:
        """Amazon's quota, shared by all workers through the store."""
        if not self._shared_quota:
            return buckets_of(self.settings, MemoryBuckets(self.clock))
        return buckets_of(self.settings, StoredBuckets(self.db, self.clock.now))

    @cached_property
    def amazon(self) -> AmazonClient:
        """The Amazon account."""
        return AmazonClient(self.amazon_account, self._transport, self.clock, self.buckets)

    @cached_property
    def tims(self) -> TimsClient:
        """The TIMS site."""
        return TimsClient(self.tims_account, self._transport, self.clock)

    def check_amazon(self) -> Sequence[Any]:
        """What is right and what is missing in the Amazon account, in words."""
        from crossdock.connectors.amazon.account import check_account

        return check_account(self.amazon, queue=self._sqs())

    def check_tims(self) -> Sequence[Any]:
        """What is right and what is missing at the TIMS site, in words."""
        from crossdock.connectors.tims.site import check_site

        return check_site(self.tims)

    # --- language

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """Everything a flow can name."""
        named = every_operation(self.amazon, self.tims, one_thread=self._one_thread)
        settle = settlement_operations(
            self.settings.folder, self.amazon, self.tims, lambda: self.db, self.clock.now
        )
        known = customer_operations(self.tims, lambda: self.db)
        guard = StockGuard(
            lambda: self.db, self.clock.now, lambda: self.stock.rules,
            lambda sku, since: price_pending(self.prices, self.db, sku, since),
        )  # fmt: skip
        stock = stock_operations(self.stock, self.amazon, lambda: self.db, guard)
        prices = price_operations(self.prices, self.amazon, lambda: self.db)
        short = shortage_operations(lambda: self.db, self.clock.now, published_by(self.stock))
        products = catalogue_operations(self.catalogue, self.amazon, lambda: self.db)
        return table(*named.values(), *settle, *known, *stock, *prices, *short, *products)

    @cached_property
    def stock(self) -> StockDesk:
        """What may be sold of each SKU."""
        desk = StockDesk(
            self.settings.folder, self.tims, self.clock.now,
            lambda: submissions.withheld(self.db),
            news_of(lambda: self.db, TIMS_ITEMS, PRICE_ITEMS),
        )  # fmt: skip
        desk.saw = remember_shelves(lambda: self.db, self.clock.now)
        return desk

    @cached_property
    def prices(self) -> PriceDesk:
        """What every SKU is to cost."""
        desk = PriceDesk(self.settings.folder, self.tims, self.stock, self.clock.now)
        desk.kept_out = self.catalogue.limited
        return desk

    @cached_property
    def catalogue(self) -> CatalogueDesk:
        """What may be listed of TIMS's items, and how."""
        return CatalogueDesk(
            self.settings.folder, self.tims, self.clock.now, self.amazon_account.marketplace_ids,
            news_of(lambda: self.db, CATALOGUE_ITEMS),
        )  # fmt: skip

    @cached_property
    def language(self) -> Language:
        """Flows, mappings and tables as read, with what is wrong."""
        return read_language(self.settings.folder, self.operations)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the workspace's files."""
        return self.language.problems

    @property
    def row_problems(self) -> list[Problem]:
        """Rules, rows and cells that cannot be used; the records that need them wait."""
        folder = self.settings.folder
        return [*self.language.table_problems, *cost_problems(folder), *rule_problems(folder)]

    @cached_property
    def flows(self) -> LiveFlows:
        """Flows that can run, over the lookup tables as they are now."""
        return LiveFlows(self.language, self.settings.folder)

    @property
    def mappings(self) -> Mapping[str, RowMapping]:
        """Mappings that can run."""
        return self.language.mappings

    # --- the engine

    @cached_property
    def engine(self) -> Engine:
        """The engine; a ConfigError with all problems when a file is wrong."""
        if self.problems:
            raise ConfigError(self.problems)
        feeds = feeds_of(
            self.amazon, self.tims, self.settings.amazon.sweep, self.settings.tims.feed.every
        )
        for found in (
            settlement_feed(self.amazon, self.settings.folder),
            receivables_feed(lambda: self.db, self.clock.now),
            customers_feed(self.tims, self.settings.folder),
            purge_feed(self),
            tables_feed(self.flows),
            *stock_feeds(self.stock),
            *price_feeds(self.prices, lambda: self.db),
            stock_bulk(self.stock, self.amazon, lambda: self.db),
            history_feed(lambda: self.db, self.clock.now),
            freshness_feed(self),
            negative_feed(lambda: self.db),
            fba_feed(self.amazon, self.stock, lambda: self.db),
            *catalogue_feeds(self.catalogue, lambda: self.db, lambda: publishes(self.stock)),
        ):
            feeds[found.name] = found
        runner = Runner(
            self.db, self.flows, feeds, self.clock, policy_of(self.settings),
            wall=self._wall, watch=self._watch,
        )  # fmt: skip
        return Engine(
            self.db, runner, self.durable, self.clock, worker=self.settings.worker,
            wall=self._wall,
        )  # fmt: skip

    def start(self) -> None:
        """Work in background threads: runs, feeds and, where there is one, the queue."""
        self.engine.start()
        sqs = self._sqs()
        self._subscriber = Subscriber(self, sqs)
        self._subscriber.start()
        queue = self._queue or sqs
        if queue is not None:
            seller = self.amazon_account.seller_id
            intake = Intake(self.engine, AmazonQueue(queue, seller, published_by(self.stock)))
            intake.start()
            self._intakes.append(intake)

    def stop(self, seconds: float = 10.0) -> None:
        """End in order."""
        if self._subscriber is not None:
            self._subscriber.stop()
        for intake in self._intakes:
            intake.stop(0.5)
        self.engine.stop(seconds)

    def work(self, stop: threading.Event) -> None:
        """`crossdock worker`: work until told to stop."""
        self.start()
        log.info("worker.ready", worker=self.settings.worker, flows=sorted(self.flows))
        stop.wait()
        self.stop()

    def sync(self, order_ids: Sequence[str], who: str) -> None:
        """Look at these Amazon orders now, because a person says so."""
        self.engine.submit([Event("orders", o, "person", hint={"who": who}) for o in order_ids])

    def receive_tims_webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """One delivery of TIMS: (HTTP status, words)."""
        return receive_webhook(self.engine, self.tims_account, headers, body)

    def _sqs(self) -> SqsQueue | None:
        queue = self.settings.amazon.queue
        if queue is None:
            return None
        return SqsQueue(
            queue.url, region=queue.region, endpoint=queue.endpoint or "",
            client=_credentials(queue) if queue.access_key else None,
        )  # fmt: skip

    # --- how it is

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether the store answers, this worker beats, and runs begin while keys are due; with
        the depth of the inbox and what the intakes have seen.
        """
        return health(self)

    def metrics(self) -> str:
        """Prometheus text."""
        return metrics(self)

    @property
    def intakes(self) -> Sequence[Intake]:
        """What listens to queues."""
        return tuple(self._intakes)

    def wall(self) -> datetime:
        """The time on the wall, which beats and leases go by."""
        return self._wall()

    def close(self) -> None:
        """Give everything back."""
        self._close_network()
        if self._database is not None:
            self._database.close()


def load(settings: "Settings", *, durable: bool = False, **parts: Any) -> House:
    """A house for a workspace. `durable` runs survive crashes (serve, worker); one-off commands do
    not need it.
    """
    if durable and "durable" not in parts:
        parts["durable"] = DbosDurable(settings.store, settings.worker)
    return House(settings, **parts)


def _credentials(queue: Any) -> Callable[[], Any]:
    def make() -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs", region_name=queue.region, endpoint_url=queue.endpoint or None,
            aws_access_key_id=queue.access_key, aws_secret_access_key=queue.secret_key.reveal(),
            config=Config(connect_timeout=5, read_timeout=35,
                          retries={"max_attempts": 2, "mode": "standard"}),
        )  # fmt: skip

    return make
