"""The catalogue as runs: feeds that tell which SKU to look at, and the listing with its read-back.

One run is one SKU, so nobody else writes its listing meanwhile. A listing is an absolute value:
again is harmless. It counts when Amazon shows it, and is looked at once more when the issues that
Amazon finds later have had their time.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crossdock.business.catalogue.model import Listed, Plan, Shown
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.definitions import KeptSchema
from crossdock.connectors.amazon.listing_writes import KEPT_FREE, shown_listing
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.engine.feeds import SWITCHED_OFF, Change, Feed, Reading
from crossdock.engine.store import Database, approvals, producttypes, submissions
from crossdock.engine.store.approvals import Held
from crossdock.engine.store.submissions import GONE, ISSUES, OFF, SEEN, SENT, WATCHED, Submission
from crossdock.kernel.errors import ConfigError, NeedsPerson, TryAgain
from crossdock.kernel.evidence import Noted
from crossdock.kernel.ids import fingerprint
from crossdock.kernel.operation import Operation, Repeat
from crossdock.kernel.quota import Grant
from crossdock.wiring.approving import hold_unless_approved, settled
from crossdock.wiring.cataloguing import CatalogueDesk
from crossdock.wiring.listing import SUGGESTED, Lister
from crossdock.wiring.listing_changes import (
    Change as ListingChange,
)
from crossdock.wiring.listing_changes import (
    change_of,
    delete,
    not_shown,
    still_sells,
    troubled,
    write,
)
from crossdock.wiring.looking import wait_until_shown
from crossdock.wiring.stock_runs import FLOW as STOCK

FLOW = "catalogue"
ITEMS, CHECK, FILES, TURNED = (
    "catalogue.items", "catalogue.check", "catalogue.files", "catalogue.turned",
)  # fmt: skip
EVERY, CHECK_EVERY = timedelta(minutes=1), timedelta(hours=6)
LOOK = timedelta(minutes=1)
PATIENCE = timedelta(minutes=30)  # then it is written again, or a person is asked
WATCH = timedelta(minutes=30)  # most issues that Amazon finds later are there by then
MOST_WRITES = 3  # of one content; then a person looks
KIND, DELETED = "catalogue", "deleted"  # of approvals
_A_CALL = timedelta(milliseconds=400)  # until two more writes may go
_OVERLAP = timedelta(minutes=2)  # a receipt may be stored later than its time says


def catalogue_feeds(
    desk: CatalogueDesk, store: Callable[[], Database], stock_publishes: Callable[[], bool]
) -> tuple[Feed, ...]:
    """SKUs whose item, or whose rules, changed. Silent until catalogue.yaml publishes."""

    def items(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        # Every change is told in two turns: the first may be planned by a worker that still knows
        # the item as it was.
        until, _, before = (mark or "0").partition(" ")
        found = changed_keys(desk.tims, Watermark("item", int(before or until)))
        if found.keys:
            desk.items_changed()
        skus = _skus(lambda: desk.affected(found.keys)) if found.keys else []
        told = f"{found.until} {max(int(before or 0), int(until))}"
        return Reading([Change(FLOW, sku) for sku in skus], told, found.more)

    def files(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        now = _skus(lambda: [desk.stamp])[0]
        skus = _every(desk) if now != mark else []
        return Reading([Change(FLOW, sku) for sku in skus], now)

    def check(mark: str | None) -> Reading:
        del mark  # everything is looked at, as fast as Amazon's quota allows
        skus = _every(desk) if publishes(desk) else []
        return Reading([Change(FLOW, sku) for sku in skus], None)

    def turned(mark: str | None) -> Reading:
        """Stock looks again at what was withheld, let go, or newly listed."""
        if not stock_publishes():
            return SWITCHED_OFF
        after = datetime.fromisoformat(mark) - _OVERLAP if mark else None
        found = submissions.turned(store(), after)
        until = max([at for _, at in found] + ([datetime.fromisoformat(mark)] if mark else []),
                    default=None)  # fmt: skip
        changes = [Change(STOCK, sku) for sku, _ in found]
        return Reading(changes, until.isoformat() if until is not None else None)

    return (
        Feed(CHECK, CHECK_EVERY, check, "Every listing, for what nobody told of."),
        Feed(ITEMS, EVERY, items, "Listings whose item changed in TIMS."),
        Feed(FILES, EVERY, files, "Every listing, when a rule or the decision table changed."),
        Feed(TURNED, EVERY, turned, "Stock of SKUs that were withheld, let go or newly listed."),
    )


def _every(desk: CatalogueDesk) -> list[str]:
    return _skus(lambda: sorted(desk.skus().rows))


def _skus(read: Callable[[], list[str]]) -> list[str]:
    """The watermark stays where a table cannot be read."""
    try:
        return read()
    except ConfigError as error:
        raise TryAgain(str(error.problems[0]), about="lookups/skus.csv", code="table") from error


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
                  about="What is to be at Amazon for a SKU: gate, page, restrictions, attributes."),
        Operation("catalogue.list", takes=(Plan,), gives=Listed, repeat=Repeat.ABSOLUTE,
                  run=publisher.publish,
                  about="Makes it the listing, or takes it off, and looks until it is so."),
    )  # fmt: skip


def content_of(plan: Plan) -> str:
    """A fingerprint of what the listing is to say. The page is no part of it: a new product has one
    only after it was listed.
    """
    said = {name: rows for name, rows in plan.attributes.items() if name != SUGGESTED}
    return fingerprint((plan.product_type, plan.requirements, said))


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


class ListingPublisher:
    """Writes listings of one seller, and takes off what may not be sold."""

    def __init__(
        self,
        amazon: AmazonClient,
        store: Callable[[], Database],
        now: Callable[[], datetime],
        switched_on: Callable[[], bool] = lambda: True,
        planned: Callable[[], bool] = lambda: False,
    ) -> None:
        """`switched_on` is asked before every write: who switches it off stops what still waits.
        `planned`: a write waits until somebody has approved it.
        """
        self.amazon, self.store, self.now = amazon, store, now
        self.switched_on, self.planned = switched_on, planned

    def room(self) -> Grant:
        """How many SKUs could be looked at and written now, with calls left to stock and prices.
        Twenty are looked at in one call; writing one takes two.
        """
        quota = self.amazon.quota
        looks, finds = quota.room("searchListingsItems"), quota.room("searchCatalogItems")
        asks = quota.room("getListingsRestrictions")
        writes = quota.room("putListingsItem", reserve=KEPT_FREE)
        at_once = min(looks.granted, finds.granted) * 20
        granted = min(at_once, asks.granted, writes.granted // 2)
        if granted:
            return Grant(granted)
        return Grant(0, max(looks.wait, finds.wait, asks.wait, writes.wait, _A_CALL))

    def publish(self, plan: Plan) -> Listed:
        """Shown as planned, or a TryAgain until it is. Nothing is written over what is right."""
        if not self.switched_on():
            approvals.release(self.store(), KIND, plan.sku)
            return Listed(plan.sku, "publishing is off", plan.asin)
        row = submissions.of(self.store(), plan.sku)
        if plan.refused:
            if not plan.delete:  # what waited is not meant any more
                approvals.release(self.store(), KIND, plan.sku)
            return self._off(plan, row, plan.shown)
        if row is not None and row.withheld:
            row = replace(row, generation=row.generation + 1, state=SEEN, withheld=False, why="",
                          content="", attempts=0, sent_at=None, changed_at=self.now())  # fmt: skip
            self._keep(row)
        return self._listed(plan, row)

    # --- what is to be listed

    def _listed(self, plan: Plan, row: Submission | None) -> Listed:
        content, change = content_of(plan), change_of(plan)
        mine = row is not None and row.content == content
        if change.nothing:
            return self._seen(plan, content, row, change)
        if row is not None and mine and row.state == SENT:
            if not change.names:  # it is as we wrote it, and does not show yet
                self._wait(plan, row)
            self._enough(plan, row, change)
        raise self._write(plan, content, row, change)

    def _wait(self, plan: Plan, row: Submission) -> None:
        """It was written and does not show yet."""
        waited = self.now() - row.sent_at if row.sent_at is not None else None
        words = f"Amazon does not show the listing of {plan.sku} yet"
        wait_until_shown(words, plan.sku, waited, LOOK, PATIENCE)

    def _enough(self, plan: Plan, row: Submission, change: ListingChange) -> None:
        """Written again and again without effect: a person's. Their retry begins anew."""
        if row.attempts >= MOST_WRITES:
            self._keep(replace(row, attempts=0))
            raise not_shown(plan, change, row.attempts, row.submission_id)

    def _write(
        self, plan: Plan, content: str, row: Submission | None, change: ListingChange
    ) -> TryAgain:
        """Tell Amazon and remember it; what it gives is raised, to come back and look."""
        if change.live is None and shown_listing(self.amazon, plan.sku) is not None:
            # A whole listing would drop quantity and price of one that the search did not know yet.
            return TryAgain(
                f"Amazon lists {plan.sku} and does not find it yet", after=LOOK, counts=False,
                about=f"SKU {plan.sku}", code="not-visible",
            )  # fmt: skip
        self._approved(plan, content)
        said = write(self.amazon, plan, change)
        again = row is not None and row.state == SENT and row.content == content
        generation = row.generation if row is not None else 0
        self._keep(
            Submission(
                plan.sku, generation if again else generation + 1, content, SENT,
                (row.attempts if row is not None and again else 0) + 1, said.submissionId,
                plan.asin, plan.product_type, self.now(), None,
                row.changed_at if row is not None else None,
            )
        )  # fmt: skip
        return TryAgain(
            f"the listing of {plan.sku} is written; it counts when Amazon shows it",
            after=LOOK, counts=False, about=f"SKU {plan.sku}", code="not-visible",
        )  # fmt: skip

    def _seen(
        self, plan: Plan, content: str, row: Submission | None, change: ListingChange
    ) -> Listed:
        """It shows as planned. What Amazon has found wrong with it meanwhile is a person's."""
        now, issues = self.now(), change.live.issues if change.live is not None else ()
        ours = row is not None and row.content == content
        was = row.state if row is not None and ours else ""
        if row is None or not ours:  # nobody had to write it
            generation = row.generation + 1 if row is not None else 1
            row = Submission(plan.sku, generation, content, WATCHED,
                             changed_at=row.changed_at if row is not None else None)  # fmt: skip
        if row.state == SENT:
            row = replace(row, state=SEEN, seen_at=now, changed_at=now)
        row = replace(row, asin=change.asin, product_type=plan.product_type, attempts=0)
        if issues:
            self._keep(replace(row, state=ISSUES, why=issues[0]))
            raise troubled(plan, issues)
        watched = row.sent_at is None or now - row.sent_at >= WATCH
        self._keep(replace(row, state=WATCHED if watched else SEEN, why=""))
        if not watched and row.sent_at is not None:
            raise TryAgain(
                f"the listing of {plan.sku} shows; issues may still come",
                after=row.sent_at + WATCH - now, counts=False, about=f"SKU {plan.sku}",
                code="watching",
            )  # fmt: skip
        settled(self.store(), KIND, plan.sku)
        words = {"": "live already", WATCHED: "unchanged"}.get(was, "seen")
        return Listed(plan.sku, words, change.asin)

    # --- what may not be sold

    def _off(self, plan: Plan, row: Submission | None, live: Shown | None) -> Listed:
        """Withheld, so that the stock rules offer nothing; then, where a rule says so, deleted."""
        why, now = plan.decision.words, self.now()
        if row is None or not row.withheld or row.why != why:
            began = row.changed_at if row is not None and row.withheld else now
            row = Submission(
                plan.sku, row.generation + 1 if row is not None else 1, "", OFF,
                asin=row.asin if row is not None else "", changed_at=began, why=why, withheld=True,
            )  # fmt: skip
            self._keep(row)
        if live is None:
            settled(self.store(), KIND, plan.sku)
            return Listed(plan.sku, "not listed", why=why)
        if live.quantity and not live.by_amazon:
            self._until_zero(plan, row, live.quantity)
        if live.by_amazon:
            raise still_sells(plan, "Amazon's own warehouses hold it")
        if plan.delete:
            raise self._delete(plan, row)
        return Listed(plan.sku, "off", row.asin, why)

    def _until_zero(self, plan: Plan, row: Submission, quantity: int) -> None:
        waited = self.now() - row.changed_at if row.changed_at is not None else PATIENCE
        if waited < PATIENCE:
            raise TryAgain(
                f"{quantity} of {plan.sku} are for sale until the stock rules take them off",
                after=LOOK, counts=False, about=f"SKU {plan.sku}", code="still-for-sale",
            )  # fmt: skip
        raise still_sells(plan, f"{quantity} are for sale")

    def _delete(self, plan: Plan, row: Submission) -> TryAgain:
        now = self.now()
        asked = row.sent_at if row.state == GONE else None
        if asked is None or now - asked >= PATIENCE:
            if row.attempts >= MOST_WRITES:
                self._keep(replace(row, attempts=0))
                raise still_sells(plan, "Amazon took the deletion and still lists it")
            self._approved(plan, DELETED)
            delete(self.amazon, plan.sku)
            self._keep(replace(row, state=GONE, sent_at=now, attempts=row.attempts + 1))
        return TryAgain(
            f"{plan.sku} is taken off the list; it counts when Amazon no longer shows it",
            after=LOOK, counts=False, about=f"SKU {plan.sku}", code="not-visible",
        )  # fmt: skip

    def _approved(self, plan: Plan, value: str) -> None:
        if self.planned():
            old = "listed" if plan.shown is not None else None
            why = "catalogue.yaml says publish: plan"
            held = Held(KIND, plan.sku, old, value, why, self.now())
            hold_unless_approved(self.store(), held, plan.sku)

    def _keep(self, row: Submission) -> None:
        submissions.keep(self.store(), row)
