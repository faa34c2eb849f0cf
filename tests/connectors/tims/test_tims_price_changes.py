"""Who is told of prices, and who may read them."""

import pytest

from crossdock.connectors.tims.auth import COSTS, PRICES, SCOPES
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.events import ensure_webhook, read_notice
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.connectors.tims.prices import Prices
from crossdock.connectors.tims.site import check_site
from crossdock.connectors.tims.wire import Wire
from crossdock.connectors.tims.wire_prices import PriceKey
from crossdock.kernel.errors import NeedsPerson
from tests.connectors.tims.priced import a_client, a_priced_tims, a_query
from tests.connectors.tims.simulated import InProcess, account_of

SECRET = "a-secret-of-sixteen-or-more"


@pytest.fixture
def sim(clock):
    return a_priced_tims(clock)


@pytest.fixture
def near(sim, clock):
    return a_client(sim, clock, costs=True)


@pytest.fixture
def prices(near):
    return Prices(near)


# --- what changed ----------------------------------------------------------------------------


def test_the_feed_of_prices_names_each_changed_price_once_and_those_that_are_gone(sim, near):
    sim.set_contract_price("AMZ-US", "WLD-1", "50.00")
    start = changed_keys(near, Watermark("price", 0))
    assert start.keys == ("STANDARD/WLD-1", "STANDARD/WLD-2", "contract:AMZ-US/WLD-1")
    sim.set_price("WLD-1", "70.00")
    sim.set_price("WLD-1", "71.00")
    sim.drop_price("WLD-2")
    sim.drop_contract_price("AMZ-US", "WLD-1")
    sim.set_stock("WLD-1", "MAIN", 7)
    found = changed_keys(near, Watermark("price", start.until))
    assert found.keys == ("STANDARD/WLD-1", "STANDARD/WLD-2", "contract:AMZ-US/WLD-1")
    assert found.deleted == {"STANDARD/WLD-2", "contract:AMZ-US/WLD-1"}
    assert changed_keys(near, Watermark("price", found.until)).keys == ()


def test_a_key_of_the_feed_names_the_item_and_whose_price_it_is(near):
    key = near.wire.price_key
    assert key("STANDARD/WLD-1") == PriceKey("WLD-1", list_code="STANDARD")
    assert key("STANDARD/A/B") == PriceKey("A/B", list_code="STANDARD")
    assert key("contract:AMZ-US/A/B") == PriceKey("A/B", customer_code="AMZ-US")
    for strange in ("", "WLD-1", "STANDARD/", "/WLD-1", "contract:/WLD-1"):
        assert key(strange) is None


def test_the_webhook_tells_of_a_change_and_of_a_deletion(sim, near, clock):
    ensure_webhook(near, "https://us.example/hook", ["price.updated"], SECRET)
    sim.set_price("WLD-1", "70.00")
    sim.drop_price("WLD-2")
    notices = [
        read_notice(x.headers, x.body, secrets=[SECRET], now=clock.now())
        for x in sim.due_webhooks()
    ]
    assert [(x.event, x.entity, x.key) for x in notices] == [
        ("price.updated", "price", "STANDARD/WLD-1"),
        ("price.updated", "price", "STANDARD/WLD-2"),
    ]


# --- who may read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.lists(),
        lambda x: x.entries("STANDARD"),
        lambda x: x.contracts("AMZ-US"),
        lambda x: x.discount_codes(),
        lambda x: x.quote(a_query()),
    ],
    ids=["lists", "entries", "contracts", "codes", "quote"],
)
def test_a_scope_that_is_missing_is_named(sim, near, prices, read):
    near.sign_in.headers()
    sim.scopes.discard(PRICES)
    with pytest.raises(NeedsPerson) as caught:
        read(prices)
    assert (caught.value.kind, caught.value.code) == ("reconnect-tims", "scope_missing")
    assert "Grant the scope prices:read" in caught.value.remedy


def test_the_feed_of_prices_names_its_scope(sim, near):
    near.sign_in.headers()
    sim.scopes.discard(PRICES)
    with pytest.raises(NeedsPerson) as caught:
        changed_keys(near, Watermark("price"))
    assert "prices:read" in caught.value.remedy
    assert Wire().changes("price", 0, limit=1).scope == PRICES


def bad(client):
    return {x.name: x for x in check_site(client) if not x.ok}


def test_who_does_not_use_prices_is_not_asked_for_their_scope(sim, clock):
    sim.scopes.difference_update({PRICES, COSTS})
    near = TimsClient(account_of(sim), InProcess(sim.api), clock)
    findings = check_site(near)
    assert all(x.ok for x in findings)
    assert not [x for x in findings if "prices" in x.name or "costs" in x.name]
    assert not [name for name, _ in sim.counts if "price" in name]


def test_the_connection_test_names_a_price_scope_that_was_withdrawn(sim, clock):
    near = a_client(sim, clock)
    assert next(x for x in check_site(near) if x.name == "scope prices:read").ok
    sim.scopes.discard(PRICES)
    found = bad(near)
    assert set(found) == {"scope prices:read"}
    assert "prices:read" in found["scope prices:read"].fix


@pytest.mark.parametrize("scope", [PRICES, COSTS])
def test_a_scope_that_was_never_granted_is_named_at_sign_in(sim, clock, scope):
    sim.scopes.discard(scope)
    (finding,) = bad(a_client(sim, clock, costs=True)).values()
    assert finding.name == "sign in"
    assert scope in finding.found


@pytest.mark.parametrize("scope", [PRICES, COSTS])
def test_a_key_without_the_scope_is_told_what_it_lacks(sim, clock, scope):
    sim.scopes.discard(scope)
    by_key = a_client(sim, clock, costs=True, client_id="", client_secret="", api_key=sim.api_key)
    assert set(bad(by_key)) == {f"scope {scope}"}


def test_a_site_that_tells_no_scopes_is_tried(site, account, clock, kit):
    site.on("GET /api/v1/meta", kit.ok({"Company": "acme/test"}))
    for name in ("customers", "items", "locations", "sales_orders", "shipments", "webhooks"):
        site.on(f"GET /api/v1/{name}", kit.listed())
    site.on("GET /api/v1/price_lists", kit.problem(403, "scope_missing"))
    assert set(bad(TimsClient(account.reading_prices(), site, clock))) == {"scope prices:read"}


def test_an_account_asks_for_price_scopes_once(sim):
    account = account_of(sim)
    assert account.scopes == SCOPES
    assert account.reading_prices().scopes == (*SCOPES, PRICES)
    twice = account.reading_prices(costs=True).reading_prices(costs=True)
    assert twice.scopes == (*SCOPES, PRICES, COSTS)
