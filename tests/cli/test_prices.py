"""crossdock price and crossdock plan: what Amazon is to ask, why, and a person's approval."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.engine.store import open_database
from crossdock.kernel.clock import ManualClock, SystemClock
from crossdock.simulators.server import Server
from crossdock.wiring.settling import Settlements
from demo.workspace import write_workspace
from tests.business.settlements.files import line, report
from tests.cli.conftest import Run
from tests.connectors.tims.simulated import a_tims

US = "ATVPDKIKX0DER"
PRINCIPAL = ("Order", "ItemPrice", "Principal")
COMMISSION = ("Order", "ItemFees", "Commission")
CLOSING = ("Order", "ItemFees", "FixedClosingFee")
RULES = """\
version: 1
lists: {ATVPDKIKX0DER: STANDARD}
rules:
  - {skus: [TIP], price: list, floor: {fees: 15 %, cost: no, fee: 1}, business: {price: class INDUSTRIAL}}
"""
LOOKUPS = {
    "skus.csv": "sku,item,uom,units_per_pack\nTIP,WLD-2,EA,2\nROD,WLD-1,EA,1\n",
    "marketplaces.csv": "marketplace_id,country,time_zone\nATVPDKIKX0DER,US,America/New_York\n",
}


@pytest.fixture
def shop(folder: Path) -> Iterator[Path]:
    clock = ManualClock(SystemClock().now())
    tims, server = a_tims(clock, limits=False), Server(clock)
    tims.set_price("WLD-2", "10.00", classes={"INDUSTRIAL": "9.00"})
    url = server.add(tims.api)
    server.start()
    amazon = {
        "seller_id": "A1SELLER", "region": "na", "marketplace_ids": [US],
        "client_id": "x", "client_secret": "x", "refresh_token": "x",
        "endpoint": "https://localhost", "lwa": "https://localhost",
    }  # fmt: skip
    site = {
        "url": url, "company": tims.company, "environment": "live",
        "client_id": tims.client_id, "client_secret": tims.client_secret,
    }  # fmt: skip
    (folder / "prices.yaml").write_text(RULES, "utf-8")
    write_workspace(folder, {"clock": "", "lookups": LOOKUPS, "amazon": amazon, "tims": site})
    yield folder
    server.stop()


def test_every_term_of_a_price_is_explained(shop: Path, run: Run) -> None:
    result = run("price", "explain", "TIP", "--json")
    (found,) = json.loads(result.stdout)
    assert (result.exit_code, found["price"], found["floor"]) == (0, "20.00", "1.18")
    assert "B2B 18.00" in found["shown"]
    assert any(t["source"].startswith("TIMS list STANDARD") for t in found["terms"])
    shown = run("price", "explain", "TIP").stdout
    assert "prices.yaml line 4" in shown
    assert "told no price" in shown


def test_the_list_names_what_cannot_be_priced(shop: Path, run: Run) -> None:
    result = run("price", "list", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(r["sku"], r["price"], r["kind"]) for r in found["prices"]] == [
        ("ROD", None, "price-rule-missing"), ("TIP", "20.00", ""),
    ]  # fmt: skip
    assert "publish: off" in run("price", "list").stderr
    (shop / "prices.yaml").write_text(RULES.replace("15 %", "15"), "utf-8")
    wrong = run("price", "list")
    assert "line 4" in wrong.stdout + wrong.stderr


def test_doctor_names_a_price_list_that_tims_does_not_have(shop: Path, run: Run) -> None:
    (shop / "prices.yaml").write_text(RULES.replace("STANDARD", "STANDART"), "utf-8")
    found = {f["what"]: f for f in json.loads(run("doctor", "--json").stdout)["findings"]}
    one = found["prices.yaml, line 2"]
    assert one["words"] == "TIMS has no price list 'STANDART'."
    assert one["fix"] == "Did you mean 'STANDARD'?"


def test_publishing_by_hand_waits_for_a_worker(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    refused = run("price", "publish", "TIP")
    assert (refused.exit_code, "publish: off" in refused.stderr) == (2, True)
    (shop / "prices.yaml").write_text("publish: on\n" + RULES, "utf-8")
    found = json.loads(run("price", "publish", "TIP", "TIP", "--json").stdout)
    assert found == {"asked": [f"{US}:TIP"], "worker_alive": False}


def test_a_mistyped_sku_is_told_with_its_remedy_and_nobody_is_asked(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    (shop / "prices.yaml").write_text("publish: on\n" + RULES, "utf-8")
    for words in (("explain", "TPI"), ("publish", "TIP", "TPI")):
        result = run("price", *words)
        assert result.exit_code == 1
        assert "TPI is not in lookups/skus.csv" in result.stderr
        assert "Add a row for it, or close the listing; then retry." in result.stderr
    assert "Asked" not in result.stdout


def test_problems_of_a_plan_show_their_remedy(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    (problem,) = json.loads(run("plan", "prices", "--json").stdout)["problems"]
    assert problem["remedy"] == "Correct prices.yaml, then retry."
    shown = run("plan", "prices")
    assert problem["remedy"] in shown.stdout + shown.stderr


def test_a_plan_is_approved_by_its_name_as_long_as_it_is_still_true(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    result = run("plan", "prices", "--json")
    plan = json.loads(result.stdout)
    assert (result.exit_code, plan["changes"], plan["counts"]) == (1, 1, {"first": 1})
    assert plan["problems"][0]["kind"] == "price-rule-missing"
    (shop / "prices.yaml").write_text(RULES.replace("price: list", "price: list, add: 1.00", 1))
    gone = run("plan", "apply", plan["plan"])
    assert (gone.exit_code, "not what would be written" in gone.stderr) == (2, True)
    again = json.loads(run("plan", "prices", "--json").stdout)
    assert again["plan"] != plan["plan"]
    done = json.loads(run("plan", "apply", again["plan"], "--json").stdout)
    assert (done["kind"], done["approved"]) == ("prices", 1)
    assert again["plan"] in run("plan", "prices").stdout
    assert run("plan", "apply", "abc").exit_code == 2


def test_a_plan_of_stock_names_what_goes_to_zero(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    rules = "version: 1\nrules:\n  - {skus: ['*'], locations: [MAIN], buffer: 50}\n"
    (shop / "stock.yaml").write_text(rules, "utf-8")
    plan = json.loads(run("plan", "stock", "--json").stdout)
    assert plan["counts"] == {"first": 2, "to zero": 1}
    assert "to zero" in run("plan", "stock").stdout


def test_nothing_waits_at_first(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    result = run("plan", "held", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"count": 0, "held": []})
    assert "Nothing waits" in run("plan", "held").stdout


def test_the_quota_plan_tells_how_old_prices_can_become(shop: Path, run: Run) -> None:
    news = [n["news"] for n in json.loads(run("quota", "plan", "--json").stdout)["news"]]
    assert news == ["orders", "tracking", "stock"]  # prices are off
    (shop / "prices.yaml").write_text("publish: on\n" + RULES, "utf-8")
    found = json.loads(run("quota", "plan", "--json").stdout)
    assert (found["prices"], found["news"][3]["news"], found["ok"]) == (2, "prices", True)
    many = run("quota", "plan", "--skus", "60000", "--json")
    prices = json.loads(many.stdout)["news"][3]
    assert (many.exit_code, prices["ok"]) == (1, False)
    assert "prices can be written in time; there are 60000" in prices["advice"]


def test_what_amazon_took_stands_beside_what_the_floor_reckons_with(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    assert json.loads(run("price", "fees", "--json").stdout) == {"days": 180, "skus": []}
    now = SystemClock().now()
    end = f"{now - timedelta(days=9):%Y-%m-%d} 00:00:00 UTC"
    at = f"{now - timedelta(days=12):%Y-%m-%d} 10:00:00 UTC"

    def sold(sku: str, kind: tuple[str, str, str], cents: int, **more: str) -> dict[str, str]:
        there = more.pop("market", "Amazon.com")
        return line(kind, cents, at=at, market=there, **more) | {
            "sku": sku, "quantity-purchased": "1" if kind == PRINCIPAL else "",
        }  # fmt: skip

    rows = [
        row for _ in range(12)
        for row in (sold("TIP", PRINCIPAL, 2000), sold("TIP", COMMISSION, -340),
                    sold("TIP", CLOSING, -99), sold("ROD", PRINCIPAL, 900),
                    sold("TIP", PRINCIPAL, 9900, channel="AFN"))
    ]  # fmt: skip
    rows += [
        sold("TIP", ("Refund", "ItemFees", "Commission"), 340),
        sold("TIP", COMMISSION, -1, market=""),
    ]
    db = open_database(f"sqlite:///{shop}/crossdock.db")
    settlements = Settlements(db, shop, lambda: now)
    for number, some in (("1", rows), ("2", [sold("TIP", COMMISSION, -90_000)])):
        path = shop / f"{number}.txt"
        total = None if number == "1" else 5  # the second does not tie: nothing of it counts
        path.write_bytes(report(some, number=number, total=total, start=at, end=end))
        settlements.take(path, path.name)
    db.close()
    result = run("price", "fees", "--json")
    tip, rod = json.loads(result.stdout)["skus"]
    assert (result.exit_code, tip["sku"], tip["packs"], tip["too_low"]) == (1, "TIP", 12, True)
    assert (tip["settled"], tip["reckoned"], tip["more"]) == ("17 % + 0.99", "15 % + 1", "0.39")
    assert (rod["remark"], rod["rule"], rod["too_low"]) == ("no floor of a rule", "", False)
    words = run("price", "fees")
    assert "Raise fees" in words.stdout + words.stderr
    early = run("price", "fees", "--days", "5", "--json")
    assert (early.exit_code, json.loads(early.stdout)["skus"]) == (0, [])
