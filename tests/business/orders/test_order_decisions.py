"""What is done about an order, as a table: Amazon's state, TIMS's state, what was applied."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.orders.changes import agrees, revise
from crossdock.business.orders.decisions import decide, fingerprint_of, same
from crossdock.business.orders.model import Action, Charge, LineChange, Status
from crossdock.business.orders.rules import draft
from crossdock.kernel.errors import NeedsPerson, TryAgain
from tests.business.orders.order_builders import (
    HOME,
    NOON,
    SHIP_BY,
    TERMS,
    a_line,
    amounts,
    an_order,
    in_tims,
    unhurried,
)

NEW = an_order()
ACCEPT = replace(TERMS, buyer_cancel="accept")
SHIP_IT = replace(TERMS, buyer_cancel="ship")
WISH = an_order(a_line(buyer_wants_to_cancel=True))
HALF_WISH = an_order(a_line(), a_line(item_id="2", buyer_wants_to_cancel=True))


def at(status: Status, order=NEW):
    return replace(order, status=status, status_text=status.value)


# order, terms, fingerprint applied ("same", "old" or None), link state, status in TIMS
# -> action, release, kind of question, state of the link afterwards
TABLE = {
    "a new order": (
        NEW, TERMS, None, None, None, "create", True, None, "linked"),
    "an order of Amazon's own warehouses": (
        replace(NEW, fulfilled_by="AMAZON"), TERMS, None, None, None, "nothing", False, None, None),
    "a pending order holds stock": (
        at(Status.PENDING), TERMS, None, None, None, "reserve", False, None, "reserved"),
    "a pending order that holds its stock already": (
        at(Status.PENDING), TERMS, "same", "reserved", None, "nothing", False, None, None),
    "a pending order whose quantity changed": (
        at(Status.PENDING), TERMS, "old", "reserved", None, "reserve", False, None, "reserved"),
    "a pending order of unknown SKUs": (
        at(Status.PENDING, an_order(a_line(item_number=None))), TERMS, None, None, None,
        "nothing", False, None, None),
    "a pre-order": (
        at(Status.PENDING_AVAILABILITY), TERMS, None, None, None, "nothing", False, None, None),
    "a payment that is uncertain again": (
        at(Status.PENDING), TERMS, "same", "linked", "Allocated", "nothing", False, None, None),
    "a paid order that held stock": (
        NEW, TERMS, "same", "reserved", None, "create", True, None, "linked"),
    "nothing new": (
        NEW, TERMS, "same", "linked", "Allocated", "nothing", False, None, "linked"),
    "a crash before TIMS could allocate": (
        NEW, TERMS, "same", "linked", "Entered", "nothing", True, None, "linked"),
    "a link that was never written": (
        NEW, TERMS, None, None, "Entered", "nothing", True, None, "linked"),
    "staff holds the order": (
        NEW, TERMS, "same", "linked", "Held", "nothing", False, None, "linked"),
    "cancelled while pending": (
        at(Status.CANCELLED), TERMS, "same", "reserved", None,
        "unreserve", False, None, "cancelled"),
    "cancelled while pending, and the link was never written": (
        replace(at(Status.CANCELLED), last_updated=NOON.replace(hour=13)), TERMS, None, None, None,
        "unreserve", False, None, "cancelled"),
    "cancelled before it reached TIMS": (
        at(Status.CANCELLED), TERMS, None, None, None, "nothing", False, None, "cancelled"),
    "cancelled at Amazon": (
        at(Status.CANCELLED), TERMS, "same", "linked", "Allocated",
        "cancel", False, None, "cancelled"),
    "cancelled at Amazon while back-ordered": (
        at(Status.CANCELLED), TERMS, "same", "linked", "Backordered",
        "cancel", False, None, "cancelled"),
    "cancelled at Amazon while held": (
        at(Status.CANCELLED), TERMS, "same", "linked", "Held", "cancel", False, None, "cancelled"),
    "cancelled at Amazon while picked": (
        at(Status.CANCELLED), TERMS, "same", "linked", "Picking",
        "ask", False, "order-locked", None),
    "cancelled at Amazon after it left": (
        at(Status.CANCELLED), TERMS, "same", "linked", "Shipped",
        "ask", False, "order-locked", None),
    "cancelled on both sides": (
        at(Status.CANCELLED), TERMS, "same", "linked", "Cancelled",
        "nothing", False, None, "cancelled"),
    "cancelled by TIMS's staff": (
        NEW, TERMS, "same", "linked", "Cancelled", "ask", False, "cancelled-in-tims", None),
    "cancelled by TIMS's staff while partly shipped": (
        at(Status.PARTIALLY_SHIPPED), TERMS, "same", "linked", "Cancelled",
        "ask", False, "cancelled-in-tims", None),
    "the buyer wants to cancel": (
        WISH, TERMS, "same", "linked", "Allocated", "ask", False, "buyer-wants-to-cancel", None),
    "the buyer wants to cancel before it reached TIMS": (
        WISH, TERMS, None, None, None, "ask", False, "buyer-wants-to-cancel", None),
    "the buyer may cancel": (
        WISH, ACCEPT, "same", "linked", "Allocated",
        "cancel", False, "buyer-wants-to-cancel", "cancelled"),
    "the buyer may cancel, before it reached TIMS": (
        WISH, ACCEPT, None, None, None, "ask", False, "buyer-wants-to-cancel", None),
    "the buyer may cancel, but it is being picked": (
        WISH, ACCEPT, "same", "linked", "Picking", "ask", False, "buyer-wants-to-cancel", None),
    "the buyer may cancel, but only asked for a part": (
        HALF_WISH, ACCEPT, "same", "linked", "Allocated",
        "ask", False, "buyer-wants-to-cancel", None),
    "the buyer's wish was carried out in TIMS already": (
        WISH, ACCEPT, "same", "cancelled", "Cancelled",
        "ask", False, "buyer-wants-to-cancel", None),
    "the buyer's wish is turned down": (
        WISH, SHIP_IT, "same", "linked", "Allocated", "nothing", False, None, "kept"),
    "the buyer's wish was turned down before": (
        WISH, TERMS, "same", "kept", "Allocated", "nothing", False, None, "kept"),
    "the buyer's wish is turned down before it reached TIMS": (
        WISH, SHIP_IT, None, None, None, "create", True, None, "kept"),
    "shipped": (
        at(Status.SHIPPED), TERMS, "same", "linked", "Shipped", "nothing", False, None, "over"),
    "shipped, although it had changed": (
        at(Status.SHIPPED, an_order(ship_to=replace(HOME, line1="2 Spark Street"))), TERMS, "old",
        "linked", "Shipped", "ask", False, "order-locked", None),
    "shipped, and staff had settled the change": (
        at(Status.SHIPPED), TERMS, "old", "linked", "Shipped", "nothing", False, None, "settled"),
    "shipped before we knew it": (
        at(Status.SHIPPED), TERMS, None, None, None, "nothing", False, None, "over"),
    "partly shipped, nothing new": (
        at(Status.PARTIALLY_SHIPPED), TERMS, "same", "linked", "PartiallyShipped",
        "nothing", False, None, "linked"),
    "partly shipped before we knew it": (
        at(Status.PARTIALLY_SHIPPED), TERMS, None, None, None,
        "ask", False, "shipped-elsewhere", None),
    "changed while being picked": (
        an_order(ship_to=replace(HOME, line1="2 Spark Street")), TERMS, "old", "linked", "Picking",
        "ask", False, "order-locked", None),
    "a state that Amazon invented since": (
        replace(at(Status.UNKNOWN), status_text="INVOICE_UNCONFIRMED"), TERMS, None, None, None,
        "ask", False, "status-unknown", None),
    "an order that cannot be fulfilled": (
        at(Status.UNFULFILLABLE), TERMS, None, None, None, "ask", False, "status-unknown", None),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_decision(row):
    order, terms, applied, state, tims_status, action, release, kind, then = row
    fingerprint = {"same": fingerprint_of(order), "old": "f" * 32, None: None}[applied]
    tims = in_tims(NEW if len(order.lines) == 1 else order, tims_status) if tims_status else None

    plan = decide(order, terms, fingerprint, state, tims)

    assert plan.action == action
    assert plan.release is release
    assert (plan.question.kind if plan.question else None) == kind
    assert plan.state == ("over" if then == "settled" else then)
    assert plan.words
    # What was only asked or left alone must not count as applied.
    assert (plan.applied is None) is (action == "ask" or then in (None, "over") or (
        action == "nothing" and then == "cancelled"))  # fmt: skip


def test_an_order_whose_state_amazon_left_out_is_looked_at_again():
    with pytest.raises(TryAgain):
        decide(replace(NEW, status=Status.UNKNOWN, status_text=None), TERMS, None, None, None)


@unhurried
@given(st.sampled_from(sorted(TABLE)), st.sampled_from(sorted(TABLE)))
def test_the_same_two_pictures_always_give_the_same_plan(one, other):
    """Level-triggered: what was decided in between for another order does not matter."""
    order, terms, _, state, _, *_ = TABLE[one]
    before = TABLE[other]
    plans = []
    for _ in range(2):
        try:
            plans.append(decide(order, terms, fingerprint_of(order), state, None))
            decide(before[0], before[1], None, before[3], None)
        except TryAgain:
            return
    assert len({(plan.action, plan.fingerprint) for plan in plans}) == 1


# --- changes --------------------------------------------------------------------------------------


def test_a_new_address_is_written_and_nothing_else():
    moved = an_order(ship_to=replace(HOME, line1="2 Spark Street"))
    held = in_tims(NEW)

    assert decide(moved, TERMS, fingerprint_of(NEW), "linked", held).action is Action.CHANGE
    change = revise(moved, TERMS, held)
    assert change.ship_to == moved.ship_to
    assert (change.lines, change.must_ship_by, change.po_number) == (None, None, None)
    assert change.row_version == held.row_version


def test_a_later_ship_date_is_written():
    later = an_order(ship_by=SHIP_BY.replace(day=27))
    change = revise(later, TERMS, in_tims(NEW))

    assert change.must_ship_by == later.ship_by


def test_a_smaller_quantity_cancels_units_on_the_line():
    before = an_order(a_line("100.00", quantity=4))
    after = an_order(a_line("50.00", quantity=2))
    change = revise(after, TERMS, in_tims(before))

    assert change.lines == (LineChange(1, Decimal(4), Decimal(2)),)


def test_a_larger_quantity_orders_more():
    before = an_order(a_line("50.00", quantity=2))
    after = an_order(a_line("75.00", quantity=3))
    change = revise(after, TERMS, in_tims(before))

    assert change.lines == (LineChange(1, Decimal(3), Decimal(0)),)


def test_a_smaller_quantity_of_a_split_price_finds_the_lines_that_come_to_it():
    before = an_order(a_line("10.00", quantity=3))  # 2 x 3.33 and 1 x 3.34
    after = an_order(a_line("6.67", quantity=2))
    change = revise(after, TERMS, in_tims(before))

    assert change.lines == (LineChange(1, Decimal(2), Decimal(1)),)


def test_a_line_that_amazon_cancelled_is_cancelled_in_tims():
    before = an_order(a_line(), a_line("9.00", item_id="2"))
    gone = a_line("9.00", item_id="2", cancelled=True)
    after = an_order(a_line(), gone, total=a_line().amounts.total)
    change = revise(after, TERMS, in_tims(before))

    assert change.lines == (LineChange(2, Decimal(1), Decimal(1)),)


def test_a_part_of_a_line_that_amazon_cancelled_is_cancelled_in_tims():
    before = an_order(a_line("30.00", quantity=3))
    part = a_line("20.00", quantity=3, cancelled=True, fulfilled=0, unfulfilled=2)
    change = revise(an_order(part), TERMS, in_tims(before))

    assert change.lines == (LineChange(1, Decimal(3), Decimal(1)),)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (an_order(a_line("60.00", quantity=4)), "4 units for 60.00 is another price"),
        (an_order(a_line("100.00", quantity=4), a_line(item_id="2")), "item 2 is new"),
        (
            an_order(a_line(quantity=5, money=amounts("100.00", shipping="9.99"))),
            "another discount, tax or charge",
        ),
    ],
    ids=["another price", "another item", "another discount"],
)  # fmt: skip
def test_what_tims_cannot_say_is_asked(after, words):
    before = an_order(a_line("100.00", quantity=5))
    plan = decide(after, TERMS, fingerprint_of(before), "linked", in_tims(before))

    assert plan.action is Action.ASK
    assert plan.question.kind == "order-locked"
    assert words in plan.question.message
    assert plan.applied is None


def test_a_site_that_takes_amounts_takes_the_new_discount_and_freight():
    def order(quantity, goods, discount, freight):
        money = amounts(
            goods, shipping=freight, discount=discount, discount_on_item=discount,
            discount_on_shipping="0.00",
        )  # fmt: skip
        return an_order(a_line(quantity=quantity, money=money))

    before, after = order(4, "100.00", "8.00", "9.98"), order(2, "50.00", "4.00", "4.99")
    with pytest.raises(NeedsPerson, match="another discount, tax or charge"):
        revise(after, TERMS, in_tims(before))
    change = revise(after, replace(TERMS, change_amounts=True), in_tims(before))

    freight = (Charge("freight", Decimal("4.99")),)
    assert change.lines == (
        LineChange(1, Decimal(4), Decimal(2), Decimal("4.00"), Decimal(0), freight),
    )


def test_a_line_that_is_cancelled_takes_its_freight_along():
    with_freight = amounts("9.00", shipping="3.00")
    before = an_order(a_line(), a_line(item_id="2", money=with_freight))
    gone = a_line(item_id="2", money=amounts("0.00"), cancelled=True)
    after = an_order(a_line(), gone)
    change = revise(after, replace(TERMS, change_amounts=True), in_tims(before))

    assert change.lines == (LineChange(2, Decimal(1), Decimal(1), Decimal(0), Decimal(0), ()),)


def test_what_staff_settled_by_hand_counts_as_applied():
    """After the case: TIMS says what Amazon says, so nothing is asked again."""
    before = an_order(a_line("100.00", quantity=5))
    after = an_order(a_line("60.00", quantity=4))
    plan = decide(after, TERMS, fingerprint_of(before), "linked", in_tims(after))

    assert plan.action is Action.NOTHING
    assert plan.applied == fingerprint_of(after)


def test_what_staff_edited_in_tims_is_left_alone_while_amazon_has_no_news():
    edited = in_tims(NEW, ship_to=replace(HOME, line1="1 Spark Street, back door"))

    assert decide(NEW, TERMS, fingerprint_of(NEW), "linked", edited).action is Action.NOTHING


def test_an_address_that_amazon_hides_by_now_is_no_change_of_address():
    hidden = an_order(ship_to=replace(HOME, name=None, line1=None, postal_code=None))

    assert same(fingerprint_of(hidden), fingerprint_of(NEW))
    assert not same(fingerprint_of(NEW), fingerprint_of(hidden))


def test_a_phone_that_amazon_withholds_after_delivery_is_no_news():
    with_phone = an_order(ship_to=replace(HOME, phone="+1 406 555 0100"))

    assert same(fingerprint_of(NEW), fingerprint_of(with_phone))
    assert agrees(draft(NEW, TERMS), in_tims(with_phone))


quantities = st.integers(min_value=1, max_value=20)


@unhurried
@given(quantities, quantities, st.integers(1, 9999), st.sampled_from([1, 3, 10]))
def test_a_change_of_quantity_is_either_carried_out_to_the_coin_or_asked(
    before, after, cents, size
):
    """Every line that is kept comes to Amazon's new amount; nothing is rounded away."""

    def order(quantity):
        return an_order(
            a_line(str(Decimal(cents * quantity) / 100), quantity=quantity, units_per_pack=size)
        )

    held = in_tims(order(before))
    try:
        change = revise(order(after), TERMS, held)
    except NeedsPerson:
        return
    changed = {line.number: line for line in change.lines or ()}
    now = replace(
        held,
        lines=tuple(
            replace(x, ordered=changed[x.number].ordered, cancelled=changed[x.number].cancelled)
            if x.number in changed else x
            for x in held.lines
        ),
    )  # fmt: skip
    assert agrees(draft(order(after), TERMS), now)


def test_a_locked_order_names_what_differs_and_no_personal_value():
    moved = an_order(
        a_line(quantity=2, money=amounts("39.98")), ship_to=replace(HOME, line1="9 Secret Lane")
    )
    plan = decide(moved, TERMS, "old", "linked", in_tims(NEW, status="Picking"))
    differs = plan.question.evidence["differs"]
    assert differs["ship_to"] == "line1"
    assert "1 in TIMS, 2 at Amazon" in str(differs)
    assert plan.question.evidence["status"] == "Picking"
    assert "Secret" not in str(plan.question)
    assert "ship_to" in plan.question.message
