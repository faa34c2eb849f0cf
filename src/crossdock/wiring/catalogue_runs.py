"""The catalogue as runs: feeds that tell which SKU to look at, and the listing with its read-back.

One run is one SKU in one marketplace, so nobody else writes its listing there meanwhile. A listing
is an absolute value: again is harmless. It counts when Amazon shows it, and is looked at once more
when the issues that Amazon finds later have had their time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from crossdock.business.catalogue.model import Listed, Plan
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.definitions import KeptSchema
from crossdock.engine.feeds import SWITCHED_OFF, Change, Feed, Reading
from crossdock.engine.store import Database, approvals, producttypes, submissions
from crossdock.engine.store.submissions import GONE
from crossdock.kernel.errors import ConfigError, NeedsPerson
from crossdock.kernel.evidence import Noted
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.itembook import read_changes
from crossdock.wiring.listing import Lister
from crossdock.wiring.listing_publisher import KIND, ListingPublisher
from crossdock.wiring.stock_runs import FLOW as STOCK
from crossdock.wiring.watched import or_wait

FLOW = "catalogue"
ITEMS, CHECK, FILES, TURNED = (
    "catalogue.items", "catalogue.check", "catalogue.files", "catalogue.turned",
)  # fmt: skip
EVERY, CHECK_EVERY = timedelta(minutes=1), timedelta(hours=6)
_OVERLAP = timedelta(minutes=2)  # a receipt may be stored later than its time says


def catalogue_feeds(
    desk: CatalogueDesk, store: Callable[[], Database], stock_publishes: Callable[[], bool]
) -> tuple[Feed, ...]:
    """SKUs whose item, or whose rules, changed. Silent until catalogue.yaml publishes."""

    def items(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        found, until = read_changes(desk.tims, mark)
        if found.keys:
            desk.items_changed(found.deleted)
        keys = _every(desk, store(), lambda: desk.affected(found.keys)) if found.keys else []
        changes = [Change(FLOW, key, wakes=True) for key in keys]
        return Reading(changes, until, found.more)

    def files(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        now = or_wait(lambda: desk.stamp)
        keys = _every(desk, store()) if now != mark else []
        return Reading([Change(FLOW, key, wakes=True) for key in keys], now)

    def check(mark: str | None) -> Reading:
        del mark  # everything is looked at, as fast as Amazon's quota allows
        keys = _every(desk, store()) if publishes(desk) else []
        return Reading([Change(FLOW, key) for key in keys], None)

    def turned(mark: str | None) -> Reading:
        """Stock looks again at what was withheld, let go, or newly listed."""
        if not stock_publishes():
            return SWITCHED_OFF
        after = datetime.fromisoformat(mark) - _OVERLAP if mark else None
        found = submissions.turned(store(), after)
        until = max([at for _, at in found] + ([datetime.fromisoformat(mark)] if mark else []),
                    default=None)  # fmt: skip
        changes = [Change(STOCK, sku, wakes=True) for sku, _ in found]
        return Reading(changes, until.isoformat() if until is not None else None)

    return (
        Feed(CHECK, CHECK_EVERY, check, "Every listing, for what nobody told of."),
        Feed(ITEMS, EVERY, items, "Listings whose item changed in TIMS."),
        Feed(FILES, EVERY, files, "Every listing, when a rule or the decision table changed."),
        Feed(TURNED, EVERY, turned, "Stock of SKUs that were withheld, let go or newly listed."),
    )


def _every(
    desk: CatalogueDesk, db: Database, skus: Callable[[], Sequence[str]] | None = None
) -> list[str]:
    """Keys of all SKUs, or of some, in every marketplace where they are listed or were."""
    told = submissions.every(db, desk.places.first)
    still = [where for where, row in told.items() if row.state != GONE or row.withheld]
    return or_wait(lambda: desk.keys(skus() if skus is not None else None, still))


def publishes(desk: CatalogueDesk) -> bool:
    """catalogue.yaml says so."""
    try:
        return desk.rules.publish
    except ConfigError:
        return True  # it was meant; each SKU will say what is wrong


def catalogue_operations(
    desk: CatalogueDesk, amazon: AmazonClient, store: Callable[[], Database]
) -> tuple[Operation, ...]:
    """What the catalogue flow does."""
    lister = Lister(desk, amazon, SchemasInStore(store))
    publisher = ListingPublisher(
        amazon, store, desk.now, lambda: publishes(desk), lambda: desk.rules.planned
    )

    def many(rows: Sequence[tuple[Any, ...]]) -> Sequence[Noted]:
        found = lister.plan_many(rows)
        for row, one in zip(rows, found, strict=True):
            if isinstance(one.result, NeedsPerson):  # what waited cannot be written any more
                approvals.release(store(), KIND, row[0])
        return found

    return (
        Operation("catalogue.plan", takes=(str,), gives=Plan, repeat=Repeat.READ, run=lister.plan,
                  run_many=many, room=publisher.room,
                  about="What is to be at Amazon for a SKU in a marketplace: gate, page, "
                  "restrictions, attributes."),
        Operation("catalogue.list", takes=(Plan,), gives=Listed, repeat=Repeat.ABSOLUTE,
                  run=publisher.publish,
                  about="Makes it the listing, or takes it off, and looks until it is so."),
    )  # fmt: skip


class SchemasInStore:
    """Product types' schemas, kept in the store."""

    def __init__(self, store: Callable[[], Database]) -> None:
        self._store = store

    def find(self, product_type: str, requirements: str, marketplace: str) -> KeptSchema | None:
        """The one that is kept."""
        row = producttypes.find(self._store(), product_type, requirements, marketplace)
        if row is None:
            return None
        return KeptSchema(
            row.name, row.requirements, row.marketplace, row.checksum, row.version, row.content,
            row.checked_at,
        )  # fmt: skip

    def keep(self, schema: KeptSchema) -> None:
        """Keep it in place of an older one."""
        row = producttypes.StoredSchema(
            schema.product_type, schema.requirements, schema.marketplace, schema.checksum,
            schema.version, schema.text, schema.checked_at,
        )  # fmt: skip
        producttypes.keep(self._store(), row)
