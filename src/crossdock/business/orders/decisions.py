"""What is to be done about an Amazon order, from how things stand on both sides now.

Nothing here depends on which event came first, or how often: the same two pictures give the same
plan. A fingerprint of what was last applied tells news from what TIMS's own staff has edited since.
"""

from dataclasses import replace

from crossdock.business.orders.changes import differences, revise
from crossdock.business.orders.model import (
    Action,
    HeldStock,
    Order,
    Plan,
    Question,
    Status,
    Terms,
    TimsOrder,
)
from crossdock.business.orders.rules import draft
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.ids import fingerprint

PRE_SHIP = frozenset({"Entered", "Allocated", "Backordered", "Held"})
"""A sales order in one of these can still be changed or cancelled; picking ends it."""

RESERVED, LINKED, CANCELLED, KEPT, OVER = "reserved", "linked", "cancelled", "kept", "over"
"""What a link says: stock is held; a sales order stands; both sides cancelled it; the buyer's wish
to cancel was turned down; nothing more will come of it."""

_ADDRESS_UNKNOWN = "0" * 16


def decide(
    order: Order,
    terms: Terms,
    applied: str | None,
    state: str | None,
    tims: TimsOrder | None,
) -> Plan:
    """The plan. `applied` is the fingerprint last applied, `state` what the link says."""
    if order.fulfilled_by == "AMAZON":
        return _nothing(order, "fulfilled by Amazon, not ours yet")
    if order.status is Status.UNKNOWN:
        return _unknown_status(order)
    if order.status is Status.UNFULFILLABLE:
        question = _status_question(order, "Amazon calls it unfulfillable")
        return _ask(order, question)
    if order.status in (Status.PENDING, Status.PENDING_AVAILABILITY):
        return _while_pending(order, applied, state, tims)
    if order.status is Status.CANCELLED:
        return _after_amazon_cancelled(order, state, tims)
    if order.status is Status.SHIPPED:
        return _after_it_shipped(order, terms, applied, tims)
    if tims is None:
        return _not_in_tims(order, terms, state)
    return _in_tims(order, terms, applied, state, tims)


def fingerprint_of(order: Order) -> str:
    """32 hex digits: the first half for what was bought, the second for where it goes.

    The second half is zeros when Amazon does not say where (a role that was lost, an old order):
    that is no news about the address.
    """
    bought = (
        order.po_number,
        order.ship_by,
        order.total,
        [(line.item_id, line.wanted, line.amounts) for line in order.lines],
    )
    where = order.ship_to
    if where is None or not where.line1:
        return fingerprint(bought)[:16] + _ADDRESS_UNKNOWN
    # Amazon withholds the phone some days after delivery: that is no news either.
    return fingerprint(bought)[:16] + fingerprint(replace(where, phone=None))[:16]


def same(now: str, applied: str | None) -> bool:
    """True when two fingerprints tell of no news."""
    if applied is None or now[:16] != applied[:16]:
        return False
    return now[16:] in (applied[16:], _ADDRESS_UNKNOWN)


def held_stock(order: Order, plan: Plan, state: str | None, tims: TimsOrder | None) -> HeldStock:
    """What is to become of held stock once the plan is known, and the sales order if there is one.

    It does not matter which run began it: a hand-over that was cut short is taken up by the next.
    """
    if not _may_be_held(order, state):
        return HeldStock.STAYS
    if plan.state == CANCELLED or (tims is not None and tims.status not in PRE_SHIP):
        return HeldStock.LET_GO
    return HeldStock.STAYS if tims is None else HeldStock.HAND_OVER


def _may_be_held(order: Order, state: str | None) -> bool:
    """Without a link stock may be held all the same: a crash came between the two."""
    return state == RESERVED or (state is None and order.may_hold_stock)


# --- before TIMS has a sales order ----------------------------------------------------------------


def _while_pending(
    order: Order, applied: str | None, state: str | None, tims: TimsOrder | None
) -> Plan:
    if tims is not None:
        return _nothing(order, "the payment is uncertain again; the sales order stays")
    if order.status is Status.PENDING_AVAILABILITY:
        return _nothing(order, "ordered ahead of its release")
    known = any(line.item_number and line.units_per_pack for line in order.live_lines)
    if not known:
        return _nothing(order, "the payment is not certain; no item of it is in the SKU table")
    if state == RESERVED and same(fingerprint_of(order), applied):
        return _nothing(order, "the payment is not certain; stock is held")
    return _plan(Action.RESERVE, "the payment is not certain", order, RESERVED)


def _not_in_tims(order: Order, terms: Terms, state: str | None) -> Plan:
    if order.status is Status.PARTIALLY_SHIPPED:
        question = Question(
            "shipped-elsewhere",
            "part of it was shipped before Crossdock knew it, and TIMS has no sales order",
            "Ship the rest as the first part was shipped, then close the case.",
        )
        return _ask(order, question)
    if not order.wants_to_cancel:
        return _plan(Action.CREATE, "new", order, LINKED, release=True)
    if _turned_down(terms, state):
        reason = "new; the buyer's wish to cancel is turned down"
        return _plan(Action.CREATE, reason, order, KEPT, release=True)
    return _ask(order, _cancel_question(order, "Nothing is in TIMS yet."))


# --- once TIMS has one ----------------------------------------------------------------------------


def _after_amazon_cancelled(order: Order, state: str | None, tims: TimsOrder | None) -> Plan:
    if tims is None:
        if _may_be_held(order, state):
            return _plan(Action.UNRESERVE, "cancelled while pending", order, CANCELLED)
        return _nothing(order, "cancelled before it reached TIMS", CANCELLED)
    if tims.status == "Cancelled":
        return _nothing(order, "cancelled on both sides", CANCELLED)
    if tims.status in PRE_SHIP:
        return _plan(Action.CANCEL, "cancelled at Amazon", order, CANCELLED)
    question = Question(
        "order-locked",
        f"cancelled at Amazon, but sales order {tims.number} is {tims.status} in TIMS",
        "Stop it in the warehouse, or book the goods back as a return; then close the case.",
        {"status": tims.status, "differs": {"order": "cancelled at Amazon"}},
    )
    return _ask(order, question)


def _in_tims(
    order: Order, terms: Terms, applied: str | None, state: str | None, tims: TimsOrder
) -> Plan:
    if tims.status == "Cancelled":
        return _after_tims_cancelled(order, tims)
    state_then = KEPT if state == KEPT else LINKED
    if order.wants_to_cancel:
        if not _turned_down(terms, state):
            return _on_buyers_wish(order, terms, tims)
        state_then = KEPT
    release = tims.status == "Entered"
    if same(fingerprint_of(order), applied):
        words = "TIMS has still to allocate it" if release else "nothing new"
        return _plan(Action.NOTHING, words, order, state_then, release=release)
    return _on_news(order, terms, state_then, tims)


def _on_news(order: Order, terms: Terms, state: str, tims: TimsOrder) -> Plan:
    release = tims.status == "Entered"
    wanted = draft(order, terms)
    differs = differences(wanted, tims)
    if not differs:
        return _plan(Action.NOTHING, "TIMS says the same", order, state, release=release)
    if tims.status not in PRE_SHIP:
        question = Question(
            "order-locked",
            f"changed at Amazon ({', '.join(differs)}), but sales order {tims.number} is "
            f"{tims.status} in TIMS",
            "Settle the change with the warehouse in TIMS by hand, then retry.",
            {"status": tims.status, "differs": differs},
        )
        return _ask(order, question)
    try:
        revise(order, terms, tims)
    except NeedsPerson as why:
        return _ask(order, Question(why.kind, why.message, why.remedy, why.evidence))
    return _plan(Action.CHANGE, "changed at Amazon", order, state, release=release)


def _after_it_shipped(
    order: Order, terms: Terms, applied: str | None, tims: TimsOrder | None
) -> Plan:
    if tims is None or same(fingerprint_of(order), applied):
        return _nothing(order, "shipped", OVER)
    differs = differences(draft(order, terms), tims)
    if not differs:
        return _plan(Action.NOTHING, "shipped", order, OVER)
    question = Question(
        "order-locked",
        f"it was changed at Amazon ({', '.join(differs)}) and has shipped, but sales order "
        f"{tims.number} never followed",
        "Find out what was shipped where, settle it with the buyer, then close the case.",
        {"status": tims.status, "differs": differs},
    )
    return _ask(order, question)


def _after_tims_cancelled(order: Order, tims: TimsOrder) -> Plan:
    if order.wants_to_cancel:
        where = f"Sales order {tims.number} is cancelled in TIMS."
        return _ask(order, _cancel_question(order, where))
    question = Question(
        "cancelled-in-tims",
        f"sales order {tims.number} is cancelled in TIMS, but the Amazon order is {order.status}",
        "Cancel the order in Seller Central; the case closes by itself when Amazon shows it.",
    )
    return _ask(order, question)


def _on_buyers_wish(order: Order, terms: Terms, tims: TimsOrder) -> Plan:
    whole = all(line.buyer_wants_to_cancel for line in order.live_lines)
    if tims.status not in PRE_SHIP:
        where = f"Sales order {tims.number} is already {tims.status} in TIMS."
    elif terms.buyer_cancel == "accept" and whole and order.status is Status.UNSHIPPED:
        where = f"Sales order {tims.number} was cancelled in TIMS."
        question = _cancel_question(order, where)
        reason = "the buyer wants to cancel"
        return _plan(Action.CANCEL, reason, order, CANCELLED, question=question)
    else:
        where = f"Sales order {tims.number} is {tims.status} in TIMS."
    return _ask(order, _cancel_question(order, where))


# --- words ----------------------------------------------------------------------------------------


def _turned_down(terms: Terms, state: str | None) -> bool:
    return terms.buyer_cancel == "ship" or state == KEPT


def _cancel_question(order: Order, where: str) -> Question:
    asked = [line.item_id for line in order.live_lines if line.buyer_wants_to_cancel]
    some = "" if len(asked) == len(order.live_lines) else f" (items {', '.join(asked)} only)"
    return Question(
        "buyer-wants-to-cancel",
        f"the buyer wants to cancel{some}. {where}",
        "Cancel it in Seller Central, or ship it all the same: "
        "crossdock case edit ID --set terms.buyer_cancel=ship",
    )


def _unknown_status(order: Order) -> Plan:
    if order.status_text is None:
        raise TryAgain(
            "Amazon left out where the order stands", about=f"Amazon order {order.order_id}"
        )
    question = _status_question(order, f"Amazon says {order.status_text}, a word we do not know")
    return _ask(order, question)


def _status_question(order: Order, message: str) -> Question:
    del order
    return Question(
        "status-unknown",
        message,
        "Look at the order in Seller Central; retry when it has moved on.",
    )


def _nothing(order: Order, reason: str, state: str | None = None) -> Plan:
    return Plan(Action.NOTHING, (reason,), fingerprint_of(order), state=state)


def _ask(order: Order, question: Question) -> Plan:
    return Plan(Action.ASK, (question.message,), fingerprint_of(order), question=question)


def _plan(
    action: Action,
    reason: str,
    order: Order,
    state: str,
    *,
    release: bool = False,
    question: Question | None = None,
) -> Plan:
    now = fingerprint_of(order)
    return Plan(action, (reason,), now, now, state, release, question)
