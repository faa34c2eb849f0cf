"""TIMS's prices become Amazon's: by rules, written when they differ, seen there."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.amazon.auth import AmazonAccount
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.client import TimsClient
from crossdock.engine.store import approvals, open_database, price_receipts
from crossdock.kernel.errors import ConfigError, NeedsPerson, RunError, TryAgain
from crossdock.kernel.quota import MemoryBuckets
from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from crossdock.wiring.price_publisher import KIND, MOST_WRITES, PATIENCE, PricePublisher, digest_of
from crossdock.wiring.price_runs import price_feeds, price_pending
from crossdock.wiring.pricing import PriceDesk, key_of
from crossdock.wiring.stocking import StockDesk
from tests.connectors.amazon.conftest import NOW, US
from tests.connectors.amazon.conftest import InProcess as Wire
from tests.connectors.tims.simulated import InProcess, ManualClock, a_tims, account_of

CA = "A2EUQ1WTGCTBG2"
RULES = """\
version: 1
publish: on
lists:
  ATVPDKIKX0DER: STANDARD
rules:
  - {skus: ["*"], price: list, business: {price: class INDUSTRIAL, tiers: yes}}
"""
SKUS = "sku,item,uom,units_per_pack\nROD,WLD-1,EA,1\nROD-BX,WLD-1,BX,1\nTIP,WLD-2,EA,1\nTIP-5,WLD-2,EA,5\n"
SHOPS = "marketplace_id,country,time_zone\nATVPDKIKX0DER,US,America/New_York\nA2EUQ1WTGCTBG2,CA,America/Toronto\n"


class Shop:
    """A TIMS and an Amazon, and the price desk between them."""

    def __init__(self, folder):
        self.folder, self.clock, self.hands = folder, ManualClock(NOW), HandClock(NOW)
        (folder / "lookups").mkdir()
        (folder / "lookups" / "skus.csv").write_text(SKUS, "utf-8")
        (folder / "lookups" / "marketplaces.csv").write_text(SHOPS, "utf-8")
        self.write(RULES)
        self.tims = a_tims(self.clock, limits=False)
        self.amazon = AmazonSim(self.hands, limits=False)
        self.seller = self.amazon.sellers[0].seller_id
        self.db = open_database(f"sqlite:///{folder}/store.db")
        self.db.migrate()
        self.price("WLD-2", "10.00")
        account = account_of(self.tims).reading_prices(costs=True)
        client = TimsClient(account, InProcess(self.tims.api), self.clock)
        stock = StockDesk(folder, client, self.clock.now)
        self.desk = PriceDesk(folder, client, stock, self.clock.now)
        self.wire = Wire(self.amazon)
        for sku, price in (("ROD", "5"), ("ROD-BX", "50"), ("TIP", "9"), ("TIP-5", "45")):
            self.amazon.listings.offer(sku, 9, prices={US: Decimal(price)})
        self.publisher = self.a_publisher()

    def price(self, item, amount, **more):
        classes = more.pop("classes", {"INDUSTRIAL": Decimal(amount) * 9 / 10})
        self.tims.set_price(item, amount, classes=classes, **more)

    def write(self, rules):
        (self.folder / "prices.yaml").write_text(rules, "utf-8")

    def a_publisher(self):
        sim = self.amazon
        account = AmazonAccount(
            self.seller, sim.client_id, sim.client_secret, sim.refresh_token, marketplace_ids=(US,)
        )
        client = AmazonClient(account, self.wire, self.clock, MemoryBuckets(self.clock))
        return PricePublisher(client, lambda: self.db, self.clock.now, lambda: self.desk.rules)

    def offer(self, sku, shop=US):
        (found,) = self.desk.offers([key_of(shop, sku)])
        return found

    def kind(self, sku, shop=US):
        found = self.offer(sku, shop)
        assert isinstance(found, NeedsPerson), found
        return found.kind

    def advance(self, span):
        self.clock.advance(span)
        self.hands.at = self.clock.now()

    def publish(self, sku, *, rounds=200):
        """As the engine does: again when its time has come."""
        for _ in range(rounds):
            try:
                return self.publisher.publish(self.offer(sku)).state
            except TryAgain as error:
                self.advance(error.after)
                last = error
        return last.code

    def live(self, sku, audience="ALL"):
        listing = self.amazon.listings.now(self.seller, sku)
        return listing.price(US, self.hands.at, audience)

    def rows(self, sku):
        return self.amazon.listings.now(self.seller, sku).submitted["purchasable_offer"]

    def writes(self):
        return sum(request.method == "PATCH" for request in self.wire.asked)


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path)
    yield found
    found.db.close()


# --- what it is to cost


def test_list_class_packs_and_units_come_from_tims_and_the_lookup_table(shop):
    shop.price("WLD-1", "1.20", uom="EA")
    found = {sku: shop.offer(sku) for sku in ("TIP", "TIP-5", "ROD", "ROD-BX")}
    paid = {sku: [str(o.price.amount) for o in one.offers] for sku, one in found.items()}
    assert paid == {"TIP": ["10.00", "9.00"], "TIP-5": ["50.00", "45.00"],
                    "ROD": ["1.20", "1.08"], "ROD-BX": ["12.00", "10.80"]}  # fmt: skip
    assert any("STANDARD" in term.source for term in found["TIP"].terms)


def test_an_entry_in_the_unit_that_is_sold_counts_before_a_converted_one(shop):
    shop.price("WLD-1", "11.50", uom="BX")
    assert shop.offer("ROD-BX").public.price.amount == Decimal("11.50")
    assert shop.offer("ROD").public.price.amount == Decimal("1.15")


def test_what_tims_does_not_price_is_a_question_and_the_others_stand(shop):
    assert shop.kind("ROD") == "price-missing"
    assert shop.kind("NONE") == "unknown-sku"
    assert shop.kind("TIP", CA) == "price-missing"
    assert not isinstance(shop.offer("TIP"), RunError)


def test_a_list_in_another_currency_is_named_and_the_rest_is_priced(shop):
    shop.write(
        RULES.replace(
            "ATVPDKIKX0DER: STANDARD", "ATVPDKIKX0DER: STANDARD\n  A2EUQ1WTGCTBG2: STANDARD"
        )
    )
    assert shop.kind("TIP", CA) == "price-currency"
    shop.tims.add_price_list("CANADA", currency="CAD")
    shop.tims.set_price("WLD-2", "13.80", list_code="CANADA", classes={"INDUSTRIAL": "12"})
    shop.write(
        RULES.replace(
            "ATVPDKIKX0DER: STANDARD", "ATVPDKIKX0DER: STANDARD\n  A2EUQ1WTGCTBG2: CANADA"
        )
    )
    assert str(shop.offer("TIP", CA).public.price) == "13.80 CAD"


def test_a_price_of_zero_is_named_by_its_row_and_the_rest_is_priced(shop):
    shop.price("WLD-1", "0", classes={})
    assert shop.kind("ROD") == "price-unusable"
    assert not isinstance(shop.offer("TIP"), RunError)


def test_a_change_in_tims_is_known_at_the_next_look_whoever_reads_the_feed(shop):
    assert shop.offer("TIP").public.price.amount == 10
    shop.price("WLD-2", "11.25")
    assert shop.offer("TIP").public.price.amount == Decimal("11.25")
    shop.tims.drop_price("WLD-2")
    assert shop.kind("TIP") == "price-missing"


def test_a_list_that_does_not_hold_prices_nothing(shop):
    shop.tims.change_price_list("STANDARD", end=date(2020, 1, 1))
    assert shop.kind("TIP") == "price-missing"


def test_contracts_hold_for_their_days(shop):
    shop.write(RULES.replace("class INDUSTRIAL", "contract BIGSKY"))
    assert shop.kind("TIP") == "price-missing"
    shop.tims.add_customer("BIGSKY", "Big Sky Fabrication")
    shop.tims.set_contract_price("BIGSKY", "WLD-2", "8.10", breaks={20: "7.70"})
    business = shop.offer("TIP").offers[1]
    assert (business.price.amount, business.tiers[0].packs) == (Decimal("8.10"), 20)
    shop.tims.set_contract_price("BIGSKY", "WLD-2", "8.00", end=date(2020, 1, 1))
    assert shop.kind("TIP") == "price-missing"


def test_days_of_a_sale_begin_and_end_in_the_marketplaces_time_zone(shop):
    today = NOW.date()
    shop.tims.put_on_sale("WLD-2", "8.50", today, today + timedelta(days=2))
    discount = shop.offer("TIP").public.discount
    assert discount.start.isoformat().endswith("T05:00:00+00:00")  # midnight in New York
    assert discount.end - discount.start == timedelta(days=3)
    shop.write(RULES.replace("STANDARD", "{list: STANDARD, time_zone: Asia/Tokyo}"))
    assert shop.offer("TIP").public.discount.start.hour == 15


def test_prices_that_turn_by_themselves_are_found_when_the_day_begins(shop):
    midnight = NOW.replace(hour=5, minute=0, second=0, microsecond=0) + timedelta(days=1)
    day = midnight.date()
    shop.tims.put_on_sale("WLD-2", "8.50", day, day)
    hour = timedelta(hours=1)
    assert shop.desk.turning(NOW, midnight - hour) == []
    assert shop.desk.turning(midnight - hour, midnight) == [key_of(US, "TIP"), key_of(US, "TIP-5")]
    assert shop.desk.turning(midnight, midnight + 23 * hour) == []
    assert shop.desk.turning(midnight, midnight + 24 * hour) != []  # it is over


# --- the file


def test_all_faults_of_the_file_are_named_with_their_lines(shop):
    shop.write(
        "version: 1\npublish: maybe\nlists: {ATVPDKIKX0DER: STANDARD, NOWHERE: X}\nlimits: {moves: 3}\nrules:\n"
        "  - {skus: [A], price: list, floor: {margin: 0.1}}\n"
        "  - {skus: [B], price: cost}\n"
        "  - {skus: [C], price: list, round: {step: 1, ending: 1.99}}\n"
        "  - {skus: [D], price: list, add: 3 percent}\n"
        "  - {skus: [E], price: list, business: {price: class}}\n"
        "  - {price: list}\n"
        "  - {skus: [F], price: list, audiences: {EVERYBODY: {price: list}}}\n"
        "  - {skus: [G], price: list, floor: {margin: 60 %, fees: 40 %}}\n"
        "  - {skus: [TIP], price: list, add: 3 % + 1.50}\n"
    )
    rules = shop.desk.rules
    where = sorted({int(p.where.split()[1]) for p in rules.problems})
    assert where == [2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    assert rules.publish == "off"
    assert shop.kind("TIP") == "price-rule-missing"  # nobody knows whom the rule of line 11 was for


def test_two_faults_among_many_rules_hold_their_own_skus_alone(shop):
    rows = [f"  - {{skus: [S-{n}], price: list}}" for n in range(3000)]
    rows[10], rows[20] = "  - {skus: [TIP], price: lst}", "  - {skus: [S-20], prices: list}"
    shop.write(
        "version: 1\nlists: {ATVPDKIKX0DER: STANDARD}\nrules:\n"
        + "\n".join([*rows, "  - {skus: ['*'], price: list}"])
    )
    assert shop.kind("TIP") == "price-rule-missing"
    assert shop.offer("TIP-5").public.price.amount == 50
    assert [p.where for p in shop.desk.rules.problems] == ["line 14", "line 24", "line 24"]


def test_a_file_that_is_no_document_is_a_config_error(shop):
    shop.write("rules: [")
    with pytest.raises(ConfigError):
        _ = shop.desk.rules


# --- written and seen


def test_a_price_is_written_once_and_counts_when_everybody_sees_it(shop):
    assert shop.publish("TIP") == "seen"
    assert (shop.live("TIP"), shop.live("TIP", "B2B"), shop.writes()) == (10, 9, 1)
    receipt = price_receipts.every(shop.db)[US, "TIP"]
    assert (receipt.state, receipt.price, receipt.attempts) == ("seen", 10, 1)
    assert receipt.submission_id
    assert receipt.took >= timedelta(seconds=45)
    assert shop.publish("TIP") == "unchanged"
    assert shop.writes() == 1


def test_prices_are_numbers_on_the_wire_digit_by_digit(shop):
    shop.price("WLD-2", "10.10")
    shop.publish("TIP")
    sent = next(r.body for r in shop.wire.asked if r.method == "PATCH")
    assert b'"value_with_tax":10.10' in sent


def test_what_others_wrote_beside_our_prices_stays_and_is_restored(shop):
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    rule = [{"schedule": [{"merchandising_rule": [{"rule_id": "R-1"}]}]}]
    listing.submitted["purchasable_offer"][0]["automated_pricing_merchandising_rule_plan"] = rule
    shop.amazon.faults.load([{"fault": "siblings_wiped", "most": 1}])
    assert shop.publish("TIP") == "seen"
    public = next(r for r in shop.rows("TIP") if r["audience"] == "ALL")
    assert public["automated_pricing_merchandising_rule_plan"] == rule
    assert shop.writes() == 2


def test_an_audience_that_has_no_rule_any_more_is_taken_away_and_strangers_stay(shop):
    assert shop.publish("TIP") == "seen"
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    stranger = {**shop.rows("TIP")[0], "audience": "B2B_EDUCATION"}
    listing.submitted["purchasable_offer"].append(stranger)
    listing.live["purchasable_offer"].append(stranger)
    shop.write(RULES.replace(", business: {price: class INDUSTRIAL, tiers: yes}", ""))
    assert shop.publish("TIP") == "seen"
    assert sorted(r["audience"] for r in shop.rows("TIP")) == ["ALL", "B2B_EDUCATION"]


def test_a_sale_is_told_beforehand_and_taken_back(shop):
    tomorrow = (NOW + timedelta(days=1)).date()
    shop.tims.put_on_sale("WLD-2", "8.50", tomorrow, tomorrow)
    assert shop.publish("TIP") == "seen"
    assert shop.live("TIP") == 10
    shop.advance(timedelta(days=1, hours=12))
    assert shop.live("TIP") == Decimal("8.5")
    assert shop.publish("TIP") == "unchanged"
    shop.tims.end_sales("WLD-2")
    assert shop.publish("TIP") == "seen"
    assert shop.live("TIP") == 10


def test_a_price_that_never_shows_is_written_again_and_then_asks(shop):
    shop.amazon.faults.load([{"fault": "accepted_unchanged"}])
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP")
    assert (caught.value.kind, shop.writes()) == ("price-not-shown", MOST_WRITES)


def test_an_older_price_that_comes_into_effect_late_is_overwritten(shop):
    shop.amazon.faults.load([{"fault": "price_late", "seconds": 500, "most": 1}])
    with pytest.raises(TryAgain):
        shop.publisher.publish(shop.offer("TIP"))
    shop.price("WLD-2", "12.00")
    assert shop.publish("TIP") == "seen"
    shop.advance(PATIENCE)
    assert shop.live("TIP") == 12


def test_going_back_while_another_price_is_in_flight_is_written(shop):
    shop.price("WLD-2", "9.00", classes={"INDUSTRIAL": "9"})
    shop.write(RULES.replace(", business: {price: class INDUSTRIAL, tiers: yes}", ""))
    assert shop.publish("TIP") == "live already"
    shop.price("WLD-2", "12.00")
    with pytest.raises(TryAgain):
        shop.publisher.publish(shop.offer("TIP"))
    shop.price("WLD-2", "9.00")
    assert shop.publish("TIP") == "seen"
    shop.advance(PATIENCE)
    assert shop.live("TIP") == 9


def test_what_amazon_refuses_is_a_persons(shop):
    shop.write(RULES.replace("price: list,", "price: list, allow: {above: 10 %},"))
    assert shop.publish("TIP") == "seen"
    listing = shop.amazon.listings.now(shop.seller, "TIP")
    low = [{"schedule": [{"value_with_tax": Decimal(11)}]}]
    for rows in (listing.live, listing.submitted):
        rows["purchasable_offer"][0]["map_price"] = low
    shop.amazon.faults.load([])
    listing.issues.append({"code": "90111", "message": "pricing error", "severity": "ERROR",
                           "categories": ["INVALID_PRICE"], "attributeNames": ["purchasable_offer"]})  # fmt: skip
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP")
    assert caught.value.kind == "price-refused"


def test_a_sku_without_a_listing_asks_and_publishing_off_writes_nothing(shop):
    del shop.amazon.listings.items[shop.seller, "TIP"]
    with pytest.raises(NeedsPerson) as caught:
        shop.publish("TIP")
    assert caught.value.kind == "listing-missing"
    shop.write(RULES.replace("publish: on", "publish: off"))
    assert shop.publish("TIP-5") == "publishing is off"
    assert shop.writes() == 0


# --- what a person has to allow


def approve(shop, *skus):
    rows = [(key_of(US, sku), digest_of(shop.offer(sku))) for sku in skus]
    approvals.approve(shop.db, KIND, rows, "abc", "anna", shop.clock.now())


def test_a_move_beyond_the_rule_waits_until_this_very_price_is_approved(shop):
    shop.write(RULES.replace("price: list,", "price: list, move: 20 %,"))
    shop.price("WLD-2", "14.00")
    assert shop.publish("TIP", rounds=3) == "held"
    (held,) = approvals.held(shop.db, KIND)
    assert (held.key, held.old, "+55.6 %" in held.why) == (key_of(US, "TIP"), "9", True)
    approve(shop, "TIP")
    shop.price("WLD-2", "15.00")  # another one than was looked at
    assert shop.publish("TIP", rounds=3) == "held"
    assert shop.writes() == 0
    shop.price("WLD-2", "14.00")
    assert shop.publish("TIP") == "seen"
    assert approvals.held(shop.db) == []


def test_many_small_moves_within_a_day_are_one_large_one(shop):
    shop.write(RULES.replace("price: list,", "price: list, move: 20 %,"))
    assert shop.publish("TIP") == "seen"  # 9 to 10
    shop.price("WLD-2", "10.80")
    assert shop.publish("TIP") == "seen"
    shop.price("WLD-2", "11.80")
    assert shop.publish("TIP", rounds=3) == "held"
    shop.advance(timedelta(days=1))
    assert shop.publish("TIP") == "seen"  # from 10.80 within the last day


def test_an_approval_is_over_after_a_day_and_after_its_use(shop):
    shop.write(RULES.replace("publish: on", "publish: plan"))
    approve(shop, "TIP")
    shop.advance(timedelta(hours=25))
    assert shop.publish("TIP", rounds=3) == "held"
    approve(shop, "TIP")
    assert shop.publish("TIP") == "seen"
    shop.price("WLD-2", "11.00")
    assert shop.publish("TIP", rounds=3) == "held"
    shop.price("WLD-2", "10.00")
    assert shop.publish("TIP", rounds=3) == "unchanged"


def test_more_changes_within_an_hour_than_the_limit_stop_and_ask(shop):
    shop.price("WLD-1", "4.00")
    shop.write(RULES + "limits: {changes: 2}\n")
    states = []
    for sku in ("TIP", "TIP-5", "ROD", "ROD-BX"):
        with pytest.raises(TryAgain) as caught:
            shop.publisher.publish(shop.offer(sku))
        states.append(caught.value.code)
    assert states == ["not-visible", "not-visible", "held", "held"]
    shop.advance(timedelta(hours=2))
    assert shop.publish("ROD", rounds=3) == "held"  # asked is asked
    approve(shop, "ROD", "ROD-BX")
    assert [shop.publish("ROD"), shop.publish("ROD-BX")] == ["seen", "seen"]


def test_what_waits_is_one_case_that_closes_by_itself(shop):
    watch = next(f for f in price_feeds(shop.desk, lambda: shop.db) if f.name == "plan.watch")
    assert watch.read(None).changes == []
    shop.write(RULES.replace("publish: on", "publish: plan"))
    for sku in ("TIP", "TIP-5"):
        shop.publish(sku, rounds=1)
    with pytest.raises(NeedsPerson) as caught:
        watch.read(None)
    assert (caught.value.kind, caught.value.evidence["count"]) == ("plan-waits", 2)
    approve(shop, "TIP", "TIP-5")
    assert [shop.publish("TIP"), shop.publish("TIP-5")] == ["seen", "seen"]
    assert watch.read(None).changes == []


@pytest.mark.parametrize("chosen", list(itertools.product([True, False], repeat=4)))
def test_what_is_written_is_what_was_approved_and_nothing_else(shop, chosen):
    shop.price("WLD-1", "4.00")
    shop.write(RULES.replace("publish: on", "publish: plan"))
    skus = ("TIP", "TIP-5", "ROD", "ROD-BX")
    approved = [sku for sku, yes in zip(skus, chosen, strict=True) if yes]
    before = {sku: shop.live(sku) for sku in skus}
    approve(shop, *approved)
    for sku in skus:
        shop.publish(sku, rounds=4)
    shop.advance(timedelta(hours=1))
    moved = [sku for sku in skus if shop.live(sku) != before[sku]]
    assert moved == approved


# --- price first, then stock


def test_stock_waits_until_the_price_is_seen(shop):
    assert "does not show" in price_pending(shop.desk, shop.db, "TIP")
    shop.publish("TIP")
    assert price_pending(shop.desk, shop.db, "TIP") == ""
    shop.price("WLD-2", "11.00")
    assert price_pending(shop.desk, shop.db, "TIP")
    shop.tims.drop_price("WLD-2")
    assert "no price" in price_pending(shop.desk, shop.db, "TIP")
    shop.write(RULES.replace("publish: on", "publish: off"))
    assert price_pending(shop.desk, shop.db, "TIP") == ""


def test_rows_of_a_table_go_before_the_rules_and_a_bad_row_holds_its_own_sku(shop):
    rows = [f"S-{n},list,,,,," for n in range(20_000)]
    rows[7] = "TIP,list,5 %,10 %,no,class INDUSTRIAL,yes"
    rows[8], rows[9] = "TIP-5,list,5,10,no,,", "ROD,list,x,,,,"
    header = "skus,price,add,floor.margin,floor.cost,business.price,business.tiers\n"
    (shop.folder / "prices.csv").write_text(header + "\n".join(rows) + "\n", "utf-8")
    shop.price("WLD-1", "4.00")
    assert [str(o.price.amount) for o in shop.offer("TIP").offers] == ["10.50", "9.00"]
    assert [shop.kind("TIP-5"), shop.kind("ROD")] == ["price-rule-missing"] * 2
    assert shop.offer("ROD-BX").public.price.amount == 40
    assert [p.where for p in shop.desk.rules.problems] == ["line 10", "line 11"]
