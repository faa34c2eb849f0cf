"""How a simulated company is spoken to: a request in, a reply out, no sockets.

The same `handle` serves real sockets (`server.py`) and, in worlds that replay, direct calls.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are lower case; the path is not yet percent-decoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; a ValueError when it is not."""
        return json.loads(self.body)


class Cut(Enum):
    """How the network fails, after the request was (or was not) carried out."""

    RESET = "connection reset"  # the connection is dropped without an answer
    SILENCE = "no answer"  # the caller waits until its own time-out


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP response, or a cut line in its place. `delay` is wall seconds before it is sent."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: Cut | None = None
    delay: float = 0.0

    @classmethod
    def json(cls, status: int, value: object, headers: Mapping[str, str] | None = None) -> "Reply":
        """A JSON reply."""
        body = json.dumps(value, separators=(",", ":")).encode()
        return cls(status, {"content-type": "application/json", **(headers or {})}, body)


class App(Protocol):
    """A company's front door."""

    def handle(self, request: Request) -> Reply:
        """Carry out one request. Called by one thread at a time."""
        ...
