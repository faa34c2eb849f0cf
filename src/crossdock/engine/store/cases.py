"""Cases: what waits for a person, with its evidence. One open case per flow and key."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crossdock.engine.model import FEED, INTAKE, Case, Outcome, Trouble
from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import audit, case, kept_message, work
from crossdock.engine.store.sealed import Gone
from crossdock.kernel.errors import ConfigError, Misuse
from crossdock.kernel.ids import new_id
from crossdock.kernel.redact import masked

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Due time of a key that only a person can move."""
CHANGED = "case changed"
"""In the audit: what a case said before its record ended in another way."""

NOTHING_HEARD = 0
"""Generation of a key behind a case of which nothing was heard since its last attempt."""


def open_or_repeat(
    connection: sa.Connection, flow: str, o: Outcome, run_id: str, now: datetime
) -> str:
    """Open the key's case, or count one more time on the one that is open; returns its id."""
    trouble = o.trouble
    if trouble is None:
        raise ValueError("a case needs its trouble")
    return _write(connection, flow, o.key, o.step, run_id, trouble, now)


def open_outside_runs(
    db: Database, flow: str, key: str, trouble: Trouble, now: datetime, *, kept: str | None = None
) -> str:
    """A case for something that never became a record: an unreadable message, a refused webhook.
    `kept` is the message as it came; it is stored with the case.
    """
    if kept is not None and db.vault is not None:
        try:
            kept = db.vault.seal(f"message/{key}", kept)
        except ConfigError as error:  # the case matters more than the message
            kept = f"(not kept: {error})"
    with db.writing() as connection:
        if kept is not None:
            known = connection.execute(
                sa.select(kept_message.c.id).where(kept_message.c.id == key)
            ).scalar()
            if known is None:
                connection.execute(
                    kept_message.insert().values(
                        id=key, source=flow, at=now, why=trouble.message, body=kept
                    )
                )
        return _write(connection, flow, key, "receive", "", trouble, now)


def resolve_outside_runs(
    db: Database, flow: str, key: str, now: datetime, *, why: str, quiet: timedelta = timedelta()
) -> bool:
    """The same thing goes well now: its case closes itself, unless it was in trouble within
    `quiet`. Returns whether there was one.
    """
    mine = sa.and_(
        case.c.flow == flow, case.c.key == key, case.c.state == "open",
        case.c.updated_at <= now - quiet,
    )  # fmt: skip
    with db.reading() as connection:  # nearly always there is none: no need for the write lock
        if connection.execute(sa.select(case.c.id).where(mine)).first() is None:
            return False
    with db.writing() as connection:
        connection.execute(
            case.update()
            .where(mine)
            .values(state="resolved", resolved_at=now, updated_at=now, resolution=why)
        )
    return True


def _write(
    connection: sa.Connection,
    flow: str,
    key: str,
    step: str,
    run_id: str,
    trouble: Trouble,
    now: datetime,
) -> str:
    values: dict[str, Any] = {
        "kind": trouble.kind, "message": trouble.message, "remedy": trouble.remedy,
        "about": trouble.about, "step": step, "run_id": run_id,
        "request_id": trouble.request_id, "code": trouble.code,
        "evidence": masked(trouble.evidence) or None, "updated_at": now,
    }  # fmt: skip
    mine = sa.and_(case.c.flow == flow, case.c.key == key, case.c.state == "open")
    known = connection.execute(
        sa.select(case.c.id, case.c.kind, case.c.message, case.c.remedy).where(mine)
    ).first()
    if known is not None:
        connection.execute(
            case.update().where(case.c.id == known.id).values(times=case.c.times + 1, **values)
        )
        if (known.kind, known.message) != (trouble.kind, trouble.message):
            before = {"kind": known.kind, "message": known.message, "remedy": known.remedy}
            _audit(connection, "crossdock", CHANGED, known.id, before, now)
        return str(known.id)
    case_id = new_id("case")
    connection.execute(
        case.insert().values(
            id=case_id, flow=flow, key=key, state="open", times=1, opened_at=now, **values
        )
    )
    return case_id


def resolve_by_success(
    connection: sa.Connection, keys: Sequence[tuple[str, str]], now: datetime
) -> None:
    """A later run went through: the case closes itself."""
    for flow, key in keys:
        connection.execute(
            case.update()
            .where(case.c.flow == flow, case.c.key == key, case.c.state == "open")
            .values(state="resolved", resolved_at=now, updated_at=now,
                    resolution="a later run went through")
        )  # fmt: skip


def resolve(db: Database, case_id: str, *, who: str, why: str, now: datetime) -> Case:
    """A person closes a case: the key is let go and waits for its next event. What was heard of it
    since its last attempt nobody has looked at: then it runs now.
    """
    found = get(db, case_id)
    with db.writing() as connection:
        connection.execute(
            case.update()
            .where(case.c.id == case_id, case.c.state == "open")
            .values(state="resolved", resolved_at=now, updated_at=now, resolution=f"{who}: {why}")
        )
        mine = sa.and_(
            work.c.flow == found.flow, work.c.key == found.key, work.c.case_id == case_id,
            work.c.claim.is_(None),
        )  # fmt: skip
        over = sa.and_(work.c.generation == NOTHING_HEARD, work.c.flow != FEED)  # a feed goes on
        connection.execute(work.delete().where(mine, over))
        kept = connection.execute(
            work.update().where(mine).values(due_at=now, attempts=0, case_id=None, edits=None)
        )
        if kept.rowcount:
            db.wake(connection)
        _audit(connection, who, "case resolved", case_id, {"why": why}, now)
    return get(db, case_id)


def retry(
    db: Database,
    case_ids: Sequence[str],
    *,
    who: str,
    now: datetime,
    edits: Mapping[str, str] | None = None,
    dropped: Sequence[str] = (),
) -> int:
    """Let the keys of open cases run now. `edits` are values a person sets for this record; they
    stay with the key until it has gone through, or until a person drops their path. Returns how
    many keys will run.
    """
    moved = 0
    for case_id in case_ids:
        found = get(db, case_id)
        if found.state != "open":
            raise Misuse(
                f"{case_id} is already {found.state}; `crossdock case list` shows open ones"
            )
        hidden = _sealed(db, f"{found.flow}/{found.key}", edits or {})
        with db.writing() as connection:
            mine = sa.and_(work.c.flow == found.flow, work.c.key == found.key)
            row = connection.execute(sa.select(work.c.edits).where(mine)).first()
            if row is None:
                raise Misuse(f"{case_id} has no waiting record; {_ADVICE[found.flow == INTAKE]}")
            # A run that holds the key now has not seen this: the key runs once more after it.
            values: dict[str, Any] = {"due_at": now, "generation": work.c.generation + 1}
            if edits or dropped:
                values["edits"] = {**_without(row.edits or {}, dropped), **hidden} or None
            connection.execute(work.update().where(mine).values(**values))
            detail = {**dict.fromkeys(dropped), **hidden}
            _audit(connection, who, "case retried", case_id, detail, now)
            db.wake(connection)
        moved += 1
    return moved


def _sealed(db: Database, subject: str, edits: Mapping[str, str]) -> dict[str, str]:
    """What a person sets may be an address or a name: it is kept sealed, also in the audit."""
    if db.vault is None:
        return dict(edits)
    return {path: db.vault.seal(subject, text) for path, text in edits.items()}


_ADVICE = {
    True: "it closes by itself when the same thing goes well, or `crossdock case resolve` does it",
    False: "resolve it with a reason instead",
}


def _without(edits: Mapping[str, str], dropped: Sequence[str]) -> dict[str, str]:
    """The edits that stay; a Misuse for a path that nobody has set."""
    for path in dropped:
        if path not in edits:
            known = ", ".join(edits) or "nothing"
            raise Misuse(f"{path!r} is not set for this record; set are: {known}")
    return {path: text for path, text in edits.items() if path not in dropped}


def get(db: Database, case_id: str) -> Case:
    """One case; a Misuse when there is none of that id."""
    with db.reading() as connection:
        row = connection.execute(sa.select(case).where(case.c.id == case_id)).first()
    if row is None:
        raise Misuse(f"no case is called {case_id!r}; `crossdock case list` shows the open ones")
    return _case(row)


def listed(
    db: Database,
    *,
    state: str | None = "open",
    kind: str | None = None,
    key: str | None = None,
    limit: int = 200,
) -> list[Case]:
    """Cases, oldest first."""
    query = sa.select(case)
    for column, value in ((case.c.state, state), (case.c.kind, kind), (case.c.key, key)):
        if value is not None:
            query = query.where(column == value)
    with db.reading() as connection:
        return [_case(r) for r in connection.execute(query.order_by(case.c.opened_at).limit(limit))]


def counts(db: Database) -> dict[str, int]:
    """Open cases by kind."""
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(case.c.kind, sa.func.count())
            .where(case.c.state == "open")
            .group_by(case.c.kind)
            .order_by(sa.func.count().desc(), case.c.kind)
        )
        return {str(row[0]): int(row[1]) for row in rows}


def kept(db: Database, message_id: str) -> str | None:
    """The body of a message that could not be read; in words, once it was destroyed."""
    with db.reading() as connection:
        body = connection.execute(
            sa.select(kept_message.c.body).where(kept_message.c.id == message_id)
        ).scalar()
    if body is None or db.vault is None:
        return body
    try:
        return db.vault.open(f"message/{message_id}", body)
    except Gone as gone:
        return f"({gone})"


def _audit(
    connection: sa.Connection, who: str, did: str, about: str, detail: object, now: datetime
) -> None:
    connection.execute(audit.insert().values(at=now, who=who, did=did, about=about, detail=detail))


def _case(row: Any) -> Case:
    return Case(
        row.id, row.flow, row.key, row.kind, row.state, row.message, row.remedy, row.about,
        row.step, row.run_id, row.request_id, row.code, row.evidence or {}, row.times,
        row.opened_at, row.updated_at, row.resolved_at, row.resolution,
    )  # fmt: skip
