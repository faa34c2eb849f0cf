"""Every trap of a settlement report: read as it is meant, or refused with its line."""

import csv
import io
import random
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.settlements.full import lines
from crossdock.business.settlements.model import Fault, Line, Summary
from crossdock.business.settlements.reader import read
from tests.business.settlements.files import COLUMNS, line, report, some_lines

SALE = ("Order", "ItemPrice", "Principal")
FEE = ("Order", "ItemFees", "Commission")
TWO = [line(SALE, 1000), line(FEE, -150)]


def of(content: bytes, **how):
    return read(io.BytesIO(content), **how)


def good(content: bytes, cents: int, **how):
    found = of(content, **how)
    assert found.usable, found.faults
    assert found.total == cents
    return found


def fault(content: bytes) -> str:
    found = of(content)
    assert not found.usable
    assert found.count.conserved or not found.faults[0].line
    return str(found.faults[0])


def test_the_summary_is_a_control_record_and_no_line():
    found = good(report(TWO), 850)
    assert found.summary.total == 850
    assert found.count.accepted == 2


def test_columns_are_found_by_name_wherever_they_stand():
    rows = [text.split("\t") for text in report(TWO).decode().splitlines()]
    order = random.Random(4).sample(range(len(COLUMNS)), len(COLUMNS))
    moved = "\n".join("\t".join(row[n] for n in order) for row in rows).encode()
    assert {k: g.amount for k, g in good(moved, 850).groups.items()} == {
        k: g.amount for k, g in of(report(TWO)).groups.items()
    }


@pytest.mark.parametrize("change", [
    pytest.param(lambda b: b"\xef\xbb\xbf" + b, id="a byte order mark"),
    pytest.param(lambda b: b.replace(b"\n", b"\r\n"), id="windows line ends"),
    pytest.param(lambda b: b + b"\n\n", id="blank lines at the end"),
    pytest.param(lambda b: b.rstrip(b"\n"), id="no line end at the end"),
    pytest.param(lambda b: b.replace(b"\nS", b"\n\nS"), id="nothing to replace"),
    pytest.param(lambda b: b + b.split(b"\n")[0] + b"\n", id="the header once more"),
    pytest.param(lambda b: b + b"28471003921\n", id="a line of one cell"),
    pytest.param(lambda b: b.replace(b"10.00", b"10.00  "), id="blanks behind an amount"),
    pytest.param(lambda b: b.replace(b"-1.50", b" -1.50"), id="blanks before an amount"),
    pytest.param(lambda b: b.replace(b"amazon.com", b'the 3/4" shop'), id="a stray quote"),
    pytest.param(lambda b: b.replace(b".", b",").replace(b"amazon,com", b"amazon.de"),
                 id="decimal commas"),
    pytest.param(lambda b: b"\n".join(x.rpartition(b"\t")[0] for x in b.split(b"\n") if x),
                 id="no promotion column"),
    pytest.param(lambda b: b.replace(b"10.00", b"10"), id="whole units"),
    pytest.param(lambda b: b.replace(b"2026-06-20 10:00:00 UTC", b"2026-06-20T10:00:00+00:00"),
                 id="ISO 8601 times"),
])  # fmt: skip
def test_what_amazon_writes_is_read(change):
    good(change(report(TWO)), 850)


def test_a_quote_survives_and_nothing_is_unquoted():
    content = report([line(SALE, 1000, market='shop "a')])
    (one,) = [x for x in lines(io.BytesIO(content)) if isinstance(x, Line)]
    assert one.marketplace == 'shop "a'


@pytest.mark.parametrize("amount", [
    b"1e2", b"1.005", b"--5", b"+5", b"1.234,56", b"1,234.56", b"(55.00)", b"55.00-", b"$5.00",
    b"5.", b".5", b"NaN", b"0x10", b"5 000.00", b"\xd9\xa3.00", b"1_0.00",
])  # fmt: skip
def test_any_other_amount_is_refused_with_its_line(amount):
    said = fault(report(TWO).replace(b"-1.50", amount))
    assert said.startswith(("line 4", "amounts are written"))
    assert "untouched file" in said


@pytest.mark.parametrize(("change", "words"), [
    (lambda b: b.replace(b"2026-06-20 10:00:00 UTC", b"yesterday", 2), "line 3: 'yesterday'"),
    (lambda b: b.replace(b"2026-06-20 10:00:00 UTC", b"20.06.2026 10:00:00 UTC", 1),
     "several ways"),
    (lambda b: b.replace(b"2026-06-20 10:00:00 UTC", b"2026-02-30 10:00:00 UTC"), "line 3"),
    (lambda b: b.replace(b"28471003921\t\t", b"2.84E+10\t\t", 1), "line 3: belongs to"),
    (lambda b: b.replace(b"28471003921\t\t", b"28471003922\t\t", 1), "settlement"),
    (lambda b: b.replace(b"-1.50", b""), "line 4: has no amount"),
    (lambda b: b + b.split(b"\n")[1] + b"\n", "2 lines with a total"),
    (lambda b: b"\n".join(b.split(b"\n")[:1] + b.split(b"\n")[2:]), "no total"),
    (lambda b: b.replace(b"USD", b"dollar"), "no currency"),
    (lambda b: b.replace(b"amount-type", b"amount type"), "lacks amount-type"),
    (lambda b: b.replace(b"\t", b","), "not separated by tabs"),
    (lambda b: b.replace(b"\t-1.50\t", b"\t-1.50"), "line 4"),
    (lambda b: b"", "empty"),
    (lambda b: b"PK\x03\x04" + b, "zip or a spreadsheet"),
    (lambda b: b"<html><body>503", "web page"),
    (lambda b: b"<?xml version='1.0'?><AmazonEnvelope/>", "XML"),
    (lambda b: b"\x1f\x8b\x08" + b, "gzip"),
    (lambda b: b'"date/time","settlement id"\n', "date range report"),
])  # fmt: skip
def test_what_cannot_be_told_is_refused_in_words(change, words):
    assert words in "\n".join(map(str, of(change(report(TWO))).faults))


def test_one_damaged_line_hides_no_other_and_all_are_counted():
    rows = [line(SALE, n + 100) for n in range(300)]
    content = report(rows).replace(b"\t2.", b"\t2,00.")
    found = of(content)
    assert found.count.rejected == 100
    assert found.count.accepted == 200
    assert found.count.conserved
    assert len(found.faults) == 100


def test_yen_have_no_decimals():
    content = report([line(SALE, 1000)]).replace(b"USD", b"JPY")
    assert "have no decimals" in fault(content)
    good(content.replace(b"10.00", b"1000"), 1000)


def test_shift_jis_and_western_bytes_are_read_as_the_download_said():
    content = report([line(SALE, 1000, market="日本")]).decode().encode("cp932")
    (key,) = good(content, 1000, charset="cp932").groups
    assert key.marketplace == "日本"
    (key,) = good(report([line(SALE, 1000, market="é")]).decode().encode("cp1252"), 1000).groups
    assert key.marketplace == "é"


def test_the_month_is_that_of_the_zone():
    content = report([line(SALE, 1000, at="2026-07-01 03:00:00 UTC")])
    assert [k.month for k in of(content).groups] == ["2026-07"]
    west = of(content, zone=ZoneInfo("America/Los_Angeles"))
    assert [k.month for k in west.groups] == ["2026-06"]


def test_identical_lines_are_all_counted():
    good(report([line(SALE, 1000)] * 3), 3000)


def test_american_or_european_days_are_not_guessed():
    plain = report(
        [line(SALE, 1000)], start="06/16/2026 00:00:00 UTC", end="06/30/2026 00:00:00 UTC"
    )
    slashed = plain.replace(b"2026-07-02", b"07/02/2026").replace(b"2026-06-20", b"06/20/2026")
    (key,) = good(slashed, 1000).groups
    assert key.month == "2026-06"
    doubtful = (
        slashed.replace(b"06/16", b"06/06").replace(b"06/30", b"06/07").replace(b"06/20", b"06/08")
    )
    assert "DD/MM or as MM/DD" in fault(doubtful)


# --- properties

seeds = st.integers(0, 10**6)


class Drip(io.BytesIO):
    """Gives what it likes."""

    def __init__(self, content: bytes, seed: int) -> None:
        super().__init__(content)
        self.dice = random.Random(seed)

    def read(self, size=-1):
        return super().read(self.dice.randint(1, 700))


@given(seeds)
def test_how_the_bytes_arrive_changes_nothing(seed):
    content = report(some_lines(seed, 30))
    assert read(Drip(content, seed)) == of(content)


@given(seeds)
def test_the_order_of_the_lines_changes_no_sum(seed):
    rows = some_lines(seed, 30)
    mixed = of(report(random.Random(seed).sample(rows, len(rows))))
    assert {k: (g.amount, g.lines) for k, g in mixed.groups.items()} == {
        k: (g.amount, g.lines) for k, g in of(report(rows)).groups.items()
    }


@given(seeds, st.lists(st.sampled_from(["(1.00)", "", "x", "1.001"]), max_size=4))
def test_every_physical_line_is_accounted_for(seed, damage):
    rows = some_lines(seed, 20)
    total = sum(int(x["amount"].replace(".", "")) for x in rows)
    for n, text in enumerate(damage):
        rows[n * 3]["amount"] = text
    content = _raw(rows, total)
    found = of(content)
    assert found.count.conserved
    assert found.count.rejected == len(damage)
    assert found.usable == (not damage)


def _raw(rows: list[dict], total: int) -> bytes:
    body = report([{**x, "amount": "0.00"} for x in rows], total=total).decode().split("\n")
    at = COLUMNS.index("amount")
    for n, row in enumerate(rows):
        cells = body[n + 2].split("\t")
        cells[at] = row["amount"]
        body[n + 2] = "\t".join(cells)
    return "\n".join(body).encode()


@given(seeds)
def test_the_quick_way_and_the_full_way_agree(seed):
    content = report(some_lines(seed, 30))
    sums = Counter()
    for one in lines(io.BytesIO(content)):
        assert not isinstance(one, Fault)
        if isinstance(one, Line):
            sums[one.triple, one.marketplace, one.fulfilment, f"{one.posted:%Y-%m}"] += one.amount
        else:
            assert isinstance(one, Summary)
    quick = {
        (k.triple, k.marketplace, k.fulfilment, k.month): g.amount
        for k, g in of(content).groups.items()
    }
    assert dict(sums) == quick


@given(seeds)
def test_a_plain_reader_comes_to_the_same_total(seed):
    content = report(some_lines(seed, 30))
    rows = csv.DictReader(io.StringIO(content.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
    cents = sum(int(r["amount"].replace(".", "")) for r in rows if r["amount"])
    assert of(content).total == cents
