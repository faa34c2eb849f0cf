"""Which page of Amazon's catalogue a SKU belongs on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.catalogue.matching import gtin_of, match, number_of, shortest
from crossdock.business.catalogue.model import Page

UPC = "036000291452"
GTIN = "00036000291452"


def page(asin, *numbers):
    return Page(asin, f"title of {asin}", "WELDING_TOOL", frozenset(numbers))


@pytest.mark.parametrize("text", [UPC, "0 36000-29145 2", "0036000291452", GTIN])
def test_one_number_however_it_is_written(text):
    assert gtin_of(text) == GTIN


@pytest.mark.parametrize(
    "text", ["036000291453", "12345", "", None, "03600029145X", "٠٣٦٠٠٠٢٩١٤٥٢", "0" * 14]
)
def test_what_is_no_number_is_none(text):
    assert gtin_of(text) == ""


@given(st.integers(min_value=1, max_value=10**13 - 1), st.integers(min_value=1, max_value=9))
def test_a_wrong_check_digit_is_noticed(body, off):
    digits = f"{body:013}"
    good = next(f"{digits}{d}" for d in range(10) if gtin_of(f"{digits}{d}"))
    wrong = digits + str((int(good[-1]) + off) % 10)
    assert gtin_of(good) == good
    assert gtin_of(wrong) == ""


def test_a_number_is_asked_for_as_it_is_printed():
    assert (shortest(GTIN), shortest("04006381333931"), shortest("14006381333938")) == (
        UPC, "4006381333931", "14006381333938",
    )  # fmt: skip


def test_a_pack_is_not_its_unit():
    assert number_of(UPC, None, 1, is_base_unit=True)[0] == GTIN
    assert number_of(UPC, "4006381333931", 1, is_base_unit=False)[0] == "04006381333931"
    assert number_of(UPC, None, 1, is_base_unit=False)[0] == ""
    assert number_of(UPC, UPC, 10, is_base_unit=True)[0] == ""
    assert "a pack" in number_of(UPC, UPC, 10, is_base_unit=True)[1]


def test_one_page_is_a_match_none_or_several_are_not():
    one = match(GTIN, "", [page("B1", UPC), page("B2", "4006381333931")])
    assert (one.asin, one.question) == ("B1", "")
    none = match(GTIN, "", [page("B2", "4006381333931")])
    assert (none.asin, none.question) == ("", "")
    many = match(GTIN, "", [page("B2", GTIN), page("B1", UPC)])
    assert many.asin == ""
    assert "B1, B2" in many.question


def test_a_person_and_a_listing_that_stands_come_before_any_search():
    pages = [page("B1", UPC)]
    assert match(GTIN, "", pages, chosen="B9").asin == "B9"
    assert match(GTIN, "", pages, listed="B8").asin == "B8"
    assert match("", "TIMS has no Gtin for it", []).question.startswith("TIMS has no Gtin")
