"""What `connection test amazon` says about an account, and how a subscription comes about."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crossdock.connectors.amazon.account import Finding, check_account
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.subscriptions import ensure_subscription
from crossdock.connectors.http import Unreachable
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.simulators.amazon import AmazonSim, Seller
from tests.connectors.amazon.conftest import NOW, InProcess, Scripted, a_client, ok, refused

Place = Callable[..., str]
ARN = "arn:aws:sqs:us-east-1:000000000000:amazon-orders"
OTHER = "arn:aws:sqs:us-east-1:000000000000:somebody-else"


class Known:
    """A queue that knows its name; enough for a look at the account."""

    def arn(self) -> str:
        return ARN


class Unknown:
    def arn(self) -> str:
        raise NeedsPerson(
            "SQS refused: NonExistentQueue", kind="queue-refused", remedy="Create it."
        )


def wrong(findings: list[Finding]) -> dict[str, str]:
    """What is not well, with its fix."""
    assert all(f.fix for f in findings if not f.ok)
    return {f.name: f.fix for f in findings if not f.ok}


def check(client: AmazonClient, queue: Any = None) -> list[Finding]:
    return check_account(client, queue=queue)


def test_a_ready_account_has_nothing_to_fix(client: AmazonClient, place: Place) -> None:
    place()
    client.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
    ensure_subscription(client, ARN)
    findings = check(client, Known())
    assert wrong(findings) == {}
    names = [f.name for f in findings]
    assert "authorisation" in names
    assert "sells in US (ATVPDKIKX0DER)" in names
    assert "subscription ORDER_CHANGE" in names
    assert {f.found for f in findings if f.name.startswith("role")} == {"addresses are shown"}


def test_a_look_at_an_account_shows_no_secret(client: AmazonClient) -> None:
    shown = str(check(client))
    for secret in ("rehearsal-secret", "Atzr|rehearsal", "Atza|"):
        assert secret not in shown


def test_all_missing_settings_are_told_at_once(sim: AmazonSim, clock: ManualClock) -> None:
    client = a_client(
        InProcess(sim), clock, client_id="", client_secret=" ", refresh_token="x ", region="moon"
    )
    assert set(wrong(check(client))) == {
        "client id", "client secret", "refresh token", "region", "address",
    }  # fmt: skip


def test_a_marketplace_of_another_region_is_told_before_anything_is_asked(
    sim: AmazonSim, wires: InProcess, clock: ManualClock
) -> None:
    client = a_client(wires, clock, marketplace_ids=("A1PA6795UKMFR9",))
    fixes = wrong(check(client))
    assert "region eu" in fixes["marketplace DE (A1PA6795UKMFR9)"]
    assert wires.asked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_secret": "old"}, "secret"),
        ({"refresh_token": "Atzr|old"}, "Seller Central"),
        ({"client_id": "amzn1.other"}, "secret"),
    ],
)
def test_a_wrong_credential_is_named(
    sim: AmazonSim, clock: ManualClock, changes: dict[str, str], words: str
) -> None:
    fixes = wrong(check(a_client(InProcess(sim), clock, **changes)))
    assert list(fixes) == ["sign in"]
    assert words in fixes["sign in"]


def test_an_unreachable_amazon_is_told_apart_from_a_refusal(clock: ManualClock) -> None:
    class NoRoad:
        def send(self, request: Any) -> Any:
            raise Unreachable("api.amazon.com cannot be found (name resolution)")

    fixes = wrong(check(a_client(NoRoad(), clock)))
    assert "network" in fixes["sign in"]


def test_a_marketplace_where_the_account_does_not_sell_is_named(
    sim: AmazonSim, wires: InProcess, clock: ManualClock
) -> None:
    client = a_client(wires, clock, marketplace_ids=("ATVPDKIKX0DER", "A2Q3Y263D00KWC"))
    assert "sells in BR (A2Q3Y263D00KWC)" in wrong(check(client))


def test_suspended_listings_are_told(clock: ManualClock) -> None:
    sim = AmazonSim(clock, sellers=[Seller(suspended=frozenset({"ATVPDKIKX0DER"}))])
    fixes = wrong(check(a_client(InProcess(sim), clock)))
    assert "Account Health" in fixes["sells in US (ATVPDKIKX0DER)"]


def test_an_application_without_roles_is_told(client: AmazonClient, sim: AmazonSim) -> None:
    sim.roles = set()
    fixes = wrong(check(client))
    assert {"authorisation", "read orders"} <= set(fixes)
    assert "Inventory and Order Tracking" in fixes["read orders"]


def test_a_missing_address_role_is_seen_by_orders_without_a_street(
    client: AmazonClient, sim: AmazonSim, place: Place
) -> None:
    place()
    sim.roles = {"orders"}
    client.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
    fixes = wrong(check(client))
    assert list(fixes) == ["role Direct-to-Consumer Delivery"]


def test_a_clock_that_is_wrong_is_told(sim: AmazonSim) -> None:
    ahead = ManualClock(NOW + timedelta(minutes=20))
    assert "NTP" in wrong(check(a_client(InProcess(sim), ahead)))["clock"]


def test_a_queue_that_is_not_there_is_told(client: AmazonClient) -> None:
    assert wrong(check(client, Unknown()))["queue"] == "Create it."


def test_a_missing_subscription_is_told(client: AmazonClient) -> None:
    assert "subscription ORDER_CHANGE" in wrong(check(client, Known()))


def test_a_subscription_to_another_queue_is_told(client: AmazonClient) -> None:
    ensure_subscription(client, OTHER)
    (finding,) = [f for f in check(client, Known()) if f.name.startswith("subscription")]
    assert not finding.ok
    assert "another queue" in finding.found


# --- subscribing


def test_a_subscription_is_made_once(client: AmazonClient, sim: AmazonSim) -> None:
    first = ensure_subscription(client, ARN)
    again = ensure_subscription(client, ARN)
    assert first.made == ("destination", "subscription")
    assert again.made == ()
    assert again.subscription_id == first.subscription_id
    (subscription,) = sim.notifications.subscriptions.values()
    assert subscription.directive is not None
    wanted = subscription.directive["eventFilter"]["orderChangeTypes"]
    assert wanted == ["OrderStatusChange", "BuyerRequestedChange"]


def test_a_lost_reply_while_subscribing_makes_nothing_twice(
    client: AmazonClient, sim: AmazonSim
) -> None:
    sim.faults.load([{"fault": "reply_lost_after_write"}])
    for _ in range(2):  # the destination, then the subscription
        with pytest.raises(TryAgain):
            ensure_subscription(client, ARN)
    assert ensure_subscription(client, ARN).made == ()
    assert len(sim.notifications.destinations) == len(sim.notifications.subscriptions) == 1


def test_another_queue_is_not_silenced_unasked(client: AmazonClient, sim: AmazonSim) -> None:
    ensure_subscription(client, OTHER)
    with pytest.raises(NeedsPerson, match="somebody-else") as caught:
        ensure_subscription(client, ARN)
    assert caught.value.kind == "subscription-elsewhere"
    moved = ensure_subscription(client, ARN, move=True)
    assert moved.made == ("subscription",)
    (subscription,) = sim.notifications.subscriptions.values()
    assert subscription.destination.target == ARN


def test_a_conflict_that_amazon_does_not_show_yet_is_tried_again(clock: ManualClock) -> None:
    nothing, conflict = ok({"payload": []}), refused(409, "Conflict")
    amazon = Scripted([nothing, conflict, nothing])
    with pytest.raises(TryAgain, match="does not show it yet"):
        ensure_subscription(a_client(amazon, clock), ARN)
