"""Cells that people write into lookup tables: a slip waits for a person, and holds its own records."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.business.customers.model import Buyer
from crossdock.connectors.amazon import models as amazon
from crossdock.connectors.tims.models import ItemUom
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.kernel.errors import NeedsPerson
from crossdock.wiring.language import SHIPPED, Language, read_language, read_table, table_path
from crossdock.wiring.operations import without_connections
from crossdock.wiring.stockbook import make_book
from crossdock.wiring.stockrules import Rules
from tests.business.orders.order_builders import TERMS
from tests.cli.test_flows_and_mappings import ORDER

HEADER = table_path(SHIPPED, "orders", "marketplaces.csv").read_text().splitlines()[0]
GOOD = {
    "marketplace_id": "ATVPDKIKX0DER", "country": "US", "customer_code": "AMZ-US",
    "customer_name": "Amazon.com customers", "time_zone": "America/New_York", "location": "",
    "prices_include_tax": "no", "tax_collected_by": "marketplace", "buyer_cancel": "ask",
    "hold_days": "7", "open_customer": "yes",
}  # fmt: skip


def lookup(folder: Path, name: str, *lines: str) -> None:
    (folder / "lookups").mkdir(exist_ok=True)
    (folder / "lookups" / name).write_text("\n".join([*lines, ""]))


def shops(folder: Path, **cells: str) -> None:
    """marketplaces.csv with one row whose cells are these."""
    row = {**GOOD, **cells}
    lookup(folder, "marketplaces.csv", HEADER, ",".join(row[name] for name in HEADER.split(",")))


def read(folder: Path) -> Language:
    return read_language(folder, without_connections())


def order(sku: str = "WLD-TIP-035-10PK") -> amazon.Order:
    items = [{"orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": sku}}]
    document = {"order": {**ORDER, "orderItems": items}}
    return amazon.GetOrderResponse.model_validate_json(json.dumps(document)).order


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("tax_collected_by", "Marketplace"), ("tax_collected_by", "amazon"),
        ("tax_collected_by", "MARKETPLACE_FACILITATOR"), ("time_zone", "Mars/Olympus"),
        ("buyer_cancel", "perhaps"), ("hold_days", "x"), ("hold_days", "0"),
        ("prices_include_tax", "maybe"), ("open_customer", "ja"), ("customer_code", ""),
    ],
)  # fmt: skip
def test_a_slip_in_marketplaces_is_named_and_its_orders_wait(tmp_path, column, cell):
    shops(tmp_path, **{column: cell})
    language = read(tmp_path)
    assert language.problems == []
    (problem,) = language.table_problems
    assert (problem.file, problem.where) == ("lookups/marketplaces.csv", f"row 2, column {column}")
    with pytest.raises(NeedsPerson) as stopped:
        language.mappings["orders.terms"].apply(order())
    assert stopped.value.kind == "mapping-stopped"
    assert f"row 2, column {column}" in str(stopped.value)
    assert problem.fix in stopped.value.remedy


@pytest.mark.parametrize("cell", ["zero", "0", "-3", "1.5", ""])
def test_a_slip_in_skus_holds_that_sku_alone(tmp_path, cell):
    lookup(tmp_path, "skus.csv", "sku,item,uom,units_per_pack", f"BAD,T,EA,{cell}", "GOOD,T,EA,10")
    language = read(tmp_path)
    assert [p.where for p in language.table_problems] == ["row 2, column units_per_pack"]
    assert "orders" in language.flows  # the rest works
    mapping = language.mappings["orders.from_amazon"]
    assert mapping.apply(order("GOOD")).lines[0].units_per_pack == 10
    with pytest.raises(NeedsPerson) as stopped:
        mapping.apply(order("BAD"))
    assert stopped.value.kind == "unknown-sku"
    assert "lookups/skus.csv" in stopped.value.remedy


def test_of_two_rows_for_a_sku_neither_is_used(tmp_path):
    lookup(tmp_path, "skus.csv", "sku,item,uom,units_per_pack", "A,T,EA,1", "A,T,EA,10", "B,T,EA,2")
    mapping = read(tmp_path).mappings["orders.from_amazon"]
    assert mapping.apply(order("B")).lines[0].units_per_pack == 2
    with pytest.raises(NeedsPerson, match="repeats the key 'A' of row 2"):
        mapping.apply(order("A"))


def test_a_slip_in_skus_holds_the_stock_of_that_sku_alone(tmp_path):
    lookup(tmp_path, "skus.csv", "sku,item,uom,units_per_pack", "BAD,T,EA,0", "GOOD,T,EA,1")
    items = {"T": StockItem(ItemNumber="T", Uoms=(ItemUom(Uom="EA", ConversionToBase=1),))}
    book = make_book(Rules([]), read_table(tmp_path, "orders", "skus"), items, {}, ())
    assert set(book.sellables) == {"GOOD"}
    assert "row 2, column units_per_pack" in str(book.faults["BAD"])


def test_a_carrier_without_amazons_code_and_a_rule_nobody_defined_are_named(tmp_path):
    lookup(
        tmp_path, "carriers.csv", "tims_carrier,amazon_code,amazon_name,default_method", "UPS,,UPS,"
    )
    lookup(tmp_path, "business_buyers.csv", "marketplace_id,rule,prefix,terms_code", "A,opne,X-,")
    assert [(p.file, p.where) for p in read(tmp_path).table_problems] == [
        ("lookups/business_buyers.csv", "row 2, column rule"),
        ("lookups/carriers.csv", "row 2, column amazon_code"),
    ]


def test_no_word_but_the_defined_ones_decides_who_collects_the_tax():
    """A mapping or an edit of a workspace's own cannot write another word either."""
    from dataclasses import replace

    for change in ({"tax_collected_by": "Marketplace"}, {"buyer_cancel": "perhaps"}):
        with pytest.raises(NeedsPerson) as stopped:
            replace(TERMS, **change)
        assert stopped.value.kind == "mapping-stopped"
    with pytest.raises(NeedsPerson):
        Buyer("112-1", "opne")


def test_a_table_that_cannot_be_read_is_told_once_by_its_own_file(tmp_path):
    lookup(tmp_path, "skus.csv", "")
    assert [str(p) for p in read(tmp_path).problems] == [
        "lookups/skus.csv: row 1: is empty. The first line names the columns; the first is the key."
    ]


def test_every_column_that_a_shipped_mapping_looks_up_has_a_rule():
    from crossdock.wiring.language import read_rules

    rules, problems = read_rules(None)
    assert problems == []
    for name, table in read_language(None, without_connections()).tables.items():
        assert set(rules[name]) == set(table.columns), name


def test_a_workspace_says_what_its_own_tables_hold(tmp_path):
    lookup(tmp_path, "grades.csv", "item,grade", "T,z")
    (tmp_path / "lookups" / "columns.yaml").write_text("grades:\n  grade: {is: [a, b]}\n")
    assert [p.where for p in read(tmp_path).table_problems] == ["row 2, column grade"]
    assert (
        Decimal(
            read_table(tmp_path, "orders", "skus").rows["WLD-TIP-035-10PK"].cells["units_per_pack"]
        )
        == 10
    )
