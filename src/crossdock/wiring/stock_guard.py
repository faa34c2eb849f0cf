"""What keeps a quantity from being written just now: a price that is not there yet, or a person who
has to look first.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from crossdock.business.stock.model import Offer
from crossdock.engine.store import Database, approvals, publications
from crossdock.engine.store.approvals import HOUR, Held
from crossdock.kernel.errors import TryAgain
from crossdock.wiring.approving import hold_unless_approved, one_of, settled
from crossdock.wiring.stockrules import StockRules

KIND = "stock"
PRICE_AGAIN = timedelta(seconds=30)
MANY = "more SKUs go to zero within an hour than limits.to_zero allows"


class StockGuard:
    """Asked before every write of a quantity."""

    def __init__(
        self,
        store: Callable[[], Database],
        now: Callable[[], datetime],
        rules: Callable[[], StockRules],
        price_pending: Callable[[str, datetime], str] = lambda _, __: "",
    ) -> None:
        """`price_pending` says why a SKU must not come back yet, by what TIMS said at that moment
        or later; empty when it may.
        """
        self._store, self._now, self._rules = store, now, rules
        self._price_pending = price_pending

    def admit(self, offer: Offer, standing: int | None, counted: datetime | None = None) -> None:
        """Go on, or a TryAgain. `standing` is what Amazon shows now; TIMS was `counted` before that
        moment, which is the same for all that are written together.
        """
        why = self._why_not(offer, standing or 0)
        if not why:
            approvals.release(self._store(), KIND, offer.sku)
        else:
            old = None if standing is None else str(standing)
            held = Held(KIND, offer.sku, old, str(offer.quantity), why, self._now())
            hold_unless_approved(self._store(), held, offer.sku)
        if offer.quantity > 0 and not standing:
            self._priced(offer, counted or self._now())

    def concerns(self, offer: Offer, told: int) -> bool:
        """It has to be asked for this write, so what is live has to be known."""
        rules = self._rules()
        return rules.planned or (offer.quantity == 0) != (told == 0)

    def seen(self, offer: Offer) -> None:
        """It is live: what was approved has been used, and nothing waits."""
        settled(self._store(), KIND, offer.sku)

    def _why_not(self, offer: Offer, standing: int) -> str:
        rules, db, now = self._rules(), self._store(), self._now()
        if rules.planned:
            return "stock.yaml says publish: plan"
        if rules.to_zero is None or offer.quantity > 0 or not standing:
            return ""
        others = publications.zeroed_since(now - HOUR)
        return "" if one_of(db, KIND, offer.sku, rules.to_zero, MANY, others, now) else MANY

    def _priced(self, offer: Offer, counted: datetime) -> None:
        """Amazon shows stock before prices: what comes back must not be sold at its old price."""
        try:
            pending = self._price_pending(offer.sku, counted)
        except TryAgain as error:
            # Later, and not as soon as TIMS could be asked once: each round has used up that one
            # request for the count before it comes here.
            pending = f"nobody knows it yet, {error.message}"
        if pending:
            raise TryAgain(
                f"{offer.sku} is offered again when its price is right: {pending}",
                after=PRICE_AGAIN, counts=False, about=f"SKU {offer.sku}", code="price-first",
            )  # fmt: skip
