"""TIMS's prices become what Amazon is to ask, by rules."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from crossdock.kernel.errors import ConfigError, RunError, TryAgain
from crossdock.simulators.wire import Reply
from crossdock.wiring.pricing import key_of
from tests.connectors.amazon.conftest import NOW, US
from tests.wiring.price_shop import CA, RULES, Shop


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


def test_a_list_that_tims_does_not_have_is_named_and_stops_no_other_marketplace(shop):
    shop.tims.add_price_list("CANADA", currency="CAD")
    shop.write(RULES.replace("STANDARD\n", "STANDARD\n  A2EUQ1WTGCTBG2: CANDA\n"))
    us, canada = shop.desk.offers([key_of(US, "TIP"), key_of(CA, "TIP")])
    assert us.public.price.amount == 10
    assert canada.kind == "price-missing"
    assert "prices.yaml line 5: TIMS has no price list 'CANDA'" in canada.message
    assert "Did you mean 'CANADA'?" in canada.message
    assert "prices.yaml line 5" in canada.remedy
    shop.write(RULES.replace("STANDARD\n", "STANDARD\n  A2EUQ1WTGCTBG2: CANADA\n"))
    shop.tims.set_price("WLD-2", "13.80", list_code="CANADA", classes={"INDUSTRIAL": "12"})
    assert str(shop.offer("TIP", CA).public.price) == "13.80 CAD"


def test_a_list_that_is_opened_in_tims_counts_soon(shop):
    shop.write(RULES.replace("ATVPDKIKX0DER: STANDARD", "ATVPDKIKX0DER: SPRING"))
    assert shop.kind("TIP") == "price-missing"
    shop.tims.add_price_list("SPRING")
    shop.advance(timedelta(seconds=31))
    assert "TIMS list SPRING" not in str(shop.offer("TIP"))
    shop.price("WLD-2", "12.00", list_code="SPRING")
    assert shop.offer("TIP").public.price.amount == 12


class OneAway:
    """A TIMS that answers everything but what holds that in its path."""

    def __init__(self, app, part):
        self.app, self.part = app, part

    def handle(self, request):
        if self.part in request.path:
            return Reply.json(500, {"status": 500, "code": "internal"})
        return self.app.handle(request)


def test_a_list_that_cannot_be_read_now_waits_alone(shop):
    shop.tims.add_price_list("CANADA", currency="CAD")
    shop.tims.set_price("WLD-2", "13.80", list_code="CANADA", classes={"INDUSTRIAL": "12"})
    shop.write(RULES.replace("STANDARD\n", "STANDARD\n  A2EUQ1WTGCTBG2: CANADA\n"))
    shop.site.app = OneAway(shop.tims.api, "/CANADA/")
    us, canada = shop.desk.offers([key_of(US, "TIP"), key_of(CA, "TIP")])
    assert us.public.price.amount == 10
    assert isinstance(canada, TryAgain)
    midnight = NOW.replace(hour=5, minute=0, second=0, microsecond=0) + timedelta(days=1)
    turning = shop.desk.turning(NOW, midnight)  # nobody knows which of its prices turn
    assert {key.partition(":")[0] for key in turning} == {CA}
    assert len(turning) == 4
    assert shop.desk.turning(NOW, NOW + timedelta(minutes=5)) == []
    shop.site.app = shop.tims.api
    assert str(shop.offer("TIP", CA).public.price) == "13.80 CAD"
    assert shop.desk.turning(NOW, midnight) == []


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
