"""A create that is sent twice happens once: what was answered to each Idempotency-Key."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.simulators.tims.call import Answer
from crossdock.simulators.tims.problems import Refusal

KEPT = timedelta(days=30)
LONGEST = 255


@dataclass(frozen=True, slots=True)
class _First:
    at: datetime
    operation: str
    body: bytes
    answer: Answer


class Idempotency:
    """Remembers what was carried out; a refused request is forgotten, so its key can be reused."""

    def __init__(self) -> None:
        self._firsts: OrderedDict[str, _First] = OrderedDict()

    def replay(self, key: str, operation: str, body: bytes, now: datetime) -> Answer | None:
        """The first answer, when this key was used for the same request."""
        if not key:
            raise Refusal("idempotency_key_missing", f"{operation} needs an Idempotency-Key")
        if len(key) > LONGEST:
            raise Refusal("malformed_request", f"Idempotency-Key is longer than {LONGEST}")
        first = self._firsts.get(key)
        if first is None or now >= first.at + KEPT:
            return None
        if first.operation != operation or not _same(first.body, body):
            raise Refusal("idempotency_mismatch", f"Key {key} was used for another request")
        headers = {**first.answer.headers, "idempotent-replay": "true"}
        return Answer(first.answer.status, first.answer.body, headers)

    def keep(self, key: str, operation: str, body: bytes, answer: Answer, now: datetime) -> None:
        """Remember what was carried out."""
        while self._firsts and next(iter(self._firsts.values())).at + KEPT <= now:
            self._firsts.popitem(last=False)
        self._firsts[key] = _First(now, operation, body, answer)

    def lapse(self, operation: str) -> None:
        """As if the time for keeping had passed for what this operation was answered."""
        for key in [k for k, first in self._firsts.items() if first.operation == operation]:
            del self._firsts[key]


def _same(one: bytes, other: bytes) -> bool:
    """The same JSON, whatever the order of its fields."""
    if one == other:
        return True
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
