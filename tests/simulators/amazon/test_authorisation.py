"""Login with Amazon, and what its tokens open."""

from collections.abc import Callable

import pytest

from crossdock.simulators.amazon import AmazonSim, Seller
from crossdock.simulators.clock import HandClock
from crossdock.simulators.wire import Request
from tests.simulators.amazon.conftest import Answer, Caller

Place = Callable[..., str]
PARTICIPATIONS = "/sellers/v1/marketplaceParticipations"
DESTINATIONS = "/notifications/v1/destinations"


def refreshed(caller: Caller, **form: str) -> Answer:
    form = {"refresh_token": caller.sim.refresh_token, **form}
    return caller.login(grant_type="refresh_token", **form)


def test_a_refresh_token_buys_an_hour(caller: Caller, clock: HandClock) -> None:
    answer = refreshed(caller)

    assert answer.status == 200
    assert answer.body["access_token"].startswith("Atza|")
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("bearer", 3600)
    assert answer.body["refresh_token"] == caller.sim.refresh_token
    token = answer.body["access_token"]
    clock.advance(3599)
    assert caller.call("GET", PARTICIPATIONS, token=token).status == 200
    clock.advance(1)
    late = caller.call("GET", PARTICIPATIONS, token=token)
    assert (late.status, late.code) == (403, "Unauthorized")
    assert "expired" in late.details


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
        ({"refresh_token": "Atzr|other"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "all"}, 400, "invalid_scope"),
    ],
)
def test_wrong_credentials_answer_as_oauth_does(
    caller: Caller, form: dict[str, str], status: int, error: str
) -> None:
    right = {"grant_type": "refresh_token", "refresh_token": caller.sim.refresh_token}

    answer = caller.login(**{**right, **form})

    assert (answer.status, answer.body["error"]) == (status, error)
    assert answer.body["error_description"]


@pytest.mark.parametrize("token", ["", "Atza|made-up"])
def test_a_missing_or_unknown_token_opens_nothing(caller: Caller, token: str) -> None:
    answer = caller.call("GET", PARTICIPATIONS, token=token)

    assert (answer.status, answer.code) == (403, "Unauthorized")


def test_operations_without_a_seller_need_a_token_without_one(caller: Caller) -> None:
    assert caller.call("GET", DESTINATIONS, token=caller.grantless()).status == 200
    assert caller.call("GET", DESTINATIONS, token=caller.token()).status == 403
    assert caller.call("GET", PARTICIPATIONS, token=caller.grantless()).status == 403


def test_a_revoked_authorisation_closes_both_doors(sim: AmazonSim, caller: Caller) -> None:
    token = caller.token()
    sim.revoke_grant()

    assert refreshed(caller).body["error"] == "invalid_grant"
    assert caller.call("GET", PARTICIPATIONS, token=token).status == 403

    sim.restore_grant()
    assert caller.call("GET", PARTICIPATIONS, token=token).status == 200


def test_a_rotated_secret_is_the_only_one(sim: AmazonSim, caller: Caller) -> None:
    old = sim.client_secret
    sim.client_secret = "rotated"

    assert refreshed(caller, client_secret=old).status == 401
    assert refreshed(caller).status == 200


def test_a_seller_sees_where_the_store_sells(clock: HandClock) -> None:
    sim = AmazonSim(clock, sellers=[Seller(suspended=frozenset({"A1AM78C64UM0Y8"}))])

    rows = Caller(sim).call("GET", PARTICIPATIONS).body["payload"]

    found = {
        (
            row["marketplace"]["countryCode"],
            row["marketplace"]["defaultCurrencyCode"],
            row["participation"]["hasSuspendedListings"],
        )
        for row in rows
    }
    assert found == {("US", "USD", False), ("CA", "CAD", False), ("MX", "MXN", True)}


def test_the_account_can_be_asked_for(caller: Caller) -> None:
    answer = caller.call("GET", "/sellers/v1/account")

    assert answer.status == 200
    assert answer.body["payload"]["sellingPlan"] == "PROFESSIONAL"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/orders/2026-01-01"),
        ("POST", "/orders/2026-01-01/orders"),
        ("GET", "/orders/v0/orders/1/shipmentConfirmation"),
        ("GET", "/vendor/orders/v1/purchaseOrders"),
    ],
)
def test_what_is_not_rehearsed_is_not_found(caller: Caller, method: str, path: str) -> None:
    assert caller.call(method, path).status == 404


def test_a_novel_as_user_agent_is_refused(sim: AmazonSim, caller: Caller) -> None:
    headers = {"x-amz-access-token": caller.token(), "user-agent": "x" * 501}

    assert sim.api.handle(Request("GET", PARTICIPATIONS, headers=headers)).status == 400


@pytest.mark.parametrize(
    ("region", "seller"),
    [
        ("mars", Seller()),
        ("na", Seller(marketplaces=("A1PA6795UKMFR9",))),
        ("eu", Seller(marketplaces=("NOWHERE",))),
    ],
)
def test_a_region_has_only_its_own_marketplaces(
    clock: HandClock, region: str, seller: Seller
) -> None:
    with pytest.raises(ValueError, match=r"region"):
        AmazonSim(clock, region=region, sellers=[seller])


def test_unknown_roles_are_refused(sim: AmazonSim) -> None:
    with pytest.raises(ValueError, match="no role is called king"):
        sim.roles = {"king"}
