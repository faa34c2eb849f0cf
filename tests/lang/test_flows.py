"""Flows: checked before they run, and loud when a value is not there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.kernel.errors import ConfigError, NeedsPerson
from crossdock.kernel.operation import Operation, Repeat, table
from crossdock.lang.compile import compile_mapping
from crossdock.lang.flow import (
    GIVEN,
    DoStep,
    EndStep,
    Flow,
    Link,
    LinkStep,
    MapStep,
    check_flow,
    compile_flow,
    load_flow,
)
from crossdock.lang.mapping import load_mapping
from tests.lang.goods import (
    TYPES,
    Order,
    ShipTo,
    ShopOrder,
    Status,
    a_mapping,
    a_shop_order,
    with_needed,
)


@dataclass(frozen=True)
class Made:
    number: str
    status: Status = Status.NEW
    total: Decimal = Decimal(1)
    note: str | None = None
    origin: Order | None = None


def _unused(*_: Any) -> Any:
    raise AssertionError("flows are not run here")


OPERATIONS = table(
    Operation("shop.get", (str,), ShopOrder, Repeat.READ, _unused),
    Operation("ours.find", (str,), Made | None, Repeat.READ, _unused),
    Operation("ours.make", (Order,), Made, Repeat.LOOK_FIRST, _unused),
    Operation("ours.note", (Made, str | None), None, Repeat.ABSOLUTE, _unused),
    Operation("ours.pay", (Decimal,), Made, Repeat.ABSOLUTE, _unused),
    Operation("ours.mode", (Status,), Made, Repeat.PURE, _unused),
    Operation("ours.tick", (), None, Repeat.PURE, _unused),
)
MAPPING = with_needed().replace("mapping: test", "mapping: shop.ours")
TWO = a_mapping(
    "{to: city, from: order.order_id}",
    "{to: name, from: made.note, missing: none}",
    source="{order: ours.Order, made: 'ours.Made?'}",
    target="ours.ShipTo",
).replace("mapping: test", "mapping: ours.two")

KINDS = {**TYPES, "ours.Made": Made}


LOADED = {name: load_mapping(text, "m.yaml") for name, text in
          (("shop.ours", MAPPING), ("ours.two", TWO))}  # fmt: skip
COMPILED = {name: compile_mapping(source, KINDS) for name, source in LOADED.items()}


def a_flow(*steps: str, head: str = "") -> str:
    body = "\n".join(f"  - {step}" for step in steps)
    return f"flow: orders\nversion: 3\nkey: order id\n{head}steps:\n{body}\n"


FETCH = "{name: fetch, do: shop.get, take: key, give: shop}"
UNDERSTAND = "{name: understand, map: shop.ours, take: shop, give: order}"
FIND = "{name: find, do: ours.find, take: key, give: found}"
MAKE = "{name: make, when: found == none, do: ours.make, take: order, give: made}"


def flow(*steps: str, head: str = "") -> Flow:
    source = load_flow(a_flow(*steps, head=head), "orders/flow.yaml")
    return compile_flow(source, OPERATIONS, COMPILED, KINDS)


def complaints(*steps: str, head: str = "") -> list[str]:
    return told(a_flow(*steps, head=head))


def told(text: str | bytes) -> list[str]:
    source = load_flow(text, "orders/flow.yaml")
    problems = [str(p) for p in check_flow(source, OPERATIONS, LOADED, KINDS)]
    assert problems == [str(p) for p in check_flow(source, OPERATIONS, COMPILED, KINDS)]
    return problems


def test_a_flow_becomes_steps_that_take_and_give_values() -> None:
    made = flow(
        FETCH,
        UNDERSTAND,
        FIND,
        MAKE,
        '{name: nothing, when: "order.status == \'shipped\'", end: "already gone"}',
        "{name: remember, when: made != none, link: {kind: order, left: key, right: made.number, "
        "hash: order.order_id, state: \"'made'\", at: order.placed}}",
        head="about: Orders\npriority: 30\nbatch: 50\n",
    )
    assert (made.name, made.version, made.file, made.key, made.about) == (
        "orders", 3, "orders/flow.yaml", "order id", "Orders",
    )  # fmt: skip
    assert (made.priority, made.batch, made.link_kind) == (30, 50, "order")
    fetch, understand, find, make, nothing, remember = made.steps
    assert isinstance(fetch, DoStep)
    assert (fetch.operation.name, fetch.give, fetch.row, fetch.when) == (
        "shop.get",
        "shop",
        8,
        None,
    )
    assert [get({"key": "111-1"}) for get in fetch.take] == ["111-1"]
    assert isinstance(understand, MapStep)
    shop = a_shop_order()
    order = understand.mapping.apply(understand.take({"shop": shop}))
    assert order.order_id == "111-1"
    assert isinstance(make, DoStep)
    assert make.when is not None
    assert make.when({"found": None}) is True
    assert isinstance(find, DoStep)
    assert isinstance(nothing, EndStep)
    assert nothing.words == "already gone"
    assert nothing.when is not None
    assert nothing.when({"order": order}) is False
    assert isinstance(remember, LinkStep)
    values = {"key": "111-1", "order": order, "made": Made("SO-1")}
    assert {name: get(values) for name, get in remember.fields.items()} == {
        "left": "111-1", "right": "SO-1", "hash": "111-1", "state": "made", "at": None,
    }  # fmt: skip


def test_a_mapping_of_several_sources_takes_them_by_name() -> None:
    made = flow(
        FETCH, UNDERSTAND, FIND, "{name: two, map: ours.two, take: [order, found], give: place}"
    )
    two = made.steps[-1]
    assert isinstance(two, MapStep)
    order = COMPILED["shop.ours"].apply(a_shop_order())
    taken = two.take({"order": order, "found": Made("1", note="n")})
    assert two.mapping.apply(taken) == ShipTo("111-1", "n")


def test_the_link_stands_for_what_was_stored_and_may_be_absent() -> None:
    made = flow(
        "{name: same, when: 'link?.hash == key', end: unchanged}",
        "{name: get, when: 'link?.right != none', do: shop.get, take: link.right, give: shop}",
        head="link: order\n",
    )
    same, get = made.steps
    assert made.link_kind == "order"
    assert same.when is not None
    assert same.when({"key": "x", "link": None}) is False
    assert same.when({"key": "x", "link": Link("x", hash="x")}) is True
    assert isinstance(get, DoStep)
    assert get.take[0]({"link": Link("x", right="SO-1")}) == "SO-1"
    assert flow(FETCH).link_kind == ""


def test_values_are_changed_to_what_an_operation_wants() -> None:
    made = flow(
        FIND,
        "{name: pay, do: ours.pay, take: '3', give: paid}",
        "{name: mode, do: ours.mode, take: \"'new'\", give: moded}",
        "{name: odd, do: ours.mode, take: key, give: odder}",
        "{name: note, when: found != none, do: ours.note, take: [found, found.note]}",
        "{name: tick, do: ours.tick}",
    )
    pay, mode, odd, note, tick = made.steps[1:]
    assert isinstance(pay, DoStep)
    assert isinstance(mode, DoStep)
    assert isinstance(odd, DoStep)
    assert isinstance(note, DoStep)
    assert isinstance(tick, DoStep)
    assert pay.take[0]({}) == Decimal(3)
    assert mode.take[0]({}) is Status.NEW
    with pytest.raises(NeedsPerson, match="line 8, step odd: take key: the value does not fit"):
        odd.take[0]({"key": "secret"})
    assert [get({"found": Made("1")}) for get in note.take] == [Made("1"), None]
    assert tick.take == ()
    assert tick.give is None


def test_a_value_that_is_not_there_after_all_stops_the_record_loudly() -> None:
    made = flow(
        FETCH,
        UNDERSTAND,
        FIND,
        MAKE,
        "{name: n, when: found == none, do: ours.note, take: [made, key]}",
    )
    note = made.steps[-1]
    assert isinstance(note, DoStep)
    with pytest.raises(NeedsPerson) as asked:
        note.take[0]({"made": None})
    assert str(asked.value) == "orders/flow.yaml: line 9, step n: take made: made is absent"
    assert asked.value.kind == "mapping-stopped"
    link = flow(
        FIND,
        "{name: l, when: \"found == none or key == 'x'\", link: {kind: order, right: found.number}}",
    )
    remember = link.steps[-1]
    assert isinstance(remember, LinkStep)
    with pytest.raises(NeedsPerson, match="link right: found.number is absent"):
        remember.fields["right"]({"found": None})
    broken = flow("{name: e, when: 'to_integer(key) / 0 > 1', end: x}")
    assert broken.steps[0].when is not None
    with pytest.raises(NeedsPerson, match="when: cannot be worked out: DivisionByZero"):
        broken.steps[0].when({"key": "1"})


def test_a_value_given_on_condition_may_be_used_on_the_same_condition() -> None:
    same = "{name: n, when: found == none, do: ours.note, take: [made, key]}"
    assert complaints(FETCH, UNDERSTAND, FIND, MAKE, same) == []
    assert complaints(
        FETCH, UNDERSTAND, FIND, MAKE, same.replace("found == none", "key == 'x'")
    ) == [
        "orders/flow.yaml: line 9, step n: take: made may be absent (it is given only when "
        "found == none). Give this step a when that mentions made, such as made != none."
    ]


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("{name: x, do: shop.gte, take: key}", "step x: there is no operation shop.gte. Did you mean 'shop.get'?"),
        ("{name: x, do: ours.make, take: shop}", "step x: take: ours.make wants Order, but shop is ShopOrder. Map it first."),
        ("{name: x, do: ours.make, take: ordr}", "step x: take: character 1: there is no ordr here. Did you mean 'order'?"),
        ("{name: x, do: ours.make, take: [order, key]}", "ours.make takes 1 (Order), but take names 2."),
        ("{name: x, do: ours.tick, take: key}", "ours.tick takes 0 (nothing), but take names 1."),
        ("{name: x, do: ours.make}", "ours.make takes 1 (Order), but take names 0."),
        ("{name: x, do: ours.note, take: [found, key]}", "take: found may be absent. Give this step a when"),
        ("{name: x, do: ours.note, take: [found.origin, key], when: found.number == 'x'}",
         "when: character 1: found may be absent. Write found?"),
        ("{name: x, do: shop.get, take: found.number, give: g}", "found may be absent. Mention it in this step's when, or write found?"),
        ("{name: x, do: ours.note, take: [order, key], give: g}", "ours.note gives nothing. Remove give."),
        ("{name: x, do: shop.get, take: key, give: order}", "gives order, which is there already. Choose another name."),
        ("{name: x, do: shop.get, take: key, give: key}", "gives key, which is there already."),
        ("{name: x, do: shop.get, take: /key, give: g}", "take: character 1: cannot be read here"),
        ("{name: fetch, end: x}", "step fetch: has the name of the step in line 5. Give it another."),
        ("{name: x, map: shop.our, take: shop, give: g}", "there is no mapping shop.our. Did you mean 'shop.ours'?"),
        ("{name: x, map: shop.ours, take: order, give: g}", "shop.ours wants ShopOrder, but order is Order."),
        ("{name: x, map: shop.ours, take: shop}", "gives nothing. Add give: with a name."),
        ("{name: x, map: ours.two, take: order, give: g}", "ours.two takes 2 (Order, Made or nothing), but take names 1."),
        ("{name: x, when: order, end: y}", "when: character 1: this is Order, but a condition is yes or no."),
        ("{name: x, when: order.status == 'gone', end: y}", "order.status is never 'gone'. Valid: new, shipped."),
        ("{name: x, end: y, take: key}", "has take, which end has no use for. Remove take."),
        ("{name: x, end: y, do: ours.tick}", "has both do and end. A step has one of"),
        ("{name: x}", "does not say what to do. A step has one of do:, map:, end: and link:."),
        ("{end: x}", "step 4: has no name. Add name:"),
        ("{name: x y, end: z}", "name 'x y' is not a name."),
        ("{name: x, end: [z]}", "end is not a text."),
        ("{name: x, do: shop.get, take: key, give: a.b}", "give 'a.b' is not a name. Use letters, digits and _."),
        ("{name: x, do: shop.get, take: [[key]], give: g}", "take holds something that is not a text."),
        ("{name: x, do: [y]}", "do is not a text."),
        ("{name: x, map: [y], give: g}", "map is not a text."),
        ("x", "line 8, step 4: is not a step."),
        ("{name: x, link: order}", "link has no kind. Write link: {kind: ..., right: ...}."),
        ("{name: x, link: {kind: order, state: open}}", "link: state: character 1: there is no open here."),
        ("{name: x, link: {kind: order, right: order}}", "link: right is Order, which cannot be stored as text."),
        ("{name: x, link: {kind: order, left: 'link?.right'}}", "link: left may be absent. Use key."),
        ("{name: x, link: {kind: order, state: 'key +'}}", "Put a text in quotes within quotes: \"'key +'\"."),
        ("{name: x, link: {kind: order, right: found.number}}", "link: right: character 1: found may be absent."),
        ("{name: x, colour: red, end: y}", "has no key 'colour'."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_step_is_told(step: str, complaint: str) -> None:
    found = complaints(FETCH, UNDERSTAND, FIND, step)
    assert any(complaint in each for each in found), found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "orders/flow.yaml: line 1: is empty. A flow begins with flow: <name>."),
        ("a: *b", "line 1: uses the alias *b."),
        ("[1]", "line 1: is not a mapping of keys to values."),
        ("flow: x", "line 1: has no steps. Add steps:"),
        ("flow: x\nsteps: []", "steps is not a list of steps."),
        (a_flow(FETCH, head="batch: 500\n"), "batch is 500. A batch has at most 100 records."),
        (a_flow(FETCH, head="batch: 0\n"), "batch is not a whole number of 1 or more."),
        (a_flow(*["{name: a, end: x}"] * 101), "has more than 100 steps. Split the flow."),
        (a_flow(FETCH).replace("steps", "stpes"), "has no key 'stpes'. Did you mean 'steps'?"),
        (b"\xff", "byte 0: is not UTF-8."),
    ],
)
def test_what_is_wrong_with_a_flow_file_is_told(text: str | bytes, complaint: str) -> None:
    assert any(complaint in each for each in told(text)), told(text)


def test_all_problems_of_a_flow_are_told_at_once_in_the_order_of_the_file() -> None:
    found = complaints(
        "{name: a, do: shop.gte, take: key, give: shop}",
        "{name: b, map: shop.our, take: shop, give: order}",
        "{name: c, when: \"order.status == 'new' and 'a' in shop.x[].y\", do: ours.make, take: order.z}",
        "{name: done, end: x}",
        "{name: late, do: ours.tick, colour: red}",
    )
    assert [each.split(": ")[1].partition(",")[0] for each in found] == [
        "line 5", "line 6", "line 9", "line 9",
    ]  # fmt: skip
    assert "is never reached: step done always ends the record." in "".join(found)


def test_a_flow_with_problems_is_never_compiled() -> None:
    with pytest.raises(ConfigError):
        flow("{name: a, do: shop.gte, take: key}")


def test_what_every_record_has_from_the_start_can_be_richer() -> None:
    text = a_flow("{name: a, when: hint.why == 'sweep' and seen == seen, end: x}")
    source = load_flow(text, "f.yaml")
    given = {**GIVEN, "seen": datetime}
    made = compile_flow(source, OPERATIONS, {}, {}, given=given)
    assert made.steps[0].when is not None
    assert made.steps[0].when({"hint": {"why": "sweep"}, "seen": datetime.now(UTC)}) is True
    assert check_flow(source, OPERATIONS, {}, {})[0].where == "line 5, step a"


def test_a_mapping_whose_types_are_unknown_is_its_own_file_s_problem() -> None:
    source = load_flow(
        a_flow(FETCH, UNDERSTAND, MAKE.replace("found == none", "key == 'x'")), "f.yaml"
    )
    broken = load_mapping(MAPPING.replace("ours.Order", "ours.Ordr"), "m.yaml")
    assert check_flow(source, OPERATIONS, {"shop.ours": broken}, KINDS) == []
