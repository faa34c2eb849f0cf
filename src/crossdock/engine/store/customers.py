"""What TIMS's customers are recognised by: fingerprints, never names."""

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import customer_mark


def remember(db: Database, code: str, marks: Iterable[tuple[str, str]], row_version: int) -> None:
    """The customer's (kind, fingerprint) pairs now; what is older than what is known is dropped."""
    rows = [{"mark": mark, "customer_code": code, "kind": kind, "row_version": row_version}
            for kind, mark in sorted(set(marks))]  # fmt: skip
    mine = customer_mark.c.customer_code == code
    with db.writing() as connection:
        newest = connection.execute(
            sa.select(sa.func.max(customer_mark.c.row_version)).where(mine)
        ).scalar()
        if newest is not None and newest > row_version:
            return
        connection.execute(customer_mark.delete().where(mine))
        if rows:
            connection.execute(customer_mark.insert(), rows)


def forget(db: Database, code: str) -> None:
    """TIMS has it no more."""
    with db.writing() as connection:
        connection.execute(customer_mark.delete().where(customer_mark.c.customer_code == code))


def carrying(db: Database, marks: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """kind -> codes of the customers that carry the fingerprint."""
    found: dict[str, set[str]] = defaultdict(set)
    with db.reading() as connection:
        for kind, mark in marks:
            codes = connection.execute(
                sa.select(customer_mark.c.customer_code).where(
                    customer_mark.c.mark == mark, customer_mark.c.kind == kind
                )
            ).scalars()
            found[kind] |= set(codes)
    return dict(found)


def count(db: Database) -> int:
    """Customers that are known by something."""
    with db.reading() as connection:
        query = sa.select(sa.func.count(sa.distinct(customer_mark.c.customer_code)))
        return int(connection.execute(query).scalar_one())
