"""Why a pack was sold that was not there, from what is remembered: whose delay let it happen.

Amazon sells by the last quantity that it shows. When goods leave TIMS's shelves in another way,
that quantity is too high until TIMS's change was heard of, counted, written, and shown. It is too
high as well when an order of Amazon's was on its way to TIMS while we counted: what we wrote then
put back what Amazon had counted down. A sale within such a time cannot be prevented except by packs
that are kept back. A sale that nothing of this explains would be a fault of ours, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    ON_ITS_WAY = "another order was on its way"  # and not in what we counted
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
    """Units that left a shelf without an order of Amazon's, somewhen from `since` to `at`. Zero
    units: the shelf changed more than once between two looks, and some may have left.
    """

    item: str
    units: Decimal
    since: datetime
    at: datetime
    counted_at: datetime | None  # we looked at the shelf and saw it
    why: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order of Amazon's for the same goods: bought then, known to TIMS then."""

    order_id: str
    sku: str
    units: Decimal
    bought_at: datetime
    known_at: datetime


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

    def shown_at(self, usual: timedelta) -> datetime | None:
        """When Amazon showed it; after the usual time, where a newer one came before we looked."""
        if self.seen_at is None and self.sent_at is not None:
            return self.sent_at + usual
        return self.seen_at


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
    others: tuple[Verdict, ...] = ()  # what cannot be excluded: some times are bounds alone

    @property
    def unavoidable(self) -> bool:
        """No faster number could have helped: the goods went while the news was on its way."""
        return self.verdict not in (Verdict.RULE, Verdict.UNTOLD)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered of a SKU and of the items in it."""

    told: Sequence[Tale] = ()
    heard: Sequence[datetime] = ()
    falls: Sequence[Fall] = ()
    arrivals: Sequence[Arrival] = ()
    usual: timedelta = timedelta(seconds=30)  # from a write until Amazon shows it


def explain(sale: Sale, facts: Facts) -> Explained:
    """What happened, as far as it can be known."""
    found = _likeliest(sale, facts)
    others = possible(sale, facts) - {found.verdict}
    if found.verdict is Verdict.MEANWHILE:
        others -= {Verdict.BEFORE, Verdict.OURS}  # what it means
    if not others:
        return found
    known = tuple(v for v in Verdict if v in others)
    words = f"{found.words} It cannot be excluded: {', '.join(v.value for v in known)}."
    return replace(found, words=words, others=known)


def possible(sale: Sale, facts: Facts) -> set[Verdict]:
    """Everything that can have been, by the bounds that are known of every time."""
    found: set[Verdict] = set()
    for tale in _standings(sale, facts):
        found |= _causes(sale, tale, facts)
    found = found - {Verdict.RULE} if len(found) > 1 else found
    return found if _standing(sale, facts) is not None else found | {Verdict.UNTOLD}


def _standings(sale: Sale, facts: Facts) -> list[Tale]:
    """The quantities that Amazon can have sold by: what it surely showed, and whatever was told
    since and was seen later, or never.
    """
    sure = _standing(sale, facts)
    told = [t for t in facts.told if t.told_at is not None and t.told_at < sale.bought_at]
    return told[told.index(sure) :] if sure in told else told


def _causes(sale: Sale, standing: Tale, facts: Facts) -> set[Verdict]:
    """What can have been, when Amazon sold by this quantity."""
    counted, bought, found = standing.told_at, sale.bought_at, set[Verdict]()
    if counted is None:
        return found
    unknown = [
        f for f in facts.falls
        if f.since <= sale.short_at and (f.counted_at is None or f.counted_at > counted)
        and not (f.units and _harmless(f, sale, facts.told))
    ]  # fmt: skip
    sure = [f for f in unknown if f.units and f.at <= bought]
    perhaps = [f for f in unknown if f.since <= bought and f not in sure]
    for fall in [*sure[-1:], *perhaps]:
        told = [t.told_at for t in facts.told if t.told_at and fall.since <= t.told_at <= bought]
        found |= {Verdict.AMAZON} if told else set()
        found |= set() if told and min(told) >= fall.at else {Verdict.OURS}
    if _lower(sale, standing, facts) is not None:
        found.add(Verdict.AMAZON)
    if not sure and any(f.at > bought for f in unknown):
        found.add(Verdict.BEFORE)
    if not sure and _erased(sale, standing, facts):
        found.add(Verdict.ON_ITS_WAY)
    return found or {Verdict.RULE}


def _likeliest(sale: Sale, facts: Facts) -> Explained:
    told = _standings(sale, facts)
    standing = told[0] if told else None
    if standing is None or standing.told_at is None:
        words = "Amazon's quantity was not ours yet: nothing that we told had shown."
        return Explained(sale, Verdict.UNTOLD, words, _timeline(sale, facts), 0)
    early, late = _unknown_falls(sale, standing.told_at, facts)
    erased = _erased(sale, standing, facts)
    if early is None and erased is not None:
        words = _words_of_arrival(erased)
        lines = _timeline(sale, facts, standing, erased=erased)
        return Explained(sale, Verdict.ON_ITS_WAY, words, lines, sale.packs)
    lower = _lower(sale, standing, facts)
    if early is None and lower is not None:
        lines = _timeline(sale, facts, standing, newer=lower)
        return Explained(sale, Verdict.AMAZON, _words_of_tale(sale, lower), lines, sale.packs)
    fall = early or late or _hidden(sale, standing.told_at, facts)
    newer = _newer(fall, facts.told)
    verdict = _verdict(sale, fall, newer)
    lines = _timeline(sale, facts, standing, fall, newer)
    words = _words(sale, verdict, fall, _first_heard(fall, facts))
    return Explained(sale, verdict, words, lines, sale.packs)


def _standing(sale: Sale, facts: Facts) -> Tale | None:
    """The quantity that Amazon sold by. One that showed at the very moment may be the sale itself,
    counted down to the same number.
    """
    shown = [t for t in facts.told
             if (at := t.shown_at(facts.usual)) is not None and at < sale.bought_at]  # fmt: skip
    return shown[-1] if shown else None


def _lower(sale: Sale, standing: Tale, facts: Facts) -> Tale | None:
    """The first smaller quantity that Amazon had been told of by then."""
    counted = standing.told_at
    return next(
        (t for t in facts.told
         if t.told_at and counted and counted < t.told_at <= sale.bought_at
         and t.quantity < standing.quantity),
        None,
    )  # fmt: skip


def _unknown_falls(sale: Sale, counted: datetime, facts: Facts) -> tuple[Fall | None, Fall | None]:
    """Falls that Amazon's quantity did not know of: the last one before the sale (rather one that
    was surely before it), and the first one after it.
    """
    unknown = [
        f for f in facts.falls
        if f.units and f.since <= sale.short_at
        and (f.counted_at is None or f.counted_at > counted)
    ]  # fmt: skip
    early = [f for f in unknown if f.since <= sale.bought_at and not _harmless(f, sale, facts.told)]
    late = [f for f in unknown if f.since > sale.bought_at]
    sure = [f for f in early if f.at <= sale.bought_at]
    return (
        max(sure or early, key=lambda f: f.at) if early else None,
        min(late, key=lambda f: f.at) if late else None,
    )


def _hidden(sale: Sale, counted: datetime, facts: Facts) -> Fall | None:
    """Between two looks at the shelf goods came in: what left it meanwhile cannot be seen."""
    mixed = (f for f in facts.falls if not f.units and f.at > counted and f.since <= sale.short_at)
    return next(mixed, None)


def _erased(sale: Sale, standing: Tale, facts: Facts) -> Arrival | None:
    """An order that Amazon had counted down, and that our quantity put back."""
    counted, shown = standing.told_at, standing.shown_at(facts.usual)
    if counted is None or shown is None:
        return None
    for one in facts.arrivals:
        until = shown if one.sku == sale.sku else counted
        if one.order_id != sale.order_id and one.bought_at <= until and one.known_at > counted:
            return one
    return None


def _first_heard(fall: Fall | None, facts: Facts) -> datetime | None:
    return next((at for at in facts.heard if fall is not None and fall.since <= at), None)


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
    if not fall.units:
        return Verdict.MEANWHILE
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
            "No change of TIMS's stock explains it: more was offered than there was, or no single "
            "location had all of it."
        )
    if not fall.units:
        return f"{fall.item} {fall.why}; what left meanwhile cannot be told any more."
    what = f"{_text(fall.units)} of {fall.item} {fall.why}"
    after = _span(sale.bought_at - fall.at)
    if verdict is Verdict.BEFORE:
        early = _span(fall.since - sale.bought_at)
        return f"{what} {early} after the sale, while the order was on its way to TIMS."
    if verdict is Verdict.MEANWHILE:
        return f"{what} at about the time of the sale; no webhook told when exactly."
    if verdict is Verdict.AMAZON:
        return f"{what} {after} before the sale; Amazon had been told and did not show it yet."
    known = "had been heard of and not been written yet" if (
        heard is not None and heard <= sale.bought_at
    ) else "had not been heard of yet"  # fmt: skip
    return f"{what} {after} before the sale, which {known}."


def _words_of_tale(sale: Sale, lower: Tale) -> str:
    told = lower.told_at or sale.bought_at
    after = _span(sale.bought_at - told)
    return f"Amazon had been told {lower.quantity} {after} before the sale and did not show it yet."


def _words_of_arrival(one: Arrival) -> str:
    return (
        f"Order {one.order_id} for {_text(one.units)} of the same goods was on its way to TIMS "
        "when we counted: our quantity put back what Amazon had counted down for it."
    )


def _timeline(
    sale: Sale,
    facts: Facts,
    standing: Tale | None = None,
    fall: Fall | None = None,
    newer: Tale | None = None,
    erased: Arrival | None = None,
) -> tuple[Moment, ...]:
    short = f"TIMS has {_text(sale.units)} too few for {sale.order_number}"
    lines = [
        Moment(sale.bought_at, f"bought at Amazon: {sale.order_id}"),
        Moment(sale.short_at, short),
    ]
    for tale in (standing, newer):
        lines += _told(tale) if tale is not None else ()
    if erased is not None:
        lines.append(Moment(erased.bought_at, f"bought at Amazon: {erased.order_id}"))
        lines.append(Moment(erased.known_at, f"TIMS knows of {erased.order_id}"))
    if fall is not None:
        if fall.since < fall.at:
            lines.append(Moment(fall.since, f"{fall.item} was there until now, or longer"))
        units = f"{_text(fall.units)} of " if fall.units else ""
        lines.append(Moment(fall.at, f"{units}{fall.item} {fall.why}"))
        heard = _first_heard(fall, facts)
        if heard is not None:
            lines.append(Moment(heard, "we heard that TIMS's stock had changed"))
        if fall.counted_at is not None:
            lines.append(Moment(fall.counted_at, "we counted"))
    return tuple(sorted(lines, key=lambda m: m.at))


def _told(tale: Tale) -> list[Moment]:
    lines = []
    if tale.sent_at is not None:
        with_id = f" (submission {tale.submission_id})" if tale.submission_id else ""
        lines.append(Moment(tale.sent_at, f"we wrote {tale.quantity}{with_id}"))
    if tale.seen_at is not None:
        lines.append(Moment(tale.seen_at, f"Amazon showed {tale.quantity}"))
    return lines


def _span(span: timedelta) -> str:
    seconds = max(span.total_seconds(), 0.0)
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"
