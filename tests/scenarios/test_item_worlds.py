"""While staff edit items in TIMS (blocked, other units, other parts of a kit, another class), Amazon
shows minutes later what a process that starts now would make of it, whichever worker heard of it.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.kernel.errors import RunError
from crossdock.simulators.tims.items import Item
from crossdock.simulators.world.pricebook import LISTS
from tests.scenarios.rehearsal import Rehearsal, seeded
from tests.scenarios.test_stock_worlds import a_world as a_stock_world
from tests.scenarios.test_stock_worlds import live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SOON = timedelta(minutes=5)  # a feed of half a minute, twice as long until it shows, and a look
PRICES = """\
version: 1
publish: on
lists: {%s: %s}
rules:
  - {skus: ["*"], classes: [gas], price: list, add: 50 %%}
  - {skus: ["*"], price: list}
"""
KITS = {"KIT-A": (0, 1), "KIT-B": (1, 2)}  # of so many items of the trade


def a_world(folder: Path, seed: int) -> Rehearsal:
    """Stock and prices follow; some SKUs are boxes, some are kits. Two workers."""
    world = a_stock_world(folder, seed, [], workers=2)
    goods, tims, amazon = world.world.goods, world.world.tims, world.world.amazon
    shop = goods.shops[0]
    names = [p.item for p in goods.products if p.active]
    rows = []
    for name, parts in KITS.items():
        tims.add_item(name, kit={names[n]: n + 1 for n in parts}, list_price=Decimal(90))
        rows.append(f"{name},{name},EA,1")
    for item in names[3:6]:
        tims.set_uoms(item, {"EA": 1, "BX": 10})
        rows.append(f"{item}-BX,{item},BX,1")
    table = folder / "lookups" / "skus.csv"
    table.write_text(table.read_text("utf-8").rstrip() + "\n" + "\n".join(rows) + "\n", "utf-8")
    for row in rows:
        amazon.listings.offer(row.partition(",")[0], 1, prices={shop.marketplace_id: Decimal(1)})
    (folder / "prices.yaml").write_text(
        PRICES % (shop.marketplace_id, LISTS[shop.currency]), "utf-8"
    )
    world.restart()  # the TIMS client asks for prices from now on
    return world


def edits(world: Rehearsal, dice: random.Random) -> Callable[[], str]:
    """What staff do to an item; each gives words for it."""
    tims = world.world.tims
    sold = sorted({row.cells["item"] for row in world.house.stock.skus().rows.values()})

    def touched(item: Item) -> None:
        tims.describe_item(item.item_number)

    def block(item: Item) -> None:
        (tims.deactivate_item if item.is_active else tims.reactivate_item)(item.item_number)

    def box(item: Item) -> None:
        if "BX" in item.uoms:
            tims.set_uoms(item.item_number, {"EA": 1, "BX": dice.randint(2, 12)})

    def rebuild(item: Item) -> None:
        if item.kit:
            item.kit = {dice.choice(sold[3:]): Decimal(dice.randint(1, 3))}
            touched(item)

    def move(item: Item) -> None:
        item.item_class = dice.choice(["hardgood", "gas"])
        touched(item)

    def edit() -> str:
        what, name = dice.choice([block, box, rebuild, move]), dice.choice(sold)
        if what in (box, rebuild):
            name = dice.choice([n for n in sold if tims.items[n].kit or "BX" in tims.items[n].uoms])
        what(tims.items[name])
        return f"{what.__name__} {name}"

    return edit


def wrong(world: Rehearsal) -> dict[str, Any]:
    """SKUs for which Amazon shows something else than a new process would publish."""
    new, now = world._open(), world.clock.now()
    amazon, shop = world.world.amazon, world.world.goods.shops[0].marketplace_id
    waiting = {c["key"] for c in world.open_cases()}
    found: dict[str, Any] = {}
    skus = sorted(new.stock.skus().rows)
    for sku, offer in zip(skus, new.stock.offers(skus), strict=True):
        if isinstance(offer, RunError) or sku in waiting:
            continue
        if (shown := live(world, sku)) != offer.quantity:
            found[sku] = (shown, offer.quantity)
    keys = new.prices.every_key()
    for key, asked in zip(keys, new.prices.offers(keys), strict=True):
        sku = key.rpartition(":")[2]
        if isinstance(asked, RunError) or key in waiting:
            continue
        paid = amazon.listings.now(amazon.sellers[0].seller_id, sku).price(shop, now, "ALL")
        if paid != asked.public.price.amount:
            found[key] = (paid, asked.public.price.amount)
    return found


@pytest.mark.parametrize("seed", seeded(1))
def test_what_staff_make_of_items_is_what_amazon_sells_minutes_later(
    seed: int, tmp_path: Path
) -> None:
    world = a_world(tmp_path, seed)
    world.run(timedelta(hours=1))
    assert wrong(world) == {}
    dice = random.Random(seed)
    edit = edits(world, dice)
    for _ in range(12):
        done = [edit() for _ in range(dice.randint(1, 3))]
        end = world.clock.now() + SOON
        while world.clock.now() < end:
            world.turn()
        assert wrong(world) == {}, done
