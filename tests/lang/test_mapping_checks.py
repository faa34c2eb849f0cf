"""Mappings are checked before they run: names, types, required targets; all problems at once."""

import pytest

from crossdock.kernel.errors import ConfigError
from crossdock.lang.check import check_mapping
from crossdock.lang.compile import compile_mapping
from crossdock.lang.mapping import load_mapping
from tests.lang.goods import (
    HOUSE,
    NEEDED,
    TYPES,
    a_mapping,
    compiled,
    complaints,
    problems_of,
    with_needed,
)


def test_a_complete_mapping_has_no_problems() -> None:
    assert problems_of(with_needed()) == []


def test_all_problems_of_a_file_are_told_at_once_with_file_row_and_nearest_name() -> None:
    text = a_mapping(
        "{to: ordr_id, from: orderId}",
        "{to: company, from: buyer.nmae, missing: none}",
        "{to: carrier, from: carrierCode, lookup: carrier.tims, missing: none}",
        "{to: rate, expr: 'count(orderItems) + x', colour: red}",
        "{to: lines, each: orderItems, rows: [{to: quantity, from: product.sellerSku}]}",
    )
    assert [str(problem) for problem in problems_of(text)] == [
        "test.yaml: line 9, row 4 (to: rate): has no key 'colour'. "
        "Valid: about, default, each, expr, from, kind, lookup, missing, object, rows, to, unfound.",
        "test.yaml: line 6, row 1 (to: ordr_id): Order has no ordr_id. Did you mean 'order_id'?",
        "test.yaml: line 1: Order needs order_id, which no row writes. Add a row with to: order_id.",
        "test.yaml: line 7, row 2 (to: company): buyer has no nmae. Did you mean 'name'?",
        "test.yaml: line 8, row 3 (to: carrier): there is no lookup table carrier. "
        "Did you mean 'carriers'?",
        "test.yaml: line 9, row 4 (to: rate): expr: character 21: ShopOrder has no x. "
        "Valid: buyer, carrierCode, createdTime, grandTotal, notes, orderId, orderItems, programs.",
        "test.yaml: line 10, row 5 (to: lines): Line needs sku, which no row writes. "
        "Add a row with to: sku.",
        "test.yaml: line 10, row 5.1 (to: lines.quantity): gives text, but quantity is number. "
        "Use a function: to_decimal, to_integer.",
    ]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        # targets
        ("{to: reference, from: orderId}", "reference is worked out, it cannot be written"),
        ("{to: secret, from: orderId}", "secret is worked out, it cannot be written"),
        ("{to: ship_to.city, from: orderId}", "A part of a part is written with rows:"),
        ("{to: order_id, from: orderId}", "row 3 (to: order_id): is never reached: row 1 always"),
        # sources
        ("{to: company, from: 'a b'}", "'a b' is not a path: 'a b' is not a name."),
        ("{to: company, from: 'orderId..x'}", "an empty name is not a name"),
        ("{to: company, from: 'buyer?.name'}", "has a ?. Here missing: says what happens."),
        ("{to: company, from: orderItems.product}", "orderItems is a list of Item. Write orderItems[]"),
        ("{to: company, from: [orderId, buyer.name]}", "never looks at buyer.name: orderId is always"),
        ("{to: company, from: /buyer.nam}", "buyer has no nam. Did you mean 'name'?"),
        ("{to: company, from: {any: [orderId]}}", "has no key 'any'. Valid: all."),
        ("{to: company, from: [1]}", "from holds something that is not a text. Use quotes."),
        ("{to: company, from: []}", "from is an empty list."),
        ("{to: company}", "does not say what to write."),
        ("{to: company, from: orderId, value: x}", "has both from and value. Keep one."),
        ("{to: company, expr: []}", "expr is not an expression. Put it in quotes."),
        ("{from: orderId}", "has no to. Add to:"),
        ("{to: '', from: orderId}", "to is not a text."),
        ("[company]", "is not a row. Write {to: ..., from: ...}."),
        # types
        ("{to: total, from: orderId}", "gives text, but total is Money or nothing."),
        ("{to: company, from: orderItems}", "gives list of Item, but company is text or nothing."),
        ("{to: status, expr: 'count(orderItems)'}", "gives whole number, but status is Status."),
        ("{to: urgent, from: orderId}", "gives text, but urgent is yes/no. Use a function: yes_no."),
        ("{to: rate, from: carrierCode, missing: none}", "gives text, but rate is number."),
        ("{to: mode, from: carrierCode, missing: none}", "may write nothing, but mode is one of"),
        # constants
        ("{to: status, value: nwe}", "value 'nwe' is not Status. Did you mean 'new'?"),
        ("{to: rate, value: much}", "value 'much' is not number."),
        ("{to: total, value: 0}", "value 0 is not Money or nothing. Write 12.50 USD."),
        ("{to: total, value: lots}", "value 'lots' is not Money or nothing. Write 12.50 USD."),
        ("{to: urgent, value: 1}", "value 1 is not yes/no."),
        ("{to: programs, value: [a, 1]}", "value ['a', 1] is not list of text. 1 is not text."),
        ("{to: company, from: carrierCode, default: 3}", "default 3 is not text or nothing."),
        ("{to: company, value: x, missing: none}", "is never missing."),
        # functions
        ("{to: company, from: orderId, using: [uper]}", "using: uper: there is no function uper. Did"),
        ("{to: rate, from: orderId, using: [round_to]}", "using: round_to: takes 2 arguments, not 1"),
        ("{to: rate, from: orderId, using: [{round_to: 2}]}", "takes number, but argument 1 is text"),
        ("{to: rate, from: orderId, using: [1]}", "using holds something that is not a function."),
        ("{to: rate, from: orderId, using: {clip: [1, 2]}}", "clip: takes 2 arguments, not 3"),
        ("{to: company, from: {all: [orderId, carrierCode]}}", "has no function for them first."),
        ("{to: company, from: {all: ['carrierCode?']}, using: upper}", "argument 1 may be absent"),
        ("{to: company, from: {all: ['buyer.name?']}, using: upper}", "argument 1 may be absent"),
        # lookups
        ("{to: carrier, from: carrierCode, lookup: carriers}", "lookup 'carriers' is not table.column."),
        ("{to: carrier, from: carrierCode, lookup: carriers.tmis}", "has no column tmis. Did you mean"),
        ("{to: carrier, from: orderItems, lookup: carriers.tims}", "looks up list of Item in carriers"),
        ("{to: carrier, from: orderId, unfound: none}", "says unfound without lookup."),
        ("{to: rate, from: orderId, lookup: carriers.tims, unfound: none, using: to_decimal}",
         "may write nothing, but rate is number."),
        # what is missing
        ("{to: company, from: carrierCode, missing: maybe}", "missing is 'maybe'. Choose one of stop, none"),
        ("{to: company, from: carrierCode, missing: [x]}", "missing is wrong. Choose one of"),
        ("{to: company, from: carrierCode, missing: default}", "says default but has none. Add default:."),
        ("{to: company, from: carrierCode, missing: none, default: x}", "has a default that is never used"),
        ("{to: company, from: carrierCode, unfound: skip}", "Choose one of stop, none, default."),
        # conditions
        ("{to: company, from: orderId, when: orderId}", "when: character 1: this is text, but a condition"),
        ("{to: company, from: orderId, when: \"'x' in programs\"}", "programs may be absent. Ask for programs"),
        ("{to: company, from: orderId, where: 'true'}", "says where without each. Use when."),
        # rows
        ("{to: ship_to, object: buyer.adress, rows: [{to: city, from: city}]}", "buyer has no adress. Did"),
        ("{to: ship_to, object: buyer, missing: none, rows: [{to: city, from: nme}]}", "Buyer has no nme."),
        ("{to: ship_to, rows: []}", "rows is not a list of rows."),
        ("{to: ship_to, object: buyer}", "has no rows. Add rows:."),
        ("{to: ship_to, rows: [{to: city, from: orderId}], using: upper}", "so using has no value"),
        ("{to: ship_to, rows: [{to: city, from: orderId}], lookup: a.b}", "so lookup has no value"),
        ("{to: company, from: orderId, rows: [{to: city, from: orderId}]}", "has rows beside a value."),
        ("{to: company, rows: [{to: city, from: orderId}]}", "text has no fields to write."),
        ("{to: rate, rows: [{to: city, from: orderId}], missing: none}", "may write nothing, but rate is"),
        ("{to: ship_to, object: buyer, default: x, rows: [{to: city, from: name}]}", "rows cannot have. Use"),
        ("{to: ship_to, each: orderItems, rows: [{to: city, from: orderItemId}]}", "ship_to is ShipTo or nothing, not a list"),
        ("{to: lines, when: 'true', each: orderId, rows: [{to: sku, from: x}]}", "each: orderId is text, not a list."),
        ("{to: lines, each: itms, rows: [{to: sku, from: x}]}", "ShopOrder has no itms."),
        ("{to: lines, each: orderItems, where: quantity, rows: [{to: sku, from: orderItemId}]}",
         "where: character 1: Item has no quantity. Did you mean 'quantityOrdered'?"),
        ("{to: lines, each: orderItems, default: x, rows: [{to: sku, from: orderItemId}]}",
         "The only default for each: is []."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_told(row: str, complaint: str) -> None:
    told = complaints(row)
    assert any(complaint in each for each in told), told


def test_a_row_that_may_leave_out_what_is_needed_is_refused() -> None:
    for row, complaint in (
        (
            "{to: order_id, from: orderId, missing: skip}",
            "may leave order_id out, but it is needed.",
        ),
        ("{to: order_id, from: orderId, when: 'true'}", "writes no order_id when its condition"),
    ):
        told = [str(problem) for problem in problems_of(a_mapping(row, NEEDED[1]))]
        assert any(complaint in each for each in told), told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "test.yaml: line 1: is empty. A mapping begins with mapping: <name>."),
        ("a: *b", "test.yaml: line 1: uses the alias *b."),
        ("[1]", "test.yaml: line 1: is not a mapping of keys to values."),
        ("mapping: x\nsource: shop.Order\nrows: [{to: a, from: b}]", "line 1: has no target."),
        (a_mapping("{to: a, from: b}", source="shop.Ordr"), "source shop.Ordr is not known. Did you"),
        (a_mapping("{to: a, from: b}", target="ours.Ordr"), "target ours.Ordr is not known. Did you"),
        (a_mapping("{to: a, from: b}", source="{a b: shop.Order}"), "source 'a b' is not a name."),
        (a_mapping("{to: a, from: b}", source="3"), "source is not a text."),
        (a_mapping("{to: a, from: b}").replace("mapping: test", "mapping: 1x"), "mapping '1x' is not a name."),
        (a_mapping("{to: a, from: b}").replace("version: 2", "version: two"), "version is not a whole number"),
        (a_mapping("{to: a, from: b}").replace("version: 2", "version: true"), "version is not a whole number"),
        (a_mapping("{to: a, from: b}") + "language: 9\n", "is written in language 9, but this program knows up to 1"),
        (a_mapping("{to: a, from: b}") + "about: [x]\n", "about is not a text."),
        (a_mapping("{to: a, from: b}") + "abuot: x\n", "line 7: has no key 'abuot'. Did you mean 'about'?"),
        ("mapping: x\nsource: shop.Order\ntarget: ours.Order\nrows: x", "rows is not a list of rows."),
        (a_mapping("{to: a, from: b}", target="text").replace("text", "shop.Item"), "Item has no a."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told(text: str, complaint: str) -> None:
    told = [str(problem) for problem in problems_of(text)]
    assert any(complaint in each for each in told), told


def test_rows_have_a_depth_beyond_which_a_function_is_better() -> None:
    row = "{to: city, from: orderId}"
    for _ in range(8):
        row = "{to: ship_to, rows: [" + row + "]}"
    assert any("nested deeper than 6 levels" in each for each in complaints(row))


def test_a_target_that_is_no_record_is_refused() -> None:
    types = {**TYPES, "ours.Text": str}
    source = load_mapping(a_mapping("{to: a, from: orderId}", target="ours.Text"), "test.yaml")
    assert "text has no fields to write." in str(check_mapping(source, types, HOUSE)[0])


def test_a_mapping_with_problems_is_never_compiled() -> None:
    with pytest.raises(ConfigError) as refused:
        compiled(a_mapping("{to: ordr_id, from: orderId}"))
    assert len(refused.value.problems) == 3


def test_functions_and_tables_may_be_left_out() -> None:
    source = load_mapping(with_needed(), "test.yaml")
    assert compile_mapping(source, TYPES).name == "test"


def test_a_file_of_bytes_is_read_too() -> None:
    assert load_mapping(with_needed().encode(), "test.yaml").version == 2
