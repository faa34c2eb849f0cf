"""Product Type Definitions 2020-09-01: the attributes of a product type, as a linked document."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.downloads import Downloads
from crossdock.simulators.amazon.listing_changes import issue
from crossdock.simulators.amazon.listing_records import Attributes
from crossdock.simulators.amazon.producttypes import (
    LISTING,
    OFFER,
    OFFER_ONLY,
    PRODUCT_ONLY,
    TYPES,
    schema_of,
    title_of,
)
from crossdock.simulators.amazon.replies import Row, answer, invalid, not_found
from crossdock.simulators.wire import Reply

SCHEMAS = "/_schemas/"
_REQUIREMENTS = (LISTING, PRODUCT_ONLY, OFFER_ONLY)


class Definitions:
    """The desk for product types."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.downloads = Downloads(company, SCHEMAS)
        self._more: dict[str, list[str]] = defaultdict(list)

    # --- what Amazon does

    def require(self, product_type: str, attribute: str) -> None:
        """From now on the type needs this attribute too: a new version of its schema."""
        self._more[product_type].append(attribute)

    def schema(
        self, product_type: str, requirements: str, shops: Iterable[str] = ()
    ) -> dict[str, Any]:
        """As it is now, in these marketplaces or all of the seller's."""
        where = tuple(shops) or self._company.sellers[0].marketplaces
        return schema_of(product_type, requirements, where, self._more[product_type])

    def check(
        self, seller_id: str, product_type: str, requirements: str, attributes: Attributes,
        shop: str = "",
    ) -> list[Row]:  # fmt: skip
        """What a listing lacks, or says wrongly, by its product type."""
        del seller_id
        if product_type not in TYPES:
            return []
        text = json.dumps(self.schema(product_type, requirements, [shop] if shop else ()),
                          sort_keys=True)  # fmt: skip
        plain = json.loads(json.dumps(attributes, default=float))
        found = []
        for error in _validator(text).iter_errors(plain):
            for fault in [error, *(error.context or ())]:
                found += _issues(fault)
        return found

    # --- operations

    def search(self, call: Call) -> Reply:
        """GET /definitions/2020-09-01/productTypes"""
        shops = _shops(call)
        words = call.request.query.get("keywords") or call.request.query.get("itemName") or ""
        wanted = {word.casefold() for word in words.replace(",", " ").split()}
        rows = [
            {"name": name, "displayName": title_of(name), "marketplaceIds": shops}
            for name in sorted(TYPES)
            if not wanted or wanted & set(title_of(name).casefold().split())
        ]
        return answer(200, {"productTypes": rows, "productTypeVersion": self._version("*")})

    def get(self, call: Call) -> Reply:
        """GET /definitions/2020-09-01/productTypes/{productType}"""
        shops, name = _shops(call), call.arguments[0]
        requirements = call.request.query.get("requirements", LISTING)
        if requirements not in _REQUIREMENTS:
            raise invalid(f"requirements must be one of {_REQUIREMENTS}.")
        if name not in TYPES:
            raise not_found(f"There is no product type {name}.")
        schema = self.schema(name, requirements, shops)
        offered = [n for n in schema["properties"] if n in OFFER]
        described = [n for n in schema["properties"] if n not in OFFER]
        groups = {
            "offer": {"title": "Offer", "description": "Terms", "propertyNames": offered},
            "product": {"title": "Product", "description": "What", "propertyNames": described},
        }
        return answer(200, {
            "schema": self._linked(call, schema),
            "requirements": requirements,
            "requirementsEnforced": "ENFORCED",
            "propertyGroups": {k: g for k, g in groups.items() if g["propertyNames"]},
            "locale": call.request.query.get("locale", "en_US").replace("DEFAULT", "en_US"),
            "marketplaceIds": shops,
            "productType": name,
            "displayName": title_of(name),
            "productTypeVersion": {
                "version": self._version(name), "latest": True, "releaseCandidate": False,
            },
        })  # fmt: skip

    def _linked(self, call: Call, schema: dict[str, Any]) -> Row:
        content = json.dumps(schema, separators=(",", ":")).encode()
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        url = self.downloads.open(call, content, "application/json")
        return {
            "link": {"resource": url, "verb": "GET"},
            "checksum": base64.b64encode(digest).decode(),
        }

    def _version(self, name: str) -> str:
        return f"R{len(self._more[name]) + 1}"


def _issues(error: Any) -> list[Row]:
    """As Amazon words them: a missing attribute by its name, anything else by its message."""
    if error.validator == "required" and not error.absolute_path:
        lacking = [n for n in error.validator_value if n not in error.instance]
        # jsonschema raises one error for each that is missing, with its name in the message.
        named = [n for n in lacking if f"'{n}'" in error.message]
        return [issue("90220", f"'{n}' is required but was not supplied.", n) for n in named]
    if error.validator in ("if", "allOf"):
        return []
    name = str(next(iter(error.absolute_path), ""))
    if not name and error.validator == "additionalProperties":
        name = ", ".join(sorted(set(error.instance) - set(error.schema["properties"])))
        return [issue("90000", f"'{name}' is no attribute of this product type.", name)]
    return [issue("90244", f"The value of '{name}' is not valid: {error.message[:200]}", name)]


@cache
def _validator(text: str) -> Any:
    from jsonschema import Draft201909Validator

    return Draft201909Validator(json.loads(text))


def _shops(call: Call) -> list[str]:
    shops = [x for x in call.request.query.get("marketplaceIds", "").split(",") if x]
    if not shops:
        raise invalid("marketplaceIds is required.")
    return shops
