"""Who may speak to TIMS, for which company, and what they may do."""

import base64
import json


def bearer(answer):
    return {"authorization": f"Bearer {answer['access_token']}"}


def test_client_credentials_give_a_token_for_an_hour(tims, clock):
    grant = tims.token()
    assert (grant.status, grant["token_type"], grant["expires_in"]) == (200, "Bearer", 3600)
    tims.headers = bearer(grant)
    assert tims.get("/meta").status == 200
    clock.advance(3600)
    late = tims.get("/meta")
    assert (late.status, late.code, late["retryable"]) == (401, "token_expired", False)


def test_an_api_key_is_taken_in_either_header(tims, sim):
    assert tims.get("/meta").status == 200
    other = tims.call("GET", "/meta", authorization=None, x_api_key=sim.api_key)
    assert other.status == 200


def test_the_client_may_also_come_as_basic_authentication_and_json(tims, sim):
    from crossdock.simulators.wire import Request

    pair = base64.b64encode(f"{sim.client_id}:{sim.client_secret}".encode()).decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {pair}"}
    body = json.dumps({"grant_type": "client_credentials"}).encode()
    assert sim.api.handle(Request("POST", "/oauth/token", {}, headers, body)).status == 200


def test_wrong_sign_ins_are_told_apart(tims, sim):
    assert tims.token(client_secret="guess")["error"] == "invalid_client"
    assert tims.token(grant_type="password")["error"] == "unsupported_grant_type"
    refused = tims.token(scope="orders:read moon:write")
    assert (refused.status, refused["error"]) == (400, "invalid_scope")
    assert "moon:write" in refused["detail"]
    nobody = tims.call("GET", "/meta", authorization=None)
    assert (nobody.status, nobody.code) == (401, "unauthenticated")
    assert tims.call("GET", "/meta", authorization="Bearer nonsense").code == "token_invalid"
    assert tims.call("GET", "/meta", authorization="ApiKey nonsense").code == "api_key_invalid"


def test_a_rotated_secret_ends_the_old_tokens(tims, sim):
    tims.headers = bearer(tims.token())
    sim.client_secret = "another-secret"
    assert tims.get("/meta").code == "token_invalid"
    assert tims.token().status == 200


def test_a_missing_scope_is_named(tims, kit):
    tims.headers = bearer(tims.token(scope="orders:read"))
    refused = tims.create("/sales_orders", kit.order())
    assert (refused.status, refused.code) == (403, "scope_missing")
    assert refused["scope"] == "orders:write"
    assert tims.get("/changes", entity="stock")["scope"] == "stock:read"
    assert tims.get("/changes", entity="sales_order").status == 200


def test_a_withdrawn_scope_counts_at_once(tims, sim):
    tims.headers = bearer(tims.token())
    sim.scopes.discard("orders:read")
    assert tims.get("/sales_orders").code == "scope_missing"


def test_a_key_opens_one_environment_only(tims, sim):
    mixed_up = tims.call("GET", "/meta", x_tims_company=f"{sim.company}/test")
    assert (mixed_up.status, mixed_up.code) == (403, "wrong_company")
    assert tims.call("GET", "/meta", x_tims_company="other/live").code == "wrong_company"
    missing = tims.call("GET", "/meta", x_tims_company=None)
    assert (missing.status, missing.code) == (400, "company_missing")


def test_test_and_live_share_nothing(tims, sim, kit):
    tims.create("/sales_orders", kit.order("112-1"))
    tims.headers = {
        "authorization": f"ApiKey {sim.test_credential.api_key}",
        "x-tims-company": f"{sim.company}/test",
    }
    assert tims.get("/meta")["Company"] == f"{sim.company}/test"
    assert tims.get("/sales_orders")["data"] == []
    assert tims.get("/items")["data"] == []


def test_meta_tells_version_settings_and_scopes(tims):
    meta = tims.get("/meta")
    assert meta["ApiVersion"] == meta.headers["x-tims-api-version"] == "8.19"
    assert meta["Settings"] == {"IsBlanketPurchaseOrderSystemEnabled": False}
    assert (meta["BaseCurrency"], meta["TimeZone"]) == ("USD", "America/Denver")
    assert "orders:write" in meta["Scopes"]
    assert tims.call("GET", "/meta", x_tims_api_version="9.0").code == "api_version_unknown"


def test_paths_and_methods_that_do_not_exist(tims):
    assert tims.get("/moon").code == "not_found"
    assert tims.get("/sales_orders/").code == "not_found"
    refused = tims.call("DELETE", "/sales_orders")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, POST")
