"""What a process knows of TIMS's items: everything once, then what changed, whoever heard of it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.item_models import CatalogueItem
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.itembook import WHOLE_EVERY, Heard, ItemBook
from tests.connectors.amazon.conftest import NOW
from tests.connectors.tims.simulated import InProcess, a_tims, account_of

FRESH = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@dataclass
class Listening(InProcess):
    """Writes down what was asked of TIMS."""

    asked: list = field(default_factory=list)

    def send(self, request):
        self.asked.append(request.url.partition("/v1")[2].partition("limit")[0])
        return super().send(request)


class Books:
    """A TIMS, and how far its change feed was read."""

    def __init__(self, *, limits=False):
        self.clock, self.news = ManualClock(NOW), Heard()
        self.tims = a_tims(self.clock, limits=limits)
        self.site = Listening(self.tims.api)

    def a_book(self, model=StockItem):
        client = TimsClient(account_of(self.tims), self.site, self.clock)
        return ItemBook(client, model, self.clock.now, FRESH, lambda: self.news)

    def asked(self):
        """How many requests since it was asked last, the one for a token left out."""
        found = [one for one in self.site.asked if "token" not in one]
        self.site.asked.clear()
        return len(found)

    def truth(self):
        return {
            item.item_number: (item.status, item.is_active, dict(item.uoms), dict(item.kit))
            for item in self.tims.items.values()
        }


def said(items):
    return {
        name: (x.Status, x.IsActive, {u.Uom: u.ConversionToBase for u in x.Uoms},
               {k.ItemNumber: k.Qty for k in x.KitComponents})
        for name, x in items.items()
    }  # fmt: skip


@pytest.fixture
def books():
    return Books()


def test_everything_is_read_once_and_then_what_changed(books):
    for n in range(900):
        books.tims.add_item(f"MORE-{n}")
    book = books.a_book()
    first = book.known()
    assert books.asked() >= 5
    assert book.known() is first
    assert books.asked() == 0
    books.tims.deactivate_item("MORE-7")
    book.changed()
    assert book.known()["MORE-7"].Status == "blocked"
    assert books.asked() == 1
    assert said(book.known()) == books.truth()


def test_who_works_on_what_another_worker_found_knows_it_too(books):
    here = books.a_book()
    assert here.known()["WLD-2"].IsActive
    books.tims.deactivate_item("WLD-2")
    books.clock.advance(SECOND)
    assert here.known()["WLD-2"].IsActive  # nobody has heard of it
    books.news = Heard("4711")  # another worker has, and a SKU waits for whoever is free
    assert not here.known()["WLD-2"].IsActive


def test_where_nobody_listens_they_are_some_minutes_old_at_most(books):
    book = books.a_book()
    book.known()
    books.asked()
    books.tims.deactivate_item("WLD-2")
    books.clock.advance(FRESH + SECOND)
    assert not book.known()["WLD-2"].IsActive
    books.clock.advance(FRESH + SECOND)
    book.known()
    assert books.asked() == 2


def test_a_number_that_tims_has_no_more_is_gone(books):
    book = books.a_book()
    book.known()
    other = books.a_book()
    other.known()
    books.tims.renumber_item("WLD-2", "WLD-2B")
    book.changed({"WLD-2"})  # by who read the change
    assert book.known().keys() == {"WLD-1", "WLD-2B"}
    books.news = Heard("9", gone="9")
    assert other.known().keys() == book.known().keys() == {"WLD-1", "WLD-2B"}


def test_what_no_change_told_of_is_found_within_the_hour(books):
    book = books.a_book()
    book.known()
    del books.tims._office.items.table.rows["WLD-2"]
    books.clock.advance(WHOLE_EVERY + SECOND)
    assert book.known().keys() == {"WLD-1"}


def test_a_change_that_says_nothing_new_is_the_same_object(books):
    book = books.a_book()
    before = book.known()
    books.tims.describe_item("WLD-2", Description="Another word for it")
    book.changed()
    assert book.known() is before


@pytest.mark.parametrize("model", [StockItem, CatalogueItem])
def test_more_items_than_requests_may_go_at_once_are_read_in_several_tries(model):
    books = Books(limits=True)
    for n in range(7000):
        books.tims.add_item(f"MORE-{n}")
    book, tries = books.a_book(model), 0
    while True:
        try:
            found = book.known()
            break
        except TryAgain as error:
            tries += 1
            assert tries < 100
            books.clock.advance(error.after or SECOND)
    assert len(found) == 7002
    assert tries


def test_what_changes_while_all_are_read_is_there_at_the_end():
    books = Books(limits=True)
    for n in range(7000):
        books.tims.add_item(f"MORE-{n}")
    book = books.a_book()
    with pytest.raises(TryAgain):
        book.known()
    books.tims.deactivate_item("MORE-0")  # its page was read
    book.changed()
    while True:
        try:
            assert book.known()["MORE-0"].Status == "blocked"
            break
        except TryAgain as error:
            books.clock.advance(error.after or SECOND)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "block", "open", "units", "kit", "renumber", "look", "later"]),
        st.integers(0, 5),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_whatever_happens_to_items_a_look_knows_what_a_new_process_would(steps):
    books = Books()
    book, gone = books.a_book(), set()
    for number, (what, n) in enumerate(steps):
        known = sorted(books.tims.items)
        name = known[n % len(known)]
        if what == "add":
            books.tims.add_item(f"NEW-{number}")
        elif what == "block":
            books.tims.deactivate_item(name)
        elif what == "open":
            books.tims.reactivate_item(name)
        elif what == "units":
            books.tims.set_uoms(name, {"EA": 1, "CS": 2 + n})
        elif what == "kit":
            books.tims.add_item(f"KIT-{number}", kit={name: 1 + n})
        elif what == "renumber":
            books.tims.renumber_item(name, f"{name[:10]}-{number}")
            gone.add(name)
        elif what == "later":
            books.clock.advance(FRESH * 4)
        else:
            book.changed(gone - books.tims.items.keys())
            assert said(book.known()) == books.truth()
    book.changed(gone - books.tims.items.keys())
    assert said(book.known()) == books.truth()
