"""A world's prices: in every currency, above cost, the same for the same seed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.simulators.clock import HandClock
from crossdock.simulators.tims import TimsSim
from crossdock.simulators.world.catalogue import catalogue
from crossdock.simulators.world.pricebook import CONTRACT_CUSTOMER, stock_prices


@pytest.fixture
def clock() -> HandClock:  # type: ignore[override]
    return HandClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))


def a_world_of_prices(clock, seed):
    sim, goods = TimsSim(clock, seed), catalogue(seed)
    for product in goods.products:
        sim.add_item(product.item)
    stock_prices(sim, goods, seed)
    return sim, goods


def test_every_item_of_a_world_has_a_price_in_every_currency_above_its_cost(clock):
    sim, goods = a_world_of_prices(clock, 3)
    assert len(sim.prices) == len(goods.products) * len(goods.shops)
    assert {x.currency for x in sim.price_lists.values()} == {"USD", "CAD", "MXN"}
    for entry_ in sim.prices.values():
        lowest = min(x.unit_price for x in entry_.class_prices)
        assert 0 < entry_.cost < entry_.floor_price < lowest <= entry_.list_price
        assert {x.price_class for x in entry_.class_prices} == {"RETAIL", "INDUSTRIAL"}
    with_map = [x for x in sim.prices.values() if x.map_price is not None]
    with_breaks = [x for x in sim.prices.values() if x.breaks]
    assert 0 < len(with_map) < len(sim.prices)
    assert 0 < len(with_breaks) < len(sim.prices)
    assert {x.customer_code for x in sim.contract_prices.values()} == {CONTRACT_CUSTOMER}
    assert all(goods_price(goods, x) > x.unit_price for x in sim.contract_prices.values())


def goods_price(goods, promised):
    return next(x.price for x in goods.products if x.item == promised.item_number)


def test_the_same_seed_gives_the_same_prices(clock):
    def told(seed):
        return [x.json for x in a_world_of_prices(clock, seed)[0].prices.values()]

    assert told(3) == told(3)
    assert told(3) != told(4)


def test_no_listing_of_a_world_is_sold_below_the_floor(clock):
    for seed in range(5):
        sim, goods = a_world_of_prices(clock, seed)
        for sku in goods.skus:
            floor = sim.prices[f"STANDARD/{sku.product.item}"].floor_price
            assert sku.price / sku.units_per_pack > floor + Decimal("0.01"), sku.sku
