"""What a flow can do with orders: values to values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from crossdock.business.orders import decisions, rules
from crossdock.business.orders.changes import revise
from crossdock.business.orders.model import (
    Action,
    Change,
    Draft,
    HeldStock,
    Hold,
    Order,
    Plan,
    Terms,
    TimsOrder,
)
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.operation import Operation, Repeat, table


def ask(order: Order, plan: Plan) -> Plan:
    """Open the case that the plan asks for; hand the plan on when it asks nothing."""
    if plan.question is None:
        return plan
    raise NeedsPerson(
        plan.question.message,
        kind=plan.question.kind,
        remedy=plan.question.remedy,
        about=f"Amazon order {order.order_id}",
        evidence=plan.question.evidence,
    )


def review(
    order: Order, terms: Terms, plan: Plan, wanted: Draft | None, made: TimsOrder | None
) -> Plan:
    """The plan, or what is still to be done when the sales order was there already.

    A create that adopts an earlier sales order (a reply was lost, a link was never written) may
    find it older than the order, or cancelled.
    """
    if plan.action is not Action.CREATE or made is None:
        return plan
    follow = decisions.decide_again(order, terms, plan, wanted, made)
    if follow.action is Action.NOTHING and follow.applied is not None:
        return replace(plan, release=follow.release)
    return follow


def known(one: TimsOrder | None, other: TimsOrder | None) -> TimsOrder | None:
    """The sales order, whichever way it was found."""
    return other if one is None else one


def booked_on(draft: Draft, customer_code: str | None) -> Draft:
    """The draft on that customer; on the marketplace's own when none is named."""
    return draft if customer_code is None else replace(draft, customer_code=customer_code)


def tied(draft: Draft, made: TimsOrder) -> TimsOrder:
    """TIMS's own total is the one that was proven; NeedsPerson when TIMS came to another."""
    if made.total is None or made.total == draft.total:
        return made
    raise NeedsPerson(
        f"sales order {made.number} comes to {made.total} in TIMS, it should be {draft.total}",
        kind="total-does-not-tie",
        remedy=f"Compare sales order {made.number} with the Amazon order and correct it in TIMS.",
        about=f"Amazon order {draft.order_id}",
    )


OPERATIONS: Final[Mapping[str, Operation]] = table(
    Operation(
        "orders.decide",
        takes=(Order, Terms, str | None, str | None, TimsOrder | None),
        gives=Plan,
        repeat=Repeat.PURE,
        run=decisions.decide,
        about="What is to be done in TIMS about an Amazon order, as both stand now.",
    ),
    Operation(
        "orders.known",
        takes=(TimsOrder | None, TimsOrder | None),
        gives=TimsOrder | None,
        repeat=Repeat.PURE,
        run=known,
        about="The sales order, whichever way it was found.",
    ),
    Operation(
        "orders.check",
        takes=(Order, Terms),
        gives=Draft,
        repeat=Repeat.PURE,
        run=rules.draft,
        about="The sales order, proven to come to Amazon's total; else one case with all findings.",
    ),
    Operation(
        "orders.booked_on",
        takes=(Draft, str | None),
        gives=Draft,
        repeat=Repeat.PURE,
        run=booked_on,
        about="The sales order on the buyer's own customer, where there is one.",
    ),
    Operation(
        "orders.hold",
        takes=(Order, Terms),
        gives=Hold,
        repeat=Repeat.PURE,
        run=rules.hold,
        about="The stock to keep for an order whose payment is not certain.",
    ),
    Operation(
        "orders.revise",
        takes=(Order, Terms, TimsOrder),
        gives=Change,
        repeat=Repeat.PURE,
        run=revise,
        about="What an existing sales order has to say differently.",
    ),
    Operation(
        "orders.review",
        takes=(Order, Terms, Plan, Draft | None, TimsOrder | None),
        gives=Plan,
        repeat=Repeat.PURE,
        run=review,
        about="What is still to be done when the sales order was in TIMS already.",
    ),
    Operation(
        "orders.held_stock",
        takes=(Order, Plan, str | None, TimsOrder | None),
        gives=HeldStock,
        repeat=Repeat.PURE,
        run=decisions.held_stock,
        about="Whether held stock goes over to the sales order, is let go, or stays.",
    ),
    Operation(
        "orders.tied",
        takes=(Draft, TimsOrder),
        gives=TimsOrder,
        repeat=Repeat.PURE,
        run=tied,
        about="Compares TIMS's own total with the proven one.",
    ),
    Operation(
        "orders.ask",
        takes=(Order, Plan),
        gives=Plan,
        repeat=Repeat.PURE,
        run=ask,
        about="Opens the case that a plan asks for.",
    ),
)
