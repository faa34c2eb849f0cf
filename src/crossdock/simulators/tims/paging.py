"""Lists in pages over a snapshot: what changes meanwhile is neither missed nor doubled."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TypeVar

from crossdock.simulators.tims.call import Answer, Call
from crossdock.simulators.tims.fields import moment_text, parse_moment
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.records import Record, Table

R = TypeVar("R", bound=Record)
Filter = Callable[[R, str], bool]  # record, wanted value

USUAL_LIMIT = 200
HIGHEST_LIMIT = 1000
CURSOR_LIVES = timedelta(hours=24)
_EVERYWHERE = {"limit", "cursor", "updated_since", "row_version_gt"}


@dataclass(frozen=True, slots=True)
class _Snapshot:
    rows: Sequence[bytes]
    as_of: datetime


class Pages:
    """Answers lists; keeps the snapshot of a list that has more than one page."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, _Snapshot] = OrderedDict()
        self._made = 0

    def answer(
        self,
        call: Call,
        records: Callable[[], Sequence[R]],
        body: Callable[[R], bytes] = attrgetter("json"),
    ) -> Answer:
        """The page that the call asks for; `records` is asked only for a first page, and `body`
        makes a row of each.
        """
        limit = _limit(call.query)
        cursor = call.query.get("cursor")
        if cursor:
            return self._next(call, cursor, limit)
        rows = records()
        if len(rows) <= limit:
            return _page([body(row) for row in rows], None, call.now)
        self._forget(call.now)
        self._made += 1
        snapshot = _Snapshot([body(row) for row in rows], call.now)
        self._kept[self._made] = snapshot
        return self._cut(self._made, snapshot, 0, limit)

    def _next(self, call: Call, cursor: str, limit: int) -> Answer:
        number, start = _read_cursor(cursor)
        if not 0 < number <= self._made:
            raise Refusal("cursor_invalid")
        snapshot = self._kept.get(number)
        if snapshot is None or call.now >= snapshot.as_of + CURSOR_LIVES:
            raise Refusal("cursor_expired", "Cursors live 24 hours; begin again")
        return self._cut(number, snapshot, start, limit)

    def _cut(self, number: int, snapshot: _Snapshot, start: int, limit: int) -> Answer:
        end = start + limit
        more = _cursor(number, end) if end < len(snapshot.rows) else None
        return _page(snapshot.rows[start:end], more, snapshot.as_of)

    def _forget(self, now: datetime) -> None:
        while self._kept and next(iter(self._kept.values())).as_of + CURSOR_LIVES <= now:
            self._kept.popitem(last=False)


def select(
    call: Call, table: Table[R], filters: Mapping[str, Filter[R]], among: Sequence[R] | None = None
) -> list[R]:
    """The records that the query's filters leave; `among` narrows them beforehand."""
    query = call.query
    _check_names(query, filters)
    after, since = query.get("row_version_gt"), query.get("updated_since")
    if among is not None:
        rows = _narrowed(among, after, since)
    elif after is not None:
        rows = table.after(_version(after))
    elif since is not None:
        rows = table.since(_moment(since))
    else:
        rows = list(table)
    for name, keeps in filters.items():
        wanted = query.get(name)
        if wanted is not None:
            rows = [row for row in rows if keeps(row, wanted)]
    return rows


def _narrowed(among: Sequence[R], after: str | None, since: str | None) -> list[R]:
    rows = list(among)
    if after is not None:
        version = _version(after)
        rows = [row for row in rows if row.row_version > version]
    if since is not None:
        at = _moment(since)
        rows = [row for row in rows if row.updated_at >= at]
    if after is not None or since is not None:
        rows.sort(key=lambda row: row.row_version)
    return rows


def _check_names(query: Mapping[str, str], filters: Mapping[str, Filter[R]]) -> None:
    findings = Findings()
    for name in query:
        if name not in _EVERYWHERE and name not in filters:
            findings.add(f"?{name}", "unknown_filter", f"There is no filter {name} here", name)
    findings.refuse()


def _limit(query: Mapping[str, str]) -> int:
    given = query.get("limit", str(USUAL_LIMIT))
    if not given.isdigit() or not 1 <= int(given) <= HIGHEST_LIMIT:
        raise _bad("limit", f"1 to {HIGHEST_LIMIT}", given)
    return int(given)


def _version(given: str) -> int:
    if not given.isdigit():
        raise _bad("row_version_gt", "A row version", given)
    return int(given)


def _moment(given: str) -> datetime:
    found = parse_moment(given.replace(" ", "+"))  # a + that was not percent-encoded
    if found is None:
        raise _bad("updated_since", "RFC 3339 with a zone", given)
    return found


def _bad(name: str, message: str, given: str) -> Refusal:
    error = {"pointer": f"?{name}", "code": "invalid", "message": message, "rejected": given}
    return Refusal("validation_failed", f"{name}: {message}", errors=[error])


def _cursor(number: int, start: int) -> str:
    return urlsafe_b64encode(f"{number}.{start}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        number, start = urlsafe_b64decode(padded.encode()).decode().split(".")
        return int(number), max(int(start), 0)
    except ValueError:
        raise Refusal("cursor_invalid") from None


def _page(rows: Sequence[bytes], next_cursor: str | None, as_of: datetime) -> Answer:
    cursor = "null" if next_cursor is None else f'"{next_cursor}"'
    tail = f'],"next_cursor":{cursor},"as_of":"{moment_text(as_of)}"}}'
    return Answer(200, b'{"data":[' + b",".join(rows) + tail.encode())
