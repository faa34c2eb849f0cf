"""Stock in Amazon's warehouses, mirrored to be looked at. It is no part of what the merchant
offers, and nothing here writes to Amazon.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.fba import held_page
from crossdock.engine.feeds import Feed, Reading
from crossdock.engine.store import Database, fba
from crossdock.engine.store.fba import FbaStock
from crossdock.kernel.errors import ConfigError, TryAgain
from crossdock.wiring.stocking import StockDesk

AMAZON_FBA, EVERY = "amazon.fba", timedelta(minutes=30)
_DONE = ""  # the watermark of a mirror that was read to its end


def fba_feed(amazon: AmazonClient, desk: StockDesk, store: Callable[[], Database]) -> Feed:
    """Reads the mirror anew, page by page. Silent until stock.yaml says `fba: show`."""

    def read(mark: str | None) -> Reading:
        if not _wanted(desk):
            return Reading([], None)
        began, token = _resumed(mark, desk.now())
        while True:
            try:
                page = held_page(amazon, token)
            except TryAgain:
                if token is None or token == _resumed(mark, began)[1]:
                    raise
                # The quota is empty. The token lives for seconds: the next turn is due at once.
                return Reading([], _mark(began, token), more=True)
            if page is None:
                began, token = desk.now(), None  # the token has died
                continue
            fba.keep(store(), [FbaStock(**asdict(row), as_of=began) for row in page.rows])
            if page.token is None:
                fba.forget(store(), began)
                return Reading([], _DONE)
            if page.token == token:
                raise TryAgain("Amazon's pages of FBA stock do not end", code="repeated_token")
            token = page.token

    return Feed(AMAZON_FBA, EVERY, read, "Stock in Amazon's warehouses.")


def _wanted(desk: StockDesk) -> bool:
    try:
        return desk.rules.fba
    except ConfigError:
        return False


def _mark(began: datetime, token: str) -> str:
    return json.dumps({"began": began.isoformat(), "token": token})


def _resumed(mark: str | None, now: datetime) -> tuple[datetime, str | None]:
    if not mark:
        return now, None
    said = json.loads(mark)
    return datetime.fromisoformat(said["began"]), str(said["token"])
