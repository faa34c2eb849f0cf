"""What the cells of lookup tables may hold, written as data."""

import pytest

from crossdock.lang.columns import Column, read_columns

PACK = Column("whole number", least=1, most=1000)


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        (Column(), ["x"], [""]),
        (Column(empty=True), ["", "x"], []),
        (Column(words=("marketplace", "seller"), empty=True), ["seller", ""], ["Marketplace", "x"]),
        (Column("yes or no"), ["yes", "No", "0"], ["maybe", "", "y"]),
        (PACK, ["1", "1000", "007"], ["zero", "0", "-3", "1001", "1.5", "", "١", "9" * 5000]),
        (Column("time zone"), ["UTC", "America/Denver"], ["Mars/Olympus", "America", "../x", ""]),
    ],
)
def test_a_cell_fits_its_column_or_not(column: Column, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if column.fault(text)] == []
    assert [text for text in bad if not column.fault(text)] == []


def test_a_fault_shows_little_of_a_long_cell_and_what_is_valid() -> None:
    assert PACK.fault("x" * 200) == f"is {'x' * 40 + '...'!r}."
    assert PACK.valid == "a whole number from 1 to 1000"
    assert Column(words=("a", "b"), empty=True).valid == "a, b; or leave it empty"


def test_rules_are_read_from_data() -> None:
    tables, problems = read_columns(
        "t:\n  pack: {is: whole number, from: 1}\n  who: {is: [a, b], empty: yes}\n", "columns.yaml"
    )
    assert problems == []
    assert tables == {
        "t": {"pack": Column("whole number", least=1), "who": Column(words=("a", "b"), empty=True)}
    }


def test_what_is_wrong_with_the_rules_is_told_with_its_line() -> None:
    _, problems = read_columns("t:\n  a: {is: hole number}\n  b: {from: x}\nu: 3\n", "columns.yaml")
    assert [(p.where, p.what) for p in problems] == [
        ("line 2, column a", "is: 'hole number'."),
        ("line 3, column b", "has no is."),
        ("line 4", "is no map of names."),
    ]
