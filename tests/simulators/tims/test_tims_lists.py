"""Lists in pages over a snapshot, filters, and the change feed."""

import pytest


def numbers(pages):
    return [row["OrderNumber"] for page in pages for row in page["data"]]


def test_pages_show_the_snapshot_whatever_happens_meanwhile(tims, sim, entered):
    known = [entered() for _ in range(5)]
    first = tims.get("/sales_orders", limit="2")
    entered()
    sim.cancel_order(known[4])
    second = tims.get("/sales_orders", limit="2", cursor=first["next_cursor"])
    third = tims.get("/sales_orders", limit="2", cursor=second["next_cursor"])
    assert numbers([first, second, third]) == known
    assert third["data"][0]["Status"] == "Entered"
    assert third["next_cursor"] is None
    assert first["as_of"] == third["as_of"]


def test_a_cursor_lives_a_day(tims, clock, entered):
    for _ in range(3):
        entered()
    cursor = tims.get("/sales_orders", limit="2")["next_cursor"]
    clock.advance(24 * 3600 - 1)
    assert tims.get("/sales_orders", limit="2", cursor=cursor).status == 200
    clock.advance(1)
    late = tims.get("/sales_orders", limit="2", cursor=cursor)
    assert (late.status, late.code) == (410, "cursor_expired")
    assert tims.get("/sales_orders", cursor="nonsense").code == "cursor_invalid"


def test_an_order_is_found_by_reference_and_system(tims, kit):
    for ref, system in (("112-1", "AMAZON:US"), ("112-1", "AMAZON:CA"), ("112-2", "AMAZON:US")):
        tims.create("/sales_orders", kit.order(ref, ExternalSystem=system))
    assert numbers([tims.get("/sales_orders", external_ref="112-1")]) == ["SO-100001", "SO-100002"]
    found = tims.get("/sales_orders", external_ref="112-1", external_system="AMAZON:CA")
    assert numbers([found]) == ["SO-100002"]
    assert tims.get("/sales_orders", external_ref="112-9")["data"] == []


def test_what_changed_is_listed_in_order_of_version(tims, sim, clock, entered):
    first, second = entered(), entered()
    seen = sim.orders[second].row_version
    clock.advance(60)
    third = entered()
    sim.note(first, "call back")
    assert numbers([tims.get("/sales_orders", row_version_gt=str(seen))]) == [third, first]
    assert numbers([tims.get("/sales_orders", updated_since="2026-11-23T10:01:00Z")]) == [
        third,
        first,
    ]
    assert numbers([tims.get("/sales_orders", status="Cancelled")]) == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": "0"}, "?limit"),
        ({"limit": "1001"}, "?limit"),
        ({"row_version_gt": "-1"}, "?row_version_gt"),
        ({"updated_since": "yesterday"}, "?updated_since"),
        ({"colour": "blue"}, "?colour"),
    ],
)
def test_a_filter_that_is_wrong_is_refused(tims, query, pointer):
    refused = tims.get("/sales_orders", **query)
    assert refused.status == 422
    assert pointer in refused.faults


def test_the_change_feed_is_read_from_any_version(tims, sim, entered):
    for _ in range(5):
        entered()
    seen, after = [], 0
    while True:
        page = tims.get("/changes", entity="sales_order", after=str(after), limit="2")
        seen += [(x["key"], x["op"]) for x in page["data"]]
        if not page["data"]:
            break
        after = page["data"][-1]["row_version"]
        assert (page["next_cursor"] is None) == (len(seen) == 5)
    assert seen == [(number, "create") for number in sim.orders]
    assert tims.get("/changes", entity="moon").faults == {"?entity": "invalid"}
    assert tims.get("/changes", entity="item", after="x").faults == {"?after": "invalid"}


def test_locations_and_items_are_read(tims):
    assert tims.get("/locations")["data"][0]["LocationId"] == "MAIN"
    assert tims.get("/locations/MAIN")["IsShippingLocation"] is True
    item = tims.get("/items/WIRE")
    assert (item["Status"], item["ItemClass"]) == ("active", "hardgood")
    assert [x["Uom"] for x in item["Uoms"]] == ["EA", "BX"]
    assert tims.get("/items/MOON").code == "item_not_found"


# --- customers -------------------------------------------------------------------------------


def test_a_customer_is_opened_and_changed(tims):
    made = tims.create("/customers", {"CustomerCode": "ACME", "CompanyName": "Acme Welding"})
    assert (made.status, made["OnCreditHold"], made["IsActive"]) == (201, False, True)
    body = {"DiscountCode": "D1", "CreditLimit": "500.00", "Email": None}
    changed = tims.change("/customers/ACME", body, made["RowVersion"])
    assert (changed["DiscountCode"], changed["CreditLimit"]) == ("D1", "500.00")
    assert changed["CompanyName"] == "Acme Welding"
    assert tims.change("/customers/ACME", body, made["RowVersion"]).status == 412
    refused = tims.change("/customers/ACME", {"OnCreditHold": False}, changed["RowVersion"])
    assert refused.faults == {"/OnCreditHold": "read_only"}
    assert tims.get("/customers/NOBODY").code == "customer_not_found"


def test_a_customer_that_staff_removed_can_be_opened_again_by_the_same_request(sim, tims):
    body = {"CustomerCode": "ACME", "CompanyName": "Acme Welding"}
    assert tims.create("/customers", body, key="k1").status == 201
    sim.remove_customer("ACME")
    assert tims.get("/customers/ACME").code == "customer_not_found"
    again = tims.create("/customers", body, key="k1")
    assert (again.status, again.headers.get("idempotent-replay")) == (201, None)
    assert tims.get("/customers/ACME").status == 200


def test_a_customer_code_is_used_once_and_given_when_missing(tims):
    refused = tims.create("/customers", {"CustomerCode": "AMZ-US", "CompanyName": "Again"})
    assert (refused.status, refused.code) == (409, "duplicate_customer_code")
    assert tims.create("/customers", {"CompanyName": "Acme"})["CustomerCode"] == "C10002"
    refused = tims.create("/customers", {"ContactName": "Pat"})
    assert refused.faults == {"/CompanyName": "required"}
    named = {"CompanyName": "Acme", "ExternalRefs": ["A1"]}
    tims.create("/customers", named)
    assert len(tims.get("/customers", external_ref="A1")["data"]) == 1
