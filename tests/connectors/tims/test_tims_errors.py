"""Every row of the table, through the real client."""

from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.connectors.http import Response
from crossdock.connectors.tims.errors import KINDS, TABLE, Bug, Later, Person
from crossdock.kernel.errors import Defect, NeedsPerson, TryAgain

ORDER = "GET /api/v1/sales_orders/SO-1"
PAGES = Path(__file__).resolve().parents[3] / "docs" / "operate"
EXPECTED = {Later: TryAgain, Person: NeedsPerson, Bug: Defect}


@pytest.mark.parametrize(("row", "meaning"), TABLE.items(), ids=str)
def test_every_row_is_what_the_client_raises(site, client, kit, row, meaning):
    status, code = row
    site.on(ORDER, kit.problem(status, code, detail="as it is"))
    with pytest.raises(EXPECTED[type(meaning)]) as caught:
        client.sales_order("SO-1")
    error = caught.value
    assert error.about in ("TIMS order SO-1", "TIMS sign-in")
    assert error.request_id == "t-1"
    if isinstance(meaning, Person):
        assert error.kind == meaning.kind
        assert error.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_case_has_a_page_that_says_how_to_retry(kind):
    text = (PAGES / f"{kind}.md").read_text()
    assert text.startswith(f"# {kind}: ")
    assert "crossdock case retry ID" in text


def test_a_part_decides_over_the_whole_and_every_part_is_named(site, client, kit):
    site.on(
        ORDER,
        kit.problem(
            422,
            "validation_failed",
            {
                "pointer": "/Lines/0/ItemNumber",
                "code": "item_not_found",
                "message": "Item WLD-118 is not on file",
                "rejected": "WLD-118",
            },
            {"pointer": "/Lines/1/Uom", "code": "uom_mismatch", "rejected": "BX"},
        ),
    )
    with pytest.raises(NeedsPerson) as caught:
        client.sales_order("SO-1")
    error = caught.value
    assert (error.kind, error.code) == ("unknown-sku", "item_not_found")
    assert "/Lines/0/ItemNumber: Item WLD-118 is not on file" in error.message
    assert "/Lines/1/Uom: uom_mismatch (BX)" in error.message


def test_a_field_that_tims_does_not_know_is_our_bug(site, client, kit):
    site.on(
        ORDER, kit.problem(422, "validation_failed", {"pointer": "/Foo", "code": "unknown_field"})
    )
    with pytest.raises(Defect) as caught:
        client.sales_order("SO-1")
    assert caught.value.reproduce["parts"] == ["/Foo unknown_field"]


def test_throttling_waits_as_long_as_tims_says_and_is_nobodys_failure(site, client, kit):
    site.on(ORDER, kit.problem(429, "rate_limited", retry_after="3"))
    with pytest.raises(TryAgain) as caught:
        client.sales_order("SO-1")
    assert caught.value.after == timedelta(seconds=3)
    assert not caught.value.counts


def test_maintenance_waits_as_long_as_tims_says(site, client, kit):
    site.on(ORDER, kit.problem(503, "maintenance", retry_after="900", retryable=True))
    with pytest.raises(TryAgain) as caught:
        client.sales_order("SO-1")
    assert caught.value.after == timedelta(minutes=15)
    assert not caught.value.counts


@pytest.mark.parametrize("status", [500, 502, 503, 507, 599])
def test_a_page_of_a_proxy_instead_of_a_problem_is_tried_again(site, client, status):
    site.on(ORDER, Response(status, {"content-type": "text/html"}, b"<html>Bad gateway</html>"))
    with pytest.raises(TryAgain):
        client.sales_order("SO-1")


def test_an_unforeseen_refusal_goes_to_a_person_and_may_be_an_outage(site, client, kit):
    site.on(ORDER, kit.problem(418, "teapot"))
    with pytest.raises(NeedsPerson) as caught:
        client.sales_order("SO-1")
    assert caught.value.kind == "tims-refused"
    assert caught.value.suspect


def test_an_unforeseen_refusal_that_tims_calls_retryable_is_tried_again(site, client, kit):
    site.on(ORDER, kit.problem(418, "teapot", retryable=True))
    with pytest.raises(TryAgain):
        client.sales_order("SO-1")


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"OrderNumber": "SO-1", "Sta'])
def test_an_answer_that_is_not_whole_json_is_asked_for_again(site, client, body):
    site.on(ORDER, Response(200, {}, body))
    with pytest.raises(TryAgain) as caught:
        client.sales_order("SO-1")
    assert caught.value.about == "TIMS order SO-1"


def test_an_answer_of_another_shape_is_a_defect_that_shows_no_values(site, client, kit):
    address = {"Name": ["Pat Welder"]}
    site.on(ORDER, kit.ok(kit.order_json(RowVersion="seven", ShipToAddress=address)))
    with pytest.raises(Defect) as caught:
        client.sales_order("SO-1")
    said = f"{caught.value} {caught.value.reproduce}"
    assert "RowVersion" in said
    assert "ShipToAddress.Name" in said
    assert "Welder" not in said


def test_a_float_where_money_belongs_is_a_defect(site, client, kit):
    totals = {"Lines": 129.0, "Charges": "9.99", "Tax": "0.00", "Total": "138.99"}
    site.on(ORDER, kit.ok(kit.order_json(Totals=totals)))
    with pytest.raises(Defect, match="float"):
        client.sales_order("SO-1")


def test_an_unreachable_site_is_tried_again_and_names_the_record(site, client, kit):
    site.on(ORDER, kit.unreachable())
    with pytest.raises(TryAgain, match="TIMS order SO-1"):
        client.sales_order("SO-1")
