"""Why a quantity that should be written is not: for whoever looks at the list."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from crossdock.business.stock.model import Offer
from crossdock.engine.store import approvals
from crossdock.engine.store.publications import Publication
from crossdock.kernel.errors import ConfigError, RunError
from crossdock.wiring.price_runs import price_pending
from crossdock.wiring.stock_guard import KIND

if TYPE_CHECKING:
    from crossdock.wiring.house import House


def waits(
    house: "House", offers: Mapping[str, Offer | RunError], told: Mapping[str, Publication]
) -> dict[str, str]:
    """By SKU, what it waits for: a person's approval, or its price. Nothing where stock is not
    published from here.
    """
    if not house.stock.rules.publish:
        return {}
    held = {one.key: one.why for one in approvals.held(house.db, KIND)}
    found, began = {}, house.clock.now()  # TIMS is asked once
    for sku, offer in offers.items():
        if isinstance(offer, RunError):
            continue
        row = told.get(sku)
        rises = offer.quantity > 0 and (row is None or not row.quantity)
        if sku in held:
            found[sku] = f"waits for approval: {held[sku]}; look: crossdock plan stock"
        elif rises and (pending := _pending(house, sku, began)):
            found[sku] = f"not raised from zero before its price is right: {pending}"
    return found


def _pending(house: "House", sku: str, since: datetime) -> str:
    try:
        return price_pending(house.prices, house.db, sku, since)
    except (RunError, ConfigError) as error:
        return str(error)
