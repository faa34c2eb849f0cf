"""A worker that dies where it is told to, by SIGKILL, once at every place:

    python -m tests.scenarios.doomed --workspace DIR --cells FILE

The file holds the cells where it has still to die; the one it dies of is taken out first, so that
whoever starts it again gets another death, until none is left.
"""

import argparse
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from crossdock import wiring
from crossdock.cli.logs import to_stderr
from crossdock.connectors.http import Network, Request, Response, Transport
from crossdock.settings import read_settings

Cell = tuple[str, str, str]
"""When, in which flow, at which step."""

BEFORE, IN_FLIGHT, AFTER, RECORDED = "before the call", "in flight", "after it", "recorded"
MOMENTS = (BEFORE, IN_FLIGHT, AFTER, RECORDED)

REQUESTS = {
    ("fulfilment", "confirm"): "POST .*/shipmentConfirmation",
    ("orders", "cancel"): "POST .*/sales_orders/[^/]+/cancel",
    ("orders", "consume"): "POST .*/stock_reservations/[^/]+/consume",
    ("orders", "create"): "POST .*/sales_orders",
    ("orders", "ensure_customer"): "POST .*/customers",
    ("orders", "open_account"): "POST .*/customers",
    ("orders", "release"): "POST .*/sales_orders/[^/]+/release",
    ("orders", "reserve"): "POST .*/stock_reservations",
    ("orders", "unreserve"): "DELETE .*/stock_reservations/[^/]+",
    ("orders", "update"): "PATCH .*/sales_orders/[^/]+",
}
"""What a step's write is on the line: several steps may be under way at once."""

SCARCE = frozenset({"ensure_customer", "open_account"})  # each customer is opened only once


def write_cells(file: Path, cells: Iterable[Cell]) -> None:
    """All or nothing, and on the disk when this returns."""
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8") as text:
        text.writelines("\t".join(cell) + "\n" for cell in cells)
        text.flush()
        os.fsync(text.fileno())
    new.replace(file)


def read_cells(file: Path) -> list[Cell]:
    """The cells that are left."""
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return [(when, flow, step) for when, flow, step in rows]


class _Thread(threading.local):
    """What the run of this thread has done so far; a run stays in one thread."""

    def __init__(self) -> None:
        self.stored_before = 0
        self.called: list[str] = []


class Doom:
    """Watches the engine and the line, and kills this process."""

    def __init__(self, file: Path) -> None:
        self._file, self._left = file, read_cells(file)
        self._lock = threading.Lock()
        self._run = _Thread()
        self._under_way: Counter[tuple[str, str]] = Counter()
        self._stored: Counter[tuple[str, str]] = Counter()  # writes that the other side took
        self._recovered = False

    def watch(self, at: str, flow: str, step: str) -> None:
        """The engine's hook."""
        run, place = self._run, (flow, step)
        if at == "before":
            run.stored_before = self._stored[place]
            self._under_way[place] += 1
            self._strike(BEFORE, flow, step)
        elif at == "after":
            self._under_way[place] -= 1
            run.called.append(step)
            if self._stored[place] > run.stored_before:
                self._strike(AFTER, flow, step)
        else:
            for called in run.called:
                self._strike(RECORDED, flow, called)
            run.called, self._recovered = [], True

    def answered(self, request: Request, response: Response) -> None:
        """The other side has stored it; nobody here has seen the answer yet."""
        said = f"{request.method} {urlsplit(request.url).path}"
        for place, pattern in REQUESTS.items():
            if response.ok and self._under_way[place] and re.fullmatch(pattern, said):
                self._stored[place] += 1
                self._strike(IN_FLIGHT, *place)

    def _strike(self, when: str, flow: str, step: str) -> None:
        """Each death is of a run of its own: what the last life left is brought to an end first."""
        if not (self._recovered or when == RECORDED or step in SCARCE):
            return
        with self._lock:
            if (when, flow, step) not in self._left:
                return
            self._left.remove((when, flow, step))
            write_cells(self._file, self._left)
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # the others of this process end with the lock held


class DoomedLine:
    """The network, with death between the answer and the connector."""

    def __init__(self, inner: Transport, doom: Doom) -> None:
        self._inner, self._doom = inner, doom

    def send(self, request: Request) -> Response:
        response = self._inner.send(request)
        self._doom.answered(request, response)
        return response


def main() -> None:
    """As `crossdock worker`, with doom."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--cells", type=Path, required=True)
    options = parser.parse_args()
    to_stderr()
    doom = Doom(options.cells)
    settings = read_settings(options.workspace)
    house = wiring.load(
        settings, durable=True, transport=DoomedLine(Network(), doom), watch=doom.watch
    )
    house.work(threading.Event())


if __name__ == "__main__":
    main()
