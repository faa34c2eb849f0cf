"""One request on its way through TIMS, and the answer it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.tims.records import Record

JSON = "application/json"


@dataclass(slots=True)
class Call:
    """What a desk needs to know. `key` is the one variable segment of the path."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    key: str
    scopes: frozenset[str]
    now: datetime

    @property
    def if_match(self) -> str:
        return self.headers.get("if-match", "")


@dataclass(slots=True)
class Answer:
    """A good answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def shown(record: Record, status: int = 200) -> Answer:
    """The record with its version as ETag."""
    return Answer(status, record.json, {"etag": f'"{record.row_version}"'})


def found(record: Any, what: str, key: str, code: str = "not_found") -> Any:
    """The record, or a 404 that names it."""
    if record is None:
        raise Refusal(code, f"{what} {key} is not on file", status=404)
    return record
