"""A tiny shop for engine tests: one remote that can fail, one flow that writes to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crossdock.engine.dispatcher import Engine
from crossdock.engine.durable import Durable, Inline
from crossdock.engine.feeds import Feed
from crossdock.engine.model import Event
from crossdock.engine.policy import Policy
from crossdock.engine.runner import Runner, Watch
from crossdock.engine.store import Database
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.operation import Operation, Repeat, table
from crossdock.kernel.quota import Grant
from crossdock.lang.flow import compile_flow, load_flow

FLOW = """
flow: orders
version: 1
about: A test order
key: order id
priority: 30
batch: 100
link: order
steps:
  - {name: fetch, do: shop.fetch, take: key, give: order}
  - {name: gone, when: "order.state == 'gone'", end: "the order is gone"}
  - {name: create, do: shop.create, take: order, give: number}
  - {name: remember, link: {kind: order, left: key, right: number, version: order.version}}
"""


@dataclass(frozen=True)
class Order:
    key: str
    state: str = "new"
    version: str = "1"
    po: str | None = None


@dataclass
class Shop:
    """What the other side holds, and how it fails: `trouble[key]` is raised once per entry."""

    orders: dict[str, Order] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    always: Callable[[], Exception | None] = lambda: None
    pos: dict[str, str | None] = field(default_factory=dict)
    room: Callable[[], Grant] | None = None
    create_many: Callable[[Sequence[tuple[Order, ...]]], Sequence[str]] | None = None

    def fetch(self, key: str) -> Order:
        self.fetched.append(key)
        if (error := self.always()) is not None:
            raise error
        if self.trouble.get(key):
            raise self.trouble[key].pop(0)
        return self.orders.get(key, Order(key))

    def create(self, order: Order) -> str:
        self.made[order.key] = self.made.get(order.key, 0) + 1
        self.pos[order.key] = order.po
        return f"SO-{order.key}"


def engine(
    db: Database,
    clock: ManualClock,
    shop: Shop,
    *,
    policy: Policy = Policy(),
    feeds: tuple[Feed, ...] = (),
    watch: Watch | None = None,
    durable: Durable | None = None,
    worker: str = "main",
) -> Engine:
    operations = table(
        Operation("shop.fetch", (str,), Order, Repeat.READ, shop.fetch, room=shop.room),
        Operation("shop.create", (Order,), str, Repeat.IDEMPOTENCY_KEY, shop.create,
                  run_many=shop.create_many),
    )  # fmt: skip
    flow = compile_flow(load_flow(FLOW, "orders/flow.yaml"), operations, {}, {})
    runner = Runner(
        db, {flow.name: flow}, {f.name: f for f in feeds}, clock, policy,
        wall=clock.now, watch=watch,
    )  # fmt: skip
    made = Engine(db, runner, durable or Inline(), clock, worker=worker, wall=clock.now)
    made.open()
    return made


def look_at(*keys: str) -> list[Event]:
    return [Event("orders", key, "test") for key in keys]
