"""Who we are to TIMS."""

import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from crossdock.connectors.tims.client import TimsClient
from crossdock.kernel.errors import NeedsPerson, TryAgain

ORDER = "GET /api/v1/sales_orders/SO-1"


def test_the_token_is_asked_for_by_client_credentials_and_shown_as_bearer(site, client, kit):
    site.on(ORDER, kit.ok(kit.order_json()))
    client.sales_order("SO-1")
    [asked] = site.requests("POST /oauth/token")
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["client_credentials"]
    assert (form["client_id"], form["client_secret"]) == (["us"], ["hush"])
    assert "orders:write" in form["scope"][0].split()
    [request] = site.requests(ORDER)
    assert request.headers["authorization"] == "Bearer bearer-1"
    assert request.headers["x-tims-company"] == "acme/test"
    assert request.headers["x-tims-api-version"] == "8.19"


def test_many_threads_fetch_one_token(site, account, clock, kit):
    gate = threading.Barrier(8)

    def slowly(request):
        threading.Event().wait(0.02)
        return kit.ok({"access_token": "bearer-1", "expires_in": 3600})

    site.on("POST /oauth/token", slowly)
    site.on(ORDER, kit.ok(kit.order_json()))
    client = TimsClient(account, site, clock)

    def work():
        gate.wait()
        client.sales_order("SO-1")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.count("POST /oauth/token") == 1
    assert site.count(ORDER) == 8


def test_a_token_is_renewed_before_it_ends(site, client, clock, kit):
    site.on(ORDER, kit.ok(kit.order_json()))
    client.sales_order("SO-1")
    clock.advance(timedelta(seconds=3500))
    client.sales_order("SO-1")
    clock.advance(timedelta(seconds=50))
    client.sales_order("SO-1")
    assert site.count("POST /oauth/token") == 2


def test_a_token_that_tims_forgot_is_replaced_once(site, client, kit):
    site.on(ORDER, kit.problem(401, "token_expired"), kit.ok(kit.order_json()))
    assert client.sales_order("SO-1").OrderNumber == "SO-1"
    assert site.count("POST /oauth/token") == 2


def test_a_token_refused_twice_needs_a_person(site, client, kit):
    site.on(ORDER, kit.problem(401, "token_expired"))
    with pytest.raises(NeedsPerson) as caught:
        client.sales_order("SO-1")
    assert caught.value.kind == "reconnect-tims"
    assert site.count(ORDER) == 2


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_client"), (400, "invalid_scope")])
def test_a_wrong_client_needs_a_person_and_the_secret_is_not_shown(site, client, kit, status, code):
    site.on("POST /oauth/token", kit.ok({"error": code}, status=status))
    with pytest.raises(NeedsPerson) as caught:
        client.sales_order("SO-1")
    assert caught.value.kind == "reconnect-tims"
    assert code in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(client.account)


def test_a_token_endpoint_in_trouble_is_tried_again(site, client, kit):
    site.on("POST /oauth/token", kit.problem(503, "maintenance", retry_after="120"))
    with pytest.raises(TryAgain) as caught:
        client.sales_order("SO-1")
    assert caught.value.after == timedelta(seconds=120)


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [("Authorization", "authorization", "ApiKey k-1"), ("X-Api-Key", "x-api-key", "k-1")],
)
def test_an_api_key_goes_in_the_header_the_site_wants(
    site, account, clock, kit, header, name, value
):
    keyed = replace(account, api_key="k-1", api_key_header=header)
    site.on(ORDER, kit.ok(kit.order_json()))
    TimsClient(keyed, site, clock).sales_order("SO-1")
    [request] = site.asked
    assert request.headers[name] == value


def test_a_refused_api_key_is_not_tried_twice(site, account, clock, kit):
    site.on(ORDER, kit.problem(401, "key_unknown"))
    with pytest.raises(NeedsPerson, match="key_unknown"):
        TimsClient(replace(account, api_key="k-1"), site, clock).sales_order("SO-1")
    assert site.count(ORDER) == 1


def test_a_missing_scope_is_named_in_the_remedy(site, client, kit):
    site.on(ORDER, kit.problem(403, "scope_missing", detail="orders:read is not granted"))
    with pytest.raises(NeedsPerson) as caught:
        client.sales_order("SO-1")
    assert caught.value.kind == "reconnect-tims"
    assert "orders:read" in caught.value.remedy


def test_the_scope_that_tims_names_is_believed_over_our_own(site, client, kit):
    site.on(ORDER, kit.problem(403, "scope_missing", scope="orders:read:all"))
    with pytest.raises(NeedsPerson) as caught:
        client.sales_order("SO-1")
    assert "the scope orders:read:all " in caught.value.remedy


@pytest.mark.parametrize(
    ("entity", "scope"), [("sales_order", "orders:read"), ("shipment", "shipments:read")]
)
def test_a_feed_that_may_not_be_read_names_its_scope(site, client, kit, entity, scope):
    site.on("GET /api/v1/changes", kit.problem(403, "scope_missing"))
    with pytest.raises(NeedsPerson) as caught:
        client.call(client.wire.changes(entity, 0, limit=10))
    assert f"the scope {scope} " in caught.value.remedy


def test_scopes_that_are_not_granted_are_named_at_sign_in(site, client, kit):
    refused = {"error": "invalid_scope", "error_description": "Not granted: stock:write"}
    site.on("POST /oauth/token", kit.ok(refused, status=400))
    with pytest.raises(NeedsPerson, match="Not granted: stock:write") as caught:
        client.sales_order("SO-1")
    assert "tims.scope" in caught.value.remedy
    assert "secret" not in str(caught.value)
