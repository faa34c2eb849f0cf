"""Doing the records of a batch: one after the other, or side by side where that saves waiting."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

SLOW: Final = 0.025  # seconds for one record, on the wall
SLOW_IN_A_ROW: Final = 2


class SideBySide:
    """Begins in the caller's thread, and goes on in several at once as soon as records take long.

    Threads that wait for the interpreter cost a sixth of the CPU of an order, so they must save
    some waiting: a company across the internet answers in 50 ms and more, one next door in one.
    """

    def __init__(self, at_once: int, name: str) -> None:
        """`at_once` 1 keeps all records in the caller's thread, in their order."""
        self._at_once, self._name = at_once, name
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def run(self, work: Callable[[tuple[Any, ...]], T], rows: Sequence[tuple[Any, ...]]) -> list[T]:
        """One result per row, in order. `work` does not raise."""
        done: list[T] = []
        slow = 0
        for row in rows:
            if slow >= SLOW_IN_A_ROW and self._at_once > 1:
                break
            began = time.monotonic()
            done.append(work(row))
            slow = slow + 1 if time.monotonic() - began > SLOW else 0
        jobs = [self._threads().submit(work, row) for row in rows[len(done) :]]
        return [*done, *(job.result() for job in jobs)]

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._at_once, thread_name_prefix=self._name)
            return self._pool
