"""Messages from outside become events: stored first, acknowledged after."""

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import structlog

from crossdock.engine.dispatcher import Engine
from crossdock.engine.model import INTAKE, Event, Trouble
from crossdock.engine.store import cases, tallies
from crossdock.kernel.errors import RunError, TryAgain
from crossdock.kernel.redact import told

log = structlog.get_logger("crossdock.intake")

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_NOTE_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that could not be read: it is kept whole, with a case."""

    message_id: str
    trouble: Trouble
    body: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source handed over; `receipt` is given back to it when all of it is stored."""

    events: Sequence[Event]
    unread: Sequence[Unread] = ()
    receipt: object = None
    empty: bool = False
    ignored: int = 0  # messages that are none of ours


@dataclass
class Tally:
    """What one intake has seen since it started."""

    messages: int = 0
    unread: int = 0
    ignored: int = 0
    failures: int = 0
    failing: bool = False  # the last try failed
    last_error: str = field(default="")


class Source(Protocol):
    """A queue that keeps messages until they are acknowledged."""

    name: str

    def receive(self) -> Batch:
        """Wait for messages, some seconds at most. Raises RunError when it cannot be reached."""
        ...

    def acknowledge(self, receipt: object) -> None:
        """The messages are stored; they may be forgotten there."""
        ...


class Intake:
    """One thread that empties one source into the inbox."""

    def __init__(self, engine: Engine, source: Source) -> None:
        self.tally = Tally()
        self.name = source.name
        self._noted: dict[str, object] = {}
        self._note_after = 0.0
        self._engine, self._source = engine, source
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._loop, name=f"crossdock-{source.name}", daemon=True
        )

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """No more messages are taken; those not acknowledged come again."""
        self._stopping.set()
        self._thread.join(seconds)

    def take_once(self) -> int:
        """One batch: received, stored, acknowledged, in this order. Returns the messages taken."""
        batch = self._source.receive()
        if batch.empty:
            return 0
        self._engine.submit(batch.events)
        for unread in batch.unread:
            cases.open_outside_runs(
                self._engine.db, INTAKE, unread.message_id, unread.trouble,
                self._engine.clock.now(), kept=unread.body,
            )  # fmt: skip
        self._source.acknowledge(batch.receipt)
        taken = len(batch.events) + len(batch.unread) + batch.ignored
        self.tally.messages += taken
        self.tally.unread += len(batch.unread)
        self.tally.ignored += batch.ignored
        return taken

    def _loop(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            self._note()
            try:
                self.take_once()
                self.tally.failing = False
                pause = _FIRST_PAUSE
                continue
            except RunError as error:
                known, words = isinstance(error, TryAgain), str(error)
            except Exception as error:  # noqa: BLE001  (a queue or store that is away comes back)
                known, words = False, " ".join(map(str, told(error).values()))
            self.tally.failures += 1
            self.tally.failing = True
            self.tally.last_error = words
            log.warning("intake.failed", source=self._source.name, why=words, known=known)
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _note(self) -> None:
        """Write the tally down for other processes: when it has changed, not more often than every
        ten seconds, and at once when it begins or ceases to fail.
        """
        found, wall = asdict(self.tally), time.monotonic()
        flipped = self._noted.get("failing") != found["failing"]
        if found == self._noted or (not flipped and wall < self._note_after):
            return
        with contextlib.suppress(Exception):  # a store that is away is told of elsewhere
            now = self._engine.clock.now()
            tallies.note(self._engine.db, self._engine.worker, self._source.name, found, now)
            self._noted, self._note_after = found, wall + _NOTE_EVERY
