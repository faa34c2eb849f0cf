"""What every record of TIMS has, and the tables that hold them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, Generic, TypeVar

from crossdock.simulators.tims.fields import moment_text
from crossdock.simulators.tims.journal import Change, Journal
from crossdock.simulators.tims.problems import Refusal

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True, eq=False)
class Record(ABC):
    """One thing TIMS keeps. Change it, then `touch` its table, so that the version moves."""

    id: str = ""
    created_at: datetime = _LONG_AGO
    updated_at: datetime = _LONG_AGO
    row_version: int = 0
    is_active: bool = True
    _json: bytes | None = None

    @property
    @abstractmethod
    def key(self) -> str:
        """The natural key."""

    @abstractmethod
    def fields(self) -> dict[str, Any]:
        """The body's own fields."""

    @property
    def json(self) -> bytes:
        """The body, made once per version."""
        if self._json is None:
            body = {
                "Id": self.id,
                **self.fields(),
                "CreatedAt": moment_text(self.created_at),
                "UpdatedAt": moment_text(self.updated_at),
                "RowVersion": self.row_version,
                "IsActive": self.is_active,
            }
            self._json = json.dumps(body, separators=(",", ":")).encode()
        return self._json

    def must_match(self, if_match: str) -> None:
        """The If-Match rule of updates."""
        if not if_match:
            raise Refusal("if_match_missing", f'Send If-Match: "{self.row_version}"')
        if if_match != "*" and if_match.strip().strip('"') != str(self.row_version):
            raise Refusal(
                "stale_version",
                f"The current version is {self.row_version}",
                headers={"etag": f'"{self.row_version}"'},
                current_row_version=self.row_version,
            )


R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """All records of one kind by natural key."""

    def __init__(self, entity: str, journal: Journal, salt: str) -> None:
        self.entity, self._journal, self._salt = entity, journal, salt
        self.clock = journal.clock
        self.rows: dict[str, R] = {}
        self._made = 0

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows.values())

    def get(self, key: str) -> R | None:
        """The record, if there is one."""
        return self.rows.get(key)

    def add(self, record: R, event: str = "") -> R:
        """Keep a new record."""
        self._made += 1
        seed = f"{self._salt}/{self.entity}/{self._made}".encode()
        record.id = blake2s(seed, digest_size=8).hexdigest()
        self.rows[record.key] = record
        change = self._stamp(record, "create", event)
        record.created_at = change.at
        return record

    def touch(self, record: R, event: str = "") -> None:
        """The record has changed."""
        self._stamp(record, "update", event)

    def drop(self, key: str, event: str = "") -> None:
        """The record is gone."""
        del self.rows[key]
        self._journal.note(self.entity, key, "delete", event)

    def after(self, row_version: int) -> list[R]:
        """Records whose current version is later, in order of version."""
        return self._current(self._journal.after(row_version, self.entity))

    def since(self, at: datetime) -> list[R]:
        """Records last changed at that time or later, in order of version."""
        return self._current(self._journal.since(at, self.entity))

    def _current(self, changes: Iterable[Change]) -> list[R]:
        found = ((self.rows.get(change.key), change.row_version) for change in changes)
        return [row for row, version in found if row is not None and row.row_version == version]

    def _stamp(self, record: R, op: str, event: str) -> Change:
        change = self._journal.note(self.entity, record.key, op, event)
        record.row_version, record.updated_at = change.row_version, change.at
        record._json = None
        return change


def known(table: Table[R], key: str) -> R:
    """The record that staff means; a ValueError when there is none."""
    record = table.get(key)
    if record is None:
        raise ValueError(f"there is no {table.entity} {key}")
    return record
