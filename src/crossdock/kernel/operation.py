"""What a flow can do: operations with their types and how a write may be repeated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crossdock.kernel.errors import RunError
from crossdock.kernel.quota import Grant


class Repeat(Enum):
    """How an operation may be repeated after a crash or a lost reply. There is no default."""

    PURE = "pure"  # values to values
    READ = "read"  # changes nothing at the other side
    IDEMPOTENCY_KEY = "idempotency key"  # the other side recognises the repeat
    LOOK_FIRST = "look first"  # reads what is there, writes only what is missing
    ABSOLUTE = "absolute value"  # writing the same value again changes nothing

    @property
    def writes(self) -> bool:
        """True when the operation changes something at the other side."""
        return self not in (Repeat.PURE, Repeat.READ)

    @property
    def touches_others(self) -> bool:
        """True when another company is called."""
        return self is not Repeat.PURE


Result = Any | RunError
"""One record's outcome of a batch call: the value, or the error that record met."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One named thing a flow can do with a record.

    `takes` are the argument types in order, `gives` the type returned (`X | None` where there may
    be nothing). `run` handles one record and raises RunError. `run_many`, where the other company
    offers a cheaper way for many, takes one argument tuple per record and returns one Result per
    record in the same order; an error of one record never stops the others. `room`, where calls are
    rationed, tells how many records could be served now and when the next one could be; who is not
    served is better left waiting than tried.
    """

    name: str
    takes: tuple[Any, ...]
    gives: Any
    repeat: Repeat
    run: Callable[..., Any]
    run_many: Callable[[Sequence[tuple[Any, ...]]], Sequence[Result]] | None = None
    room: Callable[[], Grant] | None = None
    about: str = ""  # one sentence for the flow designer and `flow check`


def table(*operations: Operation) -> Mapping[str, Operation]:
    """Operations by name; a doubled name is a mistake in our own code."""
    named: dict[str, Operation] = {}
    for operation in operations:
        if operation.name in named:
            raise ValueError(f"two operations are called {operation.name}")
        named[operation.name] = operation
    return named
