"""What is wrong with a rule is said in the words of who wrote it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from crossdock.kernel.errors import Problem
from crossdock.wiring.cataloguerules import read_catalogue_rules
from crossdock.wiring.pricerules import read_price_rules
from crossdock.wiring.stockrules import read_stock_rules

Read = Callable[[Path], Sequence[Problem]]
READERS: dict[str, Read] = {
    "stock": lambda folder: read_stock_rules(folder).problems,
    "prices": lambda folder: read_price_rules(folder).problems,
    "catalogue": lambda folder: read_catalogue_rules(folder).problems,
}
RULES = {
    "stock": {"skus": "[A]", "locations": "[M]", "buffer": "1", "minimum": "1", "channels": "{c: 1}"},
    "prices": {
        "skus": "[A]", "classes": "[c]", "brands": "[b]", "price": "list", "add": "1", "tiers": "yes",
        "round": "1", "sales": "yes", "map": "keep", "floor": "{margin: 1 %}", "below_floor": "ask",
        "allow": "{below: 1 %}", "move": "1 %", "business": "{price: list}",
        "audiences": "{B2B_X: {price: list}}",
    },
    "catalogue": {
        "skus": "[A]", "product_type": "X", "requirements": "LISTING", "leave": "no",
        "attributes": "{size: {from: Brand, words: {a: b}, into: c, number: no}}",
    },
}  # fmt: skip
TOPS = {
    "stock": ("publish", "fba", "limits", "rules"),
    "prices": ("publish", "lists", "limits", "rules"),
    "catalogue": ("publish", "discontinued", "language", "sds_years", "channels", "asins", "rules"),
}
DEEPER = {
    "stock": ("channels: {c: [x]}",),
    "prices": (
        "floor: {margin: [x]}", "floor: {fee: {a: 1}}", "round: {step: [x]}", "allow: {below: [x]}",
        "business: {price: [x]}", "audiences: {B2B_X: {price: {a: 1}}}", "floor: {margin: 0.1}",
    ),
    "catalogue": (
        "attributes: {size: [[x]]}", "attributes: {size: {from: [x]}}",
        "attributes: {size: {from: Brand, words: {a: [x]}}}",
        "attributes: {size: {from: Brand, into: [x]}}",
    ),
}  # fmt: skip


def told(folder: Path, kind: str, text: str) -> list[str]:
    (folder / f"{kind}.yaml").write_text(text, "utf-8")
    return [str(problem) for problem in READERS[kind](folder)]


def rule(kind: str, name: str, value: str) -> str:
    cells = {**RULES[kind], name: value}
    return "rules:\n  - {" + ", ".join(f"{n}: {v}" for n, v in cells.items()) + "}\n"


@pytest.mark.parametrize("value", ["[[x]]", "[{a: 1}]", "{a: [1]}", "{a: {b: 1}}", "1.50"])
@pytest.mark.parametrize("kind", READERS)
def test_no_value_anywhere_is_shown_as_an_object_of_ours(
    tmp_path: Path, kind: str, value: str
) -> None:
    texts = [rule(kind, name, value) for name in RULES[kind]]
    texts += [f"{name}: {value}\n" for name in TOPS[kind]]
    said = [line for text in texts for line in told(tmp_path, kind, text)]
    assert said
    assert [line for line in said if "Cell(" in line or "Decimal(" in line] == []


@pytest.mark.parametrize(("kind", "cell"), [(k, c) for k, cells in DEEPER.items() for c in cells])
def test_nor_is_one_inside_a_rule(tmp_path: Path, kind: str, cell: str) -> None:
    name, _, value = cell.partition(": ")
    said = told(tmp_path, kind, rule(kind, name, value))
    assert said
    assert [line for line in said if "Cell(" in line or "Decimal(" in line] == []


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("prices", rule("prices", "round", "[x]"), "step [x] is no quantity. Zero or more."),
        ("prices", rule("prices", "price", "[x]"), "price [x]. Write list, class NAME"),
        ("prices", rule("prices", "floor", "{margin: 0.1}"), "margin 0.1 is no share."),
        ("stock", rule("stock", "locations", "[[M]]"), "locations holds [M]. It takes a text"),
        ("catalogue", "asins: {A: {b: yes, c: true}}\n", "{b: yes, c: true} of A is no ASIN."),
        ("catalogue", "discontinued: [" + "long, " * 30 + "]\n", "long, l ... is unknown."),
    ],
)
def test_it_says_what_was_written(tmp_path: Path, kind: str, text: str, words: str) -> None:
    said = told(tmp_path, kind, text)
    assert any(words in line for line in said), said
