"""What is shipped as data: flows and mappings that check, tables that fit, pages for every case."""

import re
from pathlib import Path

import pytest

from crossdock.business.fulfilment import rules as fulfilment_rules
from crossdock.business.orders import decisions
from crossdock.business.orders import rules as order_rules
from crossdock.lang.flow import DoStep, EndStep, LinkStep
from tests.business.language import shipped

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("orders", "fulfilment")


def test_every_shipped_flow_and_mapping_is_free_of_problems():
    assert {"orders", "fulfilment"} <= shipped().flows.keys()
    assert shipped().mappings.keys() >= {
        "orders.from_amazon",
        "orders.to_tims",
        "fulfilment.shipment",
    }


def test_shipments_are_more_urgent_than_orders():
    assert shipped().flows["fulfilment"].priority < shipped().flows["orders"].priority


def test_a_case_is_opened_only_after_the_link_is_written():
    steps = [step.name for step in shipped().flows["orders"].steps]

    assert steps.index("remember") < steps.index("ask")


def test_nothing_is_written_to_tims_before_the_total_is_proven():
    steps = [step.name for step in shipped().flows["orders"].steps]

    assert steps.index("check") < steps.index("ensure_customer") < steps.index("create")
    assert steps.index("tied") < steps.index("release")


def test_every_write_is_followed_by_a_link_so_that_it_is_remembered():
    for flow in shipped().flows.values():
        writes = [
            n
            for n, step in enumerate(flow.steps)
            if isinstance(step, DoStep) and step.operation.repeat.writes
        ]
        links = [n for n, step in enumerate(flow.steps) if isinstance(step, LinkStep)]
        ends = [n for n, step in enumerate(flow.steps) if isinstance(step, EndStep)]
        assert max(writes) < max(links)
        assert not [n for n in ends if min(writes) < n < max(writes)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_kind_of_case_has_its_page(room):
    kinds: set[str] = set()
    for path in (ROOT / "src/crossdock/business" / room).glob("*.py"):
        kinds |= set(re.findall(r'kind(?:: str)? ?= ?"([a-z]+(?:-[a-z]+)+)"', path.read_text()))
        kinds |= set(re.findall(r'(?:Question|Finding)\(\s*"([a-z-]+)"', path.read_text()))
    kinds |= set(order_rules.REMEDIES) | set(fulfilment_rules.REMEDIES)
    missing = sorted(k for k in kinds if not (ROOT / f"docs/operate/{k}.md").is_file())

    assert len(kinds) > 5
    assert not missing


def test_the_states_of_a_link_in_the_glossary_are_those_of_the_rules():
    text = (ROOT / "docs/glossary.md").read_text()
    states = (
        decisions.RESERVED, decisions.LINKED, decisions.KEPT, decisions.CANCELLED, decisions.OVER,
    )  # fmt: skip

    assert all(state in text for state in states)


@pytest.mark.parametrize("room", ROOMS)
def test_every_word_of_the_model_is_in_the_glossary(room):
    text = (ROOT / "docs/glossary.md").read_text()
    model = (ROOT / f"src/crossdock/business/{room}/model.py").read_text()
    words = set(re.findall(r"^class (\w+)", model, re.MULTILINE))

    assert not sorted(word for word in words if f"`{word}`" not in text)
