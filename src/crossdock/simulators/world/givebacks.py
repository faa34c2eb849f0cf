"""Buyers give back what was shipped: refunds in whole or in part, and claims."""

import random
from decimal import Decimal

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.settlements import CHARGEBACK, CLAIM, REFUND
from crossdock.simulators.world.scenario import Scenario


def give_back(amazon: AmazonSim, scenario: Scenario, seed: str, seen: set[str]) -> None:
    """Each shipped order once, by dice that depend on the order alone."""
    for order in amazon.orders.values():
        if order.status != "SHIPPED" or order.order_id in seen:
            continue
        seen.add(order.order_id)
        dice = random.Random(f"{seed}/back/{order.order_id}")
        point = dice.random()
        if point < scenario.refunds:
            part = dice.choice((Decimal(1), Decimal(1), Decimal("0.4")))
            amazon.settlements.give_back(order, part, REFUND)
        elif point < scenario.refunds + scenario.claims:
            kind = dice.choice((CLAIM, CHARGEBACK))
            lost = amazon.settlements.give_back(order, Decimal(1), kind)
            if dice.random() < 0.5:
                amazon.settlements.make_good(order, lost)
