"""crossdock stock: the plan, every term of it, and a person's wish to publish."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.engine.store import (
    approvals,
    bulk,
    fba,
    inbox,
    open_database,
    oversells,
    publications,
)
from crossdock.engine.store.approvals import Held
from crossdock.engine.store.bulk import Ending, Item
from crossdock.engine.store.publications import SEEN, Publication
from crossdock.kernel.clock import ManualClock, SystemClock
from crossdock.simulators.server import Server
from demo.workspace import write_workspace
from tests.cli.conftest import Run
from tests.connectors.tims.simulated import a_tims

RULES = """\
version: 1
rules:
  - {skus: [TIP], locations: [MAIN], buffer: 1, maximum: 3}
"""
PRICES = """\
version: 1
publish: on
lists: {ATVPDKIKX0DER: STANDARD}
rules:
  - {skus: ["*"], price: list}
"""
SKUS = "sku,item,uom,units_per_pack\nTIP,WLD-2,EA,1\nROD,WLD-1,EA,1\n"


@pytest.fixture
def shop(folder: Path) -> Iterator[Path]:
    clock = ManualClock(SystemClock().now())
    tims, server = a_tims(clock, limits=False), Server(clock)
    url = server.add(tims.api)
    server.start()
    amazon = {
        "seller_id": "A1SELLER", "region": "na", "marketplace_ids": ["ATVPDKIKX0DER"],
        "client_id": "x", "client_secret": "x", "refresh_token": "x",
        "endpoint": "https://localhost", "lwa": "https://localhost",
    }  # fmt: skip
    site = {
        "url": url, "company": tims.company, "environment": "live",
        "client_id": tims.client_id, "client_secret": tims.client_secret,
    }  # fmt: skip
    world = {"clock": "", "lookups": {"skus.csv": SKUS}, "amazon": amazon, "tims": site}
    write_workspace(folder, world)
    (folder / "stock.yaml").write_text(RULES, "utf-8")
    yield folder
    server.stop()


def test_what_a_quantity_waits_for_is_told_beside_it(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    (shop / "stock.yaml").write_text(RULES + "publish: on\n", "utf-8")
    (shop / "prices.yaml").write_text(PRICES, "utf-8")
    found = json.loads(run("stock", "explain", "TIP", "--json").stdout)
    assert "before its price is right" in found["waits"]
    words = run("stock", "explain", "TIP")
    assert "before its price is right" in words.stdout + words.stderr
    db = open_database(f"sqlite:///{shop}/crossdock.db")
    why = "stock.yaml says publish: plan"
    approvals.hold(db, Held("stock", "TIP", "0", "3", why, SystemClock().now()))
    db.close()
    rows = {r["sku"]: r for r in json.loads(run("stock", "list", "--json").stdout)["skus"]}
    assert rows["TIP"]["waits"] == f"waits for approval: {why}; look: crossdock plan stock"
    assert (rows["ROD"]["waits"], bool(rows["ROD"]["problem"])) == ("", True)
    assert "waits for approval" in " ".join(run("stock", "list").stdout.split())


def test_every_term_is_explained(shop: Path, run: Run) -> None:
    result = run("stock", "explain", "TIP", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["offered"], found["told"]) == (0, 3, None)
    assert [(t["what"], t["value"]) for t in found["terms"]] == [
        ("WLD-2 at MAIN", "5"), ("WLD-2 kept back", "-1"), ("at most", "3"), ("offered", "3"),
    ]  # fmt: skip
    assert "stock.yaml line 3" in run("stock", "explain", "TIP").stdout


def test_the_list_is_the_plan_with_what_is_wrong(shop: Path, run: Run) -> None:
    result = run("stock", "list", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1  # nobody has said how ROD is offered
    assert [(r["sku"], r["offered"]) for r in found["skus"]] == [("ROD", None), ("TIP", 3)]
    assert "no rule" in found["skus"][0]["problem"]
    shown = run("stock", "list")
    assert "publish: off" in shown.stdout + shown.stderr


def test_what_amazon_holds_stands_beside_and_is_never_offered(shop: Path, run: Run) -> None:
    db = open_database(f"sqlite:///{shop}/crossdock.db")
    db.migrate()
    now = SystemClock().now()
    fba.keep(
        db, [fba.FbaStock("TIP", 40, 5, 2, 1, 0, now), fba.FbaStock("ONLY", 7, 0, 0, 0, 0, now)]
    )
    db.close()
    rows = {r["sku"]: r for r in json.loads(run("stock", "list", "--json").stdout)["skus"]}
    assert (rows["TIP"]["offered"], rows["TIP"]["fba"]["fulfillable"]) == (3, 40)
    assert (rows["ONLY"]["offered"], rows["ONLY"]["problem"]) == (None, "")
    assert rows["TIP"]["fba"]["location"] == "Amazon (FBA)"
    assert rows["ROD"]["fba"] is None
    assert "holds 40; 5 on the way" in run("stock", "explain", "TIP").stdout


def test_a_fault_of_the_file_is_named_with_its_line(shop: Path, run: Run) -> None:
    (shop / "stock.yaml").write_text(RULES.replace("buffer: 1", "buffer: lots"), "utf-8")
    result = run("stock", "list")
    assert result.exit_code == 1
    assert "line 3" in result.stdout + result.stderr


def test_doctor_names_what_the_files_say_and_tims_does_not_have(shop: Path, run: Run) -> None:
    (shop / "stock.yaml").write_text(RULES.replace("[MAIN]", "[MAIN, MIAN]"), "utf-8")
    rows = "CHIP,WLD-2,DZ,1\nGONE,WLD-9,EA,1\n"
    (shop / "lookups" / "skus.csv").write_text(SKUS + rows, "utf-8")
    found = {f["what"]: f for f in json.loads(run("doctor", "--json").stdout)["findings"]}
    place = found["stock.yaml, line 3"]
    assert (place["ok"], "Did you mean 'MAIN'?" in place["words"]) == (False, True)
    unit, item = (found[f"lookups/skus.csv, row {n}"] for n in ("4, column uom", "5, column item"))
    assert unit["words"] == "TIMS has no unit 'DZ' of item WLD-2."
    assert "It has EA" in unit["fix"]
    assert item["words"] == "TIMS has no item 'WLD-9'."
    (shop / "stock.yaml").write_text(RULES, "utf-8")
    (shop / "lookups" / "skus.csv").write_text(SKUS, "utf-8")
    found = {f["what"]: f for f in json.loads(run("doctor", "--json").stdout)["findings"]}
    assert found["files beside TIMS"]["ok"]


def test_publishing_by_hand_waits_for_a_worker(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    assert "publish: off" in run("stock", "publish", "TIP").stderr
    (shop / "stock.yaml").write_text("publish: on\n" + RULES, "utf-8")
    found = json.loads(run("stock", "publish", "TIP", "TIP", "--json").stdout)
    assert found == {"asked": ["TIP"], "worker_alive": False}


def test_a_mistyped_sku_is_told_with_its_remedy_and_leaves_no_case(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    (shop / "stock.yaml").write_text("publish: on\n" + RULES, "utf-8")
    for words in (("explain", "TPI"), ("publish", "TIP", "TPI")):
        result = run("stock", *words)
        assert result.exit_code == 1
        assert "TPI is not in lookups/skus.csv" in result.stderr
        assert "Add a row for it, or close the listing; then retry." in result.stderr
    error = json.loads(run("stock", "publish", "TPI", "--json").stdout)["error"]
    assert error["case_kind"] == "unknown-sku"
    db = open_database(f"sqlite:///{shop / 'crossdock.db'}")
    assert not any(inbox.depth(db, SystemClock().now()).values())  # nobody is asked to look at it
    db.close()


def test_feeds_are_listed_with_what_became_of_them(shop: Path, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    assert json.loads(run("stock", "feeds", "--json").stdout) == {"waiting": 0, "feeds": []}
    db, now = open_database(f"sqlite:///{shop / 'crossdock.db'}"), SystemClock().now()
    item = Item("TIP", 1, 3, 1, False, "feed", now)
    bulk.put(db, [item], "stock.bulk", now)
    assert json.loads(run("stock", "feeds", "--json").stdout)["waiting"] == 1
    (row,) = [r for r in json.loads(run("stock", "list", "--json").stdout)["skus"]
              if r["sku"] == "TIP"]  # fmt: skip
    assert row["state"] == "waits for a feed"
    bulk.take(db, "bulk-1", 10, now)
    assert bulk.move(db, "bulk-1", "planned", "submitting", submitting_at=now)
    assert bulk.move(db, "bulk-1", "submitting", "submitted", feed_id="50", submitted_at=now)
    (feed,) = bulk.under_way(db)
    ended = replace(feed, done_at=now + timedelta(seconds=61))
    assert bulk.settle(db, ended, Ending("done", True), "stock", {}, now)
    db.close()
    (found,) = json.loads(run("stock", "feeds", "--json").stdout)["feeds"]
    assert (found["feed"], found["state"], found["messages"], found["refused"]) == (
        "50", "done", 1, 0,
    )  # fmt: skip
    assert "61 s" in run("stock", "feeds").stdout
    shown = json.loads(run("stock", "list", "--json").stdout)["skus"]
    assert [(r["path"], r["submission"], r["state"]) for r in shown if r["sku"] == "TIP"] == [
        ("feed", "50", "sent")
    ]


def test_the_quota_plan_tells_the_worst_age_and_what_it_is_made_of(shop: Path, run: Run) -> None:
    result = run("quota", "plan", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"], found["skus"]) == (0, True, 2)
    assert [n["news"] for n in found["news"]] == ["orders", "tracking", "stock"]
    assert "sweep" in run("quota", "plan").stdout


def test_a_plan_that_cannot_be_kept_says_which_number_to_change(shop: Path, run: Run) -> None:
    result = run("quota", "plan", "--skus", "100000", "--json")
    stock = json.loads(result.stdout)["news"][2]
    assert (result.exit_code, stock["ok"]) == (1, False)
    assert "SKUs can be written in time" in stock["advice"]
    assert "freshness.stock" in stock["advice"]
    crowded = json.loads(run("quota", "plan", "--orders-a-day", "40000", "--json").stdout)
    assert crowded["news"][0]["full"]
    assert crowded["news"][0]["worst_seconds"] is None
    assert "orders a day" in crowded["news"][0]["advice"]


def test_nothing_oversold_is_said_plainly(shop: Path, run: Run) -> None:
    result = run("stock", "oversold")
    assert (result.exit_code, "Nothing was oversold" in result.stdout) == (0, True)


def test_an_oversell_is_told_with_its_timeline_and_its_remedy(shop: Path, run: Run) -> None:
    db, now = open_database(f"sqlite:///{shop}/crossdock.db"), SystemClock().now()
    db.migrate()
    ago = [now - timedelta(seconds=n) for n in (600, 580, 300, 290, 280)]
    nothing, place = Decimal(0), ("WLD-2", "MAIN")
    publications.keep(db, Publication("TIP", 1, 3, SEEN, sent_at=ago[0], seen_at=ago[1]))
    oversells.saw(db, [
        oversells.SeenShelf(*place, 1, Decimal(5), nothing, nothing, ago[0], None, ago[0]),
        oversells.SeenShelf(*place, 2, Decimal(1), nothing, nothing, ago[2], None, ago[3]),
    ])  # fmt: skip
    oversells.note_short(db, [
        oversells.Shortage("SO-1", 1, "111-1", "item", "TIP", "WLD-2", "EA", Decimal(2),
                           ago[2] + timedelta(seconds=5), ago[4], ago[4])
    ])  # fmt: skip
    db.close()
    result = run("stock", "oversold", "--json")
    (line,) = json.loads(result.stdout)["lines"]
    assert (result.exit_code, line["sku"], line["packs"], line["buffer_packs"]) == (0, "TIP", 2, 2)
    assert line["verdict"] in ("ours", "meanwhile")
    shown = run("stock", "oversold", "TIP").stdout
    assert "4 of WLD-2 left the shelf" in shown
    assert "2 packs more kept back would have prevented it" in shown
    assert json.loads(run("stock", "oversold", "ROD", "--json").stdout)["lines"] == []


def test_the_risk_says_what_it_is_made_of(shop: Path, run: Run) -> None:
    result = run("stock", "risk", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert "worst case" in found["delay_from"]  # nothing was published yet
    assert [r["sku"] for r in found["skus"]] == ["TIP"]  # ROD has no rule
    assert found["skus"][0]["probability"] == 0  # nothing was sold
    assert "runs out" in run("stock", "risk").stdout
