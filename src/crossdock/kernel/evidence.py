"""What was really said to another company, kept beside the record it was said for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from crossdock.kernel.errors import RunError


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP exchange. Holds no personal data: `wrote` is redacted by the connector."""

    system: str  # "amazon", "tims"
    operation: str  # the vendor's name: "getOrder", "POST /sales_orders"
    at: datetime
    milliseconds: int
    status: int  # 0 when no answer came
    request_id: str = ""
    code: str = ""  # the vendor's error code
    wrote: dict[str, object] = field(default_factory=dict)  # redacted body of a write
    note: str = ""  # "reply lost", "idempotent replay"


_current: ContextVar[list[Call] | None] = ContextVar("crossdock_evidence", default=None)


@contextmanager
def collecting() -> Iterator[list[Call]]:
    """Calls noted inside the block, by this thread, are in the list that is handed out."""
    calls: list[Call] = []
    token = _current.set(calls)
    try:
        yield calls
    finally:
        _current.reset(token)


def note(call: Call) -> None:
    """Called by the HTTP door for every exchange; outside `collecting` it is dropped."""
    calls = _current.get()
    if calls is not None:
        calls.append(call)


@dataclass(frozen=True, slots=True)
class Noted:
    """One record's result of a batch call, with the calls that were made for that record alone."""

    result: object  # the value, or the RunError that the record met
    calls: tuple[Call, ...]


def noted(work: Callable[..., object], *args: object) -> Noted:
    """Do one record's share of a batch, in whatever thread, and keep its calls apart."""
    with collecting() as calls:
        try:
            result = work(*args)
        except RunError as error:
            result = error
    return Noted(result, tuple(calls))
