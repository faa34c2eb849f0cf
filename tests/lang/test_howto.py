"""The examples of the how-to pages are checked, and run, as they stand."""

import re
from pathlib import Path

import pytest

from crossdock.kernel.operation import Operation
from crossdock.lang.check import check_mapping
from crossdock.lang.flow import check_flow, load_flow
from crossdock.lang.functions import FUNCTIONS
from crossdock.lang.mapping import load_mapping
from crossdock.wiring.language import functions, read_language, types
from crossdock.wiring.operations import without_connections

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto"


def blocks(page: str, kind: str) -> list[str]:
    text = (HOWTO / page).read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def operations() -> dict[str, Operation]:
    return dict(without_connections())


@pytest.fixture(scope="module")
def language(operations: dict[str, Operation]):  # type: ignore[no-untyped-def]
    return read_language(None, operations)


def test_the_mappings_of_the_page_have_no_problems(language) -> None:  # type: ignore[no-untyped-def]
    examples = blocks("mappings.md", "yaml mapping")
    assert len(examples) == 2
    for text in examples:
        source = load_mapping(text, "example.yaml")
        assert check_mapping(source, types(), functions(), language.tables) == []


def test_the_flow_of_the_page_has_no_problems(language, operations) -> None:  # type: ignore[no-untyped-def]
    (text,) = blocks("flows.md", "yaml flow")
    source = load_flow(text, "orders/flow.yaml")
    assert check_flow(source, operations, language.mappings, types(), functions=functions()) == []


def test_the_checker_tells_of_the_broken_flow_what_the_page_says(language, operations) -> None:  # type: ignore[no-untyped-def]
    (text,) = blocks("flows.md", "yaml flow broken")
    (told,) = blocks("flows.md", "text")
    source = load_flow(text, "orders/flow.yaml")
    found = check_flow(source, operations, language.mappings, types(), functions=functions())
    assert "\n".join(map(str, found)) == told.strip()


def test_every_function_is_on_the_page() -> None:
    text = (HOWTO / "mappings.md").read_text(encoding="utf-8")
    for name, function in FUNCTIONS.items():
        assert f"| `{name}` | {function.about} |" in text
