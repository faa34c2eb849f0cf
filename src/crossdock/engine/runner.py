"""Carries the records of one claim through the steps of their flow."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from crossdock.engine.breaker import Breakers
from crossdock.engine.edits import edited
from crossdock.engine.feeds import Feed, read_feed
from crossdock.engine.model import FEED, Claim, LinkChange
from crossdock.engine.policy import Policy
from crossdock.engine.record import Record, outcome_of, start
from crossdock.engine.store import Database, inbox, links, outcomes
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import CrossdockError, Defect, RunError, TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.quota import Grant
from crossdock.lang.flow import DoStep, EndStep, Flow, LinkStep, MapStep, Step

Watch = Callable[[str, str, str], None]
"""Called with (when, flow, step) around every write: "before", "after", "recorded"."""


class LeaseLost(CrossdockError):
    """Another worker holds the keys by now; this run must end without writing."""


class Runner:
    """Executes claims. Knows nothing of threads or of what keeps runs alive."""

    def __init__(
        self,
        db: Database,
        flows: Mapping[str, Flow],
        feeds: Mapping[str, Feed],
        clock: Clock,
        policy: Policy,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        watch: Watch | None = None,
    ) -> None:
        self.flows, self.feeds, self.policy = flows, feeds, policy
        self.breakers = Breakers(db, policy)
        self._db, self._clock, self._wall = db, clock, wall
        self._watch = watch or (lambda *_: None)

    def room(self, flow: str) -> Grant | None:
        """How many keys the flow's first call could serve now; None when nothing rations it."""
        steps = self.flows[flow].steps if flow in self.flows else ()
        first = steps[0] if steps else None
        if not isinstance(first, DoStep) or first.operation.room is None:
            return None
        return first.operation.room()

    def execute(self, claim: Claim) -> bool:
        """Run the claim to its end and record it. False when the lease was lost on the way."""
        if claim.flow == FEED:
            return self._execute_feeds(claim)
        flow = self.flows[claim.flow]
        known = links.of(self._db, flow.link_kind, [r.key for r in claim.records])
        records = [start(r, known.get(r.key)) for r in claim.records]
        try:
            for step in flow.steps:
                self._step(claim, flow, step, records)
        except LeaseLost:
            return False
        now = self._clock.now()
        done = outcomes.finish(
            self._db, claim.run_id, flow.name,
            [outcome_of(r, self.policy, now) for r in records], now=now, wall=self._wall(),
        )  # fmt: skip
        self._watch("recorded", flow.name, "")
        return done

    def _step(self, claim: Claim, flow: Flow, step: Step, records: Sequence[Record]) -> None:
        wanted = self._wanted(step, records)
        if not wanted:
            return
        if isinstance(step, DoStep):
            self._do(claim, flow, step, wanted)
        else:
            for record in wanted:
                self._guarded(record, partial(self._alone, step, record))

    def _wanted(self, step: Step, records: Sequence[Record]) -> list[Record]:
        """The records that the step is meant for; one that is passed by gets None."""
        give, when, wanted = getattr(step, "give", None), step.when, []
        for record in records:
            if not record.active:
                continue
            if give is not None:
                record.values.setdefault(give, None)
            if when is not None:
                record.step = step.name
                if self._guarded(record, partial(when, record.values)) is not True:
                    continue
            wanted.append(record)
        for record in wanted:
            record.step = step.name
        return wanted

    def _alone(self, step: Step, record: Record) -> None:
        """Steps that are values to values."""
        if isinstance(step, MapStep):
            value = step.mapping.apply(step.take(record.values))
            record.values[step.give] = edited(step.give, value, record.claimed.edits)
        elif isinstance(step, EndStep):
            record.ended = step.words
        elif isinstance(step, LinkStep):
            record.links.append(_link_change(step, record))

    def _do(self, claim: Claim, flow: Flow, step: DoStep, records: Sequence[Record]) -> None:
        operation, now = step.operation, self._clock.now()
        admitted, refusal = len(records), None
        if operation.repeat.touches_others:
            admitted, refusal = self.breakers.admit(operation.name, len(records), now)
        for record in records[admitted:]:
            record.error = refusal
        ready = self._with_arguments(step, records[:admitted])
        if not ready:
            return
        if operation.repeat.writes:
            if not inbox.still_held(self._db, claim.run_id, self._wall()):
                raise LeaseLost
            self._watch("before", flow.name, step.name)
        results = self._call(step, ready)
        if operation.repeat.writes:
            self._watch("after", flow.name, step.name)
        pause = None
        if operation.repeat.touches_others:
            pause = self.breakers.watch(operation.name, results, now)
        for (record, _), result in zip(ready, results, strict=True):
            self._take(step, record, result, pause)

    def _with_arguments(
        self, step: DoStep, records: Sequence[Record]
    ) -> list[tuple[Record, tuple[object, ...]]]:
        ready = []
        for record in records:
            args = self._guarded(record, partial(_arguments, step, record))
            if isinstance(args, tuple):
                ready.append((record, args))
        return ready

    def _call(
        self, step: DoStep, ready: Sequence[tuple[Record, tuple[object, ...]]]
    ) -> list[Noted]:
        operation = step.operation
        if operation.run_many is not None:
            many = partial(_many, operation.name, operation.run_many)
            whole = self._noted_safely(many, ([args for _, args in ready],), step)
            if isinstance(whole.result, list):
                return whole.result
            return [Noted(whole.result, whole.calls) for _ in ready]
        calls = operation.repeat.touches_others
        return [self._noted_safely(operation.run, args, step, calls=calls) for _, args in ready]

    def _noted_safely(
        self, run: Callable[..., object], args: tuple[object, ...], step: DoStep, *,
        calls: bool = True,
    ) -> Noted:  # fmt: skip
        try:
            if calls:
                return noted(run, *args)
            return Noted(run(*args), ())  # nobody is called: nothing to note
        except RunError as error:
            return Noted(error, ())
        except Exception as error:  # noqa: BLE001  (one bad record never stops the rest)
            return Noted(defect(error, step.name), ())

    def _take(self, step: DoStep, record: Record, note: Noted, pause: TryAgain | None) -> None:
        if note.calls:
            record.calls += [(step.name, call) for call in note.calls]
        result = note.result
        if isinstance(result, RunError):
            record.error = pause if pause is not None else result
        elif isinstance(result, Exception):
            record.error = defect(result, step.name)
        elif step.give is not None:
            name, edits = step.give, record.claimed.edits
            if edits:
                result = self._guarded(record, partial(edited, name, result, edits))
            record.values[name] = result

    def _guarded(self, record: Record, work: Callable[[], object]) -> object:
        """Do it for this record; whatever goes wrong is the record's own ending."""
        try:
            return work()
        except RunError as error:
            record.error = error
        except Exception as error:  # noqa: BLE001  (one bad record never stops the rest)
            record.error = defect(error, record.step)
        return None

    def _execute_feeds(self, claim: Claim) -> bool:
        """Schedules and change feeds: each key is one feed with its own next turn."""
        held = True
        for claimed in claim.records:
            feed = self.feeds.get(claimed.key)
            result = read_feed(self._db, claimed, feed, self._clock, self.policy)
            held = held and outcomes.finish(
                self._db, claim.run_id, FEED, [result.outcome], now=self._clock.now(),
                wall=self._wall(), events=result.events, watermarks=result.watermarks,
            )  # fmt: skip
        return held


def _many(
    name: str,
    run_many: Callable[[Sequence[tuple[object, ...]]], Sequence[object]],
    rows: Sequence[tuple[object, ...]],
) -> list[Noted]:
    """One result for each row, or none at all."""
    results = [r if isinstance(r, Noted) else Noted(r, ()) for r in run_many(rows)]
    if len(results) != len(rows):
        raise Defect(f"{name} gave {len(results)} results for {len(rows)} records")
    return results


def _arguments(step: DoStep, record: Record) -> tuple[object, ...]:
    return tuple(get(record.values) for get in step.take)


def _link_change(step: LinkStep, record: Record) -> LinkChange:
    values = {name: get(record.values) for name, get in step.fields.items()}
    data = {k: _as_text(v) for k, v in values.items() if k not in _LINK_FIELDS and v is not None}
    left = values.get("left", record.claimed.key)
    return LinkChange(
        step.kind,
        str(left),
        **{name: _as_text(values.get(name)) for name in ("right", "version", "hash", "state")},
        data=data or None,
    )


_LINK_FIELDS = frozenset({"left", "right", "version", "hash", "state"})


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):  # sorts as text: always UTC, always microseconds
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def defect(error: BaseException, step: str) -> Defect:
    """Our bug, with where it happened; the message of an unknown exception may hold personal data
    and is left out.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-6:]]
    return Defect(
        f"{type(error).__name__} in step {step}",
        code=type(error).__name__,
        reproduce={"step": step, "trace": where},
    )
