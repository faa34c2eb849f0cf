"""What can go wrong, named by what happens next.

    Problem                  a fault in something a person wrote: file, row, nearest valid name
    CrossdockError
     +- Misuse               the caller asked for something that cannot be; exit code 2
     +- ConfigError          one or more Problems; nothing was started
     +- RunError             while a record was handled
         +- TryAgain         later, by itself: throttling, outage, time-out, maintenance, lock
         +- NeedsPerson      a case with a remedy: unknown SKU, credit hold, totals that differ
         +- Defect           our bug, with what is needed to reproduce it

Catch RunError around one record; never around a batch. The engine alone decides about retries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Self


class CrossdockError(Exception):
    """Base of everything that this program raises on purpose."""


class Misuse(CrossdockError):
    """A command or call that cannot be carried out as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file a person wrote."""

    file: str
    where: str  # "line 12", "step create", "row 3 (to: lines.sku)"
    what: str
    fix: str = ""

    def __str__(self) -> str:
        tail = f" {self.fix}" if self.fix else ""
        return f"{self.file}: {self.where}: {self.what}{tail}"


class ConfigError(CrossdockError):
    """All problems of a workspace, settings file, flow or mapping, at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = tuple(problems)


class RunError(CrossdockError):
    """A record could not be finished. `about` names it in the user's words."""

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        request_id: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.about = about
        self.request_id = request_id
        self.code = code  # the vendor's or our own stable code, e.g. "QuotaExceeded"

    def __copy__(self) -> Self:
        """Another of the same, to be raised elsewhere without this one's traceback."""
        twin = type(self).__new__(type(self), *self.args)
        twin.__dict__.update(self.__dict__)
        return twin

    def __str__(self) -> str:
        about = f"{self.about}: " if self.about else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{about}{self.message}{request}"


class TryAgain(RunError):
    """Will be tried again by the engine. `after` None leaves the delay to the engine's back-off.

    `counts` False marks a wait that is nobody's failure (an empty quota bucket, a value that is
    not visible yet): it does not use up the record's retries.
    """

    def __init__(
        self,
        message: str,
        *,
        after: timedelta | None = None,
        counts: bool = True,
        about: str = "",
        request_id: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, about=about, request_id=request_id, code=code)
        self.after = after
        self.counts = counts


class NeedsPerson(RunError):
    """Only a person can go on. `kind` names the page docs/operate/<kind>.md; `remedy` is its first
    sentence for this very record. `suspect` True says that a wave of this same failure is more
    likely an outage than many bad records (a sudden 400 on a read): the circuit breaker may hold
    the records instead of opening a case for each.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        remedy: str,
        about: str = "",
        request_id: str = "",
        code: str = "",
        evidence: Mapping[str, object] | None = None,
        suspect: bool = False,
    ) -> None:
        super().__init__(message, about=about, request_id=request_id, code=code)
        self.kind = kind
        self.remedy = remedy
        self.evidence = dict(evidence or {})
        self.suspect = suspect


class Defect(RunError):
    """Our bug. `reproduce` holds what a developer needs, without personal data."""

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        request_id: str = "",
        code: str = "",
        reproduce: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, about=about, request_id=request_id, code=code)
        self.reproduce = dict(reproduce or {})


def nearest(wrong: str, valid: Sequence[str]) -> str:
    """ "Did you mean ...?" for a misspelt name, or the valid names when none is near."""
    folded = {name.casefold(): name for name in reversed(valid)}
    close = get_close_matches(wrong, valid, n=1, cutoff=0.6) or [
        folded[name] for name in get_close_matches(wrong.casefold(), folded, n=1, cutoff=0.6)
    ]
    if close:
        return f"Did you mean {close[0]!r}?"
    shown = ", ".join(sorted(valid)[:12])
    return f"Valid: {shown}." if shown else ""
