"""Around the writes: what is looked at again before and after TIMS was written to."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.business.orders.decisions import decide, held_stock
from crossdock.business.orders.model import Action, Plan
from crossdock.business.orders.operations import ask, review, tied
from crossdock.business.orders.rules import draft, hold
from crossdock.kernel.errors import NeedsPerson
from tests.business.orders.order_builders import HOME, TERMS, a_line, an_order, in_tims

NEW = an_order()


def test_a_fresh_sales_order_needs_no_second_look():
    plan = decide(NEW, TERMS, None, None, None)

    assert review(NEW, TERMS, plan, draft(NEW, TERMS), in_tims(NEW, "Entered")) == plan


def test_an_adopted_sales_order_that_is_older_is_changed_at_once():
    plan = decide(NEW, TERMS, None, None, None)
    older = in_tims(an_order(ship_to=replace(HOME, line1="0 Old Street")), "Entered")
    follow = review(NEW, TERMS, plan, draft(NEW, TERMS), older)

    assert follow.action is Action.CHANGE
    assert follow.release


def test_an_adopted_sales_order_that_staff_cancelled_is_asked():
    plan = decide(NEW, TERMS, None, None, None)
    follow = review(NEW, TERMS, plan, None, in_tims(NEW, "Cancelled"))

    assert follow.question.kind == "cancelled-in-tims"
    with pytest.raises(NeedsPerson) as stopped:
        ask(NEW, follow)
    assert stopped.value.kind == "cancelled-in-tims"
    assert "Seller Central" in stopped.value.remedy


def test_a_total_that_tims_makes_differently_stops_before_it_is_released():
    with pytest.raises(NeedsPerson) as stopped:
        tied(draft(NEW, TERMS), in_tims(NEW, total=Decimal("99.99")))
    assert stopped.value.kind == "total-does-not-tie"


def test_a_pending_order_holds_units_of_the_items_that_are_known():
    order = an_order(
        a_line(quantity=2, units_per_pack=10), a_line(item_id="2", item_number=None),
    )  # fmt: skip
    held = hold(order, TERMS)

    assert [(line.item_number, line.quantity) for line in held.lines] == [("TIMS-1", Decimal(20))]
    assert held.ref == "AMAZON:ATVPDKIKX0DER:112-1234567-1234567"
    assert (held.expires_at - order.last_updated).days == 7


@pytest.mark.parametrize(
    ("state", "status", "then", "expected"),
    [
        ("reserved", None, "reserved", "stays"),
        ("reserved", "Entered", "linked", "hand over"),
        ("reserved", "Held", None, "hand over"),
        ("reserved", "Entered", "cancelled", "let go"),  # a hand-over was cut short before
        ("reserved", None, "cancelled", "let go"),
        ("reserved", "Cancelled", None, "let go"),
        ("reserved", "Shipped", "over", "let go"),
        (None, "Entered", "linked", "hand over"),
        ("linked", "Entered", "linked", "stays"),
        ("cancelled", "Cancelled", "cancelled", "stays"),
    ],
)
def test_held_stock_is_handed_over_or_let_go_whichever_run_began_it(state, status, then, expected):
    changed = replace(NEW, last_updated=NEW.placed_at + timedelta(minutes=1))
    plan = Plan(Action.NOTHING, ("any",), "f" * 32, state=then)
    standing = in_tims(NEW, status) if status else None

    assert held_stock(changed, plan, state, standing) == expected


def test_an_order_that_never_changed_was_never_pending():
    fresh = replace(NEW, last_updated=NEW.placed_at)
    plan = Plan(Action.CREATE, ("new",), "f" * 32, state="linked")

    assert held_stock(fresh, plan, None, in_tims(NEW, "Entered")) == "stays"
