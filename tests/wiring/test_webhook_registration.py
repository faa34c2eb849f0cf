"""TIMS signs with the secret that is set here, also after it was changed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.events import register_webhook, signature
from crossdock.connectors.tims.events import test_delivery as trial
from crossdock.settings import Secret
from crossdock.simulators.world.scenario import preset
from crossdock.wiring.subscribing import STOCK_EVENTS, WEBHOOK_EVENTS, Subscriber
from tests.scenarios.rehearsal import Rehearsal

OLD, NEW = "the-first-secret-of-ours", "the-second-secret-of-ours"


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    made = Rehearsal(tmp_path, 1, replace(preset("calm"), orders=0))
    made.world.tims.due_webhooks()
    return made


def listen(rehearsal: Rehearsal, secret: str, *kinds: tuple[str, ...]) -> None:
    """The program starts with this secret in its settings."""
    house = rehearsal.house
    webhook = house.settings.tims.webhook
    assert webhook is not None
    tims = replace(house.settings.tims, webhook=replace(webhook, secret=Secret(secret)))
    house.settings = replace(house.settings, tims=tims)
    for events in kinds or (WEBHOOK_EVENTS,):
        Subscriber(house, None).listen(events)


def ours(rehearsal: Rehearsal) -> list[m.Webhook]:
    """Registrations for the program's own address; the world has one of its own."""
    client = rehearsal.house.tims
    found = client.all(m.Webhook, client.wire.webhooks(), "TIMS webhooks")
    return [w for w in found if w.Url.startswith("http://127.0.0.1")]


def signed_with(rehearsal: Rehearsal, secret: str) -> list[bool]:
    """Whether each registration's deliveries are signed with this secret."""
    for webhook in ours(rehearsal):
        trial(rehearsal.house.tims, webhook.Id)
    rehearsal.pass_time(timedelta(seconds=30))
    sent = rehearsal.world.tims.due_webhooks()
    named = [({k.lower(): v for k, v in x.headers.items()}, x.body) for x in sent]
    return [
        h["x-tims-signature"] == signature(secret, h["x-tims-timestamp"], body) for h, body in named
    ]


def test_a_start_with_the_same_secret_registers_nothing_anew(rehearsal: Rehearsal) -> None:
    listen(rehearsal, OLD, WEBHOOK_EVENTS, STOCK_EVENTS)
    before = ours(rehearsal)
    listen(rehearsal, OLD, WEBHOOK_EVENTS, STOCK_EVENTS)
    assert ours(rehearsal) == before
    assert signed_with(rehearsal, OLD) == [True, True]


def test_a_changed_secret_is_what_tims_signs_with_also_when_it_is_changed_back(
    rehearsal: Rehearsal,
) -> None:
    for secret in (OLD, NEW, OLD):
        listen(rehearsal, secret, WEBHOOK_EVENTS, STOCK_EVENTS)
        assert signed_with(rehearsal, secret) == [True, True], secret


def test_a_registration_of_which_nothing_is_remembered_is_replaced_once(
    rehearsal: Rehearsal,
) -> None:
    listen(rehearsal, OLD)
    [known] = ours(rehearsal)
    with rehearsal.db.writing() as connection:
        connection.exec_driver_sql("DELETE FROM link")
    listen(rehearsal, NEW)
    [made] = ours(rehearsal)
    assert made.Id != known.Id
    assert signed_with(rehearsal, NEW) == [True]
    listen(rehearsal, NEW)
    assert [w.Id for w in ours(rehearsal)] == [made.Id]


def test_a_power_cut_between_taking_away_and_making_leaves_no_dead_registration(
    rehearsal: Rehearsal,
) -> None:
    """TIMS answers a request that it knows with the registration that is gone."""
    listen(rehearsal, OLD)
    [known] = ours(rehearsal)
    listen(rehearsal, NEW)
    client = rehearsal.house.tims
    for webhook in ours(rehearsal):
        client.call(client.wire.remove_webhook(webhook.Id))
    listen(rehearsal, OLD)
    assert register_webhook(client, known.Url, WEBHOOK_EVENTS, OLD).Id == known.Id, "as TIMS does"
    assert signed_with(rehearsal, OLD) == [True]
