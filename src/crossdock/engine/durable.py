"""Keeps runs alive through crashes. The only file that knows DBOS.

A run is one DBOS workflow whose id is the claim's. Its steps are not checkpointed one by one:
after a crash the run starts again, reads again, and every write is safe to repeat.
"""

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from dbos import DBOS, SetWorkflowID

# Recovery picks up only workflows of the same version. Ours read everything anew, so a run begun
# by an older program may always be finished by a newer one.
_APPLICATION_VERSION = "crossdock-runs-1"

Execute = Callable[[str], None]


class Durable(Protocol):
    """Starts runs, and starts them again after a crash."""

    def open(self, execute: Execute) -> None:
        """Begin; runs that this worker left unfinished are executed again."""
        ...

    def start(self, run_id: str) -> None:
        """Durably note the run and execute it in the background."""
        ...

    def known(self, run_id: str) -> bool:
        """True when the run was durably noted."""
        ...

    def abandon(self, run_id: str) -> None:
        """Another worker has taken the run's keys; it must not be recovered."""
        ...

    def prune(self, before: datetime) -> bool:
        """Forget runs that ended before then; True when there are more."""
        ...

    def close(self, seconds: float) -> None:
        """Stop, giving running runs that long to end."""
        ...


class Inline:
    """Executes at once in the caller's thread; what survives is what the store holds. For worlds
    that replay exactly, and for one-off commands.
    """

    def __init__(self) -> None:
        self._execute: Execute | None = None

    def open(self, execute: Execute) -> None:
        self._execute = execute

    def start(self, run_id: str) -> None:
        if self._execute is None:
            raise RuntimeError("not open")
        self._execute(run_id)

    def known(self, run_id: str) -> bool:
        del run_id
        return False

    def abandon(self, run_id: str) -> None:
        del run_id

    def prune(self, before: datetime) -> bool:
        del before
        return False

    def close(self, seconds: float) -> None:
        del seconds


_current: dict[str, Execute] = {}


@DBOS.workflow(name="crossdock.run", max_recovery_attempts=None)
def _run(run_id: str) -> None:
    execute = _current.get("execute")
    if execute is None:
        raise RuntimeError("a run was recovered before the engine was ready")
    execute(run_id)


class DbosDurable:
    """DBOS Transact on SQLite (WAL) or PostgreSQL. One per process."""

    def __init__(self, url: str, worker: str) -> None:
        self._url, self._worker = url, worker
        self._open = threading.Event()

    def open(self, execute: Execute) -> None:
        _current["execute"] = execute
        config: dict[str, Any] = {
            "name": "crossdock",
            "executor_id": self._worker,
            "application_version": _APPLICATION_VERSION,
            "log_level": "ERROR",
            "enable_otlp": False,
            # We use none of its messages, so a look costs nothing; stopping waits for its end.
            "notification_listener_polling_interval_sec": 0.5,
            "scheduler_polling_interval_sec": 3600.0,  # nor its schedules
            "max_executor_threads": 16,
        }
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            config["system_database_url"] = f"sqlite:///{path}-runs"
            config["system_database_engine"] = _wal_engine(f"sqlite:///{path}-runs")
        else:
            config["system_database_url"] = "postgresql://" + self._url.split("://", 1)[1]
            config["sys_db_pool_size"] = 5
        DBOS(config=config)  # type: ignore[arg-type]
        DBOS.launch()
        self._open.set()

    def start(self, run_id: str) -> None:
        with SetWorkflowID(run_id):
            DBOS.start_workflow(_run, run_id)

    def known(self, run_id: str) -> bool:
        status = DBOS.get_workflow_status(run_id)
        return status is not None and status.status in ("PENDING", "ENQUEUED")

    def abandon(self, run_id: str) -> None:
        with contextlib.suppress(Exception):  # only tidiness: the run ends itself without its lease
            DBOS.cancel_workflow(run_id)

    def prune(self, before: datetime) -> bool:
        found: list[bool] = []
        # In a thread of its own: inside a run DBOS would note this as a step of that run.
        thread = threading.Thread(target=lambda: found.append(_forget_ended(before)))
        thread.start()
        thread.join()
        return any(found)

    def close(self, seconds: float) -> None:
        if self._open.is_set():
            DBOS.destroy(workflow_completion_timeout_sec=int(seconds))
            self._open.clear()
        _current.pop("execute", None)


_FORGOTTEN_AT_ONCE, _MOST_BATCHES = 200, 100


def _forget_ended(before: datetime) -> bool:
    for _ in range(_MOST_BATCHES):
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"], completed_before=before.isoformat(),
            limit=_FORGOTTEN_AT_ONCE, load_input=False, load_output=False,
        )  # fmt: skip
        if not ended:
            return False
        DBOS.delete_workflows([one.workflow_id for one in ended])
    return True


def _wal_engine(url: str) -> sa.Engine:
    """DBOS's own book in WAL mode, three times faster than its default. NORMAL is enough: what must
    survive a power cut is in our own store, and an unnoted claim is found by its lease.
    """
    engine = sa.create_engine(
        url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=10,
        max_overflow=20, hide_parameters=True,
    )  # fmt: skip

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000",
                       "foreign_keys=ON"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    return engine
