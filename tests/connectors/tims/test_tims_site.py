"""`crossdock connection test tims` says in words what is missing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.site import check_site

LISTS = ("customers", "items", "locations", "sales_orders", "shipments", "webhooks")


@pytest.fixture
def healthy(site, kit):
    site.on("GET /api/v1/meta", kit.ok({"ProductVersion": "8.19", "Company": "acme/test"}))
    for name in LISTS:
        site.on(f"GET /api/v1/{name}", kit.listed())
    site.on(
        "GET /api/v1/customers/AMZ-US",
        kit.ok({"CustomerCode": "AMZ-US", "CompanyName": "Amazon US"}),
    )
    return site


def bad(findings):
    return {x.name: x for x in findings if not x.ok}


def test_a_healthy_site_has_nothing_to_complain_about(healthy, client):
    findings = check_site(client, customers=["AMZ-US"])
    assert not bad(findings)
    assert {"sign in", "company", "scope orders:read", "customer AMZ-US"} <= {
        x.name for x in findings
    }
    assert all(x.method == "GET" or x.url.endswith("/oauth/token") for x in healthy.asked)


def test_missing_settings_are_told_all_at_once_and_nothing_is_sent(healthy, account, clock):
    empty = replace(account, url="", company="", environment="prod", client_secret="")
    findings = bad(check_site(TimsClient(empty, healthy, clock)))
    assert set(findings) == {"address", "company", "environment", "credential"}
    assert all(x.fix for x in findings.values())
    assert not healthy.asked


def test_a_wrong_secret_is_told_with_what_to_correct(healthy, client, kit):
    healthy.on("POST /oauth/token", kit.ok({"error": "invalid_client"}, status=401))
    [finding] = bad(check_site(client)).values()
    assert finding.name == "sign in"
    assert "client id and secret" in finding.fix


def test_an_unreachable_host_is_told(healthy, client, kit):
    healthy.on("POST /oauth/token", kit.unreachable())
    [finding] = bad(check_site(client)).values()
    assert "address" in finding.fix


def test_plain_http_to_another_machine_is_refused_in_words(account, clock, healthy):
    from crossdock.connectors.http import Network

    network = Network()
    client = TimsClient(replace(account, url="http://tims.example"), network, clock)
    [finding] = bad(check_site(client)).values()
    assert "https" in finding.found
    network.close()


def test_a_live_key_with_test_settings_is_told_before_anything_else(healthy, client, kit):
    healthy.on("GET /api/v1/meta", kit.ok({"Company": "acme/live"}))
    findings = bad(check_site(client))
    assert set(findings) == {"company"}
    assert "acme/live" in findings["company"].fix
    assert "acme/test" in findings["company"].fix


def test_every_missing_scope_is_named(healthy, client, kit):
    for name in ("sales_orders", "webhooks"):
        healthy.on(f"GET /api/v1/{name}", kit.problem(403, "scope_missing"))
    findings = bad(check_site(client))
    assert set(findings) == {"scope orders:read", "scope webhooks:manage"}
    assert "orders:read" in findings["scope orders:read"].fix


def test_a_write_scope_that_the_token_lacks_is_named(healthy, client, kit):
    granted = " ".join(x for x in client.account.scopes if x != "orders:write")
    token = {"access_token": "b", "expires_in": 3600, "scope": granted}
    healthy.on("POST /oauth/token", kit.ok(token))
    assert set(bad(check_site(client))) == {"scope orders:write"}


def test_a_missing_default_customer_and_one_on_hold_are_told(healthy, client, kit):
    healthy.on(
        "GET /api/v1/customers/AMZ-US", kit.ok({"CustomerCode": "AMZ-US", "OnCreditHold": True})
    )
    findings = bad(check_site(client, customers=["AMZ-US", "AMZ-CA"]))
    assert findings["customer AMZ-US"].found == "on credit hold"
    assert findings["customer AMZ-CA"].found == "not in TIMS"


def test_a_clock_that_is_off_is_told_because_webhooks_would_be_refused(healthy, client, kit):
    late = (kit.now - timedelta(minutes=9)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    healthy.on("GET /api/v1/meta", kit.ok({"Company": "acme/test"}, date=late))
    findings = bad(check_site(client))
    assert findings["clock"].found.startswith("0:09:00")
