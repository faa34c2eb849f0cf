"""The cost of what was sold from Amazon's warehouses leaves the stock that lies there, once."""

from decimal import Decimal

import pytest

from crossdock.kernel.errors import ConfigError, NeedsPerson, TryAgain
from crossdock.wiring.costfile import cost_problems, read_costs
from tests.business.settlements.files import line, report
from tests.wiring.test_settling import FEE, PRINCIPAL, Office

NUMBER = "28471003921"
REFUND = ("Refund", "ItemPrice", "Principal")


class Costed(Office):
    """Amazon ships, so the settlement is the sale and its cost is booked from costs.csv."""

    def __init__(self, folder):
        super().__init__(folder)
        self.edit_map('cost_of_sales: {account: ""}', 'cost_of_sales: {account: "5000"}')
        self.edit_map('inventory: {account: ""}', 'inventory: {account: "1350"}')
        self.write_costs("TORCH,30.00,USD,2026-01-01", "TIP,0.125,USD,2026-01-01")

    def write_costs(self, *rows):
        text = "\n".join(["sku,cost,currency,from", *rows])
        (self.folder / "costs.csv").write_text(text, "utf-8")

    def settle(self, *lines):
        self.take(report(list(lines)), f"{NUMBER}.txt")
        self.poster.post(NUMBER)
        return self.poster.costing.post(NUMBER)


@pytest.fixture
def office(tmp_path):
    found = Costed(tmp_path)
    yield found
    found.db.close()


def sold(sku, cents, quantity, channel="AFN"):
    kinds = ((PRINCIPAL, cents), (FEE, -cents // 10))
    return [of(sku, line(kind, amount, channel=channel), quantity) for kind, amount in kinds]


def of(sku, row, quantity):
    return row | {"sku": sku, "quantity-purchased": str(quantity)}


def test_what_was_sold_has_cost_and_leaves_the_stock(office):
    office.settle(*sold("TORCH", 9000, 2), *sold("TIP", 500, 3))
    assert office.balance()["5000"] == Decimal("-60.38")  # 60.00, and 0.375 in whole cents
    assert office.balance()["1350"] == Decimal("60.38")


def test_a_fee_line_that_repeats_the_quantity_and_a_refund_cost_nothing(office):
    office.settle(*sold("TORCH", 9000, 2), of("TORCH", line(REFUND, -4500), 1))
    assert office.balance()["5000"] == Decimal("-60.00")


def test_booking_twice_and_after_a_lost_reply_leaves_it_once(office):
    office.take(report(sold("TORCH", 9000, 2)), "a.txt")
    office.poster.post(NUMBER)
    office.tims.faults.load(
        [{"fault": "reply_lost_after_write", "operations": ["POST /gl/journal_batches"], "most": 1}]
    )
    with pytest.raises(TryAgain):
        office.poster.costing.post(NUMBER)
    for _ in range(2):
        (row,) = office.poster.costing.post(NUMBER)
    assert row.state == "posted"
    assert office.balance()["5000"] == Decimal("-60.00")


def test_a_missing_cost_is_asked_for_and_nothing_is_booked(office):
    with pytest.raises(NeedsPerson) as caught:
        office.settle(*sold("TORCH", 9000, 2), *sold("NEW", 500, 1))
    assert caught.value.kind == "cost-missing"
    assert "NEW" in str(caught.value.evidence)
    assert "5000" not in office.balance()
    office.write_costs("TORCH,30.00,USD,2026-01-01", "NEW,1.00,USD,2026-01-01")
    office.poster.costing.post(NUMBER)
    assert office.balance()["5000"] == Decimal("-61.00")


def test_reversing_the_settlement_takes_its_cost_back_and_posting_anew_books_it_again(office):
    office.settle(*sold("TORCH", 9000, 2))
    office.poster.reverse(NUMBER)
    assert not {"5000", "1350"} & set(office.balance())
    office.poster.post(NUMBER)
    (row,) = office.poster.costing.post(NUMBER)
    assert (row.revision, office.balance()["5000"]) == (2, Decimal("-60.00"))


def test_orders_that_tims_ships_are_not_costed_here(office):
    office.edit_map("modes:\n", "modes:\n  - {mode: clear, fulfilment: MFN}\n")
    assert office.settle(*sold("TORCH", 9000, 2, channel="MFN")) == []


def test_nobody_is_asked_for_costs_who_books_none(office):
    office.edit_map('cost_of_sales: {account: "5000"}', 'cost_of_sales: {account: ""}')
    office.edit_map('inventory: {account: "1350"}', 'inventory: {account: ""}')
    assert office.settle(*sold("NEW", 9000, 2)) == []


def test_every_row_of_the_cost_file_that_cannot_be_read_is_named(office):
    office.write_costs("TORCH,x,USD,2026-01-01", "TIP,1,USD,soon", ",1,USD,2026-01-01",
                       "A,1,USD,2026-01-01", "A,2,USD,2026-01-01", "B,-1,USD,2026-01-01")  # fmt: skip
    assert [p.where for p in cost_problems(office.folder)] == [f"line {n}" for n in (2, 3, 4, 6, 7)]


def test_a_row_that_cannot_be_read_holds_its_own_sku_alone(office):
    office.write_costs(
        "TORCH,30.00,USD,2026-01-01", "TORCH,x,USD,2026-06-01", "TIP,1,USD,2026-01-01"
    )
    with pytest.raises(NeedsPerson) as caught:
        office.settle(*sold("TORCH", 9000, 2), *sold("TIP", 500, 3))
    assert caught.value.kind == "cost-missing"
    assert caught.value.evidence["missing"] == [
        "TORCH: costs.csv line 3: 'x' is not an amount of money"
    ]
    assert office.poster.costing.look(NUMBER).sold[0].sku == "TIP"


@pytest.mark.parametrize(
    "text", [b"sku,cost\nA,1\n", b"sku,cost,currency,from\n\xff", b'sku,cost,currency,from\n"A']
)
def test_what_is_no_cost_file_is_told_and_never_a_crash(office, text):
    (office.folder / "costs.csv").write_bytes(text)
    assert [p.file for p in cost_problems(office.folder)] == ["costs.csv"]
    with pytest.raises(ConfigError):
        read_costs(office.folder)


def test_a_cost_holds_until_the_next_one(office):
    from datetime import date

    office.write_costs("A,2,USD,2026-06-01", "A,1,USD,2026-01-01")
    costs = read_costs(office.folder)
    found = [costs.at("A", date(2026, month, 1)) for month in (1, 5, 6, 12)]
    assert [c.each.amount for c in found] == [1, 1, 2, 2]
    assert costs.at("A", date(2025, 12, 31)) is None


def test_half_a_pair_of_accounts_is_a_fault_of_the_map(office):
    from crossdock.wiring.accountmap import read_accounts, read_vocabulary

    office.edit_map('inventory: {account: "1350"}', 'inventory: {account: ""}')
    _, problems = read_accounts(office.folder, read_vocabulary(office.folder))
    assert [p.where for p in problems] == ["roles.inventory"]
