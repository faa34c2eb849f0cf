"""The wire format of prices; `Wire` is made of it."""

from dataclasses import dataclass
from typing import Final

from crossdock.connectors.tims import price_models as m
from crossdock.connectors.tims.ask import Ask, body_of, read_ask

_CONTRACT: Final = "contract:"


@dataclass(frozen=True, slots=True)
class PriceKey:
    """What a key of the change feed names: an item's place in a list, or a customer's contract."""

    item_number: str
    list_code: str = ""
    customer_code: str = ""


class PriceAsks:
    """What is asked of TIMS's prices."""

    def price_lists(self, *, limit: int = 1000) -> Ask:
        """Every price list."""
        return read_ask("/price_lists", query={"limit": str(limit)}, scope="prices:read")

    def price_entries(self, list_code: str, item_number: str = "", *, limit: int = 1000) -> Ask:
        """What stands in a list, of one item or of all."""
        query = {"limit": str(limit)}
        if item_number:
            query["item_number"] = item_number
        return read_ask("/price_lists/{Code}/entries", list_code, query=query, scope="prices:read")

    def contract_prices(self, customer_code: str, *, limit: int = 1000) -> Ask:
        """What one customer was promised."""
        query = {"customer_code": customer_code, "limit": str(limit)}
        return read_ask("/contract_prices", query=query, scope="prices:read")

    def discount_codes(self, *, limit: int = 1000) -> Ask:
        """Every discount code."""
        return read_ask("/discount_codes", query={"limit": str(limit)}, scope="prices:read")

    def price_quote(self, wanted: m.PriceQuery) -> Ask:
        """What a customer would pay; TIMS stores nothing."""
        path = "/price_quotes"
        return Ask("POST", path, path, body=body_of(wanted), scope="prices:read")

    def price_key(self, key: str) -> PriceKey | None:
        """What a key of the feed `price` names; None when it has another form than agreed."""
        owner, slash, item = key.partition("/")  # an item's number may have slashes of its own
        customer = owner.removeprefix(_CONTRACT)
        if not slash or not item or not customer:
            return None
        if customer != owner:
            return PriceKey(item, customer_code=customer)
        return PriceKey(item, list_code=owner)
