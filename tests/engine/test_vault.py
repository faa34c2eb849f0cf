"""Personal values under keys of their own: sealed, opened, destroyed, wrapped anew."""

import os
from datetime import timedelta

import pytest

from crossdock.engine.store import Database
from crossdock.engine.store.sealed import SEALED, Gone
from crossdock.engine.store.searching import text_places
from crossdock.engine.store.vault import Vault
from crossdock.kernel.clock import ManualClock

ORDER, OTHER = "orders/111-1111111-1111111", "orders/222-2222222-2222222"
KEY, NEW_KEY = os.urandom(32), os.urandom(32)
DAYS = timedelta(days=30)


@pytest.fixture
def vault(db: Database, clock: ManualClock) -> Vault:
    return Vault(db, lambda: KEY, clock.now, DAYS)


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice(vault: Vault) -> None:
    one, two = vault.seal(ORDER, "Ana Núñez"), vault.seal(ORDER, "Ana Núñez")
    assert one != two
    assert one.startswith(SEALED)
    assert "Ana" not in one
    assert vault.open(ORDER, one) == vault.open(ORDER, two) == "Ana Núñez"


def test_a_seal_of_one_record_opens_for_no_other(vault: Vault) -> None:
    sealed = vault.seal(ORDER, "Ana")
    vault.seal(OTHER, "Bert")
    with pytest.raises(Gone):
        vault.open(OTHER, sealed)


def test_a_changed_seal_does_not_open(vault: Vault) -> None:
    sealed = vault.seal(ORDER, "Ana")
    spoiled = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    with pytest.raises(Gone):
        vault.open(ORDER, spoiled)


def test_destroying_the_key_destroys_the_value_wherever_it_stands(
    vault: Vault, clock: ManualClock
) -> None:
    copy = vault.seal(ORDER, "Ana")
    clock.advance(DAYS - timedelta(seconds=1))
    assert vault.purge("crossdock") == 0
    assert vault.open(ORDER, copy) == "Ana"
    clock.advance(timedelta(seconds=1))
    assert vault.purge("crossdock") == 1
    with pytest.raises(Gone, match="destroyed"):
        vault.open(ORDER, copy)
    assert vault.purge("crossdock") == 0


def test_only_what_is_due_is_destroyed_and_one_record_at_once_on_request(
    vault: Vault, clock: ManualClock
) -> None:
    vault.seal(ORDER, "Ana")
    clock.advance(timedelta(days=20))
    other = vault.seal(OTHER, "Bert")
    clock.advance(timedelta(days=10))
    assert vault.purge("crossdock") == 1
    assert vault.open(OTHER, other) == "Bert"
    assert vault.purge("anna", subject=OTHER) == 1
    with pytest.raises(Gone):
        vault.open(OTHER, other)


def test_after_its_key_was_destroyed_a_record_gets_a_new_one(
    vault: Vault, clock: ManualClock
) -> None:
    old = vault.seal(ORDER, "Ana")
    vault.purge("anna", subject=ORDER)
    new = vault.seal(ORDER, "Bert")
    assert vault.open(ORDER, new) == "Bert"
    with pytest.raises(Gone):
        vault.open(ORDER, old)


def test_another_master_key_opens_nothing_until_the_keys_are_wrapped_anew(
    db: Database, vault: Vault, clock: ManualClock
) -> None:
    sealed = vault.seal(ORDER, "Ana")
    newer = Vault(db, lambda: NEW_KEY, clock.now, DAYS)
    with pytest.raises(Gone, match="another master key"):
        newer.open(ORDER, sealed)
    assert newer.rotate(vault) == 1
    assert newer.rotate(vault) == 0
    assert newer.open(ORDER, sealed) == "Ana"
    with pytest.raises(Gone):
        vault.open(ORDER, sealed)


def test_a_planted_name_is_found_in_no_table(db: Database, vault: Vault) -> None:
    vault.seal(ORDER, "Zerelda Quackenbush")
    vault.purge("anna", subject=ORDER)
    assert list(text_places(db, "quackenbush")) == []
    vault.purge("zerelda quackenbush")  # who did it is no secret, and proves that we look
    vault.seal(ORDER, "x")
    vault.purge("Zerelda Quackenbush", subject=ORDER)
    assert [p.where for p in text_places(db, "quackenbush")] == ["audit.who"]
