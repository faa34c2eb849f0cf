"""Flows over lookup tables that are read again when they have changed.

A run takes its flow once, so it sees one version of every table from start to end. Flows and
mappings are those of the start. A table that cannot be read any more leaves the last one in use.
"""

import os
import threading
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from crossdock.engine.feeds import Feed, Reading
from crossdock.kernel.errors import NeedsPerson, Problem
from crossdock.lang.flow import Flow
from crossdock.wiring.language import Language, with_tables

TABLES = "workspace.tables"
_EVERY = timedelta(minutes=5)

Stamp = tuple[object, ...]


class LiveFlows(Mapping[str, Flow]):
    """Flows by name, with the tables as they are now. Shared by all threads of a process."""

    def __init__(self, language: Language, workspace: Path) -> None:
        self._language, self._workspace = language, workspace
        self._folder = workspace / "lookups"
        self._lock = threading.Lock()
        self._stamp = _stamp(self._folder)
        self.problems: list[Problem] = []
        """Why what stands in the files now is not in use; empty when it is."""

    def __getitem__(self, name: str) -> Flow:
        return self.language().flows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._language.flows)

    def __len__(self) -> int:
        return len(self._language.flows)

    def items(self) -> ItemsView[str, Flow]:
        """Without a look at the files: for what flows are called and how urgent they are."""
        return self._language.flows.items()

    def values(self) -> ValuesView[Flow]:
        """Without a look at the files."""
        return self._language.flows.values()

    def language(self) -> Language:
        """What is in use, after a look at the tables' files."""
        with self._lock:
            now = _stamp(self._folder)
            if now != self._stamp:
                found, problems = with_tables(self._language, self._workspace)
                if _stamp(self._folder) == now:  # else it is being written: next time
                    self._stamp, self._language, self.problems = now, found, problems
            return self._language


def tables_feed(flows: LiveFlows) -> Feed:
    """A case while a table cannot be read; it closes by itself when it can be again."""

    def read(mark: str | None) -> Reading:
        del mark
        flows.language()
        if flows.problems:
            raise NeedsPerson(
                f"{flows.problems[0]} The version before it is still in use.",
                kind="table-unreadable",
                remedy=f"Correct {flows.problems[0].file}; it is read again by itself.",
                evidence={"problems": [str(p) for p in flows.problems[:100]]},
            )
        return Reading([], None)

    return Feed(TABLES, _EVERY, read, "Lookup tables of the workspace, whether they can be read.")


def _stamp(folder: Path) -> Stamp:
    """The state of every file that the workspace's tables are made of."""
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".csv") or entry.name == "columns.yaml":
                state = entry.stat()
                found.append((entry.name, state.st_mtime_ns, state.st_ctime_ns, state.st_size,
                              state.st_ino))  # fmt: skip
    return tuple(sorted(found))
