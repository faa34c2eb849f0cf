"""Whom a change of a workspace's files concerns: only those are looked at again."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Facts:
    """What the files say of each key, and what they say of all of them at once."""

    of_all: object = None
    of_key: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


Spread = Callable[[Collection[str], Facts, Facts], Collection[str]]
"""Keys that these touch as well, by what was said before and what is said now."""


class Changed:
    """Compares what files say with what they said. A process that does not know what they said when
    the watermark was left finds that all are concerned.
    """

    def __init__(
        self, stamp: Callable[[], str], facts: Callable[[], Facts], spread: Spread
    ) -> None:
        self._stamp, self._facts, self._spread = stamp, facts, spread
        self._known: tuple[str, Facts] | None = None

    def since(self, mark: str | None) -> tuple[list[str], str]:
        """The keys concerned since that watermark, and the next one."""
        stamp, before = self._stamp(), self._known
        facts = before[1] if before is not None and before[0] == stamp else self._facts()
        # A file that changed while it was read: nobody knows which of the two the facts are.
        self._known = (stamp, facts) if self._stamp() == stamp else None
        if stamp == mark:
            return [], stamp
        if before is None or before[0] != mark or before[1].of_all != facts.of_all:
            return sorted(facts.of_key), stamp
        old, new = before[1].of_key, facts.of_key
        differing = {key for key in new if key not in old or old[key] != new[key]}
        gone = old.keys() - new.keys()
        touched = self._spread(differing | gone, before[1], facts) if differing or gone else ()
        return sorted(differing | (set(touched) & new.keys())), stamp


def content_of(paths: Sequence[Path]) -> str:
    """A fingerprint of what the files hold; a file that was only touched has the same."""
    found = sha256()
    for path in paths:
        text = path.read_bytes() if path.exists() else b""
        found.update(f"{path.name} {len(text)}\n".encode() + text)
    return found.hexdigest()[:16]
