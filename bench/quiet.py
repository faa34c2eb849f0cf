"""A system on which little happens: what it costs to wait, to hear of one order, and to start."""

import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.rig import Worker, World, a_world, cpu_of, fill_inbox, workers, workspace

_SETTLE = 3.0  # seconds until subscriptions and first feeds are done


@dataclass(frozen=True, slots=True)
class Quiet:
    """One worker with nothing, or next to nothing, to do."""

    memory_idle: float  # MiB
    idle_percent: float  # of one processor
    latencies_ms: Sequence[float]  # notification in SQS -> sales order allocated in TIMS
    cpu_ms: float  # per single order

    @property
    def p50(self) -> float:
        """Half of the orders are faster."""
        return statistics.median(self.latencies_ms)

    @property
    def p99(self) -> float:
        """One in a hundred is slower."""
        ranked = sorted(self.latencies_ms)
        return ranked[min(len(ranked) - 1, round(len(ranked) * 0.99))]


def quiet(folder: Path, store: str, *, seconds: float, orders: int) -> Quiet:
    """Idle for so long, then that many orders, each after the one before is in TIMS."""
    with a_world() as world, ExitStack() as stack:
        ids = world.place(orders)  # before anybody has subscribed: the bench writes the messages
        home = folder / "bench-quiet"
        workspace(home, world, store, queue=True)
        (worker,) = stack.enter_context(workers(home))
        time.sleep(_SETTLE)
        memory, cpu = worker.memory["now"], worker.cpu
        time.sleep(seconds)
        idle = (worker.cpu - cpu) / seconds * 100
        latencies, cpu_ms = _one_by_one(world, worker, ids)
        return Quiet(memory, idle, latencies, cpu_ms)


def _one_by_one(world: World, worker: Worker, ids: Sequence[str]) -> tuple[list[float], float]:
    import boto3

    sqs = world.ready["sqs"]
    queue = boto3.client(
        "sqs", endpoint_url=sqs["endpoint"], region_name=sqs["region"],
        aws_access_key_id=sqs["access_key"], aws_secret_access_key=sqs["secret_key"],
    )  # fmt: skip
    latencies, cpu = [], worker.cpu
    for number, order_id in enumerate(ids, 1):
        body = json.dumps(notification(order_id, world.ready["amazon"]["seller_id"]))
        began = time.monotonic()
        queue.send_message(QueueUrl=sqs["url"], MessageBody=body)
        latencies.append((world.until_entered(number, 0.003) - began) * 1000)
        time.sleep(0.05)
    return latencies, (worker.cpu - cpu) / len(ids) * 1000


def notification(order_id: str, seller_id: str) -> dict[str, Any]:
    """ORDER_CHANGE, as Amazon puts it into the queue."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    trigger = {"TimeOfOrderChange": now, "ChangeReason": "new order"}
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "EventTime": now,
        "Payload": {
            "OrderChangeNotification": {
                "SellerId": seller_id,
                "AmazonOrderId": order_id,
                "OrderChangeType": "OrderStatusChange",
                "OrderChangeTrigger": trigger,
                "Summary": {"OrderStatus": "Unshipped"},
            }
        },
        "NotificationMetadata": {"NotificationId": str(uuid.uuid4()), "PublishTime": now},
    }


def restart(folder: Path, store: str, keys: int) -> tuple[float, float]:
    """Seconds (wall, CPU) from the start of the process to ready, with that many keys waiting."""
    with a_world() as world, ExitStack() as stack:
        home = folder / "bench-restart"
        workspace(home, world, store, queue=False)
        fill_inbox(home, [f"111-0000000-{n:07}" for n in range(keys)])  # unknown at Amazon
        (worker,) = stack.enter_context(workers(home))
        return worker.ready_after, cpu_of(worker.process.pid)


def seconds_of(*words: str) -> float:
    """The fastest of some runs of `crossdock` with these words."""
    return _fastest(["-m", "crossdock.cli", *words])


def seconds_of_python() -> float:
    """The fastest of some runs of an interpreter that does nothing."""
    return _fastest(["-c", "pass"])


def _fastest(words: Sequence[str], rounds: int = 5) -> float:
    found = []
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        found.append(time.monotonic() - began)
    return min(found)
