"""The table of refusals, row by row, and the words that a person sees."""

from pathlib import Path

import pytest

from crossdock.connectors.amazon.errors import (
    LOGIN,
    TABLE,
    Meaning,
    Refusal,
    Row,
    error_of,
    login_error_of,
    refusal_of,
    row_of,
)
from crossdock.connectors.http import Response
from crossdock.kernel.errors import Defect, NeedsPerson, TryAgain
from tests.connectors.amazon.conftest import refused

DOCS = Path(__file__).resolve().parents[3] / "docs" / "operate"

ERRORS = {
    Meaning.PERSON: NeedsPerson,
    Meaning.DEFECT: Defect,
    Meaning.LATER: TryAgain,
    Meaning.TOKEN: TryAgain,
    Meaning.LOOK: TryAgain,
    Meaning.THROTTLED: TryAgain,
}


def example(row: Row) -> tuple[Refusal, str]:
    """The plainest refusal that the row is meant for."""
    code = {"": "InvalidInput", "notfound": "NotFound"}[row.code]
    said = f"Before, {row.words} and after." if row.words else "No."
    return Refusal(row.status or 418, code, said, "r-1"), row.operation or "getDestinations"


@pytest.mark.parametrize("row", TABLE, ids=lambda r: f"{r.status} {r.code}{r.words} {r.operation}")
def test_every_row_is_reached_and_means_what_it_says(row: Row) -> None:
    refusal, operation = example(row)
    assert row_of(refusal, operation) is row
    error = error_of(refusal, operation, "Amazon order 111-1111111-1111111")
    assert type(error) is ERRORS[row.meaning]
    assert error.request_id == "r-1"
    assert error.code
    assert "111-1111111-1111111" in str(error)
    if isinstance(error, NeedsPerson):
        assert (error.kind, error.remedy, error.suspect) == (row.kind, row.remedy, row.suspect)


@pytest.mark.parametrize("row", [*TABLE, *LOGIN.values()], ids=lambda r: f"{r.kind} {r.words}")
def test_every_row_for_a_person_has_a_remedy_and_a_page(row: Row) -> None:
    if row.meaning is Meaning.PERSON:
        assert row.remedy
        assert (DOCS / f"{row.kind}.md").is_file(), row.kind


@pytest.mark.parametrize("code", LOGIN)
def test_every_row_of_the_sign_in_means_what_it_says(code: str) -> None:
    error = login_error_of(Refusal(400, code, "No.", "r-1"))
    assert type(error) is ERRORS[LOGIN[code].meaning]
    assert (error.code, error.request_id) == (code, "r-1")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_an_outage_is_tried_again_whatever_it_says(status: int) -> None:
    for response in (refused(status, "InternalFailure"), Response(status, {}, b"<html>")):
        assert row_of(refusal_of(response), "getOrder").meaning is Meaning.LATER


def test_a_page_of_a_gateway_is_not_amazon_s_word() -> None:
    for status in (400, 404, 405, 413):
        page = refusal_of(Response(status, {}, b"<html><body>Bad Request</body></html>"))
        assert row_of(page, "getOrder").meaning is Meaning.LATER


def test_an_unknown_refusal_is_a_case_and_not_a_guess() -> None:
    error = error_of(refusal_of(refused(418, "Teapot", "Short and stout")), "getOrder", "o")
    assert isinstance(error, NeedsPerson)
    assert error.kind == "amazon-refused"
    assert "Short and stout" in error.message


def test_amazon_s_spellings_of_a_code_are_one() -> None:
    for code in ("NotFound", "Not Found", "NOT_FOUND"):
        assert row_of(Refusal(404, code, "", ""), "getOrder").meaning is Meaning.LATER


def test_words_of_a_refusal_are_kept_without_what_looks_personal() -> None:
    said = refusal_of(
        refused(400, "InvalidInput", "ann@example.com, +1 (555) 010-0199, 62701-1234, Atza|xyz")
    ).said
    for private in ("ann@", "555", "62701", "xyz"):
        assert private not in said
