"""The change feed: resumes exactly, whatever is repeated."""

from datetime import timedelta

import pytest

from crossdock.connectors.http import Response
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.kernel.errors import TryAgain

CHANGES = "GET /api/v1/changes"


def row(key, version, op="update", entity="sales_order"):
    return {"entity": entity, "key": key, "op": op, "row_version": version}


def test_every_key_comes_once_and_the_watermark_moves_to_the_last_row(site, client, kit):
    site.on(
        CHANGES,
        kit.listed(row("SO-1", 5), row("SO-2", 6), row("SO-1", 9), row("SO-3", 10, "delete")),
    )
    changes = changed_keys(client, Watermark("sales_order", 4))
    assert changes.keys == ("SO-2", "SO-1", "SO-3")
    assert (changes.until, changes.more) == (10, False)
    assert changes.deleted == {"SO-3"}
    assert site.query(CHANGES) == [{"entity": "sales_order", "after": "4", "limit": "1000"}]


def test_a_quiet_feed_leaves_the_watermark_where_it_is(site, client, kit):
    site.on(CHANGES, kit.listed())
    changes = changed_keys(client, Watermark("sales_order", 4))
    assert (changes.keys, changes.until, changes.more) == ((), 4, False)


def test_the_next_page_is_asked_for_by_row_version(site, client, kit):
    site.on(CHANGES, kit.listed(row("SO-1", 5), cursor="c"), kit.listed(row("SO-2", 6)))
    changes = changed_keys(client, Watermark("sales_order", 4))
    assert (changes.keys, changes.until) == (("SO-1", "SO-2"), 6)
    assert [q["after"] for q in site.query(CHANGES)] == ["4", "5"]


def test_a_page_that_is_repeated_for_ever_does_not_hold_us(site, client, kit):
    site.on(CHANGES, kit.listed(row("SO-1", 5), cursor="c"))
    changes = changed_keys(client, Watermark("sales_order", 4))
    assert (changes.keys, changes.until, changes.more) == (("SO-1",), 5, False)


def test_a_long_backlog_is_taken_in_bites(site, client, clock, kit):
    def page(request):
        after = int(request.url.split("after=")[1].split("&")[0])
        return kit.listed(row(f"SO-{after + 1}", after + 1), cursor="c")

    site.on(CHANGES, page)
    changes = changed_keys(client, Watermark("sales_order", 0))
    assert changes.more
    clock.advance(timedelta(seconds=10))
    following = changed_keys(client, Watermark("sales_order", changes.until))
    assert following.keys[0] == f"SO-{changes.until + 1}"


def test_rows_of_another_entity_do_not_move_the_watermark(site, client, kit):
    site.on(CHANGES, kit.listed(row("SH-1", 99, entity="shipment"), row("SO-1", 5)))
    assert changed_keys(client, Watermark("sales_order", 4)).until == 5


def test_a_broken_page_moves_nothing(site, client, kit):
    site.on(CHANGES, Response(200, {}, b'{"data": [{"entity": "sales_or'))
    with pytest.raises(TryAgain):
        changed_keys(client, Watermark("sales_order", 4))


def test_an_outage_in_the_middle_keeps_what_came_before_it(site, client, kit):
    site.on(CHANGES, kit.listed(row("SO-1", 5), cursor="c"), kit.problem(503, "maintenance"))
    changes = changed_keys(client, Watermark("sales_order", 4))
    assert (changes.keys, changes.until, changes.more) == (("SO-1",), 5, True)
