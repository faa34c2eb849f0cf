"""The engine's own words: events, claims, outcomes, links and cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from crossdock.kernel.evidence import Call

FEED = "feed"
"""The flow name under which schedules and change feeds wait for their next turn."""

INTAKE = "intake"
"""The flow name of cases that no record stands behind: subscriptions, messages, webhooks."""


@dataclass(frozen=True, slots=True)
class Event:
    """ "Look at this key in this flow"; never what to write there."""

    flow: str
    key: str
    source: str  # "amazon.sqs", "tims.webhook", "amazon.sweep", "person"
    message_id: str = ""
    hint: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None  # of what it tells; a link that is as new has it applied already
    wakes: bool = False  # a key behind a case, too: what it tells may be the cure


@dataclass(frozen=True, slots=True)
class Claimed:
    """One key that a run holds."""

    key: str
    generation: int  # events heard for the key when it was claimed
    attempts: int
    first_seen: datetime
    hint: Mapping[str, Any]
    edits: Mapping[str, str]  # values a person set: "new_sales_order.LocationId" -> "W2"
    case_id: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The keys of one flow that one run holds until its lease ends."""

    run_id: str
    flow: str
    records: tuple[Claimed, ...]


class Result(Enum):
    """How a record left a run."""

    DONE = "done"
    NOTHING = "nothing"  # nothing to do, for the reason in `words`
    LATER = "later"  # will be tried again
    CASE = "case"  # waits for a person


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of a pair of names: Amazon's and TIMS's."""

    kind: str
    left: str
    right: str | None = None
    version: str | None = None  # the newest version of the left side that was applied
    hash: str | None = None  # fingerprint of what was written
    state: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkChange:
    """Fields of a link to set; None leaves a field as it is."""

    kind: str
    left: str
    right: str | None = None
    version: str | None = None
    hash: str | None = None
    state: str | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a record needs a person."""

    kind: str
    message: str
    remedy: str
    about: str = ""
    request_id: str = ""
    code: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """One record at the end of a run."""

    key: str
    result: Result
    step: str
    words: str
    claimed: Claimed
    due_at: datetime | None = None  # LATER: when; CASE: when to look again by itself
    counts: bool = True  # LATER: uses up one of the record's attempts
    trouble: Trouble | None = None
    links: list[LinkChange] = field(default_factory=list)
    calls: list[tuple[str, Call]] = field(default_factory=list)  # (step, call)
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A dead letter with its evidence and its remedy."""

    id: str
    flow: str
    key: str
    kind: str
    state: str
    message: str
    remedy: str
    about: str
    step: str
    run_id: str
    request_id: str
    code: str
    evidence: Mapping[str, Any]
    times: int
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    resolution: str | None
