"""The rehearsal world as a process of its own: both companies on loopback, and a real SQS.

    python -m crossdock.simulators.world.process --seed 7 --speed 30 --scenario everyday

When everything listens, one line of JSON on stdout says where, and with which credentials.
"""

import argparse
import http.client
import json
import logging
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

from crossdock.simulators.clock import RunningClock
from crossdock.simulators.server import Server
from crossdock.simulators.tims import WebhookDelivery
from crossdock.simulators.world.control import Control
from crossdock.simulators.world.queue import Queue
from crossdock.simulators.world.scenario import PRESETS, Scenario, from_dict, preset
from crossdock.simulators.world.world import World

logger = logging.getLogger(__name__)

_GLANCE = 0.05  # wall seconds between two looks at what is due
_WEBHOOK_TIMEOUT = 5.0
_POSTMEN = 4


class Process:
    """Everything that runs: start it, read `ready`, stop it."""

    def __init__(
        self,
        seed: int,
        speed: float,
        scenario: Scenario,
        *,
        port: int = 0,
        start: datetime | None = None,
        limits: bool = True,
    ) -> None:
        self.clock = RunningClock(start=start or datetime.now(UTC), speed=speed)
        self.world = World(seed, self.clock, scenario, limits=limits, people_come=False)
        self.server = Server(self.clock)
        self._stopping = threading.Event()
        self._letters: SimpleQueue[list[tuple[str, str]] | None] = SimpleQueue()
        self._postmen = ThreadPoolExecutor(_POSTMEN, thread_name_prefix="postman")
        self._threads = [
            threading.Thread(target=self._live, name="world", daemon=True),
            threading.Thread(target=self._deliver, name="courier", daemon=True),
        ]
        ports = iter(range(port, port + 5) if port else [0] * 5)
        world = self.world
        self._urls = {
            "control": self.server.add(Control(world, lambda: self.ready), next(ports)),
            "amazon": self.server.add(world.amazon.api, next(ports)),
            "lwa": self.server.add(world.amazon.lwa, next(ports)),
            "tims": self.server.add(world.tims.api, next(ports)),
        }
        self.queue = Queue(next(ports))

    @property
    def ready(self) -> dict[str, Any]:
        """Where everything is, and the keys."""
        amazon, tims, urls = self.world.amazon, self.world.tims, self._urls
        seller = amazon.sellers[0]
        return {
            "pid": os.getpid(),
            "seed": self.world.seed,
            "clock": str(self.clock),
            "control": urls["control"],
            "locations": [place.location_id for place in self.world.goods.places],
            "amazon": {
                "endpoint": urls["amazon"],
                "lwa": urls["lwa"],
                "client_id": amazon.client_id,
                "client_secret": amazon.client_secret,
                "refresh_token": amazon.refresh_token,
                "seller_id": seller.seller_id,
                "region": "na",
                "marketplace_ids": list(seller.marketplaces),
            },
            "tims": {
                "url": urls["tims"],
                "company": tims.company,
                "environment": "live",
                "client_id": tims.client_id,
                "client_secret": tims.client_secret,
                "api_key": tims.api_key,
            },
            "sqs": asdict(self.queue.address),
        }

    def start(self) -> None:
        """Serve, and let the world go on."""
        self.server.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End everything, in order."""
        self._stopping.set()
        self._letters.put(None)
        for thread in self._threads:
            thread.join(timeout=10)
        self._postmen.shutdown(wait=True, cancel_futures=True)
        self.server.stop()
        self.queue.stop()

    # --- threads --------------------------------------------------------------------------------

    def _live(self) -> None:
        world = self.world
        while not self._stopping.is_set():
            with self.server.lock:
                due = world.step()
                letters = world.amazon.due_notifications()
                deliveries = world.tims.due_webhooks()
            if letters:
                self._letters.put(letters)
            for delivery in deliveries:
                self._postmen.submit(self._post, delivery)
            self._stopping.wait(self._wall_seconds_until(due))

    def _wall_seconds_until(self, due: datetime | None) -> float:
        if due is None:
            return _GLANCE
        seconds = (due - self.clock.now()).total_seconds() / self.clock.speed
        return min(max(seconds, 0.001), _GLANCE)

    def _deliver(self) -> None:
        while (letters := self._letters.get()) is not None:
            try:
                self.queue.send(letters)
            except Exception:  # a queue that is not ours to mend must not stop the rest
                logger.exception("%d notifications could not be put into the queue", len(letters))

    def _post(self, delivery: WebhookDelivery) -> None:
        status = post(delivery)
        with self.server.lock:
            self.world.tims.webhook_result(delivery, status)


def post(delivery: WebhookDelivery) -> int:
    """Post a webhook; the status of the answer, 0 when there was none."""
    request = urllib.request.Request(  # noqa: S310 - TIMS checked that it is http or https
        delivery.url, data=delivery.body, headers=delivery.headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_WEBHOOK_TIMEOUT) as answer:  # noqa: S310
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, http.client.HTTPException):
        return 0


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="crossdock-world", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the first of five ports; 0: any")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=1.0, help="world seconds per second")
    parser.add_argument("--start", type=datetime.fromisoformat, help="world time at the start")
    parser.add_argument("--scenario", default="everyday", help=f"{', '.join(PRESETS)}, or JSON")
    parser.add_argument("--orders", type=int, help="how many, in place of the scenario's")
    parser.add_argument("--span", type=float, help="world seconds in which they are placed")
    parser.add_argument("--no-limits", action="store_true", help="no quotas at either company")
    parser.add_argument("--start-people", action="store_true", help="buyers come at once")
    parser.add_argument("--parent", type=int, help="end when this process has ended")
    return parser.parse_args(argv)


def scenario_of(options: argparse.Namespace) -> Scenario:
    """The scenario that the command line asks for; ValueError says what is wrong with it."""
    text: str = options.scenario
    scenario = from_dict(json.loads(text)) if text.startswith("{") else preset(text)
    given = {"orders": options.orders, "span": options.span}
    return replace(scenario, **{name: x for name, x in given.items() if x is not None})


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    options = arguments(sys.argv[1:] if argv is None else argv)
    stop, begun_by = threading.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        scenario = scenario_of(options)
        process = Process(
            options.seed,
            options.speed,
            scenario,
            port=options.port,
            start=options.start,
            limits=not options.no_limits,
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"the world cannot begin: {error}\n")
        return 2
    process.start()
    if options.start_people:
        with process.server.lock:
            process.world.start_people(scenario)
    sys.stdout.write(json.dumps(process.ready) + "\n")
    sys.stdout.flush()
    while not stop.wait(0.5):
        if options.parent is not None and not _alive(options.parent, begun_by):
            break
    process.stop()
    return 0


def _alive(pid: int, begun_by: int) -> bool:
    """Whether our parent still runs. A child sees it by having another parent now: a process that
    has ended but was not waited for keeps its number.
    """
    if pid == begun_by:
        return os.getppid() == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main())
