"""The trade's gate: every item there can be is refused, sold or asked about, and says why."""

from collections import Counter
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from crossdock import business
from crossdock.business.catalogue.decisiontable import COLUMNS, laid_over, read_table
from crossdock.business.catalogue.eligibility import (
    DOMAIN,
    NEVER,
    Facts,
    Paper,
    coverage,
    decide,
    decide_one,
    facts_of,
    un_number,
)
from crossdock.business.catalogue.model import Item, Verdict

SHIPPED = Path(business.__file__).parent / "catalogue" / "lookups" / "eligibility.csv"
TODAY = Paper(date(2026, 11, 23))
HEADER = ",".join(COLUMNS)
SELL, REFUSE, ASK = Verdict.SELL, Verdict.REFUSE, Verdict.ASK


@pytest.fixture(scope="module")
def shipped():
    return read_table(SHIPPED.read_text("utf-8"), "eligibility.csv")


def hardgood(number="WLD-1", **more):
    values = {"item_class": "hardgood", "is_hazmat": False, "status": "active", **more}
    return Item(number, **values)


def spray(**more):
    papers = {"is_hazmat": True, "un_number": "UN1950", "sds_url": "https://sds.example/1",
              "sds_date": "2025-01-31"}  # fmt: skip
    return hardgood("SPRAY", **(papers | more))


def an_item(facts: Facts) -> Item:
    """An item that has these facts."""
    dates = {"current": "2026-01-01", "old": "2020-01-01", "unknown": "soon", "missing": None}
    return Item(
        "ANY",
        None if facts.item_class == "unknown" else facts.item_class,
        "T-300" if facts.requires_container == "yes" else None,
        {"yes": True, "no": False, "unknown": None}[facts.hazmat],
        {"yes": "UN1950", "no": None, "unknown": "soon"}[facts.un_number],
        None if facts.sds == "missing" else "https://sds.example/1",
        dates[facts.sds],
        ("amazon",) if facts.channel == "closed" else (),
        None if facts.status == "unknown" else facts.status,
    )


def every_item():
    return [Facts(*words) for words in product(*DOMAIN.values())]


def test_every_combination_of_facts_is_decided_as_the_trade_demands(shipped):
    counts = Counter()
    for facts in every_item():
        assert facts_of(an_item(facts), TODAY) == facts
        found = decide_one(an_item(facts), shipped.rows, TODAY)
        counts[found.verdict] += 1
        if facts.item_class in NEVER or facts.requires_container == "yes":
            assert found.verdict is REFUSE, facts
        if found.verdict is SELL:
            assert facts.item_class == "hardgood", facts
            assert (facts.channel, facts.status) == ("open", "active"), facts
            papers = (facts.un_number, facts.sds) == ("yes", "current")
            assert facts.hazmat == "no" or (facts.hazmat == "yes" and papers), facts
        if "unknown" in (facts.item_class, facts.status, facts.hazmat):
            assert found.verdict is not SELL, facts
        assert found.why
        assert found.words.startswith("ANY: ")
    assert sum(counts.values()) == len(every_item())
    assert counts[SELL] == 13  # twelve kinds of papers for what is not dangerous, one for what is


def test_the_coverage_counts_the_same_and_no_shipped_row_is_idle(shipped):
    found = coverage(shipped.rows)
    asked = sum(decide_one(an_item(f), shipped.rows, TODAY).verdict is ASK for f in every_item())
    assert (found.combinations, found.undecided) == (len(every_item()), asked)
    # The five classes and the container are refused before the table; their rows are for reading.
    assert [row.name for row in found.unreachable] == [
        "container-never", "gas-never", "rental-never", "service-never", "fee-never",
        "in-container-never",
    ]  # fmt: skip


def test_dangerous_goods_need_number_sheet_and_channel(shipped):
    def row(item):
        return decide_one(item, shipped.rows, TODAY).row

    assert row(spray()) == "hazmat-with-papers"
    assert row(spray(un_number=None)) == "hazmat-no-un"
    assert row(spray(sds_url=None)) == "hazmat-no-sds"
    assert row(spray(sds_date="2023-11-23")) == "hazmat-old-sds"
    assert row(spray(sds_date="2023-11-24")) == "hazmat-with-papers"
    assert row(spray(restricted_channels=("Marketplace",))) == "channel-closed"
    assert row(spray(sds_date="last spring")) == ""
    assert row(spray(sds_date="2027-01-01")) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [("UN1950", "UN1950"), ("un 1950", "UN1950"), ("1950", "UN1950"), ("UN-1950", "UN1950"),
     ("ID8000", ""), ("", ""), (None, ""), ("19500", "")],
)  # fmt: skip
def test_un_numbers_are_read_however_they_are_spelt(text, number):
    assert un_number(text) == number


def test_a_kit_inherits_its_strictest_part(shipped):
    items = {
        i.number: i for i in (
            hardgood("TORCH"), spray(), hardgood("KIT", parts=("TORCH", "SPRAY")),
            hardgood("BOX", parts=("KIT", "TORCH")), Item("ARGON", "gas"),
            hardgood("SET", parts=("BOX", "ARGON")), hardgood("HOLE", parts=("NOWHERE",)),
            hardgood("LOOP", parts=("LOOP",)),
        )
    }  # fmt: skip

    def found(number, **changed):
        return decide(number, {**items, **changed}, shipped.rows, TODAY)

    assert found("KIT").verdict is SELL
    worse = found("BOX", SPRAY=spray(sds_url=None))
    assert (worse.verdict, worse.item, worse.row) == (REFUSE, "SPRAY", "hazmat-no-sds")
    assert found("SET").item == "ARGON"
    assert found("HOLE").verdict is ASK
    assert found("LOOP").verdict is ASK
    asked = found("BOX", SPRAY=spray(is_hazmat=None))
    assert (asked.verdict, asked.item) == (ASK, "SPRAY")


def test_blocked_by_either_mark_is_blocked(shipped):
    assert decide_one(hardgood(is_active=False), shipped.rows, TODAY).row == "blocked"
    assert decide_one(hardgood(status="blocked"), shipped.rows, TODAY).row == "blocked"
    assert decide_one(hardgood(status="discontinued"), shipped.rows, TODAY).for_good


# --- a workspace's own rows -----------------------------------------------------------------------


def own(*rows):
    return read_table("\n".join((HEADER, *rows)) + "\n", "lookups/eligibility.csv")


def row(name, item="*", item_class="hardgood", container="no", verdict="sell", **more):
    cells = {"hazmat": "*", "un_number": "*", "sds": "*", "channel": "*", "status": "active",
             **more}  # fmt: skip
    return ",".join((name, item, item_class, container, *cells.values(), verdict, "Because."))


def test_own_rows_come_first_and_the_shipped_ones_decide_the_rest(shipped):
    table = laid_over(own(row("no-sprays", "SPRAY*|PAINT*", verdict="refuse")), shipped)
    assert not table.problems
    assert decide_one(spray(), table.rows, TODAY).row == "no-sprays"
    assert decide_one(hardgood(), table.rows, TODAY).row == "plain"


@pytest.mark.parametrize(
    "lifting",
    [row("x", item_class="gas"), row("x", item_class="*"), row("x", item_class="hardgood|fee"),
     row("x", container="yes"), row("x", container="*"), row("x", "ARGON", "rental|service")],
)  # fmt: skip
def test_no_table_lifts_what_is_never_sold(shipped, lifting):
    table = laid_over(own(row("fine", "F-1"), lifting), shipped)
    (problem,) = table.problems
    assert (problem.file, problem.where) == ("lookups/eligibility.csv", "row 3")
    assert "never sold" in problem.what
    for kind in NEVER:
        item = Item("ARGON", kind, is_hazmat=False, status="active")
        assert decide_one(item, table.rows, TODAY).verdict is REFUSE
    inside = hardgood("ARGON", requires_container="T-300")
    assert decide_one(inside, table.rows, TODAY).verdict is REFUSE


def test_two_faults_in_a_big_table_are_named_with_their_rows_and_the_rest_works(shipped):
    rows = [row(f"r{n}", f"ITEM-{n}", verdict="refuse") for n in range(3000)]
    rows[10] = row("r10", "ITEM-10", verdict="refus")
    rows[20] = row("r20", "ITEM-20", hazmat="maybe", verdict="refuse")
    table = laid_over(own(*rows), shipped)
    assert [p.where for p in table.problems] == ["row 12", "row 22"]
    assert "Did you mean 'refuse'?" in str(table.problems[0])
    assert "maybe" in str(table.problems[1])

    def verdict(number):
        return decide_one(hardgood(number), table.rows, TODAY)

    assert verdict("ITEM-9").verdict is verdict("ITEM-21").verdict is REFUSE
    held = verdict("ITEM-10")
    assert (held.verdict, held.row) == (ASK, "r10")  # no later row takes it
    assert "has a fault" in held.why
    assert verdict("ITEM-20").verdict is ASK
    assert verdict("OTHER").row == "plain"


def test_rows_that_can_never_decide_and_doubled_names_are_told(shipped):
    table = laid_over(
        own(
            row("mine", verdict="refuse", status="*"), row("late", verdict="ask"), row("plain", "P")
        ),
        shipped,
    )
    told = [str(p) for p in table.problems]
    assert len(told) == 3
    assert "'plain' is taken" in told[0]
    assert "'late' can never decide" in told[1]
    assert "'plain' can never decide" in told[2]


def test_a_row_of_another_length_a_missing_column_and_an_empty_file_are_told():
    assert "2 cells" in str(own("x,Y").problems[0])
    short = read_table("row,item\nx,y\n", "t.csv")
    assert {p.what for p in short.problems} >= {"column 'verdict' is missing."}
    assert "is empty" in str(read_table("# nothing\n", "t.csv").problems[0])
    assert "has no name" in str(own(row("")).problems[0])
    assert "repeats the name" in str(own(row("a", "A"), row("a", "B")).problems[0])
