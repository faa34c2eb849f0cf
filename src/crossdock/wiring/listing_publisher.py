"""Writes listings of one seller, looks until Amazon shows them, and takes off what may not be sold.

A listing is an absolute value: again is harmless. It counts when Amazon shows it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from crossdock.business.catalogue.drift import pictures_of
from crossdock.business.catalogue.model import Listed, Plan, Shown
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listing_writes import KEPT_FREE, shown_listing
from crossdock.engine.store import Database, approvals, submissions
from crossdock.engine.store.approvals import Held
from crossdock.engine.store.submissions import (
    GONE,
    ISSUES,
    MEANT,
    OFF,
    SEEN,
    SENT,
    WATCHED,
    Submission,
)
from crossdock.kernel.errors import RunError, TryAgain
from crossdock.kernel.ids import fingerprint
from crossdock.kernel.quota import Grant
from crossdock.wiring.approving import hold_unless_approved, settled
from crossdock.wiring.listing import SUGGESTED
from crossdock.wiring.listing_changes import (
    Change,
    change_of,
    delete,
    listed_in,
    not_shown,
    prepared,
    still_sells,
    troubled,
    unwanted,
)
from crossdock.wiring.looking import wait_until_shown
from crossdock.wiring.places import Place

LOOK = timedelta(minutes=1)
PATIENCE = timedelta(minutes=30)  # then it is written again, or a person is asked
WATCH = timedelta(minutes=30)  # most issues that Amazon finds later are there by then
MOST_WRITES = 3  # of one content; then a person looks
KIND, DELETED = "catalogue", "deleted"  # of approvals
_A_CALL = timedelta(milliseconds=400)  # until two more writes may go


def content_of(plan: Plan) -> str:
    """A fingerprint of what the listing is to say. The page is no part of it: a new product has one
    only after it was listed.
    """
    said = {name: rows for name, rows in plan.attributes.items() if name != SUGGESTED}
    return fingerprint((plan.product_type, plan.requirements, said))


def approved_as(plan: Plan, change: Change) -> str:
    """What an approval names: what the listing is to say, and what is taken away for it."""
    content = content_of(plan)
    return fingerprint((content, sorted(change.dropped))) if change.dropped else content


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
        try:
            return replace(self._published(plan), marketplace_id=plan.marketplace_id)
        except RunError as error:
            where = Place(plan.sku, plan.marketplace_id, plan.first, plan.key)
            raise where.about(error) from error.__cause__

    def _published(self, plan: Plan) -> Listed:
        db = self.store()
        if not self.switched_on():
            approvals.release(db, KIND, plan.key)
            return Listed(plan.sku, "publishing is off", plan.asin)
        row = submissions.of(db, plan.sku, plan.marketplace_id, first=plan.first)
        if (plan.refused or plan.unwanted) and not plan.delete:  # what waited is not meant any more
            approvals.release(db, KIND, plan.key)
        if plan.refused:
            return self._off(plan, row, plan.shown)
        if plan.first and (row is None or row.withheld):  # who was the first once, too
            submissions.let_go(db, plan.sku, self.now())
        if row is not None and row.withheld:
            row = replace(row, generation=row.generation + 1, state=SEEN, withheld=False, why="",
                          content="", attempts=0, sent_at=None, changed_at=self.now())  # fmt: skip
            self._keep(plan, row)
        return self._not_here(plan, row) if plan.unwanted else self._listed(plan, row)

    # --- what is to be listed

    def _listed(self, plan: Plan, row: Submission | None) -> Listed:
        content, change = content_of(plan), change_of(plan, row)
        mine = row is not None and row.content == content
        if change.nothing:
            return self._seen(plan, content, row, change)
        if row is not None and mine and row.state == SENT:
            if not change.names:  # it is as we wrote it, and does not show so yet
                self._wait(plan, row)
            self._enough(plan, row, change)
        raise self._write(plan, content, row, change)

    def _wait(self, plan: Plan, row: Submission) -> None:
        """It was written and does not show yet."""
        waited = self.now() - row.sent_at if row.sent_at is not None else None
        words = f"Amazon does not show the listing of {plan.sku} yet"
        wait_until_shown(words, plan.sku, waited, LOOK, PATIENCE)

    def _enough(self, plan: Plan, row: Submission, change: Change) -> None:
        """Written again and again without effect: a person's. Their retry begins anew."""
        if row.attempts >= MOST_WRITES:
            self._keep(plan, replace(row, attempts=0))
            raise not_shown(plan, change, row.attempts, row.submission_id)

    def _write(self, plan: Plan, content: str, row: Submission | None, change: Change) -> TryAgain:
        """Tell Amazon and remember it; what it gives is raised, to come back and look."""
        shop = plan.marketplace_id
        if change.live is None and shown_listing(self.amazon, shop, plan.sku) is not None:
            # A whole listing would drop quantity and price of one that the search did not know yet.
            return TryAgain(
                f"Amazon lists {plan.sku} and does not find it yet", after=LOOK, counts=False,
                about=f"SKU {plan.sku}", code="not-visible",
            )  # fmt: skip
        self._approved(plan, approved_as(plan, change))
        write = prepared(self.amazon, plan, change)
        names = self._begin(plan, row)
        said = write()
        again = row is not None and row.state == SENT and row.content == content
        generation = row.generation if row is not None else 0
        self._keep(
            plan,
            Submission(
                plan.sku, shop, generation if again else generation + 1, content, SENT,
                (row.attempts if row is not None and again else 0) + 1, said.submissionId,
                plan.asin, plan.product_type, self.now(), None,
                row.changed_at if row is not None else None, names=names,
                pictures=pictures_of(plan),
            ),
        )  # fmt: skip
        return TryAgain(
            f"the listing of {plan.sku} is written; it counts when Amazon shows it",
            after=LOOK, counts=False, about=f"SKU {plan.sku}", code="not-visible",
        )  # fmt: skip

    def _begin(self, plan: Plan, row: Submission | None) -> frozenset[str]:
        """Which attributes Amazon may have from here, kept before it is told of more: the answer
        may be lost, and what TIMS says of the item may be less by the next look.
        """
        if row is None:
            row = Submission(plan.sku, plan.marketplace_id, 0, "", MEANT)
        names = row.names | plan.attributes.keys()
        if names != row.names:
            self._keep(plan, replace(row, names=names, sent_at=self.now(), seen_at=None))
        return names

    def _seen(self, plan: Plan, content: str, row: Submission | None, change: Change) -> Listed:
        """It shows as planned. What Amazon has found wrong with it meanwhile is a person's."""
        now, issues = self.now(), change.live.issues if change.live is not None else ()
        names = _still_from_here(plan, row, now)
        ours = row is not None and row.content == content
        was = row.state if row is not None and ours else ""
        if row is None or not ours:  # nobody had to write it
            generation = row.generation + 1 if row is not None else 1
            row = Submission(plan.sku, plan.marketplace_id, generation, content, WATCHED,
                             changed_at=row.changed_at if row is not None else None,
                             pictures=row.pictures if row is not None else {})  # fmt: skip
        if row.state == SENT:
            row = replace(row, state=SEEN, seen_at=now, changed_at=now)
        row = replace(
            row, asin=change.asin, product_type=plan.product_type, attempts=0, names=names
        )
        if issues:
            self._keep(plan, replace(row, state=ISSUES, why=issues[0]))
            raise troubled(plan, issues)
        watched = row.sent_at is None or now - row.sent_at >= WATCH
        self._keep(plan, replace(row, state=WATCHED if watched else SEEN, why=""))
        if not watched and row.sent_at is not None:
            raise TryAgain(
                f"the listing of {plan.sku} shows; issues may still come",
                after=row.sent_at + WATCH - now, counts=False, about=f"SKU {plan.sku}",
                code="watching",
            )  # fmt: skip
        settled(self.store(), KIND, plan.key)
        words = {"": "live already", WATCHED: "unchanged"}.get(was, "seen")
        return Listed(plan.sku, words, change.asin)

    # --- what may not be sold

    def _off(self, plan: Plan, row: Submission | None, live: Shown | None) -> Listed:
        """Withheld, so that the stock rules offer nothing; then, where a rule says so, deleted. The
        account's first marketplace withholds the SKU for all of them, and the first one that lists
        it asks a person for all of them.
        """
        why = plan.decision.words
        row = self._held(plan, row, why)
        if live is None:
            if row.state == GONE and row.names:
                self._keep(plan, replace(row, names=frozenset()))
            settled(self.store(), KIND, plan.key)
            return Listed(plan.sku, "not listed", why=why)
        if (live.quantity or live.by_amazon) and self._listed_before(plan):
            if not plan.delete:
                return Listed(plan.sku, "off", row.asin, why)
            raise TryAgain(
                f"{plan.sku} is deleted when nothing of it is for sale",
                after=PATIENCE, counts=False, about=f"SKU {plan.sku}", code="still-for-sale",
            )  # fmt: skip
        if live.quantity and not live.by_amazon:
            self._until_zero(plan, row, live.quantity)
        if live.by_amazon:
            raise still_sells(plan, "Amazon's own warehouses hold it")
        if plan.delete:
            raise self._delete(plan, row)
        return Listed(plan.sku, "off", row.asin, why)

    def _listed_before(self, plan: Plan) -> bool:
        """An earlier marketplace of the account lists it too."""
        shops = self.amazon.account.marketplace_ids
        before = takewhile(lambda shop: shop != plan.marketplace_id, shops)
        return any(listed_in(self.amazon, shop, plan.sku) is not None for shop in before)

    def _held(self, plan: Plan, row: Submission | None, why: str) -> Submission:
        off = row is not None and row.state in (OFF, GONE) and row.withheld == plan.first
        if row is not None and off and row.why == why:
            return row
        began = row.changed_at if row is not None and row.withheld else self.now()
        row = Submission(
            plan.sku, plan.marketplace_id, row.generation + 1 if row is not None else 1, "", OFF,
            asin=row.asin if row is not None else "", changed_at=began, why=why,
            withheld=plan.first, names=row.names if row is not None else frozenset(),
            pictures=row.pictures if row is not None else {},
        )  # fmt: skip
        self._keep(plan, row)
        return row

    # --- what is listed in other marketplaces only

    def _not_here(self, plan: Plan, row: Submission | None) -> Listed:
        """Taken off, where the file says so, when it was listed from here; else it is a person's.
        What was never listed from here is not ours to touch.
        """
        if row is None:
            return Listed(plan.sku, "not listed", why=plan.unwanted)
        if plan.shown is None:
            if row.state == SENT and row.sent_at is not None:
                self._may_still_show(plan, row.sent_at)
            if row.state != GONE or row.content:
                gone = replace(row, generation=row.generation + 1, state=GONE, content="", asin="")
                gone = replace(gone, attempts=0, sent_at=None, names=frozenset())
                self._keep(plan, replace(gone, why=plan.unwanted))
            settled(self.store(), KIND, plan.key)
            return Listed(plan.sku, "not listed", why=plan.unwanted)
        if not row.ours:
            return Listed(plan.sku, "not from here", why=plan.unwanted)
        if not plan.delete:
            raise unwanted(plan)
        raise self._delete(plan, row)

    def _may_still_show(self, plan: Plan, sent_at: datetime) -> None:
        if self.now() - sent_at < PATIENCE:
            raise TryAgain(
                f"the listing of {plan.sku} was written and may still come to show",
                after=PATIENCE, counts=False, about=f"SKU {plan.sku}", code="not-visible",
            )  # fmt: skip

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
                self._keep(plan, replace(row, attempts=0))
                if plan.unwanted and not plan.refused:
                    raise unwanted(plan)
                raise still_sells(plan, "Amazon took the deletion and still lists it")
            self._approved(plan, DELETED)
            delete(self.amazon, plan.marketplace_id, plan.sku)
            self._keep(plan, replace(row, state=GONE, sent_at=now, attempts=row.attempts + 1))
        return TryAgain(
            f"{plan.sku} is taken off the list; it counts when Amazon no longer shows it",
            after=LOOK, counts=False, about=f"SKU {plan.sku}", code="not-visible",
        )  # fmt: skip

    def _approved(self, plan: Plan, value: str) -> None:
        if self.planned():
            old = "listed" if plan.shown is not None else None
            why = "catalogue.yaml says publish: plan"
            held = Held(KIND, plan.key, old, value, why, self.now())
            hold_unless_approved(self.store(), held, plan.sku)

    def _keep(self, plan: Plan, row: Submission) -> None:
        submissions.keep(self.store(), row, first=plan.first)


def _still_from_here(plan: Plan, row: Submission | None, now: datetime) -> frozenset[str]:
    """Attributes that Amazon may have from here, now that it shows what is planned: what it was
    told a while ago may still come to show, and is taken away then.
    """
    planned = frozenset(plan.attributes)
    if row is None or row.sent_at is None or now - row.sent_at >= WATCH:
        return planned
    return planned | row.names
