"""crossdock catalogue: what would be listed, every reason for it, and what Amazon shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.store import open_database, submissions
from crossdock.engine.store.submissions import WATCHED, Submission
from crossdock.kernel.clock import ManualClock, SystemClock
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.server import Server
from crossdock.simulators.tims import TimsSim
from demo.workspace import write_workspace
from tests.cli.conftest import Run
from tests.connectors.tims.simulated import a_tims
from tests.wiring.selling import GLOVE_GTIN, RULES, SPOKEN, TORCH_GTIN

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
NUMBER = "externally_assigned_product_identifier"
PLACES = f"marketplaces: {{{US}: en_US, {CA}: en_CA}}\n"
SKUS = "sku,item,uom,units_per_pack\nGLOVE,GLV-1,EA,1\nGAS,ARGON,EA,1\nTORCH,TRC-1,EA,1\n"


@dataclass
class Shop:
    folder: Path
    tims: TimsSim
    amazon: AmazonSim

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")


@pytest.fixture
def shop(folder: Path) -> Iterator[Shop]:
    clock = ManualClock(SystemClock().now())
    tims, amazon, server = (
        a_tims(clock, limits=False),
        AmazonSim(clock, limits=False),
        Server(clock),
    )
    urls = [server.add(app) for app in (tims.api, amazon.api, amazon.lwa)]
    server.start()
    tims.add_item("GLV-1", "MIG glove", details={
        **SPOKEN, "Gtin": GLOVE_GTIN, "Attributes": {"Size": "L"},
    })  # fmt: skip
    tims.add_item("ARGON", item_class="gas", details=SPOKEN)
    tims.add_item("TRC-1", "Torch", details={**SPOKEN, "Gtin": TORCH_GTIN, "Brand": "Other"})
    there = {
        "seller_id": amazon.sellers[0].seller_id, "region": "na",
        "marketplace_ids": [US, CA], "client_id": amazon.client_id,
        "client_secret": amazon.client_secret, "refresh_token": amazon.refresh_token,
        "endpoint": urls[1], "lwa": urls[2],
    }  # fmt: skip
    site = {
        "url": urls[0], "company": tims.company, "environment": "live",
        "client_id": tims.client_id, "client_secret": tims.client_secret,
    }  # fmt: skip
    write_workspace(
        folder, {"clock": "", "lookups": {"skus.csv": SKUS}, "amazon": there, "tims": site},
        limits=False,
    )  # fmt: skip
    found = Shop(folder, tims, amazon)
    found.write("catalogue.yaml", RULES.replace("publish: on", "publish: off"))
    yield found
    server.stop()


def test_the_list_is_the_plan_with_every_refusal_and_its_row(shop: Shop, run: Run) -> None:
    result = run("catalogue", "list", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["publish"], found["problems"]) == (0, False, [])
    assert [(r["sku"], r["verdict"], r["product_type"]) for r in found["skus"]] == [
        ("GAS", "refuse", ""), ("GLOVE", "sell", "PROTECTIVE_GLOVE"),
        ("TORCH", "sell", "WELDING_TOOL"),
    ]  # fmt: skip
    assert "never sold" in found["skus"][0]["why"]
    only = run("catalogue", "list", "--verdict", "refuse", "--json")
    assert [r["sku"] for r in json.loads(only.stdout)["skus"]] == ["GAS"]
    shown = run("catalogue", "list")
    assert "publish: off" in shown.stdout + shown.stderr
    assert not any(operation == "getListingsItem" for operation, _ in shop.amazon.counts)


def test_two_faults_of_two_files_are_named_with_their_lines_and_the_rest_works(
    shop: Shop, run: Run
) -> None:
    shop.write("catalogue.yaml", RULES + "sds_years: soon\n")
    shop.write(
        "lookups/eligibility.csv",
        "row,item,item_class,requires_container,hazmat,un_number,sds,channel,status,verdict,why\n"
        "lifted,ARGON,gas,*,*,*,*,*,*,sell,We would like to.\n",
    )
    result = run("catalogue", "list", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "catalogue.yaml: line 13" in found["problems"][0]
    assert "lookups/eligibility.csv: row 2" in found["problems"][1]
    assert [r["verdict"] for r in found["skus"]] == ["refuse", "sell", "sell"]


def test_every_decision_and_every_value_is_explained_with_its_source(shop: Shop, run: Run) -> None:
    result = run("catalogue", "explain", "GLOVE", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["problems"]) == (0, [])
    steps = {s["what"]: (s["value"], s["source"]) for s in found["steps"]}
    assert steps["gate: sell"][1] == "the shipped eligibility.csv row 13, plain"
    assert steps["rule"] == ("PROTECTIVE_GLOVE, LISTING", "catalogue.yaml line 5")
    assert steps["number"] == (GLOVE_GTIN, "the item's Gtin")
    assert steps["page"][0] == "none"
    assert "checksum" in steps["product type"][1]
    assert steps["size"] == ("large", "item Attributes.Size, catalogue.yaml line 9")
    assert steps["outer_material_type"][0] == "left out"
    assert found["would_send"]["item_name"][0]["value"] == "MIG glove"
    assert "catalogue.yaml line 5" in run("catalogue", "explain", "GLOVE").stdout


def test_a_refusal_and_an_open_question_are_explained_too(shop: Shop, run: Run) -> None:
    refused = run("catalogue", "explain", "GAS", "--json")
    assert refused.exit_code == 0
    assert "never sold" in json.loads(refused.stdout)["steps"][1]["value"]
    asked = run("catalogue", "explain", "TORCH", "--json")
    (problem,) = json.loads(asked.stdout)["problems"]
    assert (asked.exit_code, problem["kind"]) == (1, "asin-unclear")
    assert "asins" in problem["remedy"]
    words = run("catalogue", "explain", "TORCH")
    assert "no page has" in words.stdout + words.stderr


def test_a_check_asks_amazon_and_keeps_nothing(shop: Shop, run: Run) -> None:
    good = run("catalogue", "check", "GLOVE", "--json")
    assert (good.exit_code, json.loads(good.stdout)["status"]) == (0, "VALID")
    assert shop.amazon.listings.items == {}
    shop.tims.describe_item("GLV-1", CountryOfOrigin="XX")
    bad = run("catalogue", "check", "GLOVE", "--json")
    found = json.loads(bad.stdout)
    assert (bad.exit_code, found["status"]) == (1, "INVALID")
    assert found["issues"][0]["attributes"] == ["country_of_origin"]
    assert found["problems"][0]["kind"] == "listing-invalid"  # known before Amazon said so
    assert "country_of_origin" in run("catalogue", "check", "GLOVE").stdout
    assert run("catalogue", "check", "GAS").exit_code == 1


def test_drift_names_what_amazon_shows_and_tims_does_not_say(shop: Shop, run: Run) -> None:
    shop.amazon.listings.offer("GAS", 4)
    shop.amazon.listings.offer(
        "GLOVE", 2, product_type="PROTECTIVE_GLOVE", prices={"ATVPDKIKX0DER": Decimal(9)},
        attributes={"item_name": [{"value": "Old name"}]},
    )  # fmt: skip
    shop.amazon.listings.offer("STRAY", 1, shops=[US])
    result = run("catalogue", "drift", "--json")
    found = json.loads(result.stdout)
    told = {(d["sku"], d["what"]): (d["tims"], d["amazon"]) for d in found["differences"]}
    assert result.exit_code == 1
    assert told["GAS", "may not be sold"][1] == "4 for sale"
    assert told["GLOVE", "item_name"] == ("MIG glove", "Old name")
    assert told["GLOVE", "title that buyers read"] == ("MIG glove", "Old name")
    assert found["unknown"] == ["STRAY"]
    assert run("catalogue", "drift", "GLOVE").exit_code == 1
    assert "STRAY" not in run("catalogue", "drift", "GLOVE").stderr


def test_a_mistyped_sku_is_not_asked_for(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    shop.write("catalogue.yaml", RULES)
    result = run("catalogue", "publish", "GLVOE")
    assert (result.exit_code, "close the listing" in result.stderr) == (1, True)


def test_publishing_by_hand_waits_for_a_worker(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    assert "publish: off" in run("catalogue", "publish", "GLOVE").stderr
    shop.write("catalogue.yaml", RULES)
    found = json.loads(run("catalogue", "publish", "GLOVE", "GLOVE", "--json").stdout)
    assert found == {"asked": ["GLOVE"], "worker_alive": False}


def test_one_listing_that_cannot_be_changed_spoils_no_plan(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    shop.write(
        "catalogue.yaml", RULES.replace("publish: on", "publish: plan") + "discontinued: delete\n"
    )
    shop.write("lookups/skus.csv", SKUS + "GLOVE-2,GLV-1,EA,1\n")
    shop.amazon.listings.offer("GLOVE", 2, product_type="WELDING_TOOL")
    shop.amazon.listings.offer("GAS", 4)
    result = run("plan", "catalogue", "--json")
    found = json.loads(result.stdout)
    assert {p["key"]: p["kind"] for p in found["problems"]} == {
        "GLOVE": "listing-invalid", "TORCH": "asin-unclear",
    }  # fmt: skip
    assert [(r["sku"], r["new"] == "taken off", r["flags"]) for r in found["rows"]] == [
        ("GAS", True, ["delisted"]), ("GLOVE-2", False, ["first"]),
    ]  # fmt: skip
    assert (result.exit_code, run("plan", "apply", found["plan"]).exit_code) == (1, 0)


def test_plan_check_and_drift_name_what_is_taken_away(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    shop.write("catalogue.yaml", RULES.replace("publish: on", "publish: plan"))
    plain = {name: rows for name, rows in written(run).items() if name != NUMBER}
    image = {"media_location": "https://x/2.jpg", "marketplace_id": US}
    second = {"other_product_image_locator_1": [image]}
    shop.amazon.listings.offer(
        "GLOVE", 2, product_type="PROTECTIVE_GLOVE", shops=[US],
        attributes=plain | second | {"bullet_point": [{"value": "By hand"}]},
    )  # fmt: skip
    db = open_database(f"sqlite:///{shop.folder / 'crossdock.db'}")
    receipt = Submission("GLOVE", US, 1, "x", WATCHED, names=frozenset(plain | second))
    submissions.keep(db, receipt, first=True)
    db.close()
    (row,) = json.loads(run("plan", "catalogue", "--json").stdout)["rows"]
    assert row["new"] == f"{NUMBER}; without other_product_image_locator_1"
    assert row["flags"] == ["taken away"]
    (gone,) = [
        d for d in json.loads(run("catalogue", "drift", "--json").stdout)["differences"]
        if not d["tims"]
    ]  # fmt: skip
    assert (gone["what"], gone["amazon"]) == ("other_product_image_locator_1", "https://x/2.jpg")
    previewed: list[set[str]] = []
    shop.amazon.listings.checks.append(lambda *said: previewed.append(set(said[3])) or [])
    assert "VALID" in run("catalogue", "check", "GLOVE").stdout
    assert previewed == [set(plain) | {NUMBER, "bullet_point", "fulfillment_availability"}]


def written(run: Run) -> dict[str, Any]:
    """What would be sent for the glove."""
    found = json.loads(run("catalogue", "explain", "GLOVE", "--json").stdout)["would_send"]
    return dict(found)


def test_a_plan_is_looked_at_and_exactly_that_is_approved(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    shop.write("catalogue.yaml", RULES.replace("publish: on", "publish: plan"))
    shop.amazon.listings.offer("STRAY", 1)
    found = json.loads(run("plan", "catalogue", "--json").stdout)
    assert [(r["sku"], r["told_last"], r["flags"]) for r in found["rows"]] == [
        ("GLOVE", None, ["first"])
    ]
    assert [(p["key"], p["kind"]) for p in found["problems"]] == [("TORCH", "asin-unclear")]
    shop.tims.describe_item("GLV-1", Brand="Weldco Pro")
    stale = run("plan", "apply", found["plan"])
    assert (stale.exit_code, "look again" in stale.stderr) == (2, True)
    now = json.loads(run("plan", "catalogue", "--json").stdout)["plan"]
    applied = json.loads(run("plan", "apply", now, "--json").stdout)
    assert (applied["kind"], applied["approved"]) == ("catalogue", 1)
    assert not any(operation == "putListingsItem" for operation, _ in shop.amazon.counts)


# --- several marketplaces -------------------------------------------------------------------------


def test_every_marketplace_that_the_file_names_is_a_row_of_its_own(shop: Shop, run: Run) -> None:
    shop.write("catalogue.yaml", RULES + PLACES)
    found = json.loads(run("catalogue", "list", "--json").stdout)["skus"]
    assert [(r["sku"], r["marketplace"]) for r in found][:4] == [
        ("GAS", US), ("GAS", CA), ("GLOVE", US), ("GLOVE", CA),
    ]  # fmt: skip
    only = json.loads(run("catalogue", "list", "-m", CA, "--json").stdout)["skus"]
    assert {r["marketplace"] for r in only} == {CA}
    wrong = run("catalogue", "list", "-m", "A1AM78C64UM0Y8")
    assert (wrong.exit_code, "no marketplace of the account" in wrong.stderr) == (2, True)
    shop.write("catalogue.yaml", RULES.replace("    product_type: PROTECTIVE",
               f"    marketplaces: [{US}]\n    product_type: PROTECTIVE") + PLACES)  # fmt: skip
    rows = json.loads(run("catalogue", "list", "-m", CA, "--json").stdout)["skus"]
    (glove,) = [r for r in rows if r["sku"] == "GLOVE"]
    assert (glove["product_type"], glove["why"]) == (
        "not here", f"listed in US ({US}), by catalogue.yaml line 5",
    )  # fmt: skip


def test_a_marketplace_that_is_not_the_accounts_is_told_with_its_line(shop: Shop, run: Run) -> None:
    shop.write("catalogue.yaml", RULES + PLACES.replace(CA, "A1AM78C64UM0Y8"))
    result = run("catalogue", "list", "--json")
    (problem,) = json.loads(result.stdout)["problems"]
    assert result.exit_code == 1
    assert problem.startswith("catalogue.yaml: line 13: MX (A1AM78C64UM0Y8) is no marketplace of")


def test_one_marketplace_is_explained_checked_and_published(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    shop.write("catalogue.yaml", RULES + PLACES)
    found = json.loads(run("catalogue", "explain", "GLOVE", "-m", CA, "--json").stdout)
    steps = {s["what"]: (s["value"], s["source"]) for s in found["steps"]}
    assert (found["marketplace"], found["not_here"]) == (CA, "")
    assert steps["marketplace"] == (f"CA ({CA})", "catalogue.yaml line 13")
    assert found["would_send"]["item_name"][0] == {
        "value": "MIG glove", "marketplace_id": CA, "language_tag": "en_CA",
    }  # fmt: skip
    same = json.loads(run("catalogue", "explain", f"{CA}:GLOVE", "--json").stdout)
    assert same["marketplace"] == CA  # as cases name it
    checked = json.loads(run("catalogue", "check", "GLOVE", "-m", CA, "--json").stdout)
    assert (checked["status"], checked["marketplace"]) == ("VALID", CA)
    asked = json.loads(run("catalogue", "publish", "GLOVE", "--json").stdout)
    assert asked["asked"] == ["GLOVE", f"{CA}:GLOVE"]
    asked = json.loads(run("catalogue", "publish", "GLOVE", "-m", CA, "--json").stdout)
    assert asked["asked"] == [f"{CA}:GLOVE"]


def test_drift_and_plans_name_the_marketplace(shop: Shop, run: Run) -> None:
    assert run("store", "migrate").exit_code == 0
    shop.write("catalogue.yaml", RULES.replace("publish: on", "publish: plan") + PLACES)
    shop.amazon.listings.offer("STRAY", 1, shops=[CA])
    shop.amazon.listings.offer("GLOVE", 1, product_type="PROTECTIVE_GLOVE", shops=[US])
    found = json.loads(run("catalogue", "drift", "-m", CA, "--json").stdout)
    told = {(d["sku"], d["marketplace"], d["what"]) for d in found["differences"]}
    assert told == {("GLOVE", CA, "listing"), ("TORCH", CA, "listing")}
    assert found["unknown"] == [f"{CA}:STRAY"]
    both = json.loads(run("catalogue", "drift", "--json").stdout)
    assert {d["marketplace"] for d in both["differences"]} == {US, CA}
    plan = json.loads(run("plan", "catalogue", "--json").stdout)
    assert [(r["key"], r["marketplace"], r["flags"]) for r in plan["rows"]] == [
        ("GLOVE", US, []), (f"{CA}:GLOVE", CA, ["first"]),
    ]  # fmt: skip
    part = json.loads(run("plan", "catalogue", "-m", CA, "--json").stdout)
    assert [r["key"] for r in part["rows"]] == [f"{CA}:GLOVE"]
    assert (part["plan"], part["changes"]) == (plan["plan"], 2)
