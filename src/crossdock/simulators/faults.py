"""Faults are data: each has a name, a company, a chance or a time window, and can be switched.

    - {fault: throttle_below_rate, share: 0.5}
    - {fault: reply_lost_after_write, chance: 0.02, operations: [confirmShipment]}
    - {fault: maintenance, after: 600, lasts: 120}

`chance` is per opportunity, `after` and `lasts` are world seconds from the start, `most` is how
often it strikes before it is over. Every draw comes from the seeded generator of its own fault, so
switching one on does not move the others.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crossdock.simulators.clock import Clock


@dataclass
class Fault:
    """One switchable fault."""

    name: str
    chance: float = 1.0
    operations: frozenset[str] = frozenset()  # empty: every operation
    after: float = 0.0
    lasts: float | None = None
    most: int | None = None
    on: bool = True
    settings: dict[str, Any] = field(default_factory=dict)  # what is special to this fault
    struck: int = 0  # how often it hit
    struck_at: datetime | None = None  # when it did last


@dataclass
class Faults:
    """The faults of one company. `names` is what that company knows; others are refused."""

    names: Mapping[str, str]  # name -> one sentence
    clock: Clock
    seed: int = 0
    _faults: dict[str, Fault] = field(default_factory=dict)
    _draws: dict[str, random.Random] = field(default_factory=dict)
    _began: datetime | None = None

    def __post_init__(self) -> None:
        self._began = self.clock.now()

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Set faults from data, replacing those of the same name; ValueError for an unknown one."""
        for row in rows:
            known = dict(row)
            name = str(known.pop("fault", ""))
            if name not in self.names:
                raise ValueError(
                    f"no fault is called {name!r}; valid: {', '.join(sorted(self.names))}"
                )
            fault = Fault(
                name,
                chance=float(known.pop("chance", 1.0)),
                operations=frozenset(known.pop("operations", ())),
                after=float(known.pop("after", 0.0)),
                lasts=known.pop("lasts", None),
                most=known.pop("most", None),
                on=bool(known.pop("on", True)),
            )
            if not 0 <= fault.chance <= 1:
                raise ValueError(f"chance {fault.chance:g} of {name} is not between 0 and 1")
            fault.settings = known
            self._faults[name] = fault

    def strikes(self, name: str, operation: str = "") -> Fault | None:
        """The fault, when it is on, in its window, meant for this operation and the dice agree."""
        if name not in self.names:
            raise KeyError(name)
        fault = self._faults.get(name)
        if fault is None or not self.active(name) or not self._meant_for(fault, operation):
            return None
        if fault.chance < 1.0 and self._dice(name).random() >= fault.chance:
            return None
        fault.struck += 1
        fault.struck_at = self.clock.now()
        return fault

    def active(self, name: str) -> bool:
        """On and inside its window, without drawing."""
        fault = self._faults.get(name)
        if fault is None or not fault.on or self._began is None:
            return False
        if fault.most is not None and fault.struck >= fault.most:
            return False
        opens = self._began + timedelta(seconds=fault.after)
        now = self.clock.now()
        closes = None if fault.lasts is None else opens + timedelta(seconds=fault.lasts)
        return now >= opens and (closes is None or now < closes)

    def all(self) -> list[Fault]:
        """What is set, in order of name."""
        return [self._faults[name] for name in sorted(self._faults)]

    def quiet(self) -> None:
        """Switch every fault off."""
        for fault in self._faults.values():
            fault.on = False

    @staticmethod
    def _meant_for(fault: Fault, operation: str) -> bool:
        return not fault.operations or operation in fault.operations

    def _dice(self, name: str) -> random.Random:
        if name not in self._draws:
            self._draws[name] = random.Random(f"{self.seed}/{name}")
        return self._draws[name]
