"""Links: which name on one side belongs to which on the other, and what was last applied."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.model import Link, LinkChange
from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import link


def of(db: Database, kind: str, lefts: Sequence[str]) -> dict[str, Link]:
    """Links by their left name."""
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(link).where(link.c.kind == kind, link.c.left.in_(lefts))
        )
        return {row.left: _link(row) for row in rows}


def to(db: Database, kind: str, right: str) -> list[Link]:
    """Links that point at a right name."""
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(link)
            .where(link.c.kind == kind, link.c.right == right)
            .order_by(link.c.updated_at)
        )
        return [_link(row) for row in rows]


def listed(db: Database, kind: str, *, limit: int, state: str | None = None) -> list[Link]:
    """The newest links of a kind."""
    query = sa.select(link).where(link.c.kind == kind)
    if state is not None:
        query = query.where(link.c.state == state)
    with db.reading() as connection:
        return [
            _link(r)
            for r in connection.execute(query.order_by(link.c.updated_at.desc()).limit(limit))
        ]


def record(
    db: Database, connection: sa.Connection, changes: Iterable[LinkChange], now: datetime
) -> None:
    """Write changes in the caller's transaction; a field that is None stays as it was."""
    insert = upsert(db, link)
    new = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=["kind", "left"],
        set_={
            **{c: sa.func.coalesce(new[c], link.c[c]) for c in ("right", "hash", "state", "data")},
            # Versions only move forward, whoever writes last.
            "version": sa.case(
                (link.c.version.is_(None), new.version),
                (new.version.is_(None), link.c.version),
                (new.version > link.c.version, new.version),
                else_=link.c.version,
            ),
            "updated_at": new.updated_at,
        },
    )
    rows = [
        {"kind": c.kind, "left": c.left, "right": c.right, "version": c.version, "hash": c.hash,
         "state": c.state, "data": dict(c.data) if c.data is not None else None, "updated_at": now}
        for c in sorted(changes, key=lambda c: (c.kind, c.left))
    ]  # fmt: skip
    if rows:
        connection.execute(statement, rows)


def applied(db: Database, told: Sequence[tuple[str, str, str | None]]) -> set[int]:
    """Places of the news that links say were applied already; each is (kind of link, left name,
    version). News without a version, or of no kind, is always news.
    """
    asked = {n: row for n, row in enumerate(told) if row[0] and row[2] is not None}
    newest: dict[tuple[str, str], str] = {}
    for kind in {row[0] for row in asked.values()}:
        lefts = sorted({left for of_kind, left, _ in asked.values() if of_kind == kind})
        newest |= {(kind, left): v for left, v in _versions(db, kind, lefts).items()}
    return {n for n, (kind, left, v) in asked.items() if newest.get((kind, left), "") >= str(v)}


def _versions(db: Database, kind: str, lefts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    with db.reading() as connection:
        for start in range(0, len(lefts), 500):
            rows = connection.execute(
                sa.select(link.c.left, link.c.version).where(
                    link.c.kind == kind, link.c.left.in_(lefts[start : start + 500])
                )
            )
            found |= {left: version for left, version in rows if version}
    return found


def _link(row: Any) -> Link:
    return Link(
        row.kind, row.left, row.right, row.version, row.hash, row.state, row.data or {},
        row.updated_at,
    )  # fmt: skip
