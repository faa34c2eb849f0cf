"""Clocks, fingerprints, redaction and errors."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.kernel.clock import FastClock, ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain, nearest
from crossdock.kernel.evidence import Call, collecting, note, noted
from crossdock.kernel.ids import fingerprint, new_id
from crossdock.kernel.redact import masked
from crossdock.simulators.clock import RunningClock


def test_the_rehearsal_world_and_we_agree_on_a_fast_clock() -> None:
    theirs = RunningClock(speed=30.0)
    ours = FastClock.parse(str(theirs))
    assert abs((ours.now() - theirs.now()).total_seconds()) < 1.0
    assert ours.wall_seconds(timedelta(seconds=60)) == 2.0


def test_a_clock_text_that_is_wrong_says_so() -> None:
    with pytest.raises(ValueError, match="START@ANCHORxSPEED"):
        FastClock.parse("yesterday")


def test_time_does_not_run_back() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="back"):
        clock.advance(timedelta(seconds=-1))


@dataclasses.dataclass(frozen=True)
class _Thing:
    amount: Decimal
    names: tuple[str, ...]


def test_equal_values_have_equal_fingerprints() -> None:
    assert fingerprint(_Thing(Decimal("1.0"), ("a",))) == fingerprint(
        _Thing(Decimal("1.00"), ("a",))
    )
    assert fingerprint(_Thing(Decimal(1), ("a",))) != fingerprint(_Thing(Decimal(1), ("b",)))


def test_ids_sort_by_time() -> None:
    assert len({new_id("run") for _ in range(1000)}) == 1000
    assert new_id("run")[4:10] <= new_id("run")[4:10]


def test_personal_and_secret_fields_are_masked_wherever_they_stand() -> None:
    order = {
        "orderId": "1",
        "recipient": {"deliveryAddress": {"name": "Ann"}},
        "ShipToAddress": {"Line1": "1 Main St"},
        "Lines": [{"ItemNumber": "W", "giftMessage": "Birthday"}],
        "access_token": "Atza|x",
        "x-amz-access-token": "Atza|y",
    }
    text = str(masked(order))
    assert "W" in text
    for private in ("Ann", "Main", "Birthday", "Atza"):
        assert private not in text


def _call(operation: str) -> Call:
    return Call("amazon", operation, datetime(2026, 1, 1, tzinfo=UTC), 1, 200)


def test_calls_are_kept_with_the_record_they_were_made_for() -> None:
    def work(name: str) -> str:
        note(_call(name))
        if name == "b":
            raise TryAgain("no")
        return name

    with collecting() as outer:
        first, second = noted(work, "a"), noted(work, "b")
    assert (first.result, [c.operation for c in first.calls]) == ("a", ["a"])
    assert isinstance(second.result, TryAgain)
    assert [c.operation for c in second.calls] == ["b"]
    assert outer == []


def test_an_error_says_what_about_what_and_with_which_request() -> None:
    error = NeedsPerson("no such SKU", kind="unknown-sku", remedy="Add it.",
                        about="Order 1", request_id="r-9")  # fmt: skip
    assert str(error) == "Order 1: no such SKU (request r-9)"


def test_a_misspelt_name_gets_its_neighbour() -> None:
    assert nearest("amazon.get_ordr", ["amazon.get_order", "tims.get"]) == (
        "Did you mean 'amazon.get_order'?"
    )
