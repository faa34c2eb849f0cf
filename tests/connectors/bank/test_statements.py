"""Statements of three formats say the same things; what cannot be read is named with its place."""

from datetime import date
from decimal import Decimal

import pytest

from crossdock.connectors.bank.model import Unreadable
from crossdock.connectors.bank.statements import read_statement
from crossdock.connectors.bank.table import Writing
from tests.connectors.bank.statements import CAMT, CSV, CSV_SIDES, OFX1, OFX2

PLAIN = Writing()
GERMAN = Writing("DMY", ",", "EUR")


def read(tmp_path, text, writing=PLAIN, charset="utf-8"):
    path = tmp_path / "statement"
    path.write_bytes(text.encode(charset))
    return read_statement(path, writing)


@pytest.mark.parametrize("text", [OFX1, OFX2])
def test_ofx_of_both_versions_is_read(tmp_path, text):
    came, went = read(tmp_path, text)
    assert (came.account, came.day, came.amount, came.currency) == (
        "6789", date(2026, 7, 2), Decimal("582.89"), "USD",
    )  # fmt: skip
    assert came.text == "AMAZON.COM SVCS & CO TRACE 0123ABC"
    assert went.amount == Decimal("-20.00")


def test_the_same_entry_has_the_same_id_in_both_versions(tmp_path):
    assert [e.id for e in read(tmp_path, OFX1)] == [e.id for e in read(tmp_path, OFX2)]


def test_camt_gives_booked_entries_only(tmp_path):
    came, went = read(tmp_path, CAMT)
    assert (came.account, came.amount, came.currency) == ("2051", Decimal("582.89"), "EUR")
    assert "0123ABC" in came.text
    assert "AMAZON" in came.text
    assert (went.amount, went.day) == (Decimal("-20.00"), date(2026, 7, 3))


def test_csv_is_found_below_its_preamble(tmp_path):
    came, went = read(tmp_path, CSV)
    assert (came.amount, went.amount) == (Decimal("1582.89"), Decimal("-20.00"))


def test_csv_of_another_country_needs_to_be_told_and_is_read_exactly(tmp_path):
    with pytest.raises(Unreadable, match="line 2"):
        read(tmp_path, CSV_SIDES)
    came, went = read(tmp_path, CSV_SIDES, GERMAN)
    assert (came.amount, came.day) == (Decimal("1582.89"), date(2026, 7, 2))
    assert went.amount == Decimal("-20.00")


def test_two_alike_on_one_day_are_two(tmp_path):
    doubled = CSV + CSV.splitlines()[-1] + "\n"
    assert len({e.id for e in read(tmp_path, doubled)}) == 3


@pytest.mark.parametrize(
    "amount", ["1e2", "1.234,56", "12,34", "--5", "", "NaN", "1,23,456.00", "0x10", "1.2345"]
)
def test_money_is_never_guessed(tmp_path, amount):
    text = f'Date,Description,Amount,Currency\n2026-07-02,x,"{amount}",USD\n'
    with pytest.raises(Unreadable, match="line 2"):
        read(tmp_path, text)


def test_a_bomb_of_entities_is_refused(tmp_path):
    bomb = CAMT.replace(
        "<Document", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document', 1
    )
    with pytest.raises(Unreadable, match="sound XML"):
        read(tmp_path, bomb)


@pytest.mark.parametrize("text", [OFX1[:-180], CAMT[:-60], "", "Date,Amount\n2026-07-02,"])
def test_a_file_that_was_cut_off_is_refused_or_read_as_far_as_it_is_whole(tmp_path, text):
    try:
        assert all(e.amount for e in read(tmp_path, text))
    except Unreadable as error:
        assert str(error)


def test_latin_text_in_an_old_file_is_read(tmp_path):
    found = read(tmp_path, OFX1.replace("OXYGEN", "OXYGÈNE"), charset="cp1252")
    assert found[1].text == "OXYGÈNE SUPPLY"
