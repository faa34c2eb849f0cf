"""The change feed: what to look at since a row version. Webhooks only shorten the delay."""

from dataclasses import dataclass

from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.fields import Record
from crossdock.connectors.tims.wire import Page
from crossdock.kernel.errors import TryAgain

PAGE = 1000
MOST_PAGES = 10  # then the caller stores the watermark and comes again


class Change(Record):
    """A row of the change feed: look at this key."""

    entity: str
    key: str
    op: str = "update"
    row_version: int


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything up to row version `after` has been seen."""

    entity: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a watermark; `until` is the next one. `more`: TIMS has further rows."""

    entity: str
    keys: tuple[str, ...]  # each key once, in order of its last change
    until: int
    more: bool = False
    deleted: frozenset[str] = frozenset()


def changed_keys(client: TimsClient, mark: Watermark) -> Changes:
    """Every key that changed after the watermark, each once, and the next watermark.

    The next page is asked for by the last row version, never by a cursor, so a run that stops
    anywhere resumes exactly. Rows that TIMS repeats change nothing.
    """
    newest: dict[str, Change] = {}
    until, more = mark.after, False
    for _ in range(MOST_PAGES):
        try:
            page = _page(client, mark.entity, until)
        except TryAgain:
            if until == mark.after:
                raise
            break  # what came so far is good; `more` brings the caller back for the rest
        fresh = [row for row in page.data if row.row_version > until and row.entity == mark.entity]
        for row in fresh:
            newest.pop(row.key, None)
            newest[row.key] = row
        until = max([until, *(row.row_version for row in fresh)])
        more = bool(fresh) and (bool(page.next_cursor) or len(page.data) >= PAGE)
        if not more:
            break
    deleted = frozenset(key for key, row in newest.items() if row.op in ("delete", "deleted"))
    return Changes(mark.entity, tuple(newest), until, more, deleted)


class _Versioned(Record):
    """As much of a record as a first watermark needs."""

    RowVersion: int


def mark_before(client: TimsClient, changed: Ask, about: str) -> int | None:
    """The row version just before the records of a list, in whatever order TIMS lists them; None
    while the list is empty.
    """
    rows = client.all(_Versioned, changed, about)
    return min(row.RowVersion for row in rows) - 1 if rows else None


def _page(client: TimsClient, entity: str, after: int) -> Page[Change]:
    ask, about = client.wire.changes(entity, after, limit=PAGE), f"TIMS {entity} feed"
    return client.wire.page(Change, client.call(ask, about), ask.name)
