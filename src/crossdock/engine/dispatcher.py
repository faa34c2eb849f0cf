"""Starts runs for keys that wait, renews their leases, and takes over from the dead."""

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from crossdock.engine.durable import Durable
from crossdock.engine.model import FEED, Event
from crossdock.engine.runner import Runner
from crossdock.engine.store import Database, inbox, links, workers
from crossdock.kernel.clock import Clock
from crossdock.kernel.ids import new_id
from crossdock.kernel.quota import Grant
from crossdock.kernel.redact import told

log = structlog.get_logger("crossdock.engine")
logging.getLogger("alembic").setLevel(logging.WARNING)

_LISTEN_WALL = 1.0  # seconds; how long a stop may wait for the listener


class Engine:
    """One worker. `submit` events from any thread; `start` runs it in the background, `pump` runs
    everything that is due in the caller's thread (worlds that replay exactly, commands).
    """

    def __init__(
        self,
        db: Database,
        runner: Runner,
        durable: Durable,
        clock: Clock,
        *,
        worker: str,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.db, self.runner, self.clock, self.worker = db, runner, clock, worker
        self._durable, self._wall, self._policy = durable, wall, runner.policy
        self._running: set[str] = set()
        self._rationed: dict[str, datetime] = {}  # flows without quota, and when they have some
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        by_priority = sorted(runner.flows.values(), key=lambda f: (f.priority, f.name))
        self._order = [FEED, *(f.name for f in by_priority)]

    def submit(self, events: Sequence[Event]) -> None:
        """Append events and wake the dispatcher; when this returns they are safe."""
        if not events:
            return
        known = self._known(events)
        with self.db.writing() as connection:
            inbox.append(self.db, connection, events, self.clock.now(), known=known)
        self._wake.set()

    def _known(self, events: Sequence[Event]) -> set[int]:
        """Places of events whose news was applied already: doubled and overtaken messages."""
        kinds = {name: flow.link_kind for name, flow in self.runner.flows.items()}
        return links.applied(self.db, [(kinds.get(e.flow, ""), e.key, e.version) for e in events])

    def wake(self) -> None:
        """There may be work."""
        self._wake.set()

    def open(self) -> None:
        """Take up what was left: unfinished runs are executed again, feeds get their turns."""
        now = self.clock.now()
        for name in self.runner.feeds:
            inbox.schedule(self.db, FEED, name, now)
        left = inbox.held_by(self.db, self.worker)
        self._durable.open(self._execute)
        for run_id in left:
            # The process died between taking the keys and noting the run: nobody else will run it.
            if not self._durable.known(run_id) and run_id not in self._running:
                inbox.free(self.db, run_id, self._wall(), only_expired=False)

    def start(self) -> None:
        """Open, then dispatch, beat and listen in background threads."""
        self.open()
        jobs: list[tuple[str, Callable[[], None]]] = [
            ("dispatch", self._dispatch), ("beat", self._beat)
        ]  # fmt: skip
        if self.db.is_postgres:
            jobs.append(("listen", self._listen))
        for name, job in jobs:
            thread = threading.Thread(target=job, name=f"crossdock-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, seconds: float = 10.0) -> None:
        """End in order: no new runs; running ones get that long, the rest is left to recovery."""
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(seconds)
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            time.sleep(0.02)
        # Once nothing runs there is nothing to wait for; the layer below would sleep all the same.
        left = deadline - time.monotonic() if self._running else 0.0
        self._durable.close(max(0.0, left))

    def pump(self, most: int = 10_000) -> int:
        """Run what is due until nothing is, in this thread; returns the number of runs."""
        for done in range(most):
            if not self.pump_one():
                return done
        raise RuntimeError(f"still busy after {most} runs")

    def pump_one(self) -> bool:
        """The most urgent run of all that are due, in this thread; False when nothing is."""
        return self._start_one() is not None

    def busy(self) -> bool:
        """True while a run is going on in this worker."""
        return bool(self._running)

    def next_due(self) -> datetime | None:
        """When there will be something to run; None while nothing waits."""
        due = inbox.next_due(self.db, but=tuple(self._rationed))
        return min((d for d in (due, *self._rationed.values()) if d is not None), default=None)

    def _start_one(self) -> str | None:
        """Claim for the most urgent flow that has work, and start the run."""
        now = self.clock.now()
        waiting = inbox.waiting_flows(self.db, now)
        self._rationed.clear()
        for name in self._order:
            if name not in waiting:
                continue
            room = self.runner.room(name)
            if room is not None and room.granted == 0:
                # Left in the inbox in their order; tried now, they would only be refused.
                self._rationed[name] = now + room.wait
            elif (run_id := self._claim(name, now, room)) is not None:
                self._begin(run_id)
                return run_id
        return None

    def _begin(self, run_id: str) -> None:
        """Hand the claim to the durable layer; where that fails nobody else would let it go."""
        try:
            self._durable.start(run_id)
        except Exception:
            self._forget(run_id)
            # Where this fails too, the keys come back when the lease ends: nobody renews it now.
            with contextlib.suppress(Exception):
                inbox.free(self.db, run_id, self._wall(), only_expired=False)
            raise

    def _claim(self, flow: str, now: datetime, room: Grant | None) -> str | None:
        run_id = new_id("run")
        plan = self.runner.flows.get(flow)
        limit = plan.batch if plan else 1
        with self._lock:
            self._running.add(run_id)
        claim = None
        try:
            claim = inbox.claim(
                self.db, flow, plan.version if plan else 1,
                limit=limit if room is None else min(limit, room.granted),
                run_id=run_id, worker=self.worker,
                now=now, wall=self._wall(), lease_until=self._lease(),
            )  # fmt: skip
        finally:
            if claim is None:  # nothing was due, or the store was away
                self._forget(run_id)
        return None if claim is None else run_id

    def _execute(self, run_id: str) -> None:
        """Called by the durable layer, at once and again after a crash."""
        with self._lock:
            self._running.add(run_id)
        try:
            claim = inbox.reopen_claim(self.db, run_id, self._lease())
            if claim is None:
                log.info("run.given_up", run=run_id, why="its keys were taken over or are done")
            elif claim.flow != FEED and claim.flow not in self.runner.flows:
                log.warning("run.unknown_flow", run=run_id, flow=claim.flow)
            elif not self.runner.execute(claim):
                log.info("run.lease_lost", run=run_id, flow=claim.flow)
        except Exception as error:  # noqa: BLE001  (one broken run never ends the worker)
            # The keys come back when the lease ends; a run that kills itself is visible in the log.
            where = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)][-8:]
            log.error("run.broke", run=run_id, error=type(error).__name__, where=where)
        finally:
            self._forget(run_id)
            self._wake.set()

    def _forget(self, run_id: str) -> None:
        with self._lock:
            self._running.discard(run_id)

    def _lease(self) -> datetime:
        return self._wall() + self._policy.lease_wall

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                idle = len(self._running) >= self._policy.runs_at_once or self._start_one() is None
                if idle:
                    self._wake.wait(self._nap())
            except Exception as error:  # noqa: BLE001  (a store that is away comes back)
                log.error("dispatch.failed", **told(error))
                self._stopping.wait(1.0)

    def _nap(self) -> float:
        """Wall seconds until the next key is due; other workers' events are heard at the latest by
        the poll.
        """
        longest = self._policy.poll_wall.total_seconds()
        if len(self._running) >= self._policy.runs_at_once:
            return longest
        due = self.next_due()
        if due is None:
            return longest
        until = self.clock.wall_seconds(due - self.clock.now())
        return min(max(until, 0.001), longest)

    def _beat(self) -> None:
        pause = self._policy.lease_wall.total_seconds() / 3
        while True:
            try:
                self._beat_once()
            except Exception as error:  # noqa: BLE001  (a store that is away comes back)
                log.error("beat.failed", **told(error))
            if self._stopping.wait(pause):
                return

    def _beat_once(self) -> None:
        wall = self._wall()
        workers.beat(self.db, self.worker, wall)
        with self._lock:
            mine = sorted(self._running)
        inbox.renew(self.db, mine, wall + self._policy.lease_wall)
        for run_id in inbox.free_expired(self.db, wall - timedelta(seconds=1)):
            log.warning("run.taken_over", run=run_id)
            self._durable.abandon(run_id)
            self._wake.set()
        self.runner.breakers.learn_from_others()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                for _ in self.db.listen(_LISTEN_WALL, self._stopping.is_set):
                    self._wake.set()
            except Exception as error:  # noqa: BLE001  (a store that is away comes back)
                log.warning("listen.failed", error=type(error).__name__)
                self._stopping.wait(2.0)
