"""TIMS counts less than nothing on a shelf: it is named, and everything else is published."""

from decimal import Decimal

import pytest

from crossdock.engine.store import oversells
from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.shortages import remember_shelves
from crossdock.wiring.stock_negative import negative_feed
from tests.wiring.stock_shop import Shop


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    found.desk.saw = remember_shelves(lambda: found.db, found.clock.now)
    yield found
    found.db.close()


def test_a_shelf_below_zero_is_a_case_until_it_is_counted(shop):
    look = negative_feed(lambda: shop.db).read
    shop.tims.add_location("EAST")
    shop.tims.set_stock("WLD-1", "EAST", 7)
    before = shop.offered("ROD", "TIP")
    assert look(None).changes == []
    shop.tims.misbook("WLD-1", "MAIN", Decimal(-3))
    assert shop.offered("ROD", "TIP") == [7 - 2, before[1]]  # EAST is not made smaller by MAIN
    with pytest.raises(NeedsPerson) as caught:
        look(None)
    assert (caught.value.kind, caught.value.about) == ("stock-negative", "item WLD-1 at MAIN")
    assert "-3 of WLD-1 at MAIN" in caught.value.message
    assert caught.value.evidence["count"] == 1
    shop.tims.set_stock("WLD-1", "MAIN", 4)
    shop.offered("ROD")
    assert look(None).changes == []


def test_either_store_finds_the_last_state_of_a_shelf(db, clock):
    now = clock.now()

    def state(item, version, on_hand):
        zero = Decimal(0)
        return oversells.SeenShelf(
            item, "MAIN", version, Decimal(on_hand), zero, zero, now, None, now
        )

    oversells.saw(db, [state("B", 1, "-1.5"), state("A", 1, "-2"), state("A", 2, "3"),
                       state("C", 1, "0"), state("C", 2, "-4")])  # fmt: skip
    assert [(s.item, s.on_hand) for s in oversells.negative(db)] == [
        ("B", Decimal("-1.5")), ("C", Decimal(-4)),
    ]  # fmt: skip
