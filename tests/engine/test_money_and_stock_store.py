"""One suite, both stores: publications, settled orders with their receipts, and the search."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from crossdock.engine.store import (
    Database,
    customers,
    deposits,
    oversells,
    publications,
    receivables,
    searching,
    settlements,
)
from crossdock.engine.store.deposits import BankEntry, Deposit
from crossdock.engine.store.publications import DRIFT, SEEN, SENT, Publication
from crossdock.engine.store.receivables import DONE, PLANNED, RECEIPT, Clears, SettledOrder, Step
from crossdock.engine.store.settlements import Posting, SeenFile
from crossdock.kernel.clock import ManualClock


def test_a_publication_is_kept_and_an_older_generation_changes_nothing(
    db: Database, clock: ManualClock
) -> None:
    now = clock.now()
    row = Publication("TIP", 2, 5, SENT, 1, False, "sub-1", now, None, {"lead_time": 4})
    publications.keep(db, row)
    assert publications.of(db, "TIP") == row
    publications.keep(db, replace(row, generation=1, quantity=99))
    assert publications.of(db, "TIP") == row
    seen = replace(row, state=SEEN, seen_at=now + timedelta(seconds=20))
    publications.keep(db, seen)
    found = publications.of(db, "TIP")
    assert found is not None
    assert (found, found.took) == (seen, timedelta(seconds=20))
    publications.keep(db, replace(row, sku="ROD"))
    assert publications.every(db).keys() == {"TIP", "ROD"}
    assert publications.of_many(db, ["ROD", "NONE"]).keys() == {"ROD"}
    assert publications.of(db, "NONE") is None


def an_order(order: str, amount: int, *, posted: str = "2026-06-20", n: str = "1") -> SettledOrder:
    return SettledOrder(n, order, "sale", "USD", amount, True, posted, 3)


def a_receipt(ref: str, clock: ManualClock, n: str = "1") -> Step:
    return Step(ref, n, 1, RECEIPT, PLANNED, "", clock.now(), "anna", {"Amount": "25.00"})


def test_what_receipts_take_is_counted_once_and_what_stands_is_found(
    db: Database, clock: ManualClock
) -> None:
    rows = [an_order("A", 2500), an_order("B", 900), an_order("C", 700, posted="2025-01-01")]
    receivables.keep_settled(db, "1", rows)
    receivables.keep_settled(db, "2", [an_order("A", 100, n="2", posted="2025-02-01")])
    clears = [Clears("A", "sale", "IN-1", 2500), Clears("B", "sale", "IN-2", 400)]
    assert receivables.plan(db, a_receipt("r1", clock), clears)
    assert not receivables.plan(db, a_receipt("r1", clock), clears)  # somebody else was quicker
    receivables.mark(db, "r1", DONE, "RC-1")
    took = receivables.cleared_by_order(db)
    assert took == {("1", "A", "sale"): 2500, ("1", "B", "sale"): 400}
    assert receivables.cleared_by_order(db, "2") == {}
    assert receivables.waiting(db, "2026-01-01") == {"1": 1}
    assert receivables.waiting(db) == {"1": 2, "2": 1}
    assert receivables.settled_documents(db, "sale") == {"IN-1", "IN-2"}
    recent = receivables.settled_since(db, "2026-01-01")
    assert [(r.order_id, r.settlement_id) for r in recent] == [
        ("A", "1"), ("A", "2"), ("B", "1"), ("C", "1"),
    ]  # fmt: skip
    assert receivables.settled_since(db, "2026-12-01") == recent  # all of these still stand
    assert {r.settlement_id for r in receivables.settled_orders(db, {"A", "Z"})} == {"1", "2"}


def test_a_name_is_found_in_whatever_letters(db: Database, clock: ManualClock) -> None:
    receivables.plan(db, replace(a_receipt("r9", clock), content={"Name": "Zoë Święty"}))
    receivables.plan(db, replace(a_receipt("r8", clock), who="ZOË ŚWIĘTY"))
    found = {p.where: p.rows for p in searching.text_places(db, "zoë święty")}
    assert found == {"receipt.content": 1, "receipt.who": 1}


def test_an_old_file_that_is_seen_again_supersedes_nothing(
    db: Database, clock: ManualClock
) -> None:
    old = SeenFile("a" * 64, "28", clock.now(), "file", "a.txt", "consistent", {"currency": "USD"})
    new = replace(old, sha256="b" * 64, seen_at=clock.now() + timedelta(days=1))
    assert settlements.seen(db, old, "superseded")
    assert settlements.seen(db, new, "superseded")
    assert not settlements.seen(db, old, "superseded")
    assert not settlements.seen(db, new, "superseded")
    states = {f.sha256[0]: f.state for f in settlements.files(db, "28")}
    assert states == {"a": "superseded", "b": "consistent"}


def test_a_batch_is_planned_once_and_marked(db: Database, clock: ManualClock) -> None:
    row = Posting("28/2026-06/r1", "28", 1, "2026-06", "d", "planned", "", "", clock.now(), "anna",
                  "proof", {"PostingDate": "2026-06-30"})  # fmt: skip
    settlements.plan(db, [row])
    settlements.plan(db, [row])
    settlements.mark(db, row.ref, "posted", batch_number="GL-1")
    (found,) = settlements.postings(db, "28")
    assert (found.state, found.batch_number) == ("posted", "GL-1")
    settlements.mark(db, row.ref, "reversed", reversed_by="GL-2")
    assert settlements.newest_revision(settlements.postings(db))[0].reversed_by == "GL-2"


def test_a_statement_that_is_read_again_brings_nothing_new(
    db: Database, clock: ManualClock
) -> None:
    rows = [BankEntry(f"e{n}", "1", "2026-07-02", 5000, "USD", "AMAZON", "", "a.ofx", clock.now())
            for n in range(3)]  # fmt: skip
    assert deposits.keep(db, rows[:2]) == 2
    assert deposits.keep(db, rows) == 1
    pays = Deposit("e1", "28", "amount", "anna", clock.now())
    deposits.match(db, [pays])
    deposits.match(db, [pays])
    assert deposits.deposits(db) == [pays]
    assert (deposits.release(db, "e1"), deposits.release(db, "e1")) == (1, 0)


def test_fingerprints_of_customers_follow_the_newest_version(db: Database) -> None:
    customers.remember(db, "C1", [("tax", "m1"), ("company", "m2")], 5)
    customers.remember(db, "C1", [("tax", "m9")], 4)  # older news
    assert customers.carrying(db, [("tax", "m1")]) == {"tax": {"C1"}}
    customers.remember(db, "C1", [("tax", "m9")], 6)
    assert customers.carrying(db, [("tax", "m1"), ("tax", "m9")]) == {"tax": {"C1"}}
    assert customers.carrying(db, [("tax", "m1")]) == {"tax": set()}
    customers.forget(db, "C1")
    assert customers.count(db) == 0


def test_what_was_told_stays_when_something_else_is_told(db: Database, clock: ManualClock) -> None:
    now, later = clock.now(), clock.now() + timedelta(seconds=20)
    first = Publication("TIP", 1, 5, SENT, 1, False, "sub-1", now)
    publications.keep(db, first)
    again = replace(first, attempts=2, sent_at=later)
    publications.keep(db, again)  # written once more: the first time counts
    publications.keep(db, replace(again, state=SEEN, seen_at=later))
    publications.keep(db, replace(first, state=DRIFT, sent_at=later, seen_at=None))
    publications.keep(db, replace(first, generation=2, quantity=3, sent_at=later))
    live = Publication("ROD", 1, 4, SEEN, seen_at=now)  # nobody had to write it
    publications.keep(db, live)
    publications.keep(db, replace(live, state=DRIFT, sent_at=later, seen_at=None))
    assert [(t.sent_at, t.seen_at) for t in oversells.told_of(db, ["ROD"])["ROD"]] == [(None, now)]
    told = oversells.told_of(db, ["TIP", "NONE"])
    assert told["NONE"] == []
    assert [(t.quantity, t.sent_at, t.seen_at) for t in told["TIP"]] == [
        (5, now, later), (3, later, None)
    ]  # fmt: skip


def test_shelves_and_short_lines_are_kept_once_and_forgotten_by_age(
    db: Database, clock: ManualClock
) -> None:
    now, old = clock.now(), clock.now() - timedelta(days=50)
    nothing, five = Decimal(0), Decimal("5.5")
    shelves = [
        oversells.SeenShelf("ROD", "BIL", n, five, nothing, nothing, now, None, seen)
        for n, seen in ((1, old), (2, old), (3, now))
    ]
    oversells.saw(db, shelves)
    oversells.saw(db, [replace(shelves[2], on_hand=nothing, seen_at=old)])
    assert oversells.shelves(db, ["ROD"]) == shelves
    row = oversells.Shortage(
        "SO-1", 1, "111-1", "item", "TIP", "ROD", "EA", Decimal(2), now, now, now
    )
    oversells.note_short(db, [row, replace(row, short=Decimal(3), noted_at=old), row])
    assert oversells.shortages(db, now) == [replace(row, short=Decimal(3))]
    came = oversells.Arrival("111-1", "item", "TIP", 2, old, old)
    oversells.arrived(db, [came, replace(came, order_item="two", known_at=now)])
    oversells.arrived(db, [replace(came, known_at=now)])
    assert [a.known_at for a in oversells.arrivals(db, ["TIP"], old)] == [old, now]
    publications.keep(db, Publication("TIP", 1, 5, SEEN, sent_at=old, seen_at=old))
    publications.keep(db, Publication("TIP", 2, 4, SEEN, sent_at=old, seen_at=old))
    oversells.prune(db, now - timedelta(days=45))
    assert [s.version for s in oversells.shelves(db, ["ROD"])] == [3]
    assert len(oversells.arrivals(db, ["TIP"], old)) == 1
    assert [t.generation for t in oversells.told_of(db, ["TIP"])["TIP"]] == [2]  # the last one
    oversells.prune(db, now + timedelta(days=1))
    assert [s.version for s in oversells.shelves(db, ["ROD"])] == [3]
    assert oversells.shortages(db, now) == []
