"""The records of a batch: one after the other, or side by side where that saves waiting."""

import threading
import time

from crossdock.connectors.sidebyside import SLOW, SLOW_IN_A_ROW, SideBySide

ROWS = [(n,) for n in range(12)]


def run(at_once: int, seconds: float) -> tuple[list[int], list[str]]:
    """What came of it, and the threads that did it, by row."""
    threads = [""] * len(ROWS)

    def work(row: tuple[int]) -> int:
        threads[row[0]] = threading.current_thread().name
        time.sleep(seconds)
        return row[0] * 10

    return SideBySide(at_once, "far").run(work, ROWS), threads


def test_records_that_are_done_at_once_stay_in_one_thread_and_in_order() -> None:
    results, threads = run(4, 0)
    assert results == [n * 10 for n in range(12)]
    assert set(threads) == {threading.current_thread().name}


def test_records_that_take_long_are_done_side_by_side() -> None:
    began = time.monotonic()
    results, threads = run(4, SLOW * 2)
    assert time.monotonic() - began < SLOW * 2 * len(ROWS)
    assert results == [n * 10 for n in range(12)]
    assert {name.partition("_")[0] for name in threads[SLOW_IN_A_ROW:]} == {"far"}
    assert len(set(threads[SLOW_IN_A_ROW:])) > 1


def test_one_at_once_is_never_more_than_the_callers_thread() -> None:
    assert set(run(1, SLOW * 1.2)[1]) == {threading.current_thread().name}
