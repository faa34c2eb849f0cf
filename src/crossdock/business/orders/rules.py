"""What must be true before an Amazon order may become a TIMS sales order.

`draft` gives the sales order, proven to come to Amazon's total; otherwise one case that names
everything a person has to put right.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.business.orders.model import (
    Address,
    Draft,
    DraftLine,
    Hold,
    HoldLine,
    Line,
    Order,
    Terms,
)
from crossdock.business.orders.prices import Priced, Untied, extensions, priced, spread
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money, coin_of

SPLIT = "#"

REMEDIES = {
    "program-not-supported": "Handle the order in Seller Central by hand, then close the case.",
    "unknown-sku": "Add the SKU to lookups/skus.csv, then retry.",
    "missing-role": (
        "Give the application the Direct-to-Consumer Delivery role in Seller Central, "
        "authorise it again, then retry."
    ),
    "missing-address": "Complete the address in Seller Central or with the buyer, then retry.",
    "total-does-not-tie": (
        "Compare the amounts with Seller Central; enter nothing by hand before, then retry."
    ),
}
"""Kinds of trouble, the one that hides the others first; each with its first advice."""

_BY_HAND = {
    "IN_STORE_PICK_UP": "the buyer collects it in a store",
    "AMAZON_EASY_SHIP": "Amazon's carrier collects it",
    "DELIVERY_BY_AMAZON": "Amazon delivers it",
}
_NO_POSTAL_CODES = frozenset({"AE", "HK", "QA", "IE"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person has to put right."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class _Settled:
    """A line with everything that its TIMS lines need."""

    line: Line
    priced: Priced


def draft(order: Order, terms: Terms) -> Draft:
    """The sales order for TIMS, proven to tie; NeedsPerson with all findings otherwise."""
    findings = [finding for check in _CHECKS for finding in check(order)]
    settled, untied = _settle(order, terms)
    findings += untied
    tax_collected_by, mixed = _who_collects(settled)
    findings += mixed
    if findings or order.total is None or order.ship_to is None:
        raise refusal(order, findings)
    lines = tuple(line for one in settled for line in _draft_lines(one, tax_collected_by))
    result = Draft(
        order_id=order.order_id,
        external_system=terms.external_system,
        idempotency_key=f"amz-{order.marketplace_id}-{order.order_id}-v1",
        customer_code=terms.customer_code,
        customer_name=terms.customer_name,
        location=terms.location,
        order_date=business_day(order.placed_at, terms.time_zone),
        must_ship_by=order.ship_by,
        po_number=order.po_number,
        ship_to=_with_company(order.ship_to, order.company),
        currency=order.total.currency,
        tax_collected_by=tax_collected_by,
        discount_code=order.discount_code,
        lines=lines,
        total=_sum_of(lines),
        marketplace_tax=_marketplace_tax(settled, tax_collected_by),
        notes=(f"Amazon order {order.order_id}",),
    )
    _prove(order, result)
    return result


def hold(order: Order, terms: Terms) -> Hold:
    """The stock to keep for a pending order: of the items that we know."""
    lines = tuple(
        HoldLine(line.item_number, terms.location, Decimal(line.wanted * line.units_per_pack))
        for line in order.live_lines
        if line.item_number and line.units_per_pack
    )
    expires_at = order.last_updated + timedelta(days=terms.hold_days)
    return Hold(order.hold_ref, expires_at, lines)


def business_day(moment: datetime, time_zone: str) -> date:
    """The day on which the company's calendar stands at that moment."""
    if time_zone == "UTC":
        return moment.astimezone(UTC).date()
    try:
        return moment.astimezone(ZoneInfo(time_zone)).date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NeedsPerson(
            f"there is no time zone {time_zone!r}",
            kind="mapping-stopped",
            remedy="Write a zone such as America/Denver in lookups/marketplaces.csv, then retry.",
        ) from None


def line_ref(item_id: str, number: int, units_per_pack: int) -> str:
    """What a TIMS line remembers of Amazon: the item, which line of it, and units per pack.

    "05015851154158" alone; "05015851154158#2" the second line of a split price;
    "05015851154158#1x10" packs of ten. Fulfilment reads it to count in Amazon's packs again,
    whatever the SKU table says by then.
    """
    if number == 1 and units_per_pack == 1:
        return item_id
    packs = f"x{units_per_pack}" if units_per_pack > 1 else ""
    return f"{item_id}{SPLIT}{number}{packs}"


def refusal(order: Order, findings: list[Finding]) -> NeedsPerson:
    """One case for everything that is wrong with an order."""
    kinds = [kind for kind in REMEDIES if any(f.kind == kind for f in findings)]
    return NeedsPerson(
        "; ".join(finding.what for finding in findings),
        kind=kinds[0],
        remedy=" ".join(REMEDIES[kind] for kind in kinds),
        about=f"Amazon order {order.order_id}",
        evidence={"findings": [f"{f.kind}: {f.what}" for f in findings]},
    )


# --- what may be wrong ----------------------------------------------------------------------------


def _programs(order: Order) -> Iterator[Finding]:
    for program in order.programs:
        if program in _BY_HAND:
            what = f"{program} orders are not handled here: {_BY_HAND[program]}"
            yield Finding("program-not-supported", what)
    for line in order.live_lines:
        if line.measure not in (None, "COUNT"):
            what = f"item {line.item_id} is sold by {line.measure}, not by count"
            yield Finding("program-not-supported", what)


def _skus(order: Order) -> Iterator[Finding]:
    for line in order.live_lines:
        if line.sku is None:
            yield Finding("unknown-sku", f"item {line.item_id} has no SKU")
        elif line.item_number is None or line.uom is None or line.units_per_pack is None:
            yield Finding("unknown-sku", f"SKU {line.sku!r} is not in the SKU table")
        elif line.units_per_pack < 1:
            what = f"SKU {line.sku!r} has {line.units_per_pack} units per pack in the SKU table"
            yield Finding("unknown-sku", what)


def _address(order: Order) -> Iterator[Finding]:
    address = order.ship_to
    if address is None:
        yield Finding("missing-address", "Amazon sends no delivery address")
        return
    if not (address.name or address.line1 or address.postal_code):
        what = "Amazon leaves name, street and postal code out: the application lacks the role"
        yield Finding("missing-role", what)
        return
    missing = [
        what
        for what, value in (
            ("name", address.name or address.company),
            ("street", address.line1),
            ("city", address.city or address.state),
            ("postal code", address.postal_code or address.country in _NO_POSTAL_CODES),
            ("country", address.country),
        )
        if not value
    ]
    if missing:
        yield Finding("missing-address", f"the delivery address has no {', no '.join(missing)}")


def _totals(order: Order) -> Iterator[Finding]:
    if not order.live_lines:
        yield Finding("total-does-not-tie", "no line is left to deliver")
    if order.total is None:
        yield Finding("total-does-not-tie", "Amazon does not say the order's total")
    for amount in order.other_amounts:
        if amount.money:
            what = f"nobody has said where {amount.kind} {amount.money} belongs in TIMS"
            yield Finding("total-does-not-tie", what)


_CHECKS: tuple[Callable[[Order], Iterator[Finding]], ...] = (_programs, _skus, _address, _totals)


def _settle(order: Order, terms: Terms) -> tuple[list[_Settled], list[Finding]]:
    settled, findings = [], []
    for line in order.live_lines:
        try:
            one = _Settled(line, priced(line, terms))
            if order.total is not None and one.priced.goods.currency != order.total.currency:
                raise Untied("it has another currency than the order")
            settled.append(one)
        except Untied as why:
            findings.append(Finding("total-does-not-tie", f"item {line.item_id}: {why}"))
    return settled, findings


def _who_collects(settled: list[_Settled]) -> tuple[str, list[Finding]]:
    """One party collects the tax of the whole order: that is all a TIMS order can say."""
    taxed = {one.priced.by_marketplace for one in settled if one.priced.tax}
    if None in taxed:
        what = "Amazon does not say who collects the tax, nor does lookups/marketplaces.csv"
        return "", [Finding("total-does-not-tie", what)]
    if len(taxed) > 1:
        what = "Amazon collects the tax of some items only; a TIMS order knows one collector"
        return "", [Finding("total-does-not-tie", what)]
    if not taxed:
        marked = any(one.priced.by_marketplace for one in settled)
        return "marketplace" if marked else "tims", []
    return ("marketplace" if taxed == {True} else "tims"), []


# --- the sales order ------------------------------------------------------------------------------


def _draft_lines(one: _Settled, tax_collected_by: str) -> Iterator[DraftLine]:
    line, price = one.line, one.priced
    groups = extensions(price.goods, line.wanted, line.units_per_pack or 1)
    discounts = spread(price.discount, groups)
    zero = Money.zero(price.goods.currency)
    tax = price.tax if tax_collected_by == "tims" else zero
    for number, (group, discount) in enumerate(zip(groups, discounts, strict=True), start=1):
        first = number == 1
        yield DraftLine(
            ref=line_ref(line.item_id, number, line.units_per_pack or 1),
            item_number=line.item_number or "",
            uom=line.uom or "",
            quantity=Decimal(group.units),
            unit_price=group.unit_price,
            discount=_coins(discount),
            tax=_coins(tax if first else zero),
            charges=price.charges if first else (),
        )


def _coins(money: Money) -> Decimal:
    return money.amount.quantize(coin_of(money.currency))


def _with_company(address: Address, company: str | None) -> Address:
    if address.company or not company:
        return address
    return Address(
        name=address.name,
        company=company,
        line1=address.line1,
        line2=address.line2,
        line3=address.line3,
        city=address.city,
        district=address.district,
        state=address.state,
        postal_code=address.postal_code,
        country=address.country,
        phone=address.phone,
    )


def _sum_of(lines: tuple[DraftLine, ...]) -> Decimal:
    """What TIMS will make of the lines: quantity x price - discount + charges + tax."""
    return sum(
        (
            line.quantity * line.unit_price
            - line.discount
            + line.tax
            + sum((charge.amount for charge in line.charges), Decimal(0))
            for line in lines
        ),
        Decimal(0),
    )


def _marketplace_tax(settled: list[_Settled], tax_collected_by: str) -> Decimal:
    if tax_collected_by != "marketplace":
        return Decimal(0)
    return sum((one.priced.tax.amount for one in settled), Decimal(0))


def _prove(order: Order, result: Draft) -> None:
    """TIMS's total and the tax that Amazon keeps come to Amazon's grand total."""
    together = result.total + result.marketplace_tax
    if order.total is None or together == order.total.amount:
        return
    what = (
        f"TIMS would come to {result.total} and Amazon keeps {result.marketplace_tax} of tax, "
        f"together {together}, but the order says {order.total}"
    )
    raise refusal(order, [Finding("total-does-not-tie", what)])
