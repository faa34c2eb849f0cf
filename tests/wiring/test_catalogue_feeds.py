"""Whose listing is looked at, when; and how stock hears of what may not be sold."""

import os
from datetime import timedelta

import pytest

from crossdock.business.stock.model import Offer
from crossdock.engine.store import submissions
from crossdock.engine.store.submissions import OFF, SEEN, Submission
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.catalogue_runs import CHECK, FILES, ITEMS, TURNED, catalogue_feeds
from crossdock.wiring.stock_runs import Publisher
from crossdock.wiring.stocking import StockDesk
from tests.connectors.amazon.conftest import US
from tests.wiring.selling import RULES, SKUS, Trade


@pytest.fixture
def trade(tmp_path):
    found = Trade(tmp_path)
    yield found
    found.db.close()


class Feeds:
    """Read as the engine does: from where they were left."""

    def __init__(self, trade, *, stock=True):
        made = catalogue_feeds(trade.desk, lambda: trade.db, lambda: stock)
        self.feeds = {feed.name: feed for feed in made}
        self.marks = {}

    def read(self, name):
        reading = self.feeds[name].read(self.marks.get(name))
        if reading.until is not None:
            self.marks[name] = reading.until
        return [(c.flow, c.key) for c in reading.changes]


def keys(found):
    return [key for _, key in found]


def test_nothing_is_read_while_publishing_is_off(trade):
    trade.write(rules=RULES.replace("publish: on", "publish: off"))
    feeds = Feeds(trade, stock=False)
    assert [feeds.read(name) for name in (ITEMS, FILES, CHECK, TURNED)] == [[], [], [], []]
    assert feeds.marks == {}


def test_a_changed_item_wakes_its_skus_and_the_kits_it_is_in(trade):
    feeds = Feeds(trade)
    while feeds.read(ITEMS):
        pass
    trade.tims.describe_item("SPR-1", Brand="Other")
    assert keys(feeds.read(ITEMS)) == ["KIT", "SPRAY"]
    assert feeds.read(ITEMS) == []


def test_a_mark_of_an_older_version_is_read_on_from(trade):
    feeds = Feeds(trade)
    while feeds.read(ITEMS):
        pass
    feeds.marks[ITEMS] += " 1"
    assert feeds.read(ITEMS) == []


def test_a_file_that_was_only_touched_or_lies_on_another_machine_wakes_nobody(trade):
    feeds = Feeds(trade)
    assert feeds.read(FILES)
    path = trade.folder / "catalogue.yaml"
    os.utime(path, (0, 0))
    assert feeds.read(FILES) == []


def test_a_changed_file_wakes_everything_once(trade):
    feeds = Feeds(trade)
    every = len(SKUS.splitlines()) - 1
    assert len(feeds.read(FILES)) == every
    assert feeds.read(FILES) == []
    for change in ({"rules": RULES + "sds_years: 5\n"}, {"skus": SKUS + "NEW,GLV-1,EA,1\n"},
                   {"table": "row,item\n"}):  # fmt: skip
        trade.write(**change)
        assert len(feeds.read(FILES)) >= every
        assert feeds.read(FILES) == []
    assert len(feeds.read(CHECK)) == every + 1


def test_a_table_that_cannot_be_read_moves_no_watermark(trade):
    trade.write(skus='sku,item\n"broken')
    feeds = Feeds(trade)
    for name in (ITEMS, FILES, CHECK):
        with pytest.raises(TryAgain) as caught:
            feeds.read(name)
        assert "skus.csv" in str(caught.value)
    assert feeds.marks == {}


def test_stock_hears_of_what_was_withheld_and_let_go_even_when_it_is_stored_late(trade):
    feeds = Feeds(trade)
    assert feeds.read(TURNED) == []
    held = Submission(
        "GAS", US, 1, "", OFF, changed_at=trade.clock.now(), why="never", withheld=True
    )
    submissions.keep(trade.db, held, first=True)
    assert feeds.read(TURNED) == [("stock", "GAS")]
    trade.advance(timedelta(minutes=1))
    late = trade.clock.now() - timedelta(seconds=90)
    submissions.keep(trade.db, Submission("LATE", US, 1, "", SEEN, changed_at=late), first=True)
    assert ("stock", "LATE") in feeds.read(TURNED)
    trade.advance(timedelta(minutes=10))
    submissions.keep(
        trade.db, Submission("X", US, 1, "", SEEN, changed_at=trade.clock.now()), first=True
    )
    feeds.read(TURNED)
    assert feeds.read(TURNED) == [("stock", "X")]  # the overlap; again changes nothing


def test_stock_offers_none_of_what_is_withheld_and_says_why(trade):
    (trade.folder / "stock.yaml").write_text(
        "version: 1\npublish: on\nrules:\n  - {skus: ['*'], locations: [MAIN]}\n", "utf-8"
    )
    desk = StockDesk(
        trade.folder, trade.client, trade.clock.now, lambda: submissions.withheld(trade.db)
    )
    trade.tims.set_stock("GLV-1", "MAIN", 9)
    assert [offer.quantity for offer in desk.offers(["GLOVE"])] == [9]
    trade.tims.deactivate_item("GLV-1", "discontinued")
    trade.tims._office.items.table.get("GLV-1").is_active = True  # some sites leave it so
    trade.publish("GLOVE")
    (offer,) = desk.offers(["GLOVE"])
    assert offer.quantity == 0
    assert any("discontinued" in term.value for term in offer.terms)
    publisher = Publisher(trade.account, lambda: trade.db, trade.clock.now, withheld=desk.withheld)
    assert publisher.publish(Offer("GLOVE", 0)).state == "not for sale"  # never listed: no question
