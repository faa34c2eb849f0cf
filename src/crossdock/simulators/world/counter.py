"""What TIMS's people sell without Amazon: over the counter and by telephone, of scarce items. It is
noted here when units left, so that an oversell can be judged.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.simulators.world.world import World

OVER_THE_COUNTER, BY_TELEPHONE, BY_COUNT = "over the counter", "by telephone", "by a count"
_LOW, _MOST_RECEIVED = 3, 15


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that left a shelf without an order of Amazon's."""

    at: datetime
    item: str
    units: Decimal
    how: str


@dataclass(slots=True)
class Counter:
    """The shop in front of the warehouse."""

    world: "World"
    taken: list[Taken] = field(default_factory=list)

    def open(self, sales: int, span: float, seed: str) -> list[tuple[float, int]]:
        """Scarce items lie in one place only, a few of each; when somebody will want some."""
        dice = random.Random(f"{seed}/counter")
        for item in self._items():
            for n, place in enumerate(self.world.goods.places):
                units = dice.randint(_LOW, _MOST_RECEIVED) if n == 0 else 0
                self.world.tims.set_stock(item, place.location_id, units)
        return [(dice.uniform(0, span), dice.randrange(2**32)) for _ in range(sales)]

    def serve(self, number: int) -> None:
        """Somebody wants some; where little is left, goods come in instead."""
        dice, world = random.Random(number), self.world
        item, place = dice.choice(self._items()), world.goods.places[0].location_id
        free = int(world.tims.available(item, place))
        if free < _LOW:
            more = dice.randint(_LOW, _MOST_RECEIVED)
            world.tims.set_stock(item, place, world.tims.on_hand(item, place) + more)
            return
        units, how = dice.randint(1, free), dice.choice((OVER_THE_COUNTER, BY_TELEPHONE, BY_COUNT))
        if how == OVER_THE_COUNTER:
            world.tims.sell(item, place, units)
        elif how == BY_TELEPHONE:
            world.tims.take_order(world.goods.shops[0].customer_code, item, place, units)
        else:
            world.tims.set_stock(item, place, world.tims.on_hand(item, place) - units)
        self.taken.append(Taken(world.clock.now(), item, Decimal(units), how))

    def _items(self) -> list[str]:
        most = self.world.scenario.favourites or None
        wanted = {s.product.item for usual in self.world.goods.usual for s in usual[:most]}
        scarce = (p for p in self.world.goods.products if p.scarce and p.active)
        return [p.item for p in scarce if p.item in wanted]
