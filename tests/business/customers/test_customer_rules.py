"""Which customer a company is, and what a name is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.customers.functions import first_name, last_name, split_name
from crossdock.business.customers.model import Account, Buyer
from crossdock.business.customers.rules import choose, company_key, marks, postal_key
from crossdock.kernel.errors import NeedsPerson


def buyer(rule="open", company="O'Neil Welding", programs=("AMAZON_BUSINESS",)):
    return Buyer("112-1", rule, programs=programs, company=company, contact="Ana Núñez")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Neil Welding & Supply, Inc.", "ONEIL WELDING AND SUPPLY"),
        ("Müller Schweißtechnik GmbH", "Muller Schweisstechnik"),
        ("Soldaduras Núñez S.A. de C.V.", "SOLDADURAS NUNEZ"),
        ("The A.B.C. Gas Co.", "ABC Gas"),
        ("Smith-Jones  Steel LLC", "Smith Jones Steel"),
    ],
)
def test_one_company_written_in_two_ways_has_one_key(one, other):
    assert company_key(one) == company_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Smith Steel", "Smith Steal"), ("North Gas", "South Gas"), ("Gas Co", "Gas Works Co")],
)
def test_two_companies_have_two_keys(one, other):
    assert company_key(one) != company_key(other)


def test_a_company_whose_name_is_only_legal_forms_keeps_it():
    assert company_key("Co.") == "co"


def test_postal_codes_in_one_spelling():
    assert postal_key("59101-2200", "US") == postal_key("59101", "us") == "US:59101"
    assert postal_key("T1J 0A1", "CA") == postal_key("t1j0a1", "CA")
    assert postal_key("59101", "US") != postal_key("59101", "MX")
    assert postal_key("", "US") == ""


def test_a_name_or_a_postal_code_alone_is_no_mark():
    assert marks("Acme", None, "US", None) == []
    assert marks(None, "59101", "US", None) == []
    assert marks(None, None, None, "12") == []  # too short for a tax id
    assert [m.kind for m in marks("Acme", "59101", "US", "81-1234567")] == [
        "tax id", "company and postal code",
    ]  # fmt: skip


def test_a_tax_id_is_surer_than_a_name():
    known = {"tax id": {"C1"}, "company and postal code": {"C2"}}
    assert choose(buyer(), known, "AMZB-X") == Account("C1", "tax id")


def test_what_fits_two_customers_is_asked():
    with pytest.raises(NeedsPerson) as caught:
        choose(buyer(), {"company and postal code": {"C2", "C1"}}, "AMZB-X")
    assert caught.value.kind == "customer-ambiguous"
    assert "C1, C2" in caught.value.message


def test_without_a_match_the_table_decides():
    opened = choose(buyer("open"), {}, "AMZB-X")
    assert opened is not None
    assert (opened.code, opened.open, opened.name) == ("AMZB-X", True, "O'Neil Welding")
    assert choose(buyer("match"), {}, "AMZB-X") is None
    assert choose(buyer("one"), {"tax id": {"C1"}}, "AMZB-X") is None


@pytest.mark.parametrize("who", [buyer(company=None), buyer(programs=())])
def test_a_person_is_booked_like_everybody(who):
    assert choose(who, {"tax id": {"C1"}}, "AMZB-X") is None


@pytest.mark.parametrize(
    ("full", "title", "first", "last", "suffix"),
    [
        ("Ana Núñez", "", "Ana", "Núñez", ""),
        ("Dr. Ana María van der Berg Jr.", "Dr.", "Ana María", "van der Berg", "Jr."),
        ("van der Berg, Ana María", "", "Ana María", "van der Berg", ""),
        ("Cher", "", "", "Cher", ""),
        ("John Smith, PhD", "", "John", "Smith", "PhD"),
        ("  Mr   Bo   Li ", "Mr", "Bo", "Li", ""),
        ("Dr. Who", "Dr.", "", "Who", ""),
        ("", "", "", "", ""),
    ],
)
def test_names_in_parts(full, title, first, last, suffix):
    found = split_name(full)
    assert (found.title, found.first, found.last, found.suffix) == (title, first, last, suffix)
    assert (first_name(full), last_name(full)) == (first, last)


@given(st.text(max_size=60))
def test_no_name_breaks_it_and_no_letter_gets_lost(full):
    found = split_name(full)
    parts = f"{found.title}{found.first}{found.last}{found.suffix}"
    assert sorted(c for c in parts if c.isalnum()) == sorted(c for c in full if c.isalnum())
