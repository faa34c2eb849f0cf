"""Why a pack was sold that was not there, from what is remembered: whose delay let it happen.

Amazon sells by the last quantity that it shows. When goods leave TIMS's shelves in another way,
that quantity is too high until TIMS's change was heard of, counted, written, and shown. A sale
within that time cannot be prevented except by packs that are kept back. A sale that no such change
explains would be a fault of ours, and says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import Enum

HARMLESS = timedelta(minutes=1)
"""A fall that was counted so long before, and told nobody of, left the offer as it was."""


class Verdict(Enum):
    """Which delay let it happen."""

    BEFORE = "sold before TIMS's change"  # the order was on its way
    MEANWHILE = "sold while TIMS's stock changed"  # nobody can tell which was first
    OURS = "within our delay"
    AMAZON = "within Amazon's delay"
    RULE = "the rule offered too much"
    UNTOLD = "Amazon was not told by us"


@dataclass(frozen=True, slots=True)
class Sale:
    """A line of an Amazon order that TIMS had too little for."""

    order_id: str
    order_number: str
    sku: str
    units: Decimal  # base units that were missing
    per_pack: Decimal
    bought_at: datetime
    short_at: datetime  # TIMS said so

    @property
    def packs(self) -> int:
        """What is missing, in whole packs."""
        return int((self.units / self.per_pack).to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Fall:
    """Units that left a shelf without an order of Amazon's, somewhen from `since` to `at`."""

    item: str
    units: Decimal
    since: datetime
    at: datetime
    counted_at: datetime | None  # we looked at the shelf and saw it
    why: str


@dataclass(frozen=True, slots=True)
class Tale:
    """A quantity that Amazon was told."""

    quantity: int
    submission_id: str = ""
    sent_at: datetime | None = None  # None: it was live already
    seen_at: datetime | None = None

    @property
    def told_at(self) -> datetime | None:
        """When what it says was counted: nothing later is in it."""
        return self.sent_at or self.seen_at


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An oversell with its reason."""

    sale: Sale
    verdict: Verdict
    words: str
    timeline: tuple[Moment, ...]
    buffer: int  # packs that would have had to be kept back, more than are

    @property
    def unavoidable(self) -> bool:
        """No faster number could have helped: the goods went while the news was on its way."""
        return self.verdict not in (Verdict.RULE, Verdict.UNTOLD)


def explain(
    sale: Sale, told: Sequence[Tale], heard: Sequence[datetime], falls: Iterable[Fall]
) -> Explained:
    """What happened. `told` and `heard` are of its SKU, `falls` of the items in it."""
    shown = [t for t in told if t.seen_at is not None and t.seen_at <= sale.bought_at]
    standing = shown[-1] if shown else None
    if standing is None:
        words = "Amazon's quantity was not ours yet: nothing that we told had shown."
        return Explained(sale, Verdict.UNTOLD, words, _timeline(sale, None, None, None), 0)
    fall = _fall(sale, standing, told, falls)
    newer = _newer(fall, told)
    first = next((at for at in heard if fall is not None and fall.since <= at), None)
    verdict = _verdict(sale, fall, newer)
    words = _words(sale, verdict, fall, first)
    lines = _timeline(sale, standing, fall, newer, first)
    return Explained(sale, verdict, words, lines, sale.packs)


def _fall(sale: Sale, standing: Tale, told: Sequence[Tale], falls: Iterable[Fall]) -> Fall | None:
    """The fall that Amazon's quantity did not know of: the last one before the sale; else the
    first one after it.
    """
    counted = standing.told_at
    unknown = sorted(
        (f for f in falls if f.since <= sale.short_at
         and (f.counted_at is None or counted is None or f.counted_at > counted)),
        key=lambda f: f.at,
    )  # fmt: skip
    early = [f for f in unknown if f.since <= sale.bought_at and not _harmless(f, sale, told)]
    late = [f for f in unknown if f.since > sale.bought_at]
    return early[-1] if early else late[0] if late else None


def _harmless(fall: Fall, sale: Sale, told: Sequence[Tale]) -> bool:
    if fall.counted_at is None or fall.counted_at > sale.bought_at - HARMLESS:
        return False
    times = [t.told_at for t in told if t.told_at is not None]
    return not any(fall.counted_at <= at <= sale.bought_at for at in times)


def _newer(fall: Fall | None, told: Sequence[Tale]) -> Tale | None:
    """The first quantity that knew of the fall."""
    if fall is None or fall.counted_at is None:
        return None
    seen = fall.counted_at
    return next((t for t in told if t.told_at is not None and t.told_at >= seen), None)


def _verdict(sale: Sale, fall: Fall | None, newer: Tale | None) -> Verdict:
    if fall is None:
        return Verdict.RULE
    if fall.since > sale.bought_at:
        return Verdict.BEFORE
    if fall.at > sale.bought_at:
        return Verdict.MEANWHILE
    if newer is None or newer.told_at is None or newer.told_at > sale.bought_at:
        return Verdict.OURS
    return Verdict.AMAZON


def _words(sale: Sale, verdict: Verdict, fall: Fall | None, heard: datetime | None) -> str:
    if fall is None:
        return (
            "No change of TIMS's stock explains it: more was offered than there was, or other "
            "orders of the same item were on their way when it was counted."
        )
    what = f"{_text(fall.units)} of {fall.item} {fall.why}"
    after = _span(sale.bought_at - fall.at)
    if verdict is Verdict.BEFORE:
        early = _span(fall.since - sale.bought_at)
        return f"{what} {early} after the sale, while the order was on its way to TIMS."
    if verdict is Verdict.MEANWHILE:
        return f"{what} at about the time of the sale; no webhook told when exactly."
    if verdict is Verdict.AMAZON:
        return f"{what} {after} before the sale; Amazon had the new quantity and still sold by the old."
    known = "had been heard of and not been written yet" if (
        heard is not None and heard <= sale.bought_at
    ) else "had not been heard of yet"  # fmt: skip
    return f"{what} {after} before the sale, which {known}."


def _timeline(
    sale: Sale,
    standing: Tale | None,
    fall: Fall | None,
    newer: Tale | None,
    heard: datetime | None = None,
) -> tuple[Moment, ...]:
    lines = [Moment(sale.bought_at, f"bought at Amazon: {sale.order_id}")]
    lines.append(
        Moment(sale.short_at, f"TIMS has {_text(sale.units)} too few for {sale.order_number}")
    )
    for tale in (standing, newer):
        if tale is None:
            continue
        if tale.sent_at is not None:
            with_id = f" (submission {tale.submission_id})" if tale.submission_id else ""
            lines.append(Moment(tale.sent_at, f"we wrote {tale.quantity}{with_id}"))
        if tale.seen_at is not None:
            lines.append(Moment(tale.seen_at, f"Amazon showed {tale.quantity}"))
    if fall is not None:
        if fall.since < fall.at:
            lines.append(Moment(fall.since, f"{fall.item} was there until now, or longer"))
        lines.append(Moment(fall.at, f"{_text(fall.units)} of {fall.item} {fall.why}"))
        if heard is not None:
            lines.append(Moment(heard, "we heard that TIMS's stock had changed"))
        if fall.counted_at is not None:
            lines.append(Moment(fall.counted_at, "we counted"))
    return tuple(sorted(lines, key=lambda m: m.at))


def _span(span: timedelta) -> str:
    seconds = max(span.total_seconds(), 0.0)
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"
