"""stock.yaml and stock.csv: what people write, and what is wrong with it."""

from pathlib import Path

from crossdock.wiring.stockrules import read_stock_rules


def test_channels_stand_in_file_and_table_and_a_bad_one_holds_its_own_skus(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text(
        "skus,locations,channels.counter\nTIP,MAIN,4\nROD,MAIN,some\n", "utf-8"
    )
    (tmp_path / "stock.yaml").write_text(
        "version: 1\nrules:\n"
        "  - {skus: [GLOVE], locations: [MAIN], channels: {counter: 1, webshop: 2}}\n"
        "  - {skus: [MASK], locations: [MAIN], channels: 4}\n"
    )
    rules = read_stock_rules(tmp_path).rules
    found = {sku: rules.find(sku) for sku in ("TIP", "ROD", "GLOVE", "MASK")}
    assert {sku: rule and rule.kept_back for sku, rule in found.items()} == {
        "TIP": 4, "ROD": 0, "GLOVE": 3, "MASK": 0,
    }  # fmt: skip
    assert {sku: rule and rule.fault.partition(": ")[2] for sku, rule in found.items()} == {
        "TIP": "", "GLOVE": "",
        "ROD": "line 3: counter 'some' is no quantity. Zero or more.",
        "MASK": "line 4: channels is not a map. Such as channels: {counter: 4}.",
    }  # fmt: skip
