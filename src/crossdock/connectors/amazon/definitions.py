"""Product types: looked up once a day, their schema downloaded when its checksum is another."""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.product_models import ProductTypeDefinition
from crossdock.connectors.http import Request
from crossdock.kernel.errors import NeedsPerson, TryAgain

FRESH: Final = timedelta(hours=24)
_TYPES: Final = "/definitions/2020-09-01/productTypes"


@dataclass(frozen=True, slots=True)
class KeptSchema:
    """A product type's schema as it was downloaded, and when Amazon last called it current."""

    product_type: str
    requirements: str
    marketplace: str
    checksum: str
    version: str
    text: str
    checked_at: datetime


class SchemaShelf(Protocol):
    """Where schemas are kept between runs."""

    def find(self, product_type: str, requirements: str, marketplace: str) -> KeptSchema | None:
        """The one that is kept."""

    def keep(self, schema: KeptSchema) -> None:
        """Keep it in place of an older one."""


def schema_for(
    client: AmazonClient, shelf: SchemaShelf, shop: str, product_type: str, requirements: str
) -> KeptSchema:
    """The schema as that marketplace has it now, or had it within a day."""
    now = client.clock.now()
    kept = shelf.find(product_type, requirements, shop)
    if kept is not None and now - kept.checked_at < FRESH:
        return kept
    told = _described(client, product_type, requirements, shop)
    version = told.productTypeVersion.version
    if kept is not None and kept.checksum == told.linked.checksum:
        kept = replace(kept, version=version, checked_at=now)
    else:
        text = _downloaded(client, told, product_type)
        kept = KeptSchema(
            product_type, requirements, shop, told.linked.checksum, version, text, now
        )
    shelf.keep(kept)
    return kept


def _described(
    client: AmazonClient, product_type: str, requirements: str, shop: str
) -> ProductTypeDefinition:
    about = f"product type {product_type}"
    query = {
        "marketplaceIds": shop, "sellerId": client.account.seller_id,
        "requirements": requirements, "requirementsEnforced": "ENFORCED", "locale": "DEFAULT",
    }  # fmt: skip
    path = f"{_TYPES}/{quote(product_type, safe='')}"
    ask = Ask("getDefinitionsProductType", "GET", path, query, about=about)
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        if refused.refusal.status != 404:
            raise refused.error from None
        raise NeedsPerson(
            f"Amazon has no product type {product_type}",
            kind="catalogue-undecided",
            remedy="Correct product_type in catalogue.yaml: Seller Central's Add a Product names "
            "the types; then retry.",
            about=about,
        ) from None
    return read(ProductTypeDefinition, response, ask.operation, about)


def _downloaded(client: AmazonClient, told: ProductTypeDefinition, product_type: str) -> str:
    about = f"schema of {product_type}"
    request = Request("GET", told.linked.link.resource)
    response = client.caller.fetch("download schema", request, about)
    if not response.ok:
        raise TryAgain(
            f"the address of the schema answers {response.status}", about=about, code="expired"
        )
    digest = hashlib.md5(response.body, usedforsecurity=False).digest()
    if told.linked.checksum not in (base64.b64encode(digest).decode(), digest.hex()):
        raise TryAgain("the schema does not fit its checksum", about=about, code="checksum")
    return response.body.decode("utf-8")
