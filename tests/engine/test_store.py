"""One suite, both stores: the inbox, leases, links, cases and quotas."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.engine.model import (
    Claim,
    Claimed,
    Event,
    LinkChange,
    Outcome,
    Result,
    Trouble,
)
from crossdock.engine.store import Database, cases, inbox, links, outcomes
from crossdock.engine.store.quotas import StoredBuckets
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import Misuse

LEASE = timedelta(seconds=30)


def hear(db: Database, clock: ManualClock, *keys: str, flow: str = "orders") -> None:
    with db.writing() as connection:
        inbox.append(db, connection, [Event(flow, k, "test") for k in keys], clock.now())


def take(db: Database, clock: ManualClock, run_id: str = "run_1", limit: int = 100) -> Claim | None:
    return inbox.claim(
        db, "orders", 1, limit=limit, run_id=run_id, worker="w", now=clock.now(),
        wall=clock.now(), lease_until=clock.now() + LEASE,
    )  # fmt: skip


def end(
    db: Database,
    clock: ManualClock,
    claim: Claim,
    result: Result = Result.DONE,
    trouble: Trouble | None = None,
    **more: object,
) -> bool:
    done = [
        Outcome(r.key, result, "step", "words", r, trouble=trouble, **more)  # type: ignore[arg-type]
        for r in claim.records
    ]
    return outcomes.finish(db, claim.run_id, "orders", done, now=clock.now(), wall=clock.now())


def must(claim: Claim | None) -> Claim:
    assert claim is not None
    return claim


def keys(claim: Claim | None) -> list[str]:
    return [r.key for r in claim.records] if claim else []


def test_ten_events_for_one_order_are_one_piece_of_work(db: Database, clock: ManualClock) -> None:
    for _ in range(10):
        hear(db, clock, "A")
    claim = must(take(db, clock))
    assert keys(claim) == ["A"]
    assert claim.records[0].generation == 10


def test_a_key_is_held_by_one_run_only(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A", "B")
    assert keys(take(db, clock, "run_1", limit=1)) == ["A"]
    assert keys(take(db, clock, "run_2")) == ["B"]
    assert take(db, clock, "run_3") is None


def test_an_event_during_a_run_makes_the_key_run_again(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    claim = must(take(db, clock))
    hear(db, clock, "A")
    assert take(db, clock, "run_2") is None
    assert end(db, clock, claim)
    assert keys(take(db, clock, "run_3")) == ["A"]


def test_a_finished_key_leaves_the_inbox(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    end(db, clock, must(take(db, clock)))
    assert take(db, clock, "run_2") is None
    assert inbox.depth(db, clock.now()) == {}


def test_a_later_key_waits_for_its_time(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    later = clock.now() + timedelta(minutes=5)
    end(db, clock, must(take(db, clock)), Result.LATER, due_at=later)
    assert take(db, clock, "run_2") is None
    assert inbox.next_due(db) == later
    clock.advance(timedelta(minutes=5))
    again = must(take(db, clock, "run_3"))
    assert again.records[0].attempts == 1


def test_a_run_without_its_lease_records_nothing(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    slow = must(take(db, clock, "run_slow"))
    clock.advance(timedelta(seconds=31))
    assert inbox.free_expired(db, clock.now()) == ["run_slow"]
    quick = must(take(db, clock, "run_quick"))
    assert not inbox.still_held(db, "run_slow", clock.now())
    assert not end(db, clock, slow)
    assert end(db, clock, quick)


def test_the_lease_ends_at_the_very_second(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    take(db, clock)
    clock.advance(LEASE - timedelta(microseconds=1))
    assert inbox.still_held(db, "run_1", clock.now())
    assert inbox.free_expired(db, clock.now()) == []
    clock.advance(timedelta(microseconds=1))
    assert not inbox.still_held(db, "run_1", clock.now())


def test_a_heartbeat_keeps_the_keys(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    take(db, clock)
    clock.advance(timedelta(seconds=29))
    inbox.renew(db, ["run_1"], clock.now() + LEASE)
    clock.advance(timedelta(seconds=29))
    assert inbox.free_expired(db, clock.now()) == []


def test_two_workers_never_claim_the_same_key(db: Database, clock: ManualClock) -> None:
    hear(db, clock, *(f"K{n:03}" for n in range(200)))
    got: list[list[str]] = []

    def work(n: int) -> None:
        for turn in range(20):
            claim = take(db, clock, f"run_{n}_{turn}", limit=7)
            got.append(keys(claim))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed = [key for batch in got for key in batch]
    assert sorted(claimed) == [f"K{n:03}" for n in range(200)]


TROUBLE = Trouble("unknown-sku", "SKU X-1 is not known", "Add it to skus.csv.", about="Order A")


def test_later_events_of_a_cased_key_wait_behind_the_case(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    end(db, clock, must(take(db, clock)), Result.CASE, trouble=TROUBLE)
    hear(db, clock, "A")
    assert take(db, clock, "run_2") is None
    [case] = cases.listed(db)
    assert (case.kind, case.key, case.times) == ("unknown-sku", "A", 1)


def test_a_retried_case_that_goes_through_closes_itself(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    end(db, clock, must(take(db, clock)), Result.CASE, trouble=TROUBLE)
    [case] = cases.listed(db)
    cases.retry(db, [case.id], who="kim", now=clock.now(), edits={"order.po": "7"})
    again = must(take(db, clock, "run_2"))
    assert again.records[0].edits == {"order.po": "7"}
    end(db, clock, again)
    assert cases.listed(db) == []
    assert cases.get(db, case.id).resolution == "a later run went through"


def test_the_same_trouble_again_is_the_same_case(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    for n in range(3):
        claim = must(take(db, clock, f"run_{n}"))
        end(db, clock, claim, Result.CASE, trouble=TROUBLE, due_at=clock.now())
    [case] = cases.listed(db)
    assert case.times == 3


def test_a_resolved_case_lets_the_key_go(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    end(db, clock, must(take(db, clock)), Result.CASE, trouble=TROUBLE)
    [case] = cases.listed(db)
    cases.resolve(db, case.id, who="kim", why="keyed by hand", now=clock.now())
    assert take(db, clock, "run_2") is None
    hear(db, clock, "A")
    assert keys(take(db, clock, "run_3")) == ["A"]
    with pytest.raises(Misuse, match="already resolved"):
        cases.retry(db, [case.id], who="kim", now=clock.now())


def test_what_was_heard_behind_a_case_is_looked_at_when_the_case_is_resolved(
    db: Database, clock: ManualClock
) -> None:
    hear(db, clock, "A")
    end(db, clock, must(take(db, clock)), Result.CASE, trouble=TROUBLE)
    hear(db, clock, "A")  # the buyer has cancelled, say
    [case] = cases.listed(db)
    cases.resolve(db, case.id, who="kim", why="keyed by hand", now=clock.now())
    claim = must(take(db, clock, "run_2"))
    assert (keys(claim), claim.records[0].case_id, claim.records[0].edits) == (["A"], None, {})


def test_news_that_came_while_a_run_ended_in_a_case_is_looked_at_at_once(
    db: Database, clock: ManualClock
) -> None:
    hear(db, clock, "A")
    claim = must(take(db, clock))
    hear(db, clock, "A")
    end(db, clock, claim, Result.CASE, trouble=TROUBLE)
    assert keys(take(db, clock, "run_2")) == ["A"]


def test_a_retry_during_a_run_is_not_lost_when_that_run_ends_in_the_case_again(
    db: Database, clock: ManualClock
) -> None:
    hear(db, clock, "A")
    end(db, clock, must(take(db, clock)), Result.CASE, trouble=TROUBLE)
    [case] = cases.listed(db)
    cases.retry(db, [case.id], who="kim", now=clock.now())
    under_way = must(take(db, clock, "run_2"))
    cases.retry(db, [case.id], who="kim", now=clock.now(), edits={"order.po": "7"})
    end(db, clock, under_way, Result.CASE, trouble=TROUBLE)
    again = must(take(db, clock, "run_3"))
    assert again.records[0].edits == {"order.po": "7"}
    end(db, clock, again, Result.CASE, trouble=TROUBLE)
    assert take(db, clock, "run_4") is None, "once, not for ever"


def test_link_versions_only_move_forward(db: Database, clock: ManualClock) -> None:
    with db.writing() as connection:
        for version in ("2026-11-23T10:00", "2026-11-23T09:00"):
            change = LinkChange("order", "A", right="SO-1", version=version)
            links.record(db, connection, [change], clock.now())
        links.record(db, connection, [LinkChange("order", "A", state="shipped")], clock.now())
    link = links.of(db, "order", ["A"])["A"]
    assert (link.right, link.version, link.state) == ("SO-1", "2026-11-23T10:00", "shipped")
    assert links.to(db, "order", "SO-1") == [link]


class TestQuotas:
    RATE = Decimal("0.5")

    def test_a_bucket_gives_its_burst_and_then_says_when(
        self, db: Database, clock: ManualClock
    ) -> None:
        buckets = StoredBuckets(db, clock.now)
        assert buckets.take("b", 30, rate=self.RATE, burst=30).granted == 30
        grant = buckets.take("b", 5, rate=self.RATE, burst=30)
        assert grant.granted == 0
        clock.advance(grant.wait)
        assert buckets.take("b", 5, rate=self.RATE, burst=30).granted == 1

    def test_the_level_survives_a_restart(self, db: Database, clock: ManualClock) -> None:
        StoredBuckets(db, clock.now).take("b", 30, rate=self.RATE, burst=30)
        assert StoredBuckets(db, clock.now).take("b", 1, rate=self.RATE, burst=30).granted == 0

    def test_less_urgent_callers_leave_a_reserve(self, db: Database, clock: ManualClock) -> None:
        buckets = StoredBuckets(db, clock.now)
        assert buckets.take("b", 30, rate=self.RATE, burst=30, reserve=10).granted == 20
        assert buckets.take("b", 30, rate=self.RATE, burst=30).granted == 10

    def test_repeated_refusals_teach_a_lower_rate(self, db: Database, clock: ManualClock) -> None:
        buckets = StoredBuckets(db, clock.now)
        first = buckets.throttled("b", self.RATE)
        second = buckets.throttled("b", self.RATE)
        third = buckets.throttled("b", self.RATE)
        assert first < timedelta(seconds=3) < third
        assert second < third * 1.3
        clock.advance(
            timedelta(seconds=2.2)
        )  # one token at the published rate, none at the learned
        assert buckets.take("b", 1, rate=self.RATE, burst=30).granted == 0
        clock.advance(timedelta(hours=1))
        buckets.take("b", 30, rate=self.RATE, burst=30)
        clock.advance(timedelta(seconds=2.2))  # the published rate again
        assert buckets.take("b", 5, rate=self.RATE, burst=30).granted == 1

    def test_room_tells_what_take_would_give(self, db: Database, clock: ManualClock) -> None:
        buckets = StoredBuckets(db, clock.now)
        asked = {"rate": self.RATE, "burst": 30, "reserve": 10}
        assert buckets.room("b", **asked).granted == 20
        buckets.take("b", 25, rate=self.RATE, burst=30)
        room = buckets.room("b", **asked)
        assert room.granted == 0
        clock.advance(room.wait + timedelta(milliseconds=1))
        assert buckets.room("b", **asked).granted == 1
        assert buckets.take("b", 5, **asked).granted == 1

    def test_the_header_is_believed(self, db: Database, clock: ManualClock) -> None:
        buckets = StoredBuckets(db, clock.now)
        buckets.take("b", 30, rate=self.RATE, burst=30)
        buckets.observe("b", Decimal(2))
        clock.advance(timedelta(seconds=1))
        assert buckets.take("b", 5, rate=self.RATE, burst=30).granted == 1

    def test_threads_together_never_get_more_than_there_is(
        self, db: Database, clock: ManualClock
    ) -> None:
        buckets, got = StoredBuckets(db, clock.now), []

        def work() -> None:
            got.extend(buckets.take("b", 3, rate=self.RATE, burst=30).granted for _ in range(5))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(got) == 30


def test_what_could_not_be_read_is_kept(db: Database, clock: ManualClock) -> None:
    trouble = Trouble("unreadable-message", "message m-1 is not JSON", "Look at it.")
    for _ in range(2):
        cases.open_outside_runs(db, "intake", "m-1", trouble, clock.now(), kept="{broken")
    [case] = cases.listed(db)
    assert case.times == 2
    assert cases.kept(db, "m-1") == "{broken"


def test_what_has_no_record_closes_when_it_goes_well(db: Database, clock: ManualClock) -> None:
    def well(key: str, **more: timedelta) -> bool:
        return cases.resolve_outside_runs(db, "intake", key, clock.now(), why="well now", **more)

    trouble = Trouble("reconnect-tims", "not let in", "Look.")
    cases.open_outside_runs(db, "intake", "tims.webhook", trouble, clock.now())
    assert not well("amazon.notifications")
    assert not well("tims.webhook", quiet=timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    assert well("tims.webhook", quiet=timedelta(hours=1))
    assert not well("tims.webhook")
    [case] = cases.listed(db, state="resolved")
    assert (case.resolution, case.resolved_at) == ("well now", clock.now())


def test_a_claimed_key_knows_when_it_was_first_heard_of(db: Database, clock: ManualClock) -> None:
    hear(db, clock, "A")
    first = clock.now()
    clock.advance(timedelta(hours=1))
    hear(db, clock, "A")
    record: Claimed = must(take(db, clock)).records[0]
    assert record.first_seen == first
