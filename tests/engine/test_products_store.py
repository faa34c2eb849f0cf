"""Receipts of listings and schemas of product types, on either store."""

from dataclasses import replace
from datetime import timedelta

from crossdock.engine.store import Database, producttypes, submissions
from crossdock.engine.store.producttypes import StoredSchema
from crossdock.engine.store.submissions import OFF, SEEN, SENT, Submission
from crossdock.kernel.clock import ManualClock

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"


def test_a_receipt_is_kept_and_an_older_generation_changes_nothing(
    db: Database, clock: ManualClock
) -> None:
    sent = Submission("A", US, 2, "hash", SENT, 1, "s-1", "B1", "TOOL", sent_at=clock.now())
    submissions.keep(db, sent, first=True)
    submissions.keep(db, replace(sent, generation=1, content="older"), first=True)
    assert submissions.of(db, "A", US, first=True) == sent
    seen = replace(sent, state=SEEN, seen_at=clock.now() + timedelta(seconds=60))
    submissions.keep(db, seen, first=True)
    assert submissions.every(db, US) == {(US, "A"): seen}
    assert seen.took == timedelta(seconds=60)
    assert (sent.took, submissions.of(db, "B", US, first=True)) == (None, None)


def test_a_receipt_keeps_the_names_of_what_was_written(db: Database) -> None:
    names = frozenset({"item_name", "other_product_image_locator_1"})
    row = Submission("A", US, 1, "x", SENT, names=names)
    submissions.keep(db, row, first=True)
    assert submissions.of(db, "A", US, first=True) == row
    submissions.keep(db, replace(row, names=frozenset()), first=True)
    assert submissions.every(db, US)[US, "A"].names == frozenset()


def test_what_is_withheld_is_known_with_its_reason_and_when_it_turned(
    db: Database, clock: ManualClock
) -> None:
    began = clock.now()
    submissions.keep(
        db, Submission("A", US, 1, "", OFF, changed_at=began, why="gas", withheld=True), first=True
    )
    submissions.keep(db, Submission("B", US, 1, "x", SEEN), first=True)
    assert submissions.withheld(db) == {"A": "gas"}
    assert submissions.turned(db, None) == [("A", began)]
    assert submissions.turned(db, began) == []
    clock.advance(timedelta(minutes=1))
    submissions.keep(db, Submission("A", US, 2, "y", SEEN, changed_at=clock.now()), first=True)
    assert submissions.withheld(db) == {}
    assert submissions.turned(db, began) == [("A", clock.now())]


def test_a_schema_is_kept_in_place_of_the_older_one(db: Database, clock: ManualClock) -> None:
    first = StoredSchema("T", "LISTING", "US", "sum", "1", "{}", clock.now())
    producttypes.keep(db, first)
    newer = replace(first, checksum="other", content='{"ä": 1}')
    producttypes.keep(db, newer)
    assert producttypes.find(db, "T", "LISTING", "US") == newer
    assert producttypes.find(db, "T", "LISTING_OFFER_ONLY", "US") is None


def test_each_marketplace_has_a_receipt_of_its_own_and_a_sku_is_let_go_in_all(
    db: Database, clock: ManualClock
) -> None:
    for shop, first in ((US, True), (CA, False)):
        held = Submission("A", shop, 1, "x", OFF, changed_at=clock.now(), why="w", withheld=first)
        submissions.keep(db, held, first=first)
    submissions.keep(db, Submission("A", CA, 2, "y", SEEN), first=False)
    told = submissions.every(db, US)
    assert [told[shop, "A"].content for shop in (US, CA)] == ["x", "y"]
    assert submissions.turned(db, None) == [("A", clock.now())]
    clock.advance(timedelta(minutes=1))
    submissions.let_go(db, "A", clock.now())
    assert submissions.withheld(db) == {}
    assert submissions.turned(db, None) == [("A", clock.now())]


def test_a_row_of_no_marketplace_is_the_first_ones_until_it_is_written_again(
    db: Database, clock: ManualClock
) -> None:
    old = Submission("A", "", 4, "x", SEEN)
    submissions.keep(db, old, first=True)
    assert submissions.every(db, US) == {(US, "A"): replace(old, marketplace_id=US)}
    assert submissions.of(db, "A", CA, first=False) is None
    submissions.keep(db, Submission("A", US, 3, "older", SEEN), first=True)
    assert submissions.of(db, "A", US, first=True) == replace(old, marketplace_id=US)
    submissions.keep(db, Submission("A", US, 5, "newer", SEEN), first=True)
    assert [row.content for row in submissions.every(db, CA).values()] == ["newer"]
    assert submissions.of(db, "A", CA, first=True) is None
