"""Whatever the simulated Amazon's habits of writing, the file says the same; a damaged file does not
pass.
"""

import io
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.business.settlements.reader import read
from crossdock.kernel.clock import ManualClock
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.people import Line
from crossdock.simulators.amazon.settlements import CLAIM, REFUND, SettledLine, file_of
from crossdock.simulators.amazon.writing import DAMAGES, written
from tests.simulators.amazon.conftest import ANN

NOW = datetime(2026, 7, 3, 12, tzinfo=UTC)


def settled(seed, currency="USD"):
    """Two settlements of a little world: sales, refunds, a claim, a reserve, a negative close."""
    dice = random.Random(seed)
    sim = AmazonSim(ManualClock(NOW), seed, limits=False)
    for _ in range(2):
        for _ in range(dice.choice((1, 5))):
            line = Line("SKU-1", dice.randint(1, 3), Decimal(dice.randint(100, 9000)) / 100,
                        tax=Decimal(dice.randint(0, 300)) / 100)  # fmt: skip
            order = sim.place_order([line], buyer=ANN, fulfilled_by="AMAZON", pending=False)
            sim.ship_by_amazon(order)
            if dice.random() < 0.4:
                kind = dice.choice((REFUND, CLAIM))
                sim.settlements.give_back(sim.orders[order], Decimal("0.5"), kind)
        sim.clock.advance(timedelta(days=14))
        sim.close_settlements()
    found = sim.settlements.closed[-1]
    if currency == "JPY":
        whole = tuple(replace(x, amount=x.amount.quantize(Decimal(1))) for x in found.lines)
        return replace(found, currency=currency, lines=whole)
    return replace(found, currency=currency)


def plain(reading):
    """Sums by what they mean, whatever the case of their labels."""
    sums = Counter()
    for key, group in reading.groups.items():
        said = tuple(part.casefold() for part in key.triple)
        sums[key._replace(triple=said)] += group.amount
    return sums


@pytest.mark.parametrize("currency", ["USD", "CAD", "EUR", "JPY", "SEK", "MXN"])
@pytest.mark.parametrize("seed", range(12))
def test_every_habit_of_writing_says_the_same(seed, currency):
    settlement = settled(seed, currency)
    clean = read(io.BytesIO(file_of(settlement)))
    assert clean.usable, clean.faults
    assert clean.total == clean.summary.total
    content, charset = written(settlement, random.Random(seed))
    found = read(io.BytesIO(content), charset=charset)
    assert found.usable, found.faults
    assert found.total == found.summary.total == clean.total
    assert plain(found) == plain(clean)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_file_is_never_posted(seed, damage):
    found = read(io.BytesIO(DAMAGES[damage](file_of(settled(seed)))))
    assert not found.usable or found.total != found.summary.total


def test_the_world_writes_what_the_tests_speak_of():
    kinds = {line.kind[0] for seed in range(12) for line in settled(seed).lines}
    assert {"Order", "Refund", "A-to-z Guarantee Refund", "ServiceFee"} <= kinds
    assert any(settled(seed).total < 0 for seed in range(40))
    assert isinstance(settled(1).lines[0], SettledLine)
