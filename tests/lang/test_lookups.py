"""Lookup tables: data that people keep in a spreadsheet."""

import pytest

from crossdock.kernel.errors import ConfigError
from crossdock.lang import lookups
from crossdock.lang.columns import Column
from crossdock.lang.lookups import LookupTable


def read(text: str | bytes) -> LookupTable:
    return LookupTable.read("carriers", text, "lookups/carriers.csv", "carrier-unknown")


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return [str(problem) for problem in refused.value.problems]


def test_a_key_leads_to_its_row_and_its_line() -> None:
    table = read('amazon, tims\n# ours\nUPS , UP01\n\n"FED,EX",FX\n')
    found = table.find(" UPS")
    assert found is not None
    assert (found.line, dict(found.cells)) == (3, {"tims": "UP01"})
    assert table.find("FED,EX") is not None
    assert table.find("ups") is None
    assert (table.key, table.columns, table.kind) == ("amazon", ("tims",), "carrier-unknown")


def test_a_cell_over_two_lines_does_not_shift_the_line_numbers() -> None:
    table = read('a,b\r\nx,"1\n2"\r\ny,3\r\n'.encode("utf-8-sig"))
    found = table.find("y")
    assert found is not None
    assert found.line == 4


def test_all_problems_are_told_at_once_with_their_rows() -> None:
    assert problems("amazon,tims,,tims\nUPS,1,2,3\nUPS,1,2,3\n,1,2,3\nDHL,1\n") == [
        "lookups/carriers.csv: row 1: column 3 has no name. Name it or remove it.",
        "lookups/carriers.csv: row 1: two columns are called 'tims'. Rename one.",
        "lookups/carriers.csv: row 3: repeats the key 'UPS' of row 2. Keep one.",
        "lookups/carriers.csv: row 4: has no amazon. Fill in the key or remove the row.",
        "lookups/carriers.csv: row 5: has 2 cells, but the header has 4. "
        "Check commas; quote cells that hold one.",
    ]


def test_a_row_that_cannot_be_used_is_named_and_the_others_are_read() -> None:
    table = read("amazon,tims\nUPS,1\nUPS,2\nDHL,1,2\n,5\nFEDEX,3\n")
    assert [problem.where for problem in table.problems] == ["row 3", "row 4", "row 5"]
    assert {key: row.fault("tims") is not None for key, row in table.rows.items()} == {
        "UPS": True, "DHL": True, "FEDEX": False,
    }  # fmt: skip
    assert table.rows["UPS"].cells == {"tims": ""}  # neither of the two is believed


def test_a_cell_is_checked_by_its_column_and_a_column_without_a_rule_is_free() -> None:
    rules = {"rule": Column(words=("one", "open"))}
    table = LookupTable.read("b", "id,rule,note\na,One,x\nb,one,\n", "lookups/b.csv", rules=rules)
    assert [str(problem) for problem in table.problems] == [
        "lookups/b.csv: row 2, column rule: is 'One'. Write one, open."
    ]
    assert table.rows["a"].fault("note") is None
    assert table.rows["a"].fault("note", "rule") == table.problems[0]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "row 1: is empty."),
        ("# only words\n", "row 1: is empty."),
        ("amazon\nUPS\n", "row 1: names one column only."),
        ('a,b\nx,"1\n', "row 2: is not valid CSV:"),
        (b"a,b\nx,\xff\n", "row 2: is not UTF-8."),
    ],
)
def test_what_is_no_table_is_refused(text: str | bytes, complaint: str) -> None:
    assert problems(text)[0].startswith(f"lookups/carriers.csv: {complaint}")


def test_a_huge_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_CHARACTERS", 10)
    assert "is longer than 10 characters" in problems("a,b\nxxxxxxxx,y\n")[0]
