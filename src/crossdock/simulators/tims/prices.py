"""The desk for prices: lists and what stands in them, contracts, discount codes, quotes."""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.paging import Pages, select
from crossdock.simulators.tims.price_records import (
    ContractPrice,
    DiscountCode,
    PriceEntry,
    PriceList,
    contract_key,
    entry_key,
)
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.tims.records import Table

COSTS = "costs:read"
UPDATED = "price.updated"


class Prices:
    """Every price of one company. They are read only; entries and contract prices are one entity
    of the change feed, `price`.
    """

    def __init__(self, journal: Journal, pages: Pages, salt: str) -> None:
        self.lists: Table[PriceList] = Table("price_list", journal, salt)
        self.entries: Table[PriceEntry] = Table("price", journal, salt)
        self.contracts: Table[ContractPrice] = Table("price", journal, f"{salt}/contract")
        self.codes: Table[DiscountCode] = Table("discount_code", journal, salt)
        self._pages = pages

    # --- what holds -----------------------------------------------------------------------------

    def entry(
        self, item_number: str, currency: str, location_id: str | None, day: date
    ) -> PriceEntry | None:
        """The entry that holds on that day in that currency. A list of the very location goes
        before one of all locations; then the list that began last; then the first by code.
        """
        fitting = [
            entry
            for price_list in self.lists
            if price_list.currency == currency
            and price_list.location_id in (None, location_id)
            and price_list.in_force(day)
            and (entry := self.entries.get(entry_key(price_list.code, item_number))) is not None
        ]
        return min(fitting, key=_rank, default=None)

    def contract(
        self, customer_code: str, item_number: str, currency: str, day: date
    ) -> ContractPrice | None:
        """What the customer was promised for the item, in that currency on that day."""
        kept = self.contracts.get(contract_key(customer_code, item_number))
        if kept is None or kept.currency != currency or not kept.span.holds(day):
            return None
        return kept

    def of_item(self, item_number: str) -> tuple[list[PriceEntry], list[ContractPrice]]:
        """Everything that prices the item."""
        entries = [x for x in self.entries if x.item_number == item_number]
        return entries, [x for x in self.contracts if x.item_number == item_number]

    def list_changed(self, price_list: PriceList) -> None:
        """The list has changed, and with it each of its prices."""
        self.lists.touch(price_list)
        for entry in self.entries:
            if entry.price_list is price_list:
                self.entries.touch(entry, UPDATED)

    # --- the desk -------------------------------------------------------------------------------

    def list(self, call: Call) -> Answer:
        filters = {"location_id": lambda x, wanted: x.location_id == wanted}
        return self._pages.answer(call, lambda: select(call, self.lists, filters))

    def get(self, call: Call) -> Answer:
        return shown(found(self.lists.get(call.key), "Price list", call.key))

    def list_entries(self, call: Call) -> Answer:
        """`Cost` is in the bodies only for those who may see costs."""
        found(self.lists.get(call.key), "Price list", call.key)
        filters = {"item_number": lambda x, wanted: x.item_number == wanted}
        body = attrgetter("costed" if COSTS in call.scopes else "json")

        def rows() -> Sequence[PriceEntry]:
            among = self._among(call.key, call.query.get("item_number"))
            return select(call, self.entries, filters, among)

        return self._pages.answer(call, rows, body)

    def list_contracts(self, call: Call) -> Answer:
        """Those of one customer, who must be named."""
        if not call.query.get("customer_code"):
            message = "customer_code is required"
            error = {"pointer": "?customer_code", "code": "required", "message": message}
            raise Refusal("validation_failed", message, errors=[error])
        filters = {
            "customer_code": lambda x, wanted: x.customer_code == wanted,
            "item_number": lambda x, wanted: x.item_number == wanted,
        }
        return self._pages.answer(call, lambda: select(call, self.contracts, filters))

    def list_codes(self, call: Call) -> Answer:
        return self._pages.answer(call, lambda: select(call, self.codes, {}))

    def _among(self, list_code: str, item_number: str | None) -> Sequence[PriceEntry]:
        if item_number is None:
            return [x for x in self.entries if x.price_list.code == list_code]
        entry = self.entries.get(entry_key(list_code, item_number))
        return [] if entry is None else [entry]


def _rank(entry: PriceEntry) -> tuple[bool, int, str]:
    price_list = entry.price_list
    start = price_list.span.start or date.min
    return price_list.location_id is None, -start.toordinal(), price_list.code
