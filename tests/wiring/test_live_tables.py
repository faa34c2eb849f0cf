"""Correct the CSV, then retry: tables are read again while `serve` runs, and never half."""

import os

import pytest

from crossdock.kernel.errors import NeedsPerson
from crossdock.lang.steps import Flow, MapStep
from crossdock.wiring.livetables import LiveFlows, tables_feed
from tests.wiring.test_tables import lookup, order, read

HEADER = "sku,item,uom,units_per_pack"


@pytest.fixture
def live(tmp_path):
    lookup(tmp_path, "skus.csv", HEADER, "A,T,EA,1")
    return LiveFlows(read(tmp_path), tmp_path)


def packs(flow: Flow, sku: str) -> int | None:
    """Units per pack of that SKU, as the flow's mapping reads them."""
    (step,) = [s for s in flow.steps if isinstance(s, MapStep) and "from_amazon" in s.mapping.name]
    return step.mapping.apply(order(sku)).lines[0].units_per_pack


def test_a_corrected_table_is_used_by_the_next_run(live, tmp_path):
    assert packs(live["orders"], "B") is None
    lookup(tmp_path, "skus.csv", HEADER, "A,T,EA,1", "B,T,EA,5")
    assert packs(live["orders"], "B") == 5
    assert live.problems == []


def test_a_run_ends_with_the_tables_it_began_with(live, tmp_path):
    begun = live["orders"]
    lookup(tmp_path, "skus.csv", HEADER, "A,T,EA,7")
    assert packs(live["orders"], "A") == 7
    assert packs(begun, "A") == 1


def test_nothing_is_compiled_again_while_no_file_changes(live):
    assert live["orders"] is live["orders"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(b"sku,item\n\xff,1\n"),
        lambda path: path.unlink(),  # the shipped example must not take its place
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.write_text("sku,item,uom\nA,T,EA\n"),  # a mapping needs the fourth
    ],
)
def test_a_table_that_cannot_be_read_leaves_the_one_before_and_is_a_case(live, tmp_path, spoil):
    spoil(tmp_path / "lookups" / "skus.csv")
    assert packs(live["orders"], "A") == 1
    with pytest.raises(NeedsPerson) as told:
        tables_feed(live).read(None)
    assert told.value.kind == "table-unreadable"
    assert "skus" in str(told.value)


def test_another_table_is_taken_all_the_same_and_the_case_ends_with_the_cause(live, tmp_path):
    lookup(tmp_path, "skus.csv", "")
    lookup(tmp_path, "charges.csv", "charge,tims_type", "freight,CARTAGE")
    assert live.language().tables["charges"].rows["freight"].cells["tims_type"] == "CARTAGE"
    lookup(tmp_path, "skus.csv", HEADER, "A,T,EA,3")
    assert tables_feed(live).read(None).changes == []
    assert packs(live["orders"], "A") == 3


def test_a_table_of_the_same_size_and_time_in_a_new_file_is_seen(live, tmp_path):
    path = tmp_path / "lookups" / "skus.csv"
    stamp = path.stat()
    new = path.with_name("new")
    new.write_text(path.read_text().replace("EA,1", "EA,9"))
    os.utime(new, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    new.rename(path)
    assert packs(live["orders"], "A") == 9
