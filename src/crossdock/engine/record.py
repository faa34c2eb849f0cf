"""One record on its way through a flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.engine.model import Claimed, Link, LinkChange, Outcome, Result, Trouble
from crossdock.engine.policy import Policy
from crossdock.kernel.errors import Defect, NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Call

# Causes that may heal without us are looked at again by themselves; these never heal so.
_ONLY_A_PERSON = frozenset({"defect", "edit-refused"})


@dataclass(slots=True)
class Record:
    """The values that steps gave so far, and how it ended."""

    claimed: Claimed
    values: dict[str, object]
    step: str = ""  # where it is, or ended
    ended: str | None = None  # nothing to do, for this reason
    error: RunError | None = None
    wrote: bool = False
    links: list[LinkChange] = field(default_factory=list)
    calls: list[tuple[str, Call]] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Still on its way."""
        return self.ended is None and self.error is None


def start(claimed: Claimed, link: Link | None) -> Record:
    """A record at the door of a flow: its key, what is linked, what the event hinted."""
    values: dict[str, object] = {"key": claimed.key, "link": link, "hint": dict(claimed.hint)}
    return Record(claimed, values)


def outcome_of(record: Record, policy: Policy, now: datetime) -> Outcome:
    """What the engine makes of how the record ended."""
    error = record.error
    if error is None:
        result = Result.NOTHING if record.ended is not None else Result.DONE
        words = record.ended if record.ended is not None else "done"
        return _outcome(record, result, words)
    if isinstance(error, TryAgain):
        return _later_or_exhausted(record, error, policy, now)
    return _case(record, error, policy, now)


def _outcome(record: Record, result: Result, words: str) -> Outcome:
    return Outcome(
        record.claimed.key, result, record.step, words, record.claimed,
        links=record.links, calls=record.calls,
    )  # fmt: skip


def _later_or_exhausted(record: Record, error: TryAgain, policy: Policy, now: datetime) -> Outcome:
    attempts = record.claimed.attempts + 1
    if error.counts and attempts >= policy.max_attempts:
        tired = NeedsPerson(
            f"tried {attempts} times; last: {error.message}",
            kind="retries-exhausted",
            remedy="Find out why the other side keeps failing (`crossdock doctor`), then retry.",
            about=error.about, request_id=error.request_id, code=error.code,
        )  # fmt: skip
        return _case(record, tired, policy, now)
    wait = error.after if error.after is not None else policy.back_off(record.claimed.attempts)
    outcome = _outcome(record, Result.LATER, str(error))
    outcome.due_at = now + max(wait, timedelta(milliseconds=1))
    outcome.counts = error.counts
    return outcome


def _case(record: Record, error: RunError, policy: Policy, now: datetime) -> Outcome:
    outcome = _outcome(record, Result.CASE, str(error))
    outcome.trouble = trouble_of(error)
    if outcome.trouble.kind not in _ONLY_A_PERSON:
        outcome.due_at = now + policy.recheck
    return outcome


def trouble_of(error: RunError) -> Trouble:
    """The case that an error deserves."""
    evidence: Mapping[str, object] = {}
    kind, remedy = "defect", "Report it with `crossdock case show ID --json`; nothing was lost."
    if isinstance(error, NeedsPerson):
        kind, remedy, evidence = error.kind, error.remedy, error.evidence
    elif isinstance(error, Defect):
        evidence = error.reproduce
    return Trouble(kind, error.message, remedy, error.about, error.request_id, error.code, evidence)
