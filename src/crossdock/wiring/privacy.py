"""The master key of a workspace, and the vault of its store."""

import base64
import binascii
import hashlib
import hmac
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from crossdock.engine.store import Database
from crossdock.engine.store.vault import Vault
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import ConfigError, Problem
from crossdock.settings.secrets import write_private

if TYPE_CHECKING:
    from crossdock.settings import Settings

KEY_FILE = "privacy.key"


def vault_of(settings: "Settings", db: Database, clock: Clock) -> Vault:
    """The vault of the workspace's store."""
    return Vault(db, lambda: master_key(settings), clock.now, settings.privacy.keep)


def master_key(settings: "Settings") -> bytes:
    """From the settings; one process on SQLite makes itself a key file that only its owner reads.
    Several workers must be given the same key: a ConfigError says how.
    """
    written = settings.privacy.key
    if written:
        return decoded(written.reveal(), "privacy.key")
    if settings.shared_store:
        raise ConfigError(
            [
                Problem(
                    "crossdock.yaml", "privacy.key",
                    "is not set, and several workers share the store.",
                    "Run `crossdock privacy key --new`, put PRIVACY_KEY into secrets.env of every "
                    'worker, and write privacy: {key: "${PRIVACY_KEY}"}.',
                )
            ]
        )  # fmt: skip
    path = settings.folder / KEY_FILE
    with suppress(FileExistsError):  # it is there, or another command was quicker
        write_private(path, new_key() + "\n")
    return decoded(path.read_text("utf-8"), KEY_FILE)


def new_key() -> str:
    """A master key as it is written in a file."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def fingerprint(master: bytes, kind: str, text: str) -> str:
    """Recognises a value without keeping it: nobody without the key can try names against it."""
    key = hashlib.sha256(b"crossdock marks " + master).digest()
    return hmac.new(key, f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()[:32]


def decoded(text: str, where: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        fix = "Make one: crossdock privacy key --new"
        raise ConfigError([Problem("crossdock.yaml", where, "is not a key of 32 bytes.", fix)])
    return key
