"""Lists of more pages than the request limit lets go at once are read to their end."""

from datetime import timedelta

import pytest

from crossdock.connectors.tims.auth import TimsAccount
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.longreading import LongReading, long_reading
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.wiring.pricebook import PriceBook
from tests.connectors.amazon.conftest import NOW
from tests.connectors.tims.simulated import InProcess, a_tims, account_of


def slow(account: TimsAccount) -> TimsAccount:
    from dataclasses import replace

    return replace(account, burst=3)


def test_a_reading_goes_on_where_the_limit_stopped_it() -> None:
    clock = ManualClock(NOW)
    tims = a_tims(clock, limits=False)
    for n in range(200):
        tims.add_item(f"X-{n:03}")
    wire = InProcess(tims.api)
    client = TimsClient(slow(account_of(tims)), wire, clock)
    reading = long_reading(client, StockItem, client.wire.items(limit=10), "TIMS items")
    tries = 0
    while True:
        try:
            rows = reading.finish()
            break
        except TryAgain as error:
            tries += 1
            assert error.after is not None
            clock.advance(error.after)
    assert tries > 3
    assert len({row.ItemNumber for row in rows}) == len(rows) == 202


def test_a_cursor_that_is_gone_begins_anew_and_one_that_repeats_ends() -> None:
    asked: list[str | None] = []

    def gone(cursor: str | None) -> tuple[list[int], str | None]:
        asked.append(cursor)
        if cursor:
            raise NeedsPerson("no such cursor", kind="tims-refused", remedy="")
        return [1], "c1"

    reading = LongReading(gone, "a list")
    for _ in range(2):
        with pytest.raises(TryAgain):
            reading.finish()
    assert asked == [None, "c1", None, "c1"]
    with pytest.raises(TryAgain):
        LongReading(lambda _: ([1], "same"), "a list").finish()
    with pytest.raises(NeedsPerson):
        LongReading(lambda _: gone("x"), "a list").finish()


def test_many_changed_prices_are_read_bit_by_bit_and_none_is_lost() -> None:
    clock = ManualClock(NOW)
    tims = a_tims(clock, limits=False)
    for code in ("A", "B"):
        tims.add_price_list(code)
        for n in range(30):
            if code == "A":
                tims.add_item(f"X-{n:03}")
            tims.set_price(f"X-{n:03}", "5", list_code=code)
    account = slow(account_of(tims).reading_prices())
    book = PriceBook(TimsClient(account, InProcess(tims.api), clock), clock.now)

    def fresh() -> int:
        for tries in range(100):
            try:
                book.fresh(["A", "B"], [])
                for waits in filter(None, map(book.unread, "AB")):
                    raise waits
                return tries
            except TryAgain as error:
                clock.advance(error.after or timedelta(seconds=1))
        raise AssertionError("it never ends")

    def price(n: int, code: str) -> str:
        entry = book.entry(code, f"X-{n:03}", ["EA"])
        assert entry is not None
        return str(entry.ListPrice)

    fresh()
    for n in range(30):
        tims.set_price(f"X-{n:03}", "6", list_code="A")
    tims.set_price("X-003", "7", list_code="B")
    fresh()
    assert {price(n, "A") for n in range(30)} == {"6.00"}
    assert [price(n, "B") for n in (2, 3)] == ["5.00", "7.00"]
