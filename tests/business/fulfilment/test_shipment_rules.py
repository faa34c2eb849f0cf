"""What Amazon is told about a TIMS shipment, and when it counts as heard."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.business.fulfilment.model import (
    Action,
    Content,
    Item,
    Parcel,
    Sale,
    SaleLine,
    Seen,
    SeenPackage,
    Shipment,
)
from crossdock.business.fulfilment.rules import decide, item_and_pack, pack, verify
from crossdock.business.orders.rules import line_ref
from crossdock.kernel.errors import NeedsPerson, TryAgain

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SALE = Sale(
    "SO-1", (SaleLine(1, "05015851154158"),), "AMAZON:ATVPDKIKX0DER", "112-1234567-1234567",
    date(2026, 11, 23),
)  # fmt: skip


def a_parcel(*contents: tuple[int, int], number: str = "1", **more) -> Parcel:
    known = {
        "carrier": "UPS", "tracking": "1Z999", "amazon_carrier": "UPS",
        "amazon_carrier_name": "UPS", "default_method": "Ground",
    }  # fmt: skip
    lines = tuple(Content(line, Decimal(units)) for line, units in contents or ((1, 1),))
    return Parcel(number, lines, **(known | more))


def a_shipment(*parcels: Parcel, **more) -> Shipment:
    known = {"status": "posted", "shipped_at": NOON, "posted_at": NOON + timedelta(minutes=3)}
    return Shipment("SH-000123", "SO-1", parcels=parcels or (a_parcel(),), **(known | more))


def seen_of(dispatch) -> Seen:
    return Seen(
        dispatch.order_id,
        tuple(
            SeenPackage(package.reference, package.carrier_name, package.tracking, package.items)
            for package in dispatch.packages
        ),
    )


def test_a_shipment_of_one_parcel_is_one_package():
    (package,) = pack(a_shipment(), SALE).packages

    assert package.reference == "123001"
    assert (package.carrier_code, package.tracking, package.method) == ("UPS", "1Z999", "Ground")
    assert package.items == (Item("05015851154158", 1),)
    assert package.ship_date == NOON


def test_the_service_that_tims_names_wins_over_the_carriers_usual_one():
    (package,) = pack(a_shipment(a_parcel(service="2nd Day Air")), SALE).packages

    assert package.method == "2nd Day Air"


def test_the_reference_stays_the_same_when_the_tracking_is_corrected():
    before = pack(a_shipment(), SALE).packages
    after = pack(a_shipment(a_parcel(tracking="1Z111")), SALE).packages

    assert [one.reference for one in before] == [one.reference for one in after]
    assert after[0].tracking == "1Z111"


def test_two_lines_of_a_split_price_are_one_item_again():
    sale = replace(SALE, lines=(SaleLine(1, "0501"), SaleLine(2, "0501#2"), SaleLine(3, None)))
    (package,) = pack(a_shipment(a_parcel((1, 2), (2, 1), (3, 9))), sale).packages

    assert package.items == (Item("0501", 3),)


def test_units_are_counted_in_amazons_packs():
    sale = replace(SALE, lines=(SaleLine(1, "0501#1x10"), SaleLine(2, "0501#2x10")))
    (package,) = pack(a_shipment(a_parcel((1, 20), (2, 10))), sale).packages

    assert package.items == (Item("0501", 3),)


def test_a_pack_in_two_parcels_counts_where_it_becomes_complete():
    sale = replace(SALE, lines=(SaleLine(1, "0501#1x10"),))
    parcels = (a_parcel((1, 6), number="1"), a_parcel((1, 14), number="2"))
    packages = pack(a_shipment(*parcels), sale).packages

    assert [(one.reference, one.items) for one in packages] == [("123002", (Item("0501", 2),))]


splits = st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=4), min_size=1, max_size=5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(splits, st.sampled_from([1, 3, 10]))
def test_packs_told_to_amazon_are_all_units_shipped_or_a_case(units, size):
    sale = replace(SALE, lines=tuple(SaleLine(n, line_ref("0501", n, size)) for n in range(1, 5)))
    parcels = [
        a_parcel(*enumerate(lines, start=1), number=str(n)) for n, lines in enumerate(units, 1)
    ]
    shipped = sum(map(sum, units))
    try:
        packages = pack(a_shipment(*parcels), sale).packages
    except NeedsPerson:
        assert shipped % size
        return
    assert sum(item.quantity for one in packages for item in one.items) * size == shipped
    assert len({one.reference for one in packages}) == len(packages)


@given(st.integers(10**13, 10**14 - 1), st.integers(1, 2), st.integers(1, 500))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_fulfilment_reads_what_orders_wrote_on_the_line(item, number, size):
    assert item_and_pack(line_ref(str(item), number, size)) == (str(item), size)


CASES = {
    "no ship date": (a_shipment(shipped_at=None), "ship-date-impossible", "no ship date"),
    "1995": (
        a_shipment(shipped_at=datetime(1995, 6, 1, tzinfo=UTC)), "ship-date-impossible", "1995"),
    "before it was ordered": (
        a_shipment(shipped_at=NOON - timedelta(days=9)), "ship-date-impossible", "before it was"),
    "in the future": (
        a_shipment(shipped_at=NOON + timedelta(days=9)), "ship-date-impossible", "written down"),
    "a carrier nobody mapped": (
        a_shipment(a_parcel(carrier="PIGEON", amazon_carrier=None)), "carrier-unknown", "'PIGEON'"),
    "no carrier": (a_shipment(a_parcel(carrier=None)), "carrier-unknown", "has no carrier"),
    "Other without a name": (
        a_shipment(a_parcel(amazon_carrier="Other", amazon_carrier_name=None)),
        "carrier-unknown", "needs a name"),
    "no tracking": (a_shipment(a_parcel(tracking=" ")), "tracking-missing", "no tracking number"),
    "a broken pack": (a_shipment(a_parcel((2, 7))), "pack-split", "no whole packs of 10"),
    "a number without digits": (
        replace(a_shipment(), number="SH"), "shipment-unreadable", "no digits"),
    "two parcels of one number": (
        a_shipment(a_parcel(number="P1"), a_parcel(number="Q1")), "shipment-unreadable", "same"),
}  # fmt: skip


@pytest.mark.parametrize(("shipment", "kind", "words"), CASES.values(), ids=CASES)
def test_case(shipment, kind, words):
    sale = replace(SALE, lines=(*SALE.lines, SaleLine(2, "0502#1x10")))
    with pytest.raises(NeedsPerson) as stopped:
        decide(shipment, sale, None, None)

    assert stopped.value.kind == kind
    assert words in str(stopped.value)
    assert stopped.value.about == "Amazon order 112-1234567-1234567"


def test_all_troubles_of_a_shipment_are_in_one_case():
    shipment = a_shipment(
        a_parcel(carrier="PIGEON", amazon_carrier=None, tracking=None), shipped_at=None
    )
    with pytest.raises(NeedsPerson) as stopped:
        decide(shipment, SALE, None, None)

    assert stopped.value.kind == "ship-date-impossible"
    assert len(stopped.value.evidence["findings"]) == 3


# shipment, what was confirmed before ("same", "old", None), state of the link -> action
TABLE = {
    "shipped": (a_shipment(), None, None, Action.CONFIRM),
    "nothing new": (a_shipment(), "same", "verified", Action.NOTHING),
    "told, not yet seen": (a_shipment(), "same", "confirmed", Action.VERIFY),
    "corrected": (a_shipment(), "old", "verified", Action.CONFIRM),
    "corrected before it was seen": (a_shipment(), "old", "confirmed", Action.CONFIRM),
    "voided before anybody was told": (
        a_shipment(status="voided"), None, None, Action.NOTHING),
    "not posted yet": (a_shipment(status="open"), None, None, Action.NOTHING),
    "only goods that staff added": (a_shipment(a_parcel((9, 1))), None, None, Action.NOTHING),
}  # fmt: skip


@pytest.mark.parametrize(("shipment", "applied", "state", "action"), TABLE.values(), ids=TABLE)
def test_decision(shipment, applied, state, action):
    first = decide(a_shipment(), SALE, None, None)
    fingerprint = {"same": first.fingerprint, "old": "f" * 32, None: None}[applied]
    plan = decide(shipment, SALE, fingerprint, state)

    assert plan.action is action
    assert plan.reason


@pytest.mark.parametrize("state", ["confirmed", "verified"])
def test_a_shipment_voided_after_amazon_was_told_is_a_case(state):
    with pytest.raises(NeedsPerson) as stopped:
        decide(a_shipment(status="voided"), SALE, "same", state)
    assert stopped.value.kind == "shipment-voided"


def test_what_amazon_shows_as_told_is_verified():
    dispatch = pack(a_shipment(a_parcel(), a_parcel(number="2")), SALE)

    assert verify(dispatch, seen_of(dispatch)) == seen_of(dispatch)


def test_a_package_that_is_not_visible_yet_is_looked_for_again_in_two_minutes():
    dispatch = pack(a_shipment(), SALE)
    with pytest.raises(TryAgain, match="does not show package 123001 yet") as later:
        verify(dispatch, Seen(dispatch.order_id, ()))
    assert later.value.after == timedelta(minutes=2)
    assert later.value.counts


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tracking": "1Z000"}, "another tracking number"),
        ({"carrier": "FedEx"}, "carrier FedEx, not UPS"),
        ({"items": (Item("05015851154158", 2),)}, "other quantities"),
    ],
)
def test_a_package_that_amazon_shows_differently_is_a_case(change, words):
    dispatch = pack(a_shipment(), SALE)
    (shown,) = seen_of(dispatch).packages
    with pytest.raises(NeedsPerson, match=words) as stopped:
        verify(dispatch, Seen(dispatch.order_id, (replace(shown, **change),)))
    assert stopped.value.kind == "package-not-visible"


def test_only_orders_of_amazon_are_ours():
    assert SALE.is_amazon
    assert SALE.marketplace_id == "ATVPDKIKX0DER"
    assert not replace(SALE, external_system=None).is_amazon
    assert not replace(SALE, external_system="SHOP:1").is_amazon
    assert not replace(SALE, external_ref=None).is_amazon
