"""Personal values that the store has to hold for a while: each subject under a key of its own.

A subject is one record, such as "orders/112-1234567-1234567". Its key is wrapped by a master key
that is not in the store. To delete is to destroy the subject's key: what it sealed stays unreadable
in every table, backup and log that it ever got into. AES-256-GCM; the subject is bound into the
seal.
"""

import base64
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import audit, vault_key
from crossdock.engine.store.sealed import SEALED, Gone

_NONCE, _KEY = 12, 32


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a subject's key."""

    subject: str
    created_at: datetime
    destroy_after: datetime
    destroyed_at: datetime | None


class Vault:
    """Seals and opens. Thread-safe; opens no transaction inside another one's."""

    def __init__(
        self,
        db: Database,
        master: Callable[[], bytes],
        now: Callable[[], datetime],
        keep: timedelta,
    ) -> None:
        """`master` gives 32 bytes, and is asked when they are needed first; `keep` is how long a
        value may be held.
        """
        self._db, self._master_of, self._now, self._keep = db, master, now, keep

    @cached_property
    def master(self) -> bytes:
        """The master key; a ConfigError where it has to be set and is not."""
        found = self._master_of()
        if len(found) != _KEY:
            raise ValueError("the master key must be 32 bytes")
        return found

    @cached_property
    def key_id(self) -> str:
        """Names the master key without telling it."""
        return hashlib.sha256(b"crossdock vault " + self.master).hexdigest()[:12]

    def seal(self, subject: str, text: str) -> str:
        """The text so that only the subject's key opens it; of a subject whose key was destroyed a
        new one is made.
        """
        key = self._key(subject) or self._new_key(subject)
        nonce = os.urandom(_NONCE)
        return SEALED + _text(nonce + _sealed(key, nonce, text.encode(), subject))

    def open(self, subject: str, sealed: str) -> str:
        """The text again. Gone when its time is over; what was never sealed comes back as it is."""
        if not sealed.startswith(SEALED):
            return sealed
        key = self._key(subject)
        if key is None:
            raise Gone(f"the personal data of {subject} was destroyed when its time was over")
        opened = _opened(key, _bytes(sealed.removeprefix(SEALED)), subject)
        if opened is None:
            raise Gone(f"the value of {subject} was sealed under another key")
        return opened.decode()

    def purge(self, who: str, *, subject: str = "", now: datetime | None = None) -> int:
        """Destroy the keys whose time is over, or one subject's at once; how many. Audited."""
        now = now or self._now()
        mine = vault_key.c.subject == subject if subject else vault_key.c.destroy_after <= now
        with self._db.writing() as connection:
            rows = connection.execute(
                vault_key.update()
                .where(mine, vault_key.c.destroyed_at.is_(None))
                .values(wrapped=None, destroyed_at=now)
                .returning(vault_key.c.subject)
            ).all()
            if rows:
                detail = {"keys": len(rows), "subjects": sorted(r.subject for r in rows)[:1000]}
                connection.execute(
                    audit.insert().values(
                        at=now, who=who, did="personal data destroyed", about="vault",
                        detail=detail,
                    )
                )  # fmt: skip
        if rows:
            self._db.fold_in()
        return len(rows)

    def rotate(self, older: "Vault") -> int:
        """Wrap every living key anew, under this master key instead of the older one."""
        with self._db.writing() as connection:
            rows = connection.execute(
                sa.select(vault_key).where(
                    vault_key.c.destroyed_at.is_(None), vault_key.c.key_id != self.key_id
                )
            ).all()
            for row in rows:
                key = older._unwrap(row.subject, row.wrapped)
                connection.execute(
                    vault_key.update()
                    .where(vault_key.c.subject == row.subject)
                    .values(wrapped=self._wrap(row.subject, key), key_id=self.key_id)
                )
        return len(rows)

    def held(self) -> list[Held]:
        """Every subject that ever had a key, oldest first."""
        query = sa.select(vault_key).order_by(vault_key.c.created_at, vault_key.c.subject)
        with self._db.reading() as connection:
            return [
                Held(r.subject, r.created_at, r.destroy_after, r.destroyed_at)
                for r in connection.execute(query)
            ]

    # --- keys

    def _key(self, subject: str) -> bytes | None:
        with self._db.reading() as connection:
            wrapped = connection.execute(
                sa.select(vault_key.c.wrapped).where(vault_key.c.subject == subject)
            ).scalar()
        return None if wrapped is None else self._unwrap(subject, wrapped)

    def _new_key(self, subject: str) -> bytes:
        now, key = self._now(), os.urandom(_KEY)
        row = {
            "wrapped": self._wrap(subject, key), "key_id": self.key_id, "created_at": now,
            "destroy_after": now + self._keep, "destroyed_at": None,
        }  # fmt: skip
        with self._db.writing() as connection:
            connection.execute(
                upsert(self._db, vault_key)
                .values(subject=subject, **row)
                .on_conflict_do_update(
                    index_elements=["subject"], set_=row,
                    where=vault_key.c.destroyed_at.is_not(None),
                )
            )  # fmt: skip
        return self._key(subject) or key  # another worker may have been quicker

    def _wrap(self, subject: str, key: bytes) -> str:
        nonce = os.urandom(_NONCE)
        return _text(nonce + _sealed(self.master, nonce, key, subject))

    def _unwrap(self, subject: str, wrapped: str) -> bytes:
        key = _opened(self.master, _bytes(wrapped), subject)
        if key is None:
            raise Gone(f"the key of {subject} is wrapped by another master key")
        return key


def _sealed(key: bytes, nonce: bytes, content: bytes, subject: str) -> bytes:
    # Imported when it is needed: most commands seal nothing, and it takes its time and memory.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key).encrypt(nonce, content, subject.encode())


def _opened(key: bytes, raw: bytes, subject: str) -> bytes | None:
    """None when it is not what this key has sealed for that subject."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], subject.encode())
    except InvalidTag:
        return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)
