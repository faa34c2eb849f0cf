"""A workspace's settlements from file to ledger: twice, after a crash, revised, taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock import verifier
from crossdock.connectors.tims.client import TimsClient
from crossdock.engine.store import settlements as store
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import ConfigError, Misuse, NeedsPerson, TryAgain
from crossdock.wiring.posting import Poster
from crossdock.wiring.settlement_runs import poster_of
from crossdock.wiring.settling import Settlements
from crossdock.wiring.tracing import ledger_line_of, lines_behind
from tests.business.settlements.files import line, report, some_lines
from tests.connectors.tims.simulated import InProcess, a_tims, account_of
from tests.stores import a_store

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT.parent / "shared" / "settlement" / "v2_US_synthetic_28471003921.txt"
PRINCIPAL = ("Order", "ItemPrice", "Principal")
FEE = ("Order", "ItemFees", "Commission")
RESERVE = ("other-transaction", "other-transaction", "Current Reserve Amount")
RELEASED = ("other-transaction", "other-transaction", "Previous Reserve Amount Balance")


class Office:
    """A workspace beside a simulated TIMS."""

    def __init__(self, folder: Path, now: datetime = datetime(2026, 7, 3, tzinfo=UTC)) -> None:
        self.folder = folder
        text = (ROOT / "demo" / "accounts.yaml").read_text("utf-8")
        # Everything is recognised here; orders need no invoice.
        self.write_map(text.replace("  - {mode: clear, fulfilment: MFN}\n", ""))
        self.clock = ManualClock(now)
        self.tims = a_tims(self.clock, limits=False)
        self.db = a_store(folder)

    def write_map(self, text: str) -> None:
        (self.folder / "accounts.yaml").write_text(text, "utf-8")

    def edit_map(self, old: str, new: str) -> None:
        text = (self.folder / "accounts.yaml").read_text("utf-8")
        assert old in text
        self.write_map(text.replace(old, new))

    @property
    def settlements(self) -> Settlements:
        return Settlements(self.db, self.folder, self.clock.now)

    @property
    def poster(self) -> Poster:
        client = TimsClient(account_of(self.tims), InProcess(self.tims.api), self.clock)
        return poster_of(self.settlements, client, "A1SELLER", ["ATVPDKIKX0DER"], "anna")

    def take(self, content: bytes, name: str = "report.txt"):
        path = self.folder / name
        path.write_bytes(content)
        return self.settlements.take(path, "file")

    def balance(self) -> dict[str, Decimal]:
        return self.tims.ledger.trial_balance()


@pytest.fixture
def office(tmp_path):
    found = Office(tmp_path)
    yield found
    found.db.close()


def verified(office: Office, settlement: str) -> list[str]:
    proof = office.poster.prove(settlement).read_text("utf-8")
    settlements = office.settlements
    content = settlements.path(settlements.file(settlement)).read_bytes()
    return verifier.verify(proof, content, office.poster.ledger_batches(settlement))


@pytest.mark.skipif(not SAMPLE.exists(), reason="the folder with the sample report is not here")
def test_the_sample_report_posts_exactly(office):
    office.take(SAMPLE.read_bytes())
    office.poster.post("28471003921")
    assert office.balance()["1050"] == Decimal("-582.89")
    assert office.balance()["1160"] == Decimal("400.44")
    assert office.balance()["6010"] == Decimal("-51.68")
    assert "2200" not in office.balance()  # tax in and out cancel
    assert verified(office, "28471003921") == []


def test_posting_twice_leaves_one_set_of_batches(office):
    office.take(report(some_lines(5, months=(5, 6))))
    first = office.poster.post("28471003921")
    assert [p.batch_number for p in office.poster.post("28471003921")] == [
        p.batch_number for p in first
    ]
    assert len(office.tims.ledger.batches.rows) == len(first) == 2


def test_a_reply_lost_after_the_batch_was_stored_is_finished_by_posting_again(office):
    office.take(report(some_lines(6, months=(5, 6))))
    office.tims.faults.load(
        [{"fault": "reply_lost_after_write", "operations": ["POST /gl/journal_batches"], "most": 1}]
    )
    with pytest.raises(TryAgain):
        office.poster.post("28471003921")
    done = office.poster.post("28471003921")
    assert {p.state for p in done} == {"posted"}
    assert len(office.tims.ledger.batches.rows) == 2
    assert verified(office, "28471003921") == []


class PowerCut(BaseException):
    """The lights go out: nothing catches it."""


class Cut:
    """A line that goes dead just before, or just after, TIMS carried out the nth posting."""

    def __init__(self, line: InProcess, nth: int, *, after: bool) -> None:
        self.line, self.left, self.after = line, nth, after

    def send(self, request):
        if request.method != "POST" or not request.url.endswith("/gl/journal_batches"):
            return self.line.send(request)
        self.left -= 1
        if self.left or self.after:
            answer = self.line.send(request)
        if not self.left:
            raise PowerCut
        return answer


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_a_power_cut_around_every_posting_leaves_each_batch_once(office, nth, after):
    office.take(report(some_lines(6, months=(5, 6))))
    line_of = Cut(InProcess(office.tims.api), nth, after=after)
    client = TimsClient(account_of(office.tims), line_of, office.clock)
    with pytest.raises(PowerCut):
        poster_of(office.settlements, client, "A1SELLER", ["ATVPDKIKX0DER"], "anna").post(
            "28471003921"
        )
    office.tims._office.idempotency.lapse("POST /gl/journal_batches")  # and a month passes
    done = office.poster.post("28471003921")
    assert {p.state for p in done} == {"posted"}
    assert len(office.tims.ledger.batches.rows) == 2
    assert verified(office, "28471003921") == []


def test_two_workers_at_once_leave_each_batch_once(office):
    office.take(report(some_lines(6, months=(5, 6))))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.poster.post("28471003921"), range(8)))
    assert len(office.tims.ledger.batches.rows) == 2
    assert verified(office, "28471003921") == []


def test_what_was_planned_before_a_crash_can_be_taken_back_whether_tims_stored_it_or_not(office):
    office.take(report(some_lines(6)))
    office.tims.faults.load(
        [{"fault": "reply_lost_after_write", "operations": ["POST /gl/journal_batches"], "most": 1}]
    )
    with pytest.raises(TryAgain):
        office.poster.post("28471003921")
    office.poster.reverse("28471003921")
    assert office.balance() == {}


def test_a_changed_account_map_blocks_until_it_is_revised(office):
    office.take(report([line(PRINCIPAL, 1000), line(FEE, -150)]))
    office.poster.post("28471003921")
    office.edit_map(
        'referral_fee_shipping], account: "6010"', 'referral_fee_shipping], account: "6030"'
    )
    with pytest.raises(NeedsPerson) as caught:
        office.poster.post("28471003921")
    assert caught.value.kind == "posting-differs"
    done = office.poster.post("28471003921", revise=True)
    assert {p.revision for p in done} == {2}
    assert office.balance() == {
        "1050": Decimal("-8.50"), "4000": Decimal("10.00"), "6030": Decimal("-1.50"),
    }  # fmt: skip
    assert verified(office, "28471003921") == []


def test_reversing_twice_is_refused(office):
    office.take(report([line(PRINCIPAL, 1000)]))
    office.poster.post("28471003921")
    office.poster.reverse("28471003921")
    assert office.balance() == {}
    with pytest.raises(Misuse, match="reversed already"):
        office.poster.reverse("28471003921")
    assert {p.revision for p in office.poster.post("28471003921")} == {2}


def test_the_same_bytes_are_one_file_and_a_reissue_takes_the_old_ones_place(office):
    lacking = report([line(PRINCIPAL, 1000)], total=900)
    file, new = office.take(lacking)
    assert (file.state, new) == ("inconsistent", True)
    assert office.take(lacking)[1] is False
    with pytest.raises(NeedsPerson, match="-1.00 USD is missing") as caught:
        office.poster.post("28471003921")
    assert caught.value.kind == "settlement-inconsistent"
    office.take(report([line(PRINCIPAL, 1000), line(RESERVE, -100)]))
    assert [f.state for f in store.files(office.db, "28471003921")] in (
        ["consistent", "superseded"], ["superseded", "consistent"])  # fmt: skip
    office.poster.post("28471003921")
    assert office.balance()["1050"] == Decimal("-9.00")


def test_the_same_number_in_another_currency_is_no_reissue(office):
    first, _ = office.take(report([line(PRINCIPAL, 1000)]))
    with pytest.raises(NeedsPerson, match="was seen in USD"):
        office.take(report([line(PRINCIPAL, 1000)]).replace(b"USD", b"CAD"), "b.txt")
    assert [f.sha256 for f in store.files(office.db)] == [first.sha256]


def test_an_unknown_label_blocks_and_says_what_it_most_likely_is(office):
    office.take(report([line(PRINCIPAL, 1000), line(("Order", "ItemFees", "Comission fees"), -15)]))
    with pytest.raises(NeedsPerson, match="line 4, -0.15 USD, most like .*referral_fee") as caught:
        office.poster.post("28471003921")
    assert caught.value.kind == "settlement-unplaced"
    (office.folder / "vocabulary.csv").write_text(
        "transaction_type,amount_type,amount_description,category,sign\n"
        "Order,ItemFees,Comission fees,referral_fee,-\n"
    )
    office.poster.post("28471003921")
    assert office.balance()["6010"] == Decimal("-0.15")


def test_a_closed_period_stops_or_moves_as_the_map_says(office):
    office.take(report(some_lines(7)))
    office.tims.ledger.close_period("2026-06")
    with pytest.raises(NeedsPerson) as caught:
        office.poster.post("28471003921")
    assert caught.value.kind == "period-closed"
    assert office.balance() == {}
    office.edit_map("closed_period: stop", "closed_period: next")
    (posting,) = office.poster.post("28471003921")
    assert posting.content["PostingDate"] == "2026-07-01"
    assert "moved from 2026-06" in posting.content["Description"]
    assert office.tims.ledger.trial_balance("2026-06") == {}


def test_the_reserve_rolls_forward_and_a_gap_is_told(office):
    office.take(
        report(
            [line(PRINCIPAL, 50_000), line(RESERVE, -42_000)],
            number="1",
            start="2026-06-01 00:00:00 UTC",
            end="2026-06-16 00:00:00 UTC",
        )
    )
    office.take(report([line(PRINCIPAL, 1000), line(RELEASED, 42_000)], number="2"), "b.txt")
    office.take(
        report(
            [line(PRINCIPAL, 1000)],
            number="3",
            start="2026-07-20 00:00:00 UTC",
            end="2026-07-30 00:00:00 UTC",
        ),
        "c.txt",
    )
    assert office.settlements.examine("2").notices == ()
    said = office.settlements.examine("3").notices
    assert any("it starts where 2 ends" in words for words in said)
    for number in "12":
        office.poster.post(number)
    assert "1160" not in office.balance()


def test_a_damaged_file_is_archived_and_posts_nothing(office):
    content = report([line(PRINCIPAL, 1000), line(FEE, -150)]).replace(b"-1.50", b"(1.50)")
    with pytest.raises(NeedsPerson) as caught:
        office.take(content)
    assert caught.value.kind == "settlement-unreadable"
    assert "line 4" in str(caught.value.evidence["faults"])
    assert len(list((office.folder / "archive" / "settlements").iterdir())) == 1
    assert store.files(office.db) == []


def test_an_archived_file_that_was_changed_is_refused(office):
    file, _ = office.take(report([line(PRINCIPAL, 1000)]))
    (office.folder / file.path).write_bytes(report([line(PRINCIPAL, 1001)]))
    with pytest.raises(NeedsPerson) as caught:
        office.poster.post("28471003921")
    assert caught.value.kind == "settlement-archive"


def test_a_ledger_line_leads_to_the_files_lines_and_back(office):
    office.take(
        report([line(PRINCIPAL, 1000), line(FEE, -150), line(FEE, -50), line(PRINCIPAL, 7)])
    )
    batch = office.settlements.examine("28471003921").batches[0]
    for number, entry in enumerate(batch.lines, 1):
        found, _ = lines_behind(office.settlements, f"28471003921/2026-06:{number}")
        if entry.memo != "paid by Amazon":
            assert sum(x.amount for x, _ in found) == entry.amount
            for one, _ in found:
                back = ledger_line_of(office.settlements, "28471003921", one.number)[2]
                assert back == f"28471003921/2026-06:{number}"


def test_order_by_order_the_same_accounts_get_the_same(office):
    office.take(report(some_lines(9)))
    office.poster.post("28471003921")
    summed = office.balance()
    office.edit_map("presentation: summary", "presentation: order")
    done = office.poster.post("28471003921", revise=True)
    assert office.balance() == summed
    assert any(x["ReferenceType"] == "order" for p in done for x in p.content["Lines"])
    assert verified(office, "28471003921") == []


def test_a_ledger_that_somebody_changed_does_not_verify(office):
    office.take(report([line(PRINCIPAL, 1000)]))
    office.poster.post("28471003921")
    for changed in ("1051", "4000"):
        batch = next(iter(office.tims.ledger.batches))
        batch.lines[0]["AccountNumber"], kept = changed, batch.lines[0]["AccountNumber"]
        office.tims.ledger.batches.touch(batch)
        assert (verified(office, "28471003921") == []) == (kept == changed)
        batch.lines[0]["AccountNumber"] = kept
        office.tims.ledger.batches.touch(batch)


def test_an_account_map_says_all_its_faults_at_once(office):
    office.edit_map('account: "6210"', 'account: ""')
    office.edit_map("zone: America/Los_Angeles", "zone: America/Los_Angles")
    office.edit_map("modes:", "mods:")
    office.take(report([line(PRINCIPAL, 1000)]))
    with pytest.raises(ConfigError) as caught:
        office.poster.post("28471003921")
    said = str(caught.value)
    for words in ("advertising", "Los_Angles", "'mods' is unknown", "modes"):
        assert words in said


def test_a_rule_can_be_narrowed_to_a_class_of_skus(office):
    office.edit_map("rules:\n", "sku_classes:\n  gas: [GAS-*]\n\nrules:\n"
                    '  - {category: product_sales, sku_class: gas, account: "4910"}\n')  # fmt: skip
    rows = [
        {**line(PRINCIPAL, 1000, order="o1"), "sku": "GAS-ARGON"},
        {**line(PRINCIPAL, 300, order="o1"), "sku": "WLD-TIP"},
        {**line(PRINCIPAL, 20, order="o2"), "sku": "gas-o2"},
    ]
    office.take(report(rows))
    office.poster.post("28471003921")
    assert office.balance()["4910"] == Decimal("10.20")
    assert office.balance()["4000"] == Decimal("3.00")
    assert verified(office, "28471003921") == []
    (batch,) = office.settlements.examine("28471003921").batches
    entry = next(n for n, x in enumerate(batch.lines, 1) if x.target.account == "4910")
    found, _ = lines_behind(office.settlements, f"28471003921/{batch.part}:{entry}")
    assert [x.sku for x, _ in found] == ["GAS-ARGON", "gas-o2"]


def test_a_class_that_nobody_defined_is_a_fault_of_the_map(office):
    office.edit_map("rules:\n", "rules:\n"
                    '  - {category: product_sales, sku_class: gass, account: "4910"}\n')  # fmt: skip
    with pytest.raises(ConfigError, match="no class of SKUs"):
        _ = office.settlements.accounts


def test_every_map_that_was_posted_with_is_kept_under_the_digest_that_the_proof_names(office):
    office.take(report([line(PRINCIPAL, 1000)]))
    office.poster.post("28471003921")
    first = office.settlements.accounts.digest
    office.edit_map('product_sales, account: "4000"', 'product_sales, account: "4910"')
    office.poster.post("28471003921", revise=True)
    kept = {p.stem for p in (office.folder / "archive" / "accounts").iterdir()}
    assert kept == {first, office.settlements.accounts.digest}
    assert f"accounts-digest\t{office.settlements.accounts.digest}" in office.poster.prove(
        "28471003921"
    ).read_text("utf-8")


@pytest.mark.parametrize("presentation", ["summary", "order"])
def test_a_settlement_larger_than_tims_takes_goes_in_pieces_that_balance(office, presentation):
    office.edit_map("line_limit: 5000", "line_limit: 12")
    office.edit_map("presentation: summary", f"presentation: {presentation}")
    rows = [{**x, "order-id": f"o{n}"} for n, x in enumerate(some_lines(60, months=(5, 6)))]
    office.take(report(rows))
    done = office.poster.post("28471003921")
    assert max(len(b.lines) for b in office.tims.ledger.batches) <= 12
    assert len(done) > (2 if presentation == "order" else 1)
    assert "1190" not in office.balance()
    assert verified(office, "28471003921") == []
