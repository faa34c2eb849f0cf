"""What a workspace's settings say, as values. Secrets never show themselves."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from crossdock.kernel.clock import Clock, FastClock, SystemClock
from crossdock.kernel.errors import ConfigError, Problem


class Secret:
    """A value that only `reveal` gives; printing, formatting or logging it shows ***."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"

    def __str__(self) -> str:
        return "***" if self._value else ""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Secret":
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not written anywhere")


NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """Where webhooks and the console are received."""

    host: str = "127.0.0.1"
    port: int = 8790

    @property
    def url(self) -> str:
        """For a browser or a webhook on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The SQS queue that Amazon's notifications arrive in."""

    url: str = field(default="", metadata={"needed": True, "kind": "web"})
    region: str = "us-east-1"
    event_account: str = (
        ""  # an AWS account whose EventBridge forwards Amazon's events to the queue
    )
    endpoint: str = field(default="", metadata={"kind": "web"})
    access_key: str = ""
    secret_key: Secret = NO_SECRET


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """How often orders are searched for changes that no notification told of."""

    every: timedelta = timedelta(minutes=5)
    overlap: timedelta = timedelta(minutes=10)  # Amazon's search lags behind its orders
    again_every: timedelta = timedelta(hours=1)  # a search that reaches further back: what was
    again_reach: timedelta = timedelta(hours=3)  # listed late and never notified is found here


@dataclass(frozen=True, slots=True)
class AmazonSettings:
    """One seller account."""

    seller_id: str = field(default="", metadata={"needed": True})
    region: Literal["na", "eu", "fe"] = "na"
    marketplaces: tuple[str, ...] = field(default=(), metadata={"needed": True})
    client_id: str = field(default="", metadata={"needed": True})
    client_secret: Secret = field(default=NO_SECRET, metadata={"needed": True})
    refresh_token: Secret = field(default=NO_SECRET, metadata={"needed": True})
    endpoint: str = field(default="", metadata={"kind": "web"})  # empty: the region's own
    lwa_endpoint: str = field(default="", metadata={"kind": "web"})
    queue: QueueSettings | None = None
    sweep: SweepSettings = SweepSettings()
    limits: bool = True


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How TIMS tells us of changes."""

    secret: Secret = field(default=NO_SECRET, metadata={"needed": True})
    public_url: str = field(default="", metadata={"kind": "web"})  # empty: `listen` itself


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """How often TIMS's list of changes is read."""

    every: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class TimsSettings:
    """One TIMS site and company."""

    url: str = field(default="", metadata={"needed": True, "kind": "web"})
    company: str = field(default="", metadata={"needed": True, "kind": "company"})
    client_id: str = ""
    client_secret: Secret = NO_SECRET
    scope: tuple[str, ...] = ()  # empty: what the flows need
    api_key: Secret = NO_SECRET
    webhook: WebhookSettings | None = None
    feed: FeedSettings = FeedSettings()
    limits: bool = True

    @property
    def company_code(self) -> str:
        """The company without its environment."""
        return self.company.partition("/")[0]

    @property
    def environment(self) -> str:
        """live or test."""
        return self.company.partition("/")[2]


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The engine's numbers; the names are those of engine.policy.Policy."""

    max_attempts: int = field(default=12, metadata={"least": 1})
    first_back_off: timedelta = timedelta(seconds=20)
    longest_back_off: timedelta = timedelta(hours=1)
    recheck: timedelta = timedelta(hours=1)
    wave: int = field(default=5, metadata={"least": 1})
    breaker_span: timedelta = timedelta(minutes=1)
    lease_wall: timedelta = timedelta(seconds=30)
    runs_at_once: int = field(default=4, metadata={"least": 1})
    poll_wall: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """How personal data is held. Amazon allows at most 30 days after delivery."""

    key: Secret = NO_SECRET  # of 32 bytes; empty: a key file beside an SQLite store
    keep: timedelta = timedelta(days=30)
    real_people_in_test: bool = False  # TIMS's test company gets made-up names otherwise


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How long what happened is kept. What settles money, links and cases stay."""

    records: timedelta = timedelta(days=548)  # a year, and half a year to ask about it
    feed_runs: timedelta = timedelta(days=3)  # schedules, thousands a day


@dataclass(frozen=True, slots=True)
class FreshnessSettings:
    """How old news may become in the worst case, and how much is expected: crossdock quota plan."""

    orders: timedelta = timedelta(minutes=30)
    tracking: timedelta = timedelta(minutes=30)
    stock: timedelta = timedelta(minutes=15)
    prices: timedelta = timedelta(hours=2)
    orders_a_day: int = field(default=200, metadata={"least": 1})
    peak: int = field(default=4, metadata={"least": 1})  # the busiest hour, times the average


@dataclass(frozen=True, slots=True)
class Written:
    """The settings file as a person writes it; every field is one line of it."""

    store: str = field(default="sqlite:///crossdock.db", metadata={"kind": "store"}, repr=False)
    worker: str = ""
    clock: str = field(default="", metadata={"kind": "clock"})
    listen: ListenSettings = ListenSettings()
    amazon: AmazonSettings = field(default=AmazonSettings(), metadata={"needed": True})
    tims: TimsSettings = field(default=TimsSettings(), metadata={"needed": True})
    policy: PolicySettings = PolicySettings()
    privacy: PrivacySettings = PrivacySettings()
    freshness: FreshnessSettings = FreshnessSettings()
    keep_history: HistorySettings = HistorySettings()


@dataclass(frozen=True, slots=True)
class Settings:
    """A workspace, ready to be wired. `problems` is empty unless it was read with `tolerate`:
    then the sections amazon and tims may hold blanks, and `require` refuses to go on.
    """

    folder: Path  # the workspace
    store: str = field(repr=False)  # absolute; may hold a password
    worker: str
    listen: ListenSettings
    amazon: AmazonSettings
    tims: TimsSettings
    policy: PolicySettings
    privacy: PrivacySettings = PrivacySettings()
    freshness: FreshnessSettings = FreshnessSettings()
    keep_history: HistorySettings = HistorySettings()
    clock_text: str = ""
    problems: tuple[Problem, ...] = ()
    open_secrets: tuple[str, ...] = ()  # fields whose secret stands in crossdock.yaml itself

    @property
    def shown_store(self) -> str:
        """The store's address without its password."""
        scheme, _, rest = self.store.partition("://")
        user, at, place = rest.rpartition("@")
        return f"{scheme}://{user.partition(':')[0]}{at}{place}" if at else self.store

    @property
    def shared_store(self) -> bool:
        """True when several workers may share the store."""
        return not self.store.startswith("sqlite")

    def clock(self) -> Clock:
        """Business time: the wall's, or a rehearsal's faster one."""
        return FastClock.parse(self.clock_text) if self.clock_text else SystemClock()

    def require(self, *sections: str) -> None:
        """Raise what is wrong with these sections, all of it; all sections when none is named."""
        wrong = [p for p in self.problems if not sections or _section(p) in sections]
        if wrong:
            raise ConfigError(wrong)

    def problems_of(self, section: str) -> tuple[Problem, ...]:
        """What is wrong with "amazon" or "tims"."""
        return tuple(p for p in self.problems if _section(p) == section)


def _section(problem: Problem) -> str:
    """ "line 12, amazon.region" belongs to amazon."""
    return problem.where.rpartition(", ")[2].partition(".")[0]
