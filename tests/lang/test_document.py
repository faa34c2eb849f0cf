"""YAML with places: what is read, and what is refused with its line."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crossdock.kernel.errors import Problem
from crossdock.lang import document
from crossdock.lang.document import Cell, read_document


def problems(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_document(text, "a.yaml")[1]]


def plain(text: str | bytes) -> object:
    cell, found = read_document(text, "a.yaml")
    assert found == []
    assert cell is not None
    return cell.plain


def test_values_know_their_line() -> None:
    cell, _ = read_document("a: 1\nb:\n  - x\n  - {c: y}\n", "a.yaml")
    assert cell is not None
    assert isinstance(cell.value, dict)
    assert isinstance(cell.value["b"].value, list)
    assert cell.value["b"].value[1] == Cell({"c": Cell("y", 4)}, 4)


def test_only_true_false_null_and_plain_numbers_are_not_text() -> None:
    text = (
        "[true, no, NO, null, ~, 12, -3, 1.50, 012, 1e3, 12:30, 2026-11-23, 0x10, .5, 'true', '']"
    )
    assert plain(text) == [
        True, "no", "NO", None, None, 12, -3, Decimal("1.50"), "012", "1e3", "12:30",
        "2026-11-23", "0x10", ".5", "true", "",
    ]  # fmt: skip


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert plain("a: é".encode("utf-8-sig")) == {"a": "é"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml: line 3: repeats the key 'a' of line 1. Keep one of them."),
        (
            "1: x",
            "a.yaml: line 1: has the key 1, which is not text. Put it in quotes or correct it.",
        ),
        ("? [a]\n: x", "a.yaml: line 1: uses a list or mapping as a key. Keys are text."),
        ("a: &x 1\nb: *x\n", "a.yaml: line 2: uses the alias *x."),
        ("a: !!python/name:os.system x", "a.yaml: line 1: uses the tag"),
        ("a: !thing {b: 1}", "a.yaml: line 1: uses the tag !thing."),
        ("a: [1\nb: 2", "a.yaml: line 2: is not valid YAML: while parsing a flow sequence"),
        ("a: [b?]", "a.yaml: line 1: is not valid YAML: while parsing a flow sequence expected"),
        ("a: 1\n---\nb: 2", "a.yaml: line 2: starts a second document."),
        ("a: 1\nb: \x07", "a.yaml: line 2: holds the unprintable character U+0007."),
        (b"a: \xff", "a.yaml: byte 3: is not UTF-8."),
        ("[" * 30 + "]" * 30, "a.yaml: line 1: is nested deeper than 24 levels."),
    ],
)
def test_what_is_refused_names_its_line(text: str | bytes, complaint: str) -> None:
    assert problems(text)[0].startswith(complaint)


def test_a_bomb_of_aliases_is_refused_at_its_first_alias() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{n}: &{n} [{', '.join(['*' + b] * 9)}]\n"
        for n, b in zip("bcdefgh", "abcdefg", strict=True)
    )
    assert problems(bomb) == [
        "a.yaml: line 2: uses the alias *a. Write the value out; aliases are not part of this."
    ]


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    assert problems("a: " + "x" * document.MAX_CHARACTERS) == [
        "a.yaml: line 1: is longer than 400000 characters. Put tables into lookups/<name>.csv."
    ]


def test_a_file_of_very_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_CELLS", 100)
    assert problems("[" + "x," * 200 + "]") == [
        "a.yaml: line 1: holds more than 100 values. Split the file."
    ]


def test_all_doubled_keys_are_told_at_once_and_the_first_counts() -> None:
    cell, found = read_document("a: 1\na: {a: 2, a: 3}\nb: [4]\n", "a.yaml")
    assert len(found) == 2
    assert cell is not None
    assert cell.plain == {"a": 1, "b": [4]}


def test_an_error_without_a_place_is_told_for_the_first_line() -> None:
    problem = document._syntax_problem("a.yaml", yaml.MarkedYAMLError(problem="odd"))
    assert problem.where == "line 1"


def test_nothing_is_read_from_an_empty_file() -> None:
    assert read_document("", "a.yaml") == (None, [])
    assert read_document("# words\n", "a.yaml") == (None, [])


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.binary(max_size=40))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    cell, found = read_document(text, "a.yaml")
    assert cell is None or isinstance(cell, Cell)
    assert all(problem.file == "a.yaml" and problem.what for problem in found)


@given(st.text(alphabet="ab:- \n[]{},'\"&*!|>#?1", max_size=40))
def test_any_yaml_like_text_is_read_or_refused(text: str) -> None:
    read_document(text, "a.yaml")


def slowly(text: str | bytes) -> tuple[Cell | None, list[Problem]]:
    """As on a machine whose PyYAML came without libyaml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_FAST", None)
        document._read.cache_clear()
        found = read_document(text, "a.yaml")
    document._read.cache_clear()
    return found


SHIPPED = sorted(Path(document.__file__).parents[1].rglob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_shipped_files_read_the_same_with_and_without_libyaml(file: Path) -> None:
    assert read_document(file.read_bytes(), "a.yaml") == slowly(file.read_bytes())


@given(st.text(alphabet="ab:- \n[]{},'\"&*!|>#?1%\t", max_size=40))
def test_what_reads_without_libyaml_reads_the_same_with_it(text: str) -> None:
    cell, found = slowly(text)
    if cell is not None:
        assert read_document(text, "a.yaml") == (cell, found)
