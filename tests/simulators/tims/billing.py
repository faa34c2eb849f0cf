"""Orders that TIMS has shipped and billed."""

from typing import Any

from crossdock.simulators.tims import Package, TimsSim
from tests.simulators.tims.conftest import Caller, a_line, an_order

US = "AMAZON:ATVPDKIKX0DER"


def shipped(sim: TimsSim, ref: str, amount: str, *, system: str = US, **more: Any) -> str:
    """The number of an order of one item at that price, which has left the building."""
    sim.set_stock("WLD-1", "MAIN", 100)
    line = a_line("WLD-1", "1", UnitPrice=amount)
    body = an_order(ref, line, **{"ExternalSystem": system, **more})
    answer = Caller(sim).create("/sales_orders", body, f"order-{system}-{ref}")
    assert answer.status == 201, answer.body
    number = str(answer["OrderNumber"])
    if sim.orders[number].status == "Entered":
        sim.release(number)
    sim.pick(number)
    sim.ship(number, [Package("UPS", "UPS", "GROUND", "1Z999AA10123456784", {1: 1})])
    return number


def billed(sim: TimsSim, ref: str, amount: str, *, system: str = US, **more: Any) -> str:
    """The number of its invoice."""
    number = shipped(sim, ref, amount, system=system, **more)
    sim.invoice(number)
    return next(i.number for i in sim.receivables.invoices if i.order_number == number)
