"""`crossdock flow` and `crossdock mapping` on the shipped files and on a person's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.cli.queries import FULFILMENT, ORDER_LINK, ORDERS, SHIPMENT_LINK
from crossdock.cli.running import noted
from crossdock.cli.serving import _ready
from crossdock.connectors.http import Network
from crossdock.settings import read_settings
from crossdock.wiring import load
from crossdock.wiring.livetables import TABLES
from tests.cli.conftest import LINKED, Run, Workplace, data

ORDER = {
    "orderId": LINKED,
    "createdTime": "2026-11-23T10:00:00Z",
    "lastUpdatedTime": "2026-11-23T10:05:00Z",
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
    "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
    "recipient": {"deliveryAddress": {"name": "Jo Private", "addressLine1": "1 Long Lane"}},
    "proceeds": {"grandTotal": {"amount": "19.99", "currencyCode": "USD"}},
    "orderItems": [
        {"orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": "WLD-TIP-035-10PK"}}
    ],
}
PREVIEW = ("mapping", "preview")
BY_NAME = ("--mapping", "orders.from_amazon")


@pytest.fixture
def sample(folder: Path) -> Path:
    file = folder / "order.json"
    file.write_text(json.dumps({"order": ORDER}))  # wrapped, as getOrder answers
    return file


def test_flows_are_listed_the_most_urgent_first(place: Workplace, run: Run) -> None:
    flows = data(run("flow", "list", "--json"))["flows"]
    assert [f["name"] for f in flows][:3] == [FULFILMENT, "stock", ORDERS]
    assert "create" in flows[2]["steps"]
    assert "Amazon order id" in run("flow", "list").stdout


def test_the_links_that_orders_are_shown_by_are_those_of_the_flows(place: Workplace) -> None:
    house = load(read_settings(place.folder, {}))
    try:
        assert house.flows[ORDERS].link_kind == ORDER_LINK
        assert house.flows[FULFILMENT].link_kind == SHIPMENT_LINK
    finally:
        house.close()


def test_a_house_gives_its_connections_back(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Network] = []
    monkeypatch.setattr(Network, "close", lambda network: closed.append(network))
    load(read_settings(place.folder, {})).close()
    assert len(closed) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("flow", "list"), ("flow", "check"), ("case", "list"), ("order", "list"),
        ("connection", "test", "tims"), ("connection", "test", "amazon"),
    ],
)  # fmt: skip
def test_looking_makes_no_store(folder: Path, run: Run, words: tuple[str, ...]) -> None:
    settings = folder / "crossdock.yaml"
    nowhere = "amazon:\n  endpoint: http://127.0.0.1:9\n  lwa_endpoint: http://127.0.0.1:9/token\n"
    settings.write_text(settings.read_text().replace("amazon:\n", nowhere))
    run(*words)
    assert not (folder / "crossdock.db").exists()


def test_a_preview_makes_no_store(folder: Path, run: Run, sample: Path) -> None:
    assert run(*PREVIEW, str(sample), *BY_NAME).exit_code == 0
    assert not (folder / "crossdock.db").exists()


def test_the_shipped_files_are_in_order(place: Workplace, run: Run) -> None:
    result = run("flow", "check")
    assert (result.exit_code, "in order" in result.stdout) == (0, True)


def test_a_persons_mistakes_are_told_all_at_once(place: Workplace, run: Run) -> None:
    flows = place.folder / "flows"
    flows.mkdir()
    (flows / "mine.yaml").write_text(
        "flow: mine\nversion: 1\nabout: x\nkey: k\nsteps:\n"
        "  - {name: fetch, do: amazon.get_ordr, take: key, give: amazon}\n"
    )
    tables = place.folder / "lookups"
    tables.mkdir()
    (tables / "carriers.csv").write_text("tims_carrier,amazon_code\nUPS\n")
    result = run("flow", "check")
    assert result.exit_code == 1
    assert "flows/mine.yaml: line 6" in result.stdout
    assert "amazon.get_order" in result.stdout
    assert "lookups/carriers.csv: row 2" in result.stdout
    assert data(run("flow", "check", "--json"))["ok"] is False


def test_an_unknown_flow_names_the_nearest(place: Workplace, run: Run) -> None:
    result = run("flow", "run", "ordres", LINKED)
    assert result.exit_code == 2
    assert "'orders'" in result.stderr


def test_a_preview_shows_values_sources_and_lookup_rows(
    place: Workplace, run: Run, sample: Path
) -> None:
    told = data(run(*PREVIEW, str(sample), *BY_NAME, "--json"))
    assert (told["ok"], told["value"]["order_id"]) == (True, LINKED)
    rows: dict[str, Any] = {row["target"]: row for row in told["rows"]}
    item = rows["lines[0].item_number"]
    assert (item["value"], item["from"], item["base"]) == (
        "WLD-TIP-035", ["product.sellerSku"], "orderItems[0]",
    )  # fmt: skip
    assert item["lookup"].startswith("skus row")
    assert told["value"]["total"] == {"amount": "19.99", "currency": "USD"}


def test_a_preview_masks_people_unless_asked(place: Workplace, run: Run, sample: Path) -> None:
    shown = run(*PREVIEW, str(sample), *BY_NAME).stdout
    assert "ship_to.name" in shown
    assert "Private" not in shown
    assert "Long Lane" not in run(*PREVIEW, str(sample), *BY_NAME, "--json").stdout
    assert "Jo Private" in run(*PREVIEW, str(sample), *BY_NAME, "--show-personal").stdout


def test_a_row_that_cannot_write_is_named(place: Workplace, run: Run, sample: Path) -> None:
    broken = {**ORDER, "proceeds": {"grandTotal": {"amount": "much", "currencyCode": "USD"}}}
    sample.write_text(json.dumps(broken))
    result = run(*PREVIEW, str(sample), *BY_NAME)
    assert result.exit_code in (1, 2)
    assert "grandTotal" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "is not JSON"),
        ('{"orderId": 5}', "orderId: Input should be a valid string"),
        ("[]", "does not fit Order"),
    ],
)
def test_a_sample_that_is_no_sample_is_misuse(
    place: Workplace, run: Run, sample: Path, written: str, said: str
) -> None:
    sample.write_text(written)
    result = run(*PREVIEW, str(sample), *BY_NAME)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_unknown_mapping_names_the_nearest(place: Workplace, run: Run, sample: Path) -> None:
    result = run(*PREVIEW, str(sample), "--mapping", "orders.from_amazn")
    assert result.exit_code == 2
    assert "'orders.from_amazon'" in result.stderr


def test_a_cell_that_cannot_be_used_is_named_by_check_and_doctor(
    place: Workplace, run: Run
) -> None:
    (place.folder / "lookups").mkdir()
    table = place.folder / "lookups" / "skus.csv"
    table.write_text("sku,item,uom,units_per_pack\nA,T,EA,zero\nB,T,EA,1\n")
    (place.folder / "costs.csv").write_text("sku,cost,currency,from\nA,1,USD,soon\n")
    told = "lookups/skus.csv: row 2, column units_per_pack: is 'zero'. Write a whole number"
    result = run("flow", "check")
    assert result.exit_code == 1
    assert told in result.stdout
    assert "costs.csv: line 2: " in result.stdout
    found = {f["what"]: f for f in data(run("doctor", "--offline", "--json"))["findings"]}
    assert found["lookups/skus.csv, row 2, column units_per_pack"]["fix"].startswith("Write")


def test_every_rule_file_is_read_by_check_and_doctor_and_told_at_the_start(
    place: Workplace, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "stock.yaml": "version: 1\nrules:\n  - {skus: [A], locations: [MAIN], bufer: 1}\n",
        "stock.csv": "skus,locations,buffer\nB,MAIN,some\n",
        "prices.yaml": "version: 1\nrules:\n  - {skus: [A], price: lst}\n",
        "prices.csv": "skus,price,round\nB,list,x\n",
        "catalogue.yaml": "version: 1\nrules:\n  - {skus: [A], product_typ: X}\n",
        "lookups/eligibility.csv": "row,verdict,why\nmine,sel,because\n",
    }
    (place.folder / "lookups").mkdir()
    for name, text in files.items():
        (place.folder / name).write_text(text, "utf-8")
    result = run("flow", "check")
    assert result.exit_code == 1
    for name in files:
        assert f"{name}: " in result.stdout, result.stdout
    assert "stock.yaml: line 3: 'bufer' is unknown. Did you mean 'buffer'?" in result.stdout
    whats = {f["what"] for f in data(run("doctor", "--offline", "--json"))["findings"]}
    assert {"stock.yaml, line 3", "prices.csv, line 2", "catalogue.yaml, line 3"} <= whats
    house = load(read_settings(place.folder, {}))
    _ready(house)
    house.close()
    assert "prices.yaml: line 3" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["stock.yaml", "prices.yaml", "catalogue.yaml"])
def test_a_rule_file_that_is_no_yaml_is_a_finding_of_doctor(
    place: Workplace, run: Run, name: str
) -> None:
    (place.folder / name).write_bytes(b"rules: [\n")
    found = {f["what"]: f for f in data(run("doctor", "--offline", "--json"))["findings"]}
    assert any(what.startswith(f"{name}, line") for what in found)
    (place.folder / name).write_bytes(b"rules: []\n# caf\xe9\n")
    result = run("flow", "check")
    assert (result.exit_code, f"{name}: byte 15: is not UTF-8." in result.stdout) == (1, True)


def test_a_bad_row_is_told_at_the_start_and_lets_it_start(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.folder / "lookups").mkdir()
    table = place.folder / "lookups" / "skus.csv"
    table.write_text("sku,item,uom,units_per_pack\nA,T,EA,zero\n")
    house = load(read_settings(place.folder, {}))
    try:
        _ready(house)  # raises when nothing may start
        assert "row 2, column units_per_pack" in capsys.readouterr().err
        assert ORDERS in house.flows
    finally:
        house.close()


def test_the_engine_takes_flows_over_the_tables_as_they_are_and_watches_them(
    place: Workplace,
) -> None:
    house = load(read_settings(place.folder, {}), database=place.db)
    assert house.engine.runner.flows is house.flows
    assert TABLES in house.engine.runner.feeds


def test_doctor_and_check_say_when_a_worker_runs_an_older_version(
    place: Workplace, run: Run
) -> None:
    settings = read_settings(place.folder, {})
    own = place.folder / "mappings" / "mine.yaml"
    with noted(settings):
        assert data(run("flow", "check", "--json"))["older"] == []
        own.parent.mkdir()
        own.write_text("mapping: orders.mine\n")
        (place.folder / "lookups").mkdir()
        (place.folder / "lookups" / "mine.csv").write_text("a,b\n")  # read again by itself
        [behind] = data(run("flow", "check", "--json"))["older"]
        assert (behind["worker"], behind["files"]) == (settings.worker, ["mappings/mine.yaml"])
        assert "still runs the older mappings/mine.yaml" in run("flow", "check").stderr
        found = data(run("doctor", "--offline", "--json"))["findings"]
        assert any("still runs the older mappings/mine.yaml" in f["words"] for f in found)
    assert data(run("flow", "check", "--json"))["older"] == []


def test_what_a_killed_worker_left_behind_is_not_taken_for_a_running_one(
    place: Workplace, run: Run
) -> None:
    left = {"worker": "main", "pid": 1, "files": {"crossdock.yaml": "x"}}
    (place.folder / ".running-x.json").write_text(json.dumps(left))
    assert data(run("flow", "check", "--json"))["older"] == []
