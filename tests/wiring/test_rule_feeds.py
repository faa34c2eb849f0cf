"""A changed rule is looked at within a minute or two, and only for whom it says something else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.feeds import Feed
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.price_runs import FILES as PRICES
from crossdock.wiring.price_runs import ITEMS as PRICE_ITEMS
from crossdock.wiring.price_runs import price_feeds
from crossdock.wiring.pricing import key_of
from crossdock.wiring.stock_runs import FILES as STOCK
from crossdock.wiring.stock_runs import TIMS_ITEMS, stock_feeds
from tests.connectors.amazon.conftest import US
from tests.wiring import price_shop, test_stocking
from tests.wiring.price_shop import CA

RULES = """\
version: 1
publish: on
rules:
  - {skus: [TIP], locations: [MAIN]}
  - {skus: [MASK], locations: [MAIN]}
  - {skus: ["*"], locations: [MAIN]}
"""
SKUS = test_stocking.SKUS + "MASK,WLD-3,EA,1\n"
HEADER = "sku,item,uom,units_per_pack\n"


class Turns:
    """Turns of one feed, as the engine takes them: from where it was left."""

    def __init__(self, feed: Feed) -> None:
        self.feed, self.mark = feed, ""

    def __call__(self) -> list[str]:
        reading = self.feed.read(self.mark or None)
        self.mark = reading.until or self.mark
        return [change.key for change in reading.changes]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Any]:
    found = test_stocking.Shop(tmp_path)
    found.tims.add_item("WLD-3", "Mask")
    found.write(RULES, SKUS)
    yield found
    found.db.close()


@pytest.fixture
def priced(tmp_path: Path) -> Iterator[Any]:
    found = price_shop.Shop(tmp_path)
    yield found
    found.db.close()


def stock_turns(shop: Any) -> Turns:
    return Turns(next(f for f in stock_feeds(shop.desk) if f.name == STOCK))


def price_turns(priced: Any, name: str = PRICES) -> Turns:
    feeds = price_feeds(priced.desk, lambda: priced.db)
    return Turns(next(f for f in feeds if f.name == name))


# --- stock


def test_a_changed_rule_wakes_its_skus_and_a_moved_or_touched_one_nobody(shop: Any) -> None:
    turn = stock_turns(shop)
    assert turn() == ["MASK", "ROD", "ROD-BX", "TIP"]  # nobody knows what was said before
    assert turn() == []
    shop.write(RULES.replace("MASK], locations: [MAIN]", "MASK], locations: [MAIN], buffer: 1"))
    assert turn() == ["MASK"]
    shop.write("# a line more\n" + RULES.replace("[MASK]", "[MASK, CAP]"))
    assert turn() == ["MASK"]  # its buffer is gone; the others only stand elsewhere
    shop.write("# a line more\n" + RULES.replace("[MASK]", "[MASK, CAP]"))
    assert turn() == []
    (shop.folder / "stock.csv").write_text("skus,locations,maximum\nTIP,MAIN,2\n", "utf-8")
    assert turn() == ["TIP"]


def test_a_changed_row_of_skus_wakes_whoever_shares_the_item_too(shop: Any) -> None:
    turn = stock_turns(shop)
    turn()
    shop.write(skus=SKUS.replace("ROD-BX,WLD-1,BX,1", "ROD-BX,WLD-1,BX,2"))
    assert turn() == ["ROD", "ROD-BX"]
    shop.write(skus=SKUS.replace("ROD-BX,WLD-1,BX,1", "ROD-BX,WLD-2,EA,1"))
    assert turn() == ["ROD", "ROD-BX", "TIP"]  # ROD has the rods for itself, TIP shares
    shop.write(skus=SKUS.replace("ROD-BX,WLD-1,BX,1\n", ""))
    assert turn() == ["TIP"]


def test_what_is_said_of_all_wakes_all(shop: Any) -> None:
    turn = stock_turns(shop)
    turn()
    shop.write(RULES.replace("publish: on", "publish: plan"))
    assert len(turn()) == 4
    shop.write(RULES.replace("publish: on", "publish: off"))
    assert turn() == []
    shop.write(RULES)
    assert len(turn()) == 4


def test_a_worker_that_did_not_see_what_was_said_before_wakes_all(shop: Any) -> None:
    first, second = stock_turns(shop), stock_turns(shop)
    first()
    shop.write(RULES.replace("MASK], locations: [MAIN]", "MASK], locations: [MAIN], buffer: 1"))
    second.mark = first.mark
    assert len(second()) == 4


def test_a_file_that_changes_while_it_is_read_loses_nobody(shop: Any) -> None:
    turn = stock_turns(shop)
    turn()
    second = RULES.replace("MASK], locations: [MAIN]", "MASK], locations: [MAIN], buffer: 1")
    real = shop.desk.withheld

    def meanwhile() -> Any:
        shop.desk.withheld = real
        shop.write(second.replace("TIP], locations: [MAIN]", "TIP], locations: [MAIN], buffer: 2"))
        return real()

    shop.desk.withheld = meanwhile
    shop.write(second)
    turn()
    assert "TIP" in turn()
    assert turn() == []


@pytest.mark.parametrize("spoil", [{"rules": "rules: ["}, {"skus": 'sku,item\n"broken'}])
def test_a_file_that_cannot_be_read_moves_no_watermark_and_makes_no_case(
    shop: Any, spoil: dict[str, str]
) -> None:
    turn = stock_turns(shop)
    turn()
    shop.write(**spoil)
    with pytest.raises(TryAgain):
        turn()
    shop.write(RULES, SKUS)
    assert turn() == []


# --- prices


def test_a_changed_price_rule_wakes_its_prices(priced: Any) -> None:
    turn = price_turns(priced)
    every = [key_of(US, sku) for sku in ("ROD", "ROD-BX", "TIP", "TIP-5")]
    assert turn() == every
    assert turn() == []
    priced.write(
        price_shop.RULES.replace('- {skus: ["*"]', '- {skus: [TIP], price: list}\n  - {skus: ["*"]')
    )
    assert turn() == [key_of(US, "TIP")]
    (priced.folder / "prices.csv").write_text("skus,price,add\nROD,list,1.00\n", "utf-8")
    assert turn() == [key_of(US, "ROD")]


LISTS = "STANDARD\n  A2EUQ1WTGCTBG2: CANADA\n"
CHANGES: list[tuple[Callable[[str], str], str]] = [
    (lambda rules: rules.replace("STANDARD\n", LISTS), CA),
    (lambda rules: rules.replace("STANDARD\n", "{list: STANDARD, time_zone: Asia/Tokyo}\n"), US),
]


@pytest.mark.parametrize(("change", "marketplace"), CHANGES)
def test_a_changed_list_wakes_the_prices_of_its_marketplace(
    priced: Any, change: Callable[[str], str], marketplace: str
) -> None:
    turn = price_turns(priced)
    turn()
    priced.write(change(price_shop.RULES))
    assert [key.partition(":")[0] for key in turn()] == [marketplace] * 4


def test_no_price_is_asked_for_where_the_catalogue_keeps_a_sku_out(priced: Any) -> None:
    turn = price_turns(priced)
    priced.desk.kept_out = lambda skus: {(US, sku) for sku in skus if sku != "TIP"}
    assert turn() == [key_of(US, "TIP")]


def test_a_changed_pack_wakes_its_price_and_a_limit_all(priced: Any) -> None:
    turn = price_turns(priced)
    turn()
    skus = price_shop.SKUS.replace("TIP-5,WLD-2,EA,5", "TIP-5,WLD-2,EA,6")
    (priced.folder / "lookups" / "skus.csv").write_text(skus, "utf-8")
    assert turn() == [key_of(US, "TIP-5")]
    priced.write(price_shop.RULES + "limits: {changes: 3}\n")
    assert len(turn()) == 4
    priced.write(price_shop.RULES.replace("publish: on", "publish: off"))
    assert turn() == []
    priced.write("rules: [")
    with pytest.raises(TryAgain):
        turn()


def test_a_number_that_tims_has_no_more_is_told_apart_so_that_every_worker_forgets_it(
    shop: Any,
) -> None:
    turn = Turns(next(f for f in stock_feeds(shop.desk) if f.name == TIMS_ITEMS))
    turn()
    assert "WLD-2" in shop.desk.items()
    shop.tims.renumber_item("WLD-2", "WLD-2B")
    assert turn() == ["TIP"]
    assert "WLD-2" not in shop.desk.items()
    until, gone = turn.mark.split()
    assert until == gone
    shop.tims.describe_item("WLD-1")
    assert turn() == ["ROD", "ROD-BX"]
    assert turn.mark.split()[1] == gone


def test_an_item_whose_units_or_class_change_in_tims_wakes_its_prices(priced: Any) -> None:
    turn = price_turns(priced, PRICE_ITEMS)
    assert len(turn()) == 4
    assert turn() == []
    priced.tims.set_uoms("WLD-1", {"EA": 1, "BX": 20})
    priced.tims.add_item("WLD-9")  # nobody sells it
    assert turn() == [key_of(US, "ROD"), key_of(US, "ROD-BX")]
    assert turn() == []
