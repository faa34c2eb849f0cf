"""Webhooks: what is believed, what is refused and why."""

import hashlib
import json
from datetime import timedelta

import pytest

from crossdock.connectors.tims.events import (
    LARGEST_BODY,
    WebhookRefused,
    ensure_webhook,
    read_notice,
    register_webhook,
    signature,
)

SECRET = "whsec"
BODY = json.dumps(
    {
        "entity": "sales_order",
        "key": "SO-1",
        "row_version": 12,
        "occurred_at": "2026-11-23T09:59:58Z",
    }
).encode()


def headers_at(moment, *, secret=SECRET, body=BODY, unix=True):
    stamp = str(int(moment.timestamp())) if unix else moment.isoformat().replace("+00:00", "Z")
    return {
        "X-TIMS-Event": "sales_order.created",
        "X-TIMS-Delivery": "d-1",
        "X-TIMS-Timestamp": stamp,
        "X-TIMS-Signature": signature(secret, stamp, body),
    }


def refusal(headers, body, now, secrets=(SECRET,)):
    with pytest.raises(WebhookRefused) as caught:
        read_notice(headers, body, secrets=secrets, now=now)
    return caught.value


@pytest.mark.parametrize("unix", [True, False])
def test_a_good_delivery_says_what_to_look_at(kit, unix):
    notice = read_notice(headers_at(kit.now, unix=unix), BODY, secrets=[SECRET], now=kit.now)
    assert (notice.delivery_id, notice.event) == ("d-1", "sales_order.created")
    assert (notice.entity, notice.key, notice.row_version) == ("sales_order", "SO-1", 12)
    assert notice.occurred_at == kit.now - timedelta(seconds=2)


def test_the_signature_is_hmac_sha256_over_timestamp_dot_body():
    assert signature("k", "1700000000", b"{}") == "v1=" + by_definition("k", b"1700000000.{}")


def by_definition(secret, text):
    """HMAC from RFC 2104's formula, so that the code is not its own witness."""
    key = secret.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(x ^ 0x36 for x in key) + text).digest()
    return hashlib.sha256(bytes(x ^ 0x5C for x in key) + inner).hexdigest()


def test_a_replayed_delivery_says_the_same_again_while_it_is_fresh(kit):
    headers = headers_at(kit.now)
    first = read_notice(headers, BODY, secrets=[SECRET], now=kit.now)
    again = read_notice(headers, BODY, secrets=[SECRET], now=kit.now + timedelta(minutes=4))
    assert first == again


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24])
def test_an_old_or_future_delivery_is_refused_and_named(kit, minutes):
    error = refusal(headers_at(kit.now - timedelta(minutes=minutes)), BODY, kit.now)
    assert (error.status, error.delivery_id) == (401, "d-1")
    assert "clocks" in error.remedy
    assert "d-1" in str(error)


def test_exactly_five_minutes_is_still_accepted(kit):
    headers = headers_at(kit.now - timedelta(minutes=5))
    assert read_notice(headers, BODY, secrets=[SECRET], now=kit.now).key == "SO-1"


def test_a_tampered_body_is_refused(kit):
    error = refusal(headers_at(kit.now), BODY.replace(b"SO-1", b"SO-2"), kit.now)
    assert (error.status, error.delivery_id) == (401, "d-1")
    assert "secret" in error.remedy


def test_a_tampered_timestamp_is_refused(kit):
    headers = headers_at(kit.now - timedelta(hours=1))
    headers["X-TIMS-Timestamp"] = str(int(kit.now.timestamp()))
    assert refusal(headers, BODY, kit.now).status == 401


def test_a_wrong_secret_is_refused(kit):
    assert refusal(headers_at(kit.now, secret="other"), BODY, kit.now).status == 401


@pytest.mark.parametrize("missing", ["X-TIMS-Signature", "X-TIMS-Timestamp"])
def test_a_delivery_without_signature_or_time_is_refused(kit, missing):
    headers = headers_at(kit.now)
    del headers[missing]
    assert refusal(headers, BODY, kit.now).status == 401


@pytest.mark.parametrize("given", ["", "v1=", "v0=abc", "v1=zz", "é", "v1=" + "0" * 64])
def test_nonsense_in_place_of_a_signature_is_refused(kit, given):
    headers = {**headers_at(kit.now), "X-TIMS-Signature": given}
    assert refusal(headers, BODY, kit.now).status == 401


@pytest.mark.parametrize("stamp", ["soon", "9" * 30, "2026-11-23T10:00:00", "-5", "²"])
def test_nonsense_in_place_of_a_time_is_refused(kit, stamp):
    headers = {
        **headers_at(kit.now),
        "X-TIMS-Timestamp": stamp,
        "X-TIMS-Signature": signature(SECRET, stamp, BODY),
    }
    assert refusal(headers, BODY, kit.now).status == 401


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"entity": "sales_order"}'])
def test_a_signed_body_that_is_no_notice_is_refused_as_a_format_question(kit, body):
    error = refusal(headers_at(kit.now, body=body), body, kit.now)
    assert (error.status, error.delivery_id) == (400, "d-1")


def test_a_flood_is_refused_before_it_is_hashed(kit):
    body = b"x" * (LARGEST_BODY + 1)
    assert refusal(headers_at(kit.now, body=body), body, kit.now).status == 413


def test_without_a_secret_nothing_is_trusted_and_tims_delivers_again_later(kit):
    assert refusal(headers_at(kit.now), BODY, kit.now, secrets=()).status == 503


def test_both_secrets_are_good_while_one_is_being_replaced(kit):
    for secret in ("old", "new"):
        headers = headers_at(kit.now, secret=secret)
        assert read_notice(headers, BODY, secrets=["new", "old"], now=kit.now).key == "SO-1"


WEBHOOKS = "/api/v1/webhooks"
HOOK = {"Id": "w1", "Url": "https://us.example/hook", "Events": ["shipment.posted"]}


def test_a_webhook_is_registered_only_when_it_is_missing(site, client, kit):
    site.on(f"GET {WEBHOOKS}", kit.listed(), kit.listed(HOOK))
    site.on(f"POST {WEBHOOKS}", kit.ok(HOOK, status=201))
    for _ in range(2):
        hook = ensure_webhook(client, HOOK["Url"], ["shipment.posted"], SECRET)
        assert hook.Id == "w1"
    assert site.count(f"POST {WEBHOOKS}") == 1


def test_a_webhook_for_fewer_events_is_not_enough(site, client, kit):
    site.on(f"GET {WEBHOOKS}", kit.listed(HOOK))
    site.on(f"POST {WEBHOOKS}", kit.ok({**HOOK, "Id": "w2"}, status=201))
    hook = ensure_webhook(client, HOOK["Url"], ["shipment.posted", "shipment.voided"], SECRET)
    assert hook.Id == "w2"


def test_registering_again_after_a_lost_reply_uses_the_same_key_and_hides_the_secret(
    site, client, kit
):
    site.on(f"POST {WEBHOOKS}", kit.ok(HOOK, status=201))
    for _ in range(2):
        register_webhook(client, HOOK["Url"], ["shipment.posted"], SECRET)
    first, second = site.requests(f"POST {WEBHOOKS}")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert SECRET not in first.headers["idempotency-key"]
