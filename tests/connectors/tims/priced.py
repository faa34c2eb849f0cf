"""A simulated TIMS that has prices, and a client that asks for them."""

from dataclasses import replace
from decimal import Decimal

from crossdock.connectors.tims import price_models as m
from crossdock.connectors.tims.client import TimsClient
from tests.connectors.tims.simulated import InProcess, a_tims, account_of


def a_client(sim, clock, *, costs=False, **changes):
    """Reads prices, and costs where it is told to."""
    account = replace(account_of(sim).reading_prices(costs=costs), **changes)
    return TimsClient(account, InProcess(sim.api), clock)


def a_priced_tims(clock):
    """WLD-1 with everything a price can have, WLD-2 with a price in ten-thousandths."""
    sim = a_tims(clock, limits=False)
    sim.set_price(
        "WLD-1", "64.50", "45.00", cost="40.125", map_price="59.99",
        breaks={50: "58.00", 10: "61.00"},
        classes={"RETAIL": "64.50", "INDUSTRIAL": "57.00"},
        class_breaks={"INDUSTRIAL": {20: "55.00"}},
    )  # fmt: skip
    sim.set_price("WLD-2", "0.0499")
    return sim


def a_query(*items, **more):
    """Twenty-five of each."""
    lines = tuple(m.PriceQueryLine(ItemNumber=x, Qty=Decimal(25)) for x in items or ("WLD-1",))
    return m.PriceQuery(CustomerCode="AMZ-US", Lines=lines, **more)
