"""What is to be done about an Amazon order, from how things stand on both sides now.

Nothing here depends on which event came first, or how often: the same two pictures give the same
plan. A fingerprint of what was last applied tells news from what TIMS's own staff has edited since.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from crossdock.business.orders.changes import differences, revise
from crossdock.business.orders.model import (
    Action,
    Draft,
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
    return _decided(_Reading(order, terms), applied, state, tims)


def decide_again(
    order: Order, terms: Terms, plan: Plan, wanted: Draft | None, made: TimsOrder
) -> Plan:
    """The plan once TIMS has the sales order that the plan and its draft asked for."""
    reading = _Reading(order, terms)
    reading.fingerprint = plan.fingerprint
    if wanted is not None:
        reading.wanted = wanted
    return _decided(reading, None, plan.state, made)


@dataclass
class _Reading:
    """An order under its terms, with what is worked out of it at most once."""

    order: Order
    terms: Terms

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.order)

    @cached_property
    def wanted(self) -> Draft:
        return draft(self.order, self.terms)

    def is_news(self, applied: str | None) -> bool:
        return not same(self.fingerprint, applied)


def _decided(
    reading: _Reading, applied: str | None, state: str | None, tims: TimsOrder | None
) -> Plan:
    order = reading.order
    if order.fulfilled_by == "AMAZON":
        return _nothing(reading, "fulfilled by Amazon, not ours yet")
    if order.status is Status.UNKNOWN:
        return _unknown_status(reading)
    if order.status is Status.UNFULFILLABLE:
        question = _status_question("Amazon calls it unfulfillable")
        return _ask(reading, question)
    if order.status in (Status.PENDING, Status.PENDING_AVAILABILITY):
        return _while_pending(reading, applied, state, tims)
    if order.status is Status.CANCELLED:
        return _after_amazon_cancelled(reading, state, tims)
    if order.status is Status.SHIPPED:
        return _after_it_shipped(reading, applied, tims)
    if tims is None:
        return _not_in_tims(reading, state)
    return _in_tims(reading, applied, state, tims)


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
    reading: _Reading, applied: str | None, state: str | None, tims: TimsOrder | None
) -> Plan:
    order = reading.order
    if tims is not None:
        return _nothing(reading, "the payment is uncertain again; the sales order stays")
    if order.status is Status.PENDING_AVAILABILITY:
        return _nothing(reading, "ordered ahead of its release")
    known = any(line.item_number and line.units_per_pack for line in order.live_lines)
    if not known:
        return _nothing(reading, "the payment is not certain; no item of it is in the SKU table")
    if state == RESERVED and not reading.is_news(applied):
        return _nothing(reading, "the payment is not certain; stock is held")
    return _plan(Action.RESERVE, "the payment is not certain", reading, RESERVED)


def _not_in_tims(reading: _Reading, state: str | None) -> Plan:
    order = reading.order
    if order.status is Status.PARTIALLY_SHIPPED:
        question = Question(
            "shipped-elsewhere",
            "part of it was shipped before Crossdock knew it, and TIMS has no sales order",
            "Ship the rest as the first part was shipped, then close the case.",
        )
        return _ask(reading, question)
    if not order.wants_to_cancel:
        return _plan(Action.CREATE, "new", reading, LINKED, release=True)
    if _turned_down(reading.terms, state):
        reason = "new; the buyer's wish to cancel is turned down"
        return _plan(Action.CREATE, reason, reading, KEPT, release=True)
    return _ask(reading, _cancel_question(order, "Nothing is in TIMS yet."))


# --- once TIMS has one ----------------------------------------------------------------------------


def _after_amazon_cancelled(reading: _Reading, state: str | None, tims: TimsOrder | None) -> Plan:
    if tims is None:
        if _may_be_held(reading.order, state):
            return _plan(Action.UNRESERVE, "cancelled while pending", reading, CANCELLED)
        return _nothing(reading, "cancelled before it reached TIMS", CANCELLED)
    if tims.status == "Cancelled":
        return _nothing(reading, "cancelled on both sides", CANCELLED)
    if tims.status in PRE_SHIP:
        return _plan(Action.CANCEL, "cancelled at Amazon", reading, CANCELLED)
    question = Question(
        "order-locked",
        f"cancelled at Amazon, but sales order {tims.number} is {tims.status} in TIMS",
        "Stop it in the warehouse, or book the goods back as a return; then close the case.",
        {"status": tims.status, "differs": {"order": "cancelled at Amazon"}},
    )
    return _ask(reading, question)


def _in_tims(reading: _Reading, applied: str | None, state: str | None, tims: TimsOrder) -> Plan:
    if tims.status == "Cancelled":
        return _after_tims_cancelled(reading, tims)
    state_then = KEPT if state == KEPT else LINKED
    if reading.order.wants_to_cancel:
        if not _turned_down(reading.terms, state):
            return _on_buyers_wish(reading, tims)
        state_then = KEPT
    release = tims.status == "Entered"
    if not reading.is_news(applied):
        words = "TIMS has still to allocate it" if release else "nothing new"
        return _plan(Action.NOTHING, words, reading, state_then, release=release)
    return _on_news(reading, state_then, tims)


def _on_news(reading: _Reading, state: str, tims: TimsOrder) -> Plan:
    release = tims.status == "Entered"
    differs = differences(reading.wanted, tims)
    if not differs:
        return _plan(Action.NOTHING, "TIMS says the same", reading, state, release=release)
    if tims.status not in PRE_SHIP:
        question = Question(
            "order-locked",
            f"changed at Amazon ({', '.join(differs)}), but sales order {tims.number} is "
            f"{tims.status} in TIMS",
            "Settle the change with the warehouse in TIMS by hand, then retry.",
            {"status": tims.status, "differs": differs},
        )
        return _ask(reading, question)
    try:
        revise(reading.order, reading.terms, tims)
    except NeedsPerson as why:
        return _ask(reading, Question(why.kind, why.message, why.remedy, why.evidence))
    return _plan(Action.CHANGE, "changed at Amazon", reading, state, release=release)


def _after_it_shipped(reading: _Reading, applied: str | None, tims: TimsOrder | None) -> Plan:
    if tims is None or not reading.is_news(applied):
        return _nothing(reading, "shipped", OVER)
    differs = differences(reading.wanted, tims)
    if not differs:
        return _plan(Action.NOTHING, "shipped", reading, OVER)
    question = Question(
        "order-locked",
        f"it was changed at Amazon ({', '.join(differs)}) and has shipped, but sales order "
        f"{tims.number} never followed",
        "Find out what was shipped where, settle it with the buyer, then close the case.",
        {"status": tims.status, "differs": differs},
    )
    return _ask(reading, question)


def _after_tims_cancelled(reading: _Reading, tims: TimsOrder) -> Plan:
    order = reading.order
    if order.wants_to_cancel:
        where = f"Sales order {tims.number} is cancelled in TIMS."
        return _ask(reading, _cancel_question(order, where))
    question = Question(
        "cancelled-in-tims",
        f"sales order {tims.number} is cancelled in TIMS, but the Amazon order is {order.status}",
        "Cancel the order in Seller Central; the case closes by itself when Amazon shows it.",
    )
    return _ask(reading, question)


def _on_buyers_wish(reading: _Reading, tims: TimsOrder) -> Plan:
    order = reading.order
    whole = all(line.buyer_wants_to_cancel for line in order.live_lines)
    if tims.status not in PRE_SHIP:
        where = f"Sales order {tims.number} is already {tims.status} in TIMS."
    elif reading.terms.buyer_cancel == "accept" and whole and order.status is Status.UNSHIPPED:
        where = f"Sales order {tims.number} was cancelled in TIMS."
        question = _cancel_question(order, where)
        reason = "the buyer wants to cancel"
        return _plan(Action.CANCEL, reason, reading, CANCELLED, question=question)
    else:
        where = f"Sales order {tims.number} is {tims.status} in TIMS."
    return _ask(reading, _cancel_question(order, where))


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


def _unknown_status(reading: _Reading) -> Plan:
    order = reading.order
    if order.status_text is None:
        raise TryAgain(
            "Amazon left out where the order stands", about=f"Amazon order {order.order_id}"
        )
    question = _status_question(f"Amazon says {order.status_text}, a word we do not know")
    return _ask(reading, question)


def _status_question(message: str) -> Question:
    return Question(
        "status-unknown",
        message,
        "Look at the order in Seller Central; retry when it has moved on.",
    )


def _nothing(reading: _Reading, reason: str, state: str | None = None) -> Plan:
    return Plan(Action.NOTHING, (reason,), reading.fingerprint, state=state)


def _ask(reading: _Reading, question: Question) -> Plan:
    return Plan(Action.ASK, (question.message,), reading.fingerprint, question=question)


def _plan(
    action: Action,
    reason: str,
    reading: _Reading,
    state: str,
    *,
    release: bool = False,
    question: Question | None = None,
) -> Plan:
    now = reading.fingerprint
    return Plan(action, (reason,), now, now, state, release, question)
