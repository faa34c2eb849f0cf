"""Catalog Items 2022-04-01: the products that Amazon has pages for, whoever sells them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.listing_changes import issue
from crossdock.simulators.amazon.listing_records import Attributes, SimListing
from crossdock.simulators.amazon.listings import Listings
from crossdock.simulators.amazon.producttypes import OFFER_ONLY, TYPES
from crossdock.simulators.amazon.replies import Row, answer, invalid, not_found
from crossdock.simulators.wire import Reply

_TYPES = ("ASIN", "EAN", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC")
_INCLUDED = (
    "attributes", "classifications", "dimensions", "identifiers", "images", "productTypes",
    "relationships", "salesRanks", "summaries", "vendorDetails",
)  # fmt: skip
_REHEARSED = frozenset({"identifiers", "images", "productTypes", "summaries"})
_PAGE, _MOST = 20, 20
_NUMBER = "externally_assigned_product_identifier"


@dataclass(slots=True)
class SimProduct:
    """A page of Amazon's catalogue."""

    asin: str
    title: str
    product_type: str = "WELDING_TOOL"
    brand: str = ""
    gtin: str = ""  # fourteen digits, or none
    part_number: str = ""
    package_quantity: int = 1
    image: str = ""
    shops: frozenset[str] = frozenset()  # marketplaces that have the page; none: all of them

    def is_in(self, shops: Iterable[str]) -> bool:
        """One of these marketplaces has it."""
        return not self.shops or not self.shops.isdisjoint(shops)


class Catalog:
    """The department for products. Listings that made a page of their own are among them."""

    def __init__(self, company: Company, listings: Listings) -> None:
        self._company, self._listings = company, listings
        self.products: dict[str, SimProduct] = {}
        listings.asin_of = self._asin_of
        listings.title_of = lambda asin: found.title if (found := self.products.get(asin)) else ""

    # --- what others have done

    def add(
        self, title: str, *, gtin: str = "", asin: str = "", product_type: str = "WELDING_TOOL",
        brand: str = "", part_number: str = "", package_quantity: int = 1,
        shops: Iterable[str] = (),
    ) -> SimProduct:  # fmt: skip
        """A product that Amazon has already."""
        asin = asin or f"B1{len(self.products) + 1:08}"
        product = SimProduct(
            asin, title, product_type, brand, fourteen(gtin) if gtin else "", part_number,
            package_quantity, f"https://images.example/{asin}.jpg", frozenset(shops),
        )  # fmt: skip
        self.products[asin] = product
        return product

    def check(
        self, seller_id: str, product_type: str, requirements: str, attributes: Attributes,
        shop: str = "",
    ) -> list[Row]:  # fmt: skip
        """An offer needs a page that exists."""
        del seller_id
        if product_type not in TYPES:
            return []
        rows = attributes.get("merchant_suggested_asin") or ()
        asin = next((str(row.get("value")) for row in rows), "")
        if not asin and requirements != OFFER_ONLY:
            return []
        known = {product.asin for product in self._every([shop] if shop else ())}
        if asin and asin not in known:
            words = f"The ASIN {asin} does not exist in the catalogue."
            return [issue("8567", words, "merchant_suggested_asin")]
        return []

    # --- operations

    def search(self, call: Call) -> Reply:
        """GET /catalog/2022-04-01/items"""
        query = call.request.query
        shops, wanted = _shops(call), _texts(query.get("identifiers"))
        words = _texts(query.get("keywords"))
        if bool(wanted) == bool(words):
            raise invalid("Exactly one of identifiers and keywords is required.")
        if len(wanted) > _MOST or len(words) > _MOST:
            raise invalid(f"At most {_MOST} identifiers or keywords.")
        size, start = int(query.get("pageSize", 10)), int(query.get("pageToken") or 0)
        if not 1 <= size <= _PAGE:
            raise invalid(f"pageSize: 1 to {_PAGE}.")
        if self._company.faults.strikes("catalog_empty", call.operation):
            found: list[SimProduct] = []
        elif wanted:
            found = list(self._by_identifier(call, wanted))
        else:
            found = [p for p in self._every(shops) if _says(p, words)]
        page = found[start : start + size]
        body: Row = {
            "numberOfResults": len(found),
            "items": [self._shown(call, p, shops) for p in page],
        }
        if start + size < len(found):
            body["pagination"] = {"nextToken": f"{start + size}"}
        return answer(200, body)

    def get(self, call: Call) -> Reply:
        """GET /catalog/2022-04-01/items/{asin}"""
        shops = _shops(call)
        for product in self._every(shops):
            if product.asin == call.arguments[0]:
                return answer(200, self._shown(call, product, shops))
        raise not_found(f"Requested item '{call.arguments[0]}' not found in marketplace(s).")

    def _by_identifier(self, call: Call, wanted: list[str]) -> Iterator[SimProduct]:
        kind, shops = call.request.query.get("identifiersType", ""), _shops(call)
        if kind not in _TYPES:
            raise invalid(f"identifiersType must be one of {', '.join(_TYPES)}.")
        if kind == "SKU" and not call.request.query.get("sellerId"):
            raise invalid("sellerId is required for identifiersType SKU.")
        if kind == "ASIN":
            yield from (p for p in self._every(shops) if p.asin in wanted)
            return
        if kind == "SKU":
            mine = (self._listings.now(call.seller.seller_id, sku) for sku in wanted)
            asins = {i.asin_in(s) for i in mine if i is not None for s in shops if s in i.shops}
            yield from (p for p in self._every(shops) if p.asin in asins)
            return
        numbers = {fourteen(number) for number in wanted}
        yield from (p for p in self._every(shops) if p.gtin and p.gtin in numbers)

    def _every(self, shops: Iterable[str]) -> Iterator[SimProduct]:
        """The pages that one of these marketplaces has; all, when none is named."""
        wanted = set(shops)
        yield from (p for p in self.products.values() if not wanted or p.is_in(wanted))
        seen = set(self.products)
        for seller_id, sku in list(self._listings.items):
            item = self._listings.now(seller_id, sku)
            if item is None:
                continue
            for shop in sorted(item.showing & wanted if wanted else item.showing):
                if item.asin_in(shop) not in seen:
                    seen.add(item.asin_in(shop))
                    yield _made_by(item, shop)

    def _asin_of(self, attributes: Attributes, shop: str) -> str:
        """The page that has this number already; a new listing of it joins that page."""
        number = _number_of(attributes.get(_NUMBER, ()))
        shops = [shop] if shop else ()
        found = [p.asin for p in self._every(shops) if number and p.gtin == number]
        return found[0] if found else ""

    def _shown(self, call: Call, product: SimProduct, shops: list[str]) -> Row:
        wanted = _texts(call.request.query.get("includedData", "summaries"))
        if unknown := set(wanted) - set(_INCLUDED):
            raise invalid(f"includedData: {sorted(unknown)[0]} is not valid.")
        if early := set(wanted) - _REHEARSED:
            raise invalid(f"includedData: {sorted(early)[0]} is not rehearsed here.")
        body: Row = {"asin": product.asin}
        if "identifiers" in wanted:
            rows = _identifiers(product.gtin)
            body["identifiers"] = [{"marketplaceId": s, "identifiers": rows} for s in shops]
        if "images" in wanted:
            one = {"variant": "MAIN", "link": product.image, "height": 500, "width": 500}
            rows = [one] if product.image else []
            body["images"] = [{"marketplaceId": s, "images": rows} for s in shops]
        if "productTypes" in wanted:
            kind = product.product_type
            body["productTypes"] = [{"marketplaceId": s, "productType": kind} for s in shops]
        if "summaries" in wanted:
            body["summaries"] = [_summary(product, shop) for shop in shops]
        return body


def fourteen(number: str) -> str:
    """A UPC, an EAN and a GTIN are one number, written with fourteen digits."""
    return number.strip().rjust(14, "0")


def _identifiers(gtin: str) -> list[Row]:
    if not gtin:
        return []
    kinds = [("GTIN", gtin)]
    if gtin.startswith("00"):
        kinds.append(("UPC", gtin[2:]))
    if gtin.startswith("0"):
        kinds.append(("EAN", gtin[1:]))
    return [{"identifierType": kind, "identifier": text} for kind, text in sorted(kinds)]


def _summary(product: SimProduct, shop: str) -> Row:
    row: Row = {
        "marketplaceId": shop, "itemName": product.title, "itemClassification": "BASE_PRODUCT",
        "packageQuantity": product.package_quantity,
    }  # fmt: skip
    more = {"brand": product.brand, "partNumber": product.part_number}
    return row | {name: text for name, text in more.items() if text}


def _made_by(item: SimListing, shop: str) -> SimProduct:
    def said(name: str, field: str = "value") -> str:
        return next((str(row.get(field, "")) for row in item.says(name, shop)), "")

    return SimProduct(
        item.asin_in(shop), said("item_name") or item.sku, item.product_type, said("brand"),
        _number_of(item.says(_NUMBER, shop)), said("part_number"),
        image=said("main_product_image_locator", "media_location"),
    )  # fmt: skip


def _number_of(rows: Iterable[Row]) -> str:
    return next((fourteen(str(row["value"])) for row in rows if row.get("value")), "")


def _says(product: SimProduct, words: Iterable[str]) -> bool:
    text = f"{product.title} {product.brand} {product.part_number}".casefold()
    return all(word.casefold() in text for word in words)


def _texts(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]


def _shops(call: Call) -> list[str]:
    shops = _texts(call.request.query.get("marketplaceIds"))
    if not shops:
        raise invalid("marketplaceIds is required.")
    return shops
